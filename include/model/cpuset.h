/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cpuset.h: sets of CPU numbers as text
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** The largest number of a CPU, as libvirt has it. */
#define GPUVM_CPU_MAX 16383

/** @cpus (int, ascending) as the kernel and libvirt write it: "0-3,8". g_malloc. */
char *gpuvm_cpuset_format(const GArray *cpus);

/** The CPUs (int, ascending) of such a text, or of libvirt's "0-7,^3". NULL: it is none. */
GArray *gpuvm_cpuset_parse(const char *text);

/** For g_array_sort and g_array_binary_search of such an array, or of any int. */
int gpuvm_cpuset_compare(const void *a, const void *b);

/** Whether @cpu is one of @cpus (int, ascending); NULL has none. */
bool gpuvm_cpuset_has(const GArray *cpus, int cpu);
