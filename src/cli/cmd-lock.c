/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lock: write down which cards the addresses of definitions mean */
#include <config.h>

#include "cli/command.h"
#include "ops/cardfile.h"

static gboolean check;
static char **accept;

static const gpuvm_column columns[] = {
    {.header = "ADDRESS", .key = "address"},
    {.header = "NAME", .key = "name", .cut = 1},
    {.header = "ID", .key = "id", .wide = true},
    {.header = "SERIAL", .key = "serial"},
    {.header = "SLOT", .key = "slot"},
    {.header = "PATH", .key = "path"},
    {.header = "LOCK", .key = "change", .whole = true},
    {0},
};

/* What is there now; where nothing is, what the lock has. */
static JsonObject *
card_row(const gpuvm_relock_card *card, const gpuvm_facts *facts)
{
    const gpuvm_locked_card *former = card->former;
    g_autoptr(gpuvm_identity) now = card->device ? gpuvm_cardid_of(card->device, facts) : NULL;
    const gpuvm_identity then = former ? gpuvm_locked_identity(former) : (gpuvm_identity){0};
    const gpuvm_identity *identity = now ? now : &then;
    g_autofree char *id = g_strdup_printf("%04x:%04x", identity->vendor_id, identity->device_id);
    g_autofree char *name = card->device ? gpuvm_device_name(card->device) : NULL;
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "address", GPUVM_PCI(&card->addr));
    gpuvm_json_set_string(row, "name", name ? name : former ? former->name : NULL);
    gpuvm_json_set_string(row, "id", now || former ? id : NULL);
    gpuvm_json_set_string(row, "serial", identity->serial);
    gpuvm_json_set_string(row, "slot", card->device ? card->device->slot : former ? former->slot : NULL);
    gpuvm_json_set_string(row, "path", identity->path);
    json_object_set_string_member(row, "change", gpuvm_relock_names[card->what]);
    return row;
}

static JsonObject *
file_row(const gpuvm_cardfile *of, const gpuvm_facts *facts)
{
    JsonObject *row = json_object_new();
    JsonArray *cards = json_array_new();

    for (guint i = 0; i < of->cards->len; i++)
        json_array_add_object_element(cards,
                                      card_row(&g_array_index(of->cards, gpuvm_relock_card, i), facts));
    json_object_set_string_member(row, "file", of->file);
    json_object_set_string_member(row, "change",
                                  of->created   ? "create"
                                  : of->changed ? "update"
                                                : "unchanged");
    json_object_set_array_member(row, "cards", cards);
    return row;
}

/* The addresses of --accept; false: one is none. */
static bool
read_accepted(gpuvm_diags *diags, GArray *accepted)
{
    for (char **address = accept; address && *address; address++) {
        g_autofree char *why = NULL, *hint = NULL;
        gpuvm_pci_ref ref;

        if (gpuvm_pci_ref_parse(*address, &ref, &why, &hint))
            g_array_append_val(accepted, ref);
        else
            gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "--accept: %s", why);
    }
    return diags->errors == 0;
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GArray) accepted = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_ref));
    g_autoptr(GPtrArray) files = read_accepted(cli->session->diags, accepted)
                                     ? gpuvm_cardfile_lock(cli->session, argv, accepted, check)
                                     : NULL;
    JsonArray *rows = json_array_new();

    (void)argc;
    for (guint i = 0; files && i < files->len; i++) {
        const gpuvm_cardfile *of = files->pdata[i];
        JsonObject *row = file_row(of, cli->session->facts);

        cli->differs |= check && of->changed;
        json_array_add_object_element(rows, row);
        gpuvm_output_line(cli->output, "%s: %s", of->file, json_object_get_string_member(row, "change"));
        gpuvm_output_print_table(cli->output, json_object_get_array_member(row, "cards"), columns, NULL);
    }
    gpuvm_output_rows(cli->output, "locks", rows);
}

static const GOptionEntry options[] = {
    {"accept", 0, 0, G_OPTION_ARG_STRING_ARRAY, &accept,
     "have the card that is at this address now, where the lock has another one; repeatable", "ADDRESS"},
    {"check", 0, 0, G_OPTION_ARG_NONE, &check,
     "write nothing; the exit code is 7 when something would be changed", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_lock = {
    .name = "lock",
    .arguments = "FILE|DIR…",
    .summary = "Write down which cards the addresses mean",
    .description =
        "Writes gpuvm.lock beside the definitions: for each card that they name by address its ids, serial number, slot,\n"
        "and the ports above it, on this host; what it has of other hosts stays. From then on plan, diff and define find the\n"
        "card there when addresses have shifted, and refuse another one in its place, as start does of what was defined so.\n"
        "Of a directory, cards that no definition names any more are removed from the lock.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = run,
};
