/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/cpuset.h"

#include <string.h>

char *
gpuvm_cpuset_format(const GArray *cpus)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint first = 0, last; first < cpus->len; first = last + 1) {
        int from = g_array_index(cpus, int, first), to = from;

        for (last = first; last + 1 < cpus->len && g_array_index(cpus, int, last + 1) == to + 1; last++)
            to++;
        g_string_append_printf(text, "%s%d", first > 0 ? "," : "", from);
        if (to > from)
            g_string_append_printf(text, "-%d", to);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* "N" or "N-N" */
static bool
parse_range(const char *text, int *ret_from, int *ret_to)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    guint64 from, to;

    if (!ends[0] || !g_ascii_string_to_unsigned(ends[0], 10, 0, GPUVM_CPU_MAX, &from, NULL))
        return false;
    to = from;
    if (ends[1] && !g_ascii_string_to_unsigned(ends[1], 10, from, GPUVM_CPU_MAX, &to, NULL))
        return false;
    *ret_from = (int)from;
    *ret_to = (int)to;
    return true;
}

GArray *
gpuvm_cpuset_parse(const char *text)
{
    enum { ABSENT, IN, OUT };
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    g_autofree char *cpus = g_malloc0(GPUVM_CPU_MAX + 1);
    GArray *set;
    int last = 0;

    for (char **part = parts; *part; part++) {
        char *range = g_strstrip(*part);
        bool out = *range == '^';
        int from, to;

        if (!parse_range(out ? range + 1 : range, &from, &to))
            return NULL;
        for (int cpu = from; cpu <= to; cpu++)
            cpus[cpu] = (char)MAX(cpus[cpu], out ? OUT : IN);
        last = MAX(last, to);
    }
    if (!*parts)
        return NULL;
    set = g_array_new(FALSE, FALSE, sizeof(int));
    for (int cpu = 0; cpu <= last; cpu++) {
        if (cpus[cpu] == IN)
            g_array_append_val(set, cpu);
    }
    return set;
}

int
gpuvm_cpuset_compare(const void *a, const void *b)
{
    int left = *(const int *)a, right = *(const int *)b;

    return (left > right) - (left < right);
}

bool
gpuvm_cpuset_has(const GArray *cpus, int cpu)
{
    return cpus && g_array_binary_search((GArray *)cpus, &cpu, gpuvm_cpuset_compare, NULL);
}
