/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/size.h"

#include <glib.h>

char *
gpuvm_size_format(uint64_t bytes)
{
    g_autofree char *text = g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
    GString *plain = g_string_new(text);

    g_string_replace(plain, "\u00a0", " ",
                     0); /* GLib's does not break; what looks for the text does not know */
    return g_string_free(plain, FALSE);
}
