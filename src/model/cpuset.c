/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/cpuset.h"

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
