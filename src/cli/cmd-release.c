/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* release: give cards back to the host's drivers */
#include <config.h>

#include "cli/command.h"
#include "cli/device.h"
#include "ops/release.h"

static void
say(gpuvm_output *output, const gpuvm_driver_change *change)
{
    const char *before = change->before ? change->before : "no driver";
    const char *after = change->after ? change->after : "no driver";

    if (g_strcmp0(change->before, change->after) == 0)
        gpuvm_output_line(output, "%s: on %s already", GPUVM_PCI(&change->addr), before);
    else
        gpuvm_output_line(output, "%s: %s → %s", GPUVM_PCI(&change->addr), before, after);
}

static void
release_card(gpuvm_cli *cli, const gpuvm_pci_addr *addr, JsonArray *rows)
{
    g_autoptr(GPtrArray) all = gpuvm_release(cli->session, addr);

    for (guint i = 0; all && i < all->len; i++) {
        const gpuvm_driver_change *change = all->pdata[i];
        JsonObject *row = json_object_new();

        json_object_set_string_member(row, "address", GPUVM_PCI(&change->addr));
        gpuvm_json_set_string(row, "before", change->before);
        gpuvm_json_set_string(row, "after", change->after);
        json_array_add_object_element(rows, row);
        say(cli->output, change);
    }
}

/* Whether an earlier one of @addrs names the card of the one at @i. */
static bool
is_repeated(const GArray *addrs, guint i)
{
    for (guint k = 0; k < i; k++) {
        if (gpuvm_pci_addr_same_slot(&g_array_index(addrs, gpuvm_pci_addr, k),
                                     &g_array_index(addrs, gpuvm_pci_addr, i)))
            return true;
    }
    return false;
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GArray) addrs = gpuvm_read_addresses(cli->session->diags, argc, argv);
    JsonArray *rows = json_array_new();

    for (guint i = 0; cli->session->diags->errors == 0 && i < addrs->len; i++) {
        if (!is_repeated(addrs, i))
            release_card(cli, &g_array_index(addrs, gpuvm_pci_addr, i), rows);
    }
    gpuvm_output_rows(cli->output, "functions", rows);
}

const gpuvm_command gpuvm_cmd_release = {
    .name = "release",
    .arguments = "ADDRESS…",
    .summary = "Give cards back to the host's drivers",
    .description =
        "Returns cards that no running VM has from vfio-pci to their own drivers, and says which these are.\n"
        "On the host itself, one that does not answer is brought back first, unless the host uses it: by a reset of the\n"
        "function, then of its bus when nobody else is on it, then by removing it and looking for it again. What each came\n"
        "to is told; when none helped, only taking the host from its power does (exit code 5).",
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEVICE,
    .run = run,
};
