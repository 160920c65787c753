/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cpuset.h: sets of CPU numbers as text
 */
#pragma once

#include <glib.h>

/** @cpus (int, ascending) as the kernel and libvirt write it: "0-3,8". g_malloc. */
char *gpuvm_cpuset_format(const GArray *cpus);
