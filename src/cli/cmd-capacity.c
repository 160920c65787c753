/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* capacity: what the host offers to VMs, for a cluster to place them by */
#include <config.h>

#include <stdio.h>

#include "cli/command.h"
#include "core/admit.h"
#include "core/capacity.h"

static char *
format_out(JsonObject *row)
{
    JsonArray *out = json_object_get_array_member(row, "out");

    return g_strdup_printf("%u", json_array_get_length(out));
}

/* clang-format off */
static const gpuvm_column card_columns[] = {
    {.header = "ATTRIBUTE", .key = "attribute"},
    {.header = "OFFERED", .key = "offered", .right = true},
    {.header = "FREE", .key = "free", .right = true},
    {.header = "IN VMS", .key = "in_vms", .right = true},
    {.header = "OUT", .format = format_out, .right = true},
    {.header = "NAME", .key = "name", .cut = 1},
    {0},
};

static const gpuvm_column amount_columns[] = {
    {.header = "ATTRIBUTE", .key = "attribute"},
    {.header = "OFFERED", .key = "offered", .right = true},
    {.header = "TOTAL", .key = "total", .right = true},
    {.header = "RESERVED", .key = "reserved", .right = true},
    {.header = "OTHERS' VMS", .key = "others", .right = true},
    {0},
};
/* clang-format on */

static JsonObject *
card_row(const gpuvm_capacity_model *model)
{
    g_autofree char *name = gpuvm_device_name(model->device);
    JsonObject *row = json_object_new();
    JsonArray *outs = json_array_new();

    json_object_set_string_member(row, "attribute", model->name);
    json_object_set_string_member(row, "name", name);
    json_object_set_int_member(row, "offered", (gint64)gpuvm_capacity_cards(model));
    json_object_set_int_member(row, "free", model->free);
    json_object_set_int_member(row, "in_vms", model->in_vms);
    for (guint i = 0; i < model->out->len; i++) {
        const gpuvm_capacity_out *card = model->out->pdata[i];
        JsonObject *out = json_object_new();

        json_object_set_string_member(out, "address", GPUVM_PCI(&card->addr));
        json_object_set_string_member(out, "reason", card->why);
        json_array_add_object_element(outs, out);
    }
    json_object_set_array_member(row, "out", outs);
    return row;
}

static JsonObject *
amount_row(const char *name, const gpuvm_capacity_amount *amount)
{
    JsonObject *row = json_object_new();
    bool known = amount->total > 0;

    json_object_set_string_member(row, "attribute", name);
    gpuvm_json_set_known(row, "offered", known ? (gint64)gpuvm_capacity_left(amount) : -1);
    gpuvm_json_set_known(row, "total", known ? (gint64)amount->total : -1);
    json_object_set_int_member(row, "reserved", (gint64)amount->reserved);
    json_object_set_int_member(row, "others", (gint64)amount->strangers);
    return row;
}

/* The lines NAME VALUE that a node's utilization is made of; what is not known is none of it. */
static void
print_utilization(JsonArray *rows)
{
    for (guint i = 0; i < json_array_get_length(rows); i++) {
        JsonObject *row = json_array_get_object_element(rows, i);

        if (!json_object_get_null_member(row, "offered"))
            printf("%s %" G_GINT64_FORMAT "\n", json_object_get_string_member(row, "attribute"),
                   json_object_get_int_member(row, "offered"));
    }
}

static void
say_why_out(gpuvm_output *output, const gpuvm_capacity *capacity)
{
    for (guint i = 0; i < capacity->models->len; i++) {
        const gpuvm_capacity_model *model = capacity->models->pdata[i];

        for (guint k = 0; k < model->out->len; k++) {
            const gpuvm_capacity_out *card = model->out->pdata[k];
            const char *address = GPUVM_PCI(&card->addr);
            g_autofree char *why = gpuvm_admit_about(card->why, address),
                            *lead = g_strdup_printf("out: %s ", address);

            gpuvm_output_paragraph(output, lead, why);
        }
    }
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    gpuvm_session *session = cli->session;
    g_autoptr(gpuvm_capacity) capacity = NULL;
    g_autoptr(JsonArray) cards = json_array_new(), amounts = json_array_new();

    (void)argc, (void)argv;
    if (!gpuvm_session_gather(session) || !gpuvm_session_gather_all(session))
        return;
    capacity = gpuvm_capacity_make(session->facts, &session->policies);
    for (guint i = 0; i < capacity->models->len; i++)
        json_array_add_object_element(cards, card_row(capacity->models->pdata[i]));
    json_array_add_object_element(amounts, amount_row(GPUVM_CAPACITY_MEMORY, &capacity->memory_mb));
    json_array_add_object_element(amounts, amount_row(GPUVM_CAPACITY_CPUS, &capacity->cpus));
    if (g_strcmp0(gpuvm_global()->output, "pacemaker") == 0) {
        print_utilization(cards);
        print_utilization(amounts);
        return;
    }
    gpuvm_output_table(cli->output, "cards", g_steal_pointer(&cards), card_columns, NULL);
    gpuvm_output_line(cli->output, "%s", "");
    gpuvm_output_table(cli->output, "amounts", g_steal_pointer(&amounts), amount_columns, NULL);
    if (!cli->output->json && !cli->output->names)
        say_why_out(cli->output, capacity);
}

const gpuvm_command gpuvm_cmd_capacity = {
    .name = "capacity",
    .summary = "Show what the host offers to VMs: cards by model, memory, CPUs",
    .description =
        "Shows how many cards of each model VMs may have on this host, how much memory and how many CPUs, by the names\n"
        "that a cluster's utilization has for them. A card counts when it is free, by all rules and for whoever lets gpuvm\n"
        "choose, or when a running VM of gpuvm's has it; of those that are out it is said why. A model whose cards are all\n"
        "out is shown with 0. Memory and CPUs are the host's, without the CPUs that a policy reserves or the kernel isolates,\n"
        "and without what running domains have that gpuvm does not manage; what its own VMs have counts: who places VMs\n"
        "by it subtracts that. With -o pacemaker it prints lines NAME VALUE alone, for the utilization of a node.",
    .max_arguments = 0,
    .names = true,
    .formats = "pacemaker",
    .run = run,
};
