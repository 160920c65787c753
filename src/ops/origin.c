/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/origin.h"

#include <string.h>

#define FROM "# origin: "
#define DIGEST "# digest: "

void
gpuvm_origin_clear(gpuvm_origin *origin)
{
    g_clear_pointer(&origin->from, g_free);
    g_clear_pointer(&origin->digest, g_free);
}

gpuvm_origin
gpuvm_origin_of(const gpuvm_spec *plugin)
{
    g_auto(GStrv) lines = g_strsplit(plugin->doc->source->text, "\n", 3);

    if (g_strv_length(lines) < 2 || !g_str_has_prefix(lines[0], FROM) || !g_str_has_prefix(lines[1], DIGEST))
        return (gpuvm_origin){0};
    return (gpuvm_origin){.from = g_strdup(lines[0] + strlen(FROM)),
                          .digest = g_strdup(lines[1] + strlen(DIGEST))};
}

char *
gpuvm_origin_comment(const gpuvm_origin *origin)
{
    return origin->from ? g_strdup_printf(FROM "%s\n" DIGEST "%s\n", origin->from, origin->digest)
                        : g_strdup("");
}
