/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devices: the host's cards, who has them, and whether they can be passed */
#include <config.h>

#include "cli/command.h"
#include "cli/device.h"
#include "core/admit.h"
#include "ops/inspect.h"

static gboolean all;

/* Whether the link of @row is known, and slower than the card and its slot are able to: so it is while the card has nothing to do. */
static bool
is_slow(JsonObject *row)
{
    JsonObject *link =
        json_object_get_null_member(row, "link") ? NULL : json_object_get_object_member(row, "link");

    return link &&
           json_object_get_double_member(link, "speed") < json_object_get_double_member(link, "max_speed");
}

static char *
format_link(JsonObject *row)
{
    JsonObject *link;

    if (json_object_get_null_member(row, "link"))
        return g_strdup("-");
    link = json_object_get_object_member(row, "link");
    g_autofree char *most = is_slow(row)
                                ? g_strdup_printf(" of %g", json_object_get_double_member(link, "max_speed"))
                                : g_strdup("");
    return g_strdup_printf("%g%s GT/s x%d", json_object_get_double_member(link, "speed"), most,
                           (int)json_object_get_int_member(link, "width"));
}

static char *
format_claim(JsonObject *claim)
{
    return g_strconcat(json_object_get_string_member(claim, "domain"),
                       !json_object_get_boolean_member(claim, "active")  ? ""
                       : json_object_get_boolean_member(claim, "in_use") ? " (running)"
                                                                         : " (next start)",
                       NULL);
}

static char *
format_claims(JsonObject *row)
{
    JsonArray *claims = json_object_get_array_member(row, "claimed_by");
    GString *text = g_string_new(json_array_get_length(claims) == 0 ? "-" : NULL);

    for (guint i = 0; i < json_array_get_length(claims); i++) {
        g_autofree char *claim = format_claim(json_array_get_object_element(claims, i));

        g_string_append_printf(text, "%s%s", i > 0 ? "," : "", claim);
    }
    return g_string_free(text, FALSE);
}

/* The first of them, one that runs if any does, and how many more there are. */
static char *
format_first_claim(JsonObject *row)
{
    JsonArray *claims = json_object_get_array_member(row, "claimed_by");
    guint n = json_array_get_length(claims);
    g_autofree char *first = n > 0 ? format_claim(json_array_get_object_element(claims, 0)) : g_strdup("-");

    return n > 1 ? g_strdup_printf("%s +%u", first, n - 1) : g_steal_pointer(&first);
}

static char *
format_passable(JsonObject *row)
{
    return g_strdup(json_object_get_null_member(row, "passable")      ? "unknown"
                    : json_object_get_boolean_member(row, "passable") ? "yes"
                                                                      : "no");
}

/* Without which device it is about, which the other columns say. */
static char *
format_reason(JsonObject *row)
{
    return gpuvm_admit_about(json_object_get_string_member_with_default(row, "reason", "-"),
                             json_object_get_string_member(row, "address"));
}

/* "16M,256M/8G": sizes, which are powers of two, and what one can be resized to. */
static char *
format_bars(JsonObject *row)
{
    static const char *const units[] = {"", "K", "M", "G", "T"};
    JsonArray *bars = json_object_get_array_member(row, "bars");
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < json_array_get_length(bars); i++) {
        JsonObject *bar = json_array_get_object_element(bars, i);
        guint64 sizes[] = {(guint64)json_object_get_int_member(bar, "size"),
                           (guint64)json_object_get_int_member_with_default(bar, "largest", 0)};

        for (size_t k = 0; k < G_N_ELEMENTS(sizes); k++) {
            unsigned unit = 0;

            while (sizes[k] > 0 && sizes[k] % 1024 == 0 && unit + 1 < G_N_ELEMENTS(units)) {
                sizes[k] /= 1024;
                unit++;
            }
            if (sizes[k] > 0)
                g_string_append_printf(text, "%s%" G_GUINT64_FORMAT "%s",
                                       k > 0   ? "/"
                                       : i > 0 ? ","
                                               : "",
                                       sizes[k], units[unit]);
        }
    }
    return g_string_free(text->len > 0 ? text : g_string_append_c(text, '-'), FALSE);
}

/* clang-format off */
static const gpuvm_column columns[] = {
    {.header = "ADDRESS", .key = "address"},
    {.header = "PASSABLE", .format = format_passable},
    {.header = "NAME", .key = "name", .cut = 2, .narrow = true},
    {.header = "DRIVER", .key = "driver"},
    {.header = "GROUP", .key = "iommu_group", .right = true},
    {.header = "NUMA", .key = "numa_node", .right = true, .wide = true},
    {.header = "CLASS", .key = "class_name", .wide = true},
    {.header = "ID", .format = gpuvm_device_row_id, .wide = true},
    {.header = "PRODUCT", .key = "product", .wide = true},
    {.header = "LINK", .format = format_link, .wide = true},
    {.header = "BARS", .format = format_bars, .wide = true},
    {.header = "DOMAINS", .format = format_first_claim, .cut = 3, .narrow = true},
    {.header = "DOMAINS", .format = format_claims, .wide = true},
    {.header = "REASON", .format = format_reason, .cut = 1, .whole = true},
    {0},
};
/* clang-format on */

static JsonArray *
claims_of(const gpuvm_facts *facts, const gpuvm_device *device)
{
    g_autoptr(GPtrArray) claims = gpuvm_facts_claims(facts, &device->addr, NULL);
    JsonArray *array = json_array_new();

    for (guint i = 0; i < claims->len; i++) {
        const gpuvm_claim *claim = claims->pdata[i];

        json_array_add_object_element(array,
                                      gpuvm_device_claim(claim, gpuvm_claim_has(claim, &device->addr)));
    }
    return array;
}

/* @unseen: as gpuvm_inspect_unseen has it. */
static JsonObject *
make_row(gpuvm_session *session, const gpuvm_device *device, const char *unseen)
{
    g_autofree char *reason = gpuvm_inspect_why_not(session, device);
    JsonObject *row = gpuvm_device_row(device);

    json_object_set_array_member(row, "functions", json_array_new());
    json_object_set_array_member(row, "claimed_by", claims_of(session->facts, device));
    if (!reason && unseen)
        json_object_set_null_member(row, "passable");
    else
        json_object_set_boolean_member(row, "passable", reason == NULL);
    gpuvm_json_set_string(row, "reason", reason ? reason : unseen);
    return row;
}

/* A row for each card of @devices, in their order, its further functions in it. */
static JsonArray *
make_rows(gpuvm_session *session, const GPtrArray *devices)
{
    const char *unseen = devices->len > 0 ? gpuvm_inspect_unseen(session) : NULL;
    JsonArray *rows = json_array_new();
    const gpuvm_device *first = NULL; /* of the card at hand */
    JsonObject *card = NULL;

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];
        JsonObject *row = make_row(session, device, unseen);

        if (first && !device->virtual_function && gpuvm_pci_addr_same_slot(&first->addr, &device->addr)) {
            json_array_add_object_element(json_object_get_array_member(card, "functions"), row);
        } else {
            json_array_add_object_element(rows, row);
            first = device;
            card = row;
        }
    }
    return rows;
}

static bool
has_gpu(const GPtrArray *slot)
{
    for (guint i = 0; i < slot->len; i++) {
        if (gpuvm_device_is_gpu(slot->pdata[i]))
            return true;
    }
    return false;
}

/* The functions of every card, or of those with a GPU. */
static GPtrArray *
every_card(gpuvm_session *session)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(session->facts);
    GPtrArray *chosen = g_ptr_array_new();

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];
        g_autoptr(GPtrArray) slot = gpuvm_facts_slot(session->facts, &device->addr);

        if (all || has_gpu(slot))
            g_ptr_array_add(chosen, devices->pdata[i]);
    }
    return chosen;
}

/* The cards at the addresses in @names; NULL when one of these is wrong or absent. */
static GPtrArray *
named_cards(gpuvm_session *session, int n, char **names)
{
    g_autoptr(GArray) addrs = gpuvm_read_addresses(session->diags, n, names);
    g_autoptr(GPtrArray) chosen = g_ptr_array_new();

    if (session->diags->errors > 0 || !gpuvm_session_gather_functions(session, addrs))
        return NULL;
    for (guint i = 0; i < addrs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(addrs, gpuvm_pci_addr, i);
        g_autoptr(GPtrArray) slot = gpuvm_facts_slot(session->facts, addr);

        if (slot->len == 0)
            gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "PCI device not found: %s",
                              GPUVM_PCI(addr));
        else if (!g_ptr_array_find(chosen, slot->pdata[0], NULL)) /* another function of the card named it */
            g_ptr_array_extend(chosen, slot, NULL, NULL);
    }
    return g_steal_pointer(&chosen);
}

/* Whether a link in @rows, or in what is below them, is slow. */
static bool
any_is_slow(JsonArray *rows)
{
    for (guint i = 0; i < json_array_get_length(rows); i++) {
        JsonObject *row = json_array_get_object_element(rows, i);

        if (is_slow(row) || any_is_slow(json_object_get_array_member(row, "functions")))
            return true;
    }
    return false;
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) devices = NULL;
    JsonArray *rows;

    if (!gpuvm_session_gather(cli->session))
        return;
    if (argc > 0)
        devices = named_cards(cli->session, argc, argv);
    else if (gpuvm_session_gather_all(cli->session))
        devices = every_card(cli->session);
    if (!devices)
        return;
    rows = make_rows(cli->session, devices);
    gpuvm_output_table(cli->output, "devices", rows, columns, "functions");
    if (cli->output->wide && any_is_slow(rows))
        gpuvm_output_line(cli->output, "a card that is idle slows its link down, until it has work again");
    if (argc == 0 && !all && devices->len == 0)
        gpuvm_output_line(cli->output, "no GPU found; gpuvm devices --all shows every PCI device");
}

static const GOptionEntry options[] = {
    {"all", 'a', 0, G_OPTION_ARG_NONE, &all, "every PCI device, not only GPUs", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_devices = {
    .name = "devices",
    .arguments = "[ADDRESS…]",
    .summary = "Show the host's GPUs and whether they can be passed",
    .description =
        "Shows the host's GPUs, or the cards at ADDRESS: functions, drivers, IOMMU groups, the domains that name\n"
        "them, and whether they can be passed to a VM as things are, or why not; unknown when it cannot be seen whether the\n"
        "host uses them, for which a start is refused (in JSON, passable is null). A running domain that names a card only\n"
        "for its next start does not have it: in JSON, active says that it runs, in_use that it has the card.\n"
        "With -o wide also the sizes of their memory BARs, and what one can be resized to.",
    .options = options,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEVICE,
    .names = true,
    .run = run,
};
