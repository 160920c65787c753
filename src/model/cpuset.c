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

GArray *
gpuvm_cpuset_parse(const char *text, int max)
{
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(int));
    g_auto(GStrv) ranges = g_strsplit(text, ",", -1);
    gint64 first, last = -1;

    for (char **range = ranges; *range; range++) {
        char *dash = strchr(*range, '-');

        if (dash)
            *dash++ = '\0';
        if (last >= max || !g_ascii_string_to_signed(*range, 10, last + 1, max, &first, NULL) ||
            !g_ascii_string_to_signed(dash ? dash : *range, 10, first, max, &last, NULL))
            return NULL;
        for (int cpu = (int)first; cpu <= last; cpu++)
            g_array_append_val(cpus, cpu);
    }
    return g_steal_pointer(&cpus);
}
