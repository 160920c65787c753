/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* render: the domain XML that define would send */
#include <config.h>

#include "cli/command.h"

#include <stdio.h>

#include "base/text.h"
#include "core/image.h"
#include "core/merge.h"
#include "ops/draft.h"

/* Where each value of a VM comes from when others give some, as an XML comment, which may not hold "--". */
static void
print_origins(const gpuvm_spec *spec)
{
    g_autoptr(GPtrArray) origins = gpuvm_merge_origins(spec);

    if (!gpuvm_spec_is_merged(spec))
        return;
    puts("<!--");
    for (guint i = 0; i < origins->len; i++) {
        const gpuvm_origin *origin = origins->pdata[i];
        g_autofree char *place = gpuvm_origin_place(origin);
        g_autoptr(GString) line = g_string_new(NULL);

        g_string_printf(line, "  %s: %s (%s)", origin->key, origin->value, place);
        while (g_string_replace(line, "--", "- -", 0) > 0)
            continue;
        g_autofree char *safe = gpuvm_text_printable(line->str);
        puts(safe);
    }
    puts("-->");
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) drafts = gpuvm_plan_files(cli->session, argv);
    JsonArray *rows = json_array_new();

    (void)argc;
    for (guint i = 0; drafts && cli->session->diags->errors == 0 && i < drafts->len; i++) {
        const gpuvm_draft *vm = drafts->pdata[i];
        JsonObject *row = json_object_new();

        gpuvm_image_note_unknown(vm->plan, cli->session->diags);
        json_object_set_string_member(row, "name", vm->plan->vm->name);
        json_object_set_string_member(row, "xml", vm->xml);
        json_array_add_object_element(rows, row);
        if (!cli->output->json) {
            print_origins(vm->definition->spec);
            fputs(vm->xml, stdout);
        }
    }
    gpuvm_output_rows(cli->output, "vms", rows);
}

const gpuvm_command gpuvm_cmd_render = {
    .name = "render",
    .arguments = "FILE|DIR|-…",
    .summary = "Print the domain XML that define would send",
    .description =
        "Plans the VMs and prints their libvirt domain XML, the same bytes for the same input. Changes nothing.\n"
        "Of a VM with a plugin, a comment before it says where each value comes from.",
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = run,
};
