/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cpuset.h: sets of CPU numbers as text
 */
#pragma once

#include <glib.h>

/** @cpus (int, ascending) as the kernel and libvirt write it: "0-3,8". g_malloc. */
char *gpuvm_cpuset_format(const GArray *cpus);

/** The numbers (int, ascending) of such a @text, each up to @max; NULL: it is none. */
GArray *gpuvm_cpuset_parse(const char *text, int max);
