/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* list: the VMs that gpuvm defined */
#include <config.h>

#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/device.h"
#include "cli/vmrow.h"
#include "ops/ask.h"
#include "ops/survey.h"

static gboolean all, running, health;
static char **labels, *device;

static char *
format_devices(JsonObject *row)
{
    g_autofree char *now = gpuvm_json_join(row, "devices"), *next = gpuvm_json_join(row, "next_devices");

    return json_object_get_boolean_member(row, "waits") ? g_strdup_printf("%s (next start: %s)", now, next)
                                                        : g_steal_pointer(&next);
}

/* The first one, of IPv4 if there is any, and how many more there are. */
static char *
format_address(JsonObject *row)
{
    JsonArray *addresses = json_object_get_array_member(row, "addresses");
    guint n = json_array_get_length(addresses);
    const char *shown = n > 0 ? json_array_get_string_element(addresses, 0) : "-";

    for (guint i = n; i-- > 0;) {
        if (!strchr(json_array_get_string_element(addresses, i), ':'))
            shown = json_array_get_string_element(addresses, i);
    }
    return n > 1 ? g_strdup_printf("%s +%u", shown, n - 1) : g_strdup(shown);
}

/* clang-format off */
#define COLUMNS                                                                                              \
    {.header = "NAME", .key = "name"},                                                                       \
    {.header = "STATE", .key = "state"},                                                                     \
    {.header = "CPUS", .key = "cpus", .right = true},                                                        \
    {.header = "MEMORY", .format = gpuvm_vm_row_memory, .right = true},                                      \
    {.header = "IP", .format = format_address, .narrow = true},                                              \
    {.header = "IP", .key = "addresses", .wide = true},                                                      \
    {.header = "CARDS", .format = gpuvm_vm_row_cards, .cut = 2},                                             \
    {.header = "DEVICES", .format = format_devices, .wide = true},                                           \
    {.header = "AUTOSTART", .key = "autostart", .wide = true},                                               \
    {.header = "SOURCE", .key = "source", .wide = true},                                                     \
    {.header = "UUID", .key = "uuid", .wide = true},                                                         \
    {.header = "DEPLOYMENT", .key = "deployment", .cut = 3}
#define NOTE {.header = "NOTE", .format = gpuvm_vm_row_note, .cut = 1, .whole = true}

static const gpuvm_column columns[] = {COLUMNS, NOTE, {0}};
static const gpuvm_column columns_with_health[] = {COLUMNS, {.header = "HEALTH", .key = "health"}, NOTE, {0}};
/* clang-format on */

static JsonObject *
make_row(gpuvm_session *session, const gpuvm_instance *vm, const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) addresses = gpuvm_survey_addresses(session, vm);
    JsonObject *row = gpuvm_vm_row(vm, facts, addresses);

    json_object_set_array_member(row, "devices", gpuvm_json_addresses(vm->claim->now));
    json_object_set_array_member(row, "next_devices", gpuvm_json_addresses(vm->claim->next));
    return row;
}

/* Adds the health of @instances (gpuvm_instance), in whose order @rows are. */
static void
add_health(gpuvm_cli *cli, const GPtrArray *instances, JsonArray *rows)
{
    g_autoptr(GPtrArray) healths = gpuvm_health_ask(cli->session, instances);

    for (guint i = 0; healths && i < healths->len; i++) {
        const gpuvm_health *found = healths->pdata[i];
        JsonObject *row = json_array_get_object_element(rows, i);

        json_object_set_string_member(row, "health", gpuvm_health_names[found->state]);
        gpuvm_json_set_string(row, "health_reason", found->reason);
    }
}

/* Whether @record has each of the labels asked for: KEY, or KEY=VALUE. */
static bool
has_labels(const gpuvm_record *record)
{
    for (char **wanted = labels; wanted && *wanted; wanted++) {
        g_auto(GStrv) pair = g_strsplit(*wanted, "=", 2);
        bool found = false;

        for (guint i = 0; i < record->labels->len && !found; i++) {
            const gpuvm_pair *label = record->labels->pdata[i];

            found = g_strcmp0(label->key, pair[0]) == 0 && (!pair[1] || g_str_equal(label->value, pair[1]));
        }
        if (!found)
            return false;
    }
    return true;
}

/* Whether one of @addrs is what @ref names. */
static bool
has_device(const GArray *addrs, const gpuvm_pci_ref *ref)
{
    for (guint i = 0; i < addrs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(addrs, gpuvm_pci_addr, i);

        if (ref->whole_card ? gpuvm_pci_addr_same_slot(addr, &ref->addr)
                            : gpuvm_pci_addr_equal(addr, &ref->addr))
            return true;
    }
    return false;
}

/* Leaves those of @vms (gpuvm_instance) that have the labels and, unless NULL, what @ref names. */
static void
leave(GPtrArray *vms, const gpuvm_pci_ref *ref)
{
    for (guint i = vms->len; i-- > 0;) {
        const gpuvm_instance *vm = vms->pdata[i];

        if (!has_labels(vm->record) ||
            (ref && !has_device(vm->claim->now, ref) && !has_device(vm->claim->next, ref)))
            g_ptr_array_remove_index(vms, i);
    }
}

/* An error for each of @wanted that names a VM, rather than being a pattern of names, and is none of @vms. */
static void
miss(gpuvm_session *session, const GPtrArray *vms, char **wanted)
{
    for (; *wanted; wanted++) {
        bool found = strpbrk(*wanted, "*?[") != NULL;

        for (guint i = 0; i < vms->len && !found; i++)
            found = g_str_equal(((const gpuvm_instance *)vms->pdata[i])->domain->name, *wanted);
        if (!found && !running)
            gpuvm_instance_free(gpuvm_instance_find(session, *wanted)); /* which says why */
    }
}

static bool
read_device(gpuvm_diags *diags, gpuvm_pci_ref *ret_ref)
{
    g_autofree char *why = NULL, *hint = NULL;
    gpuvm_diag *diag;

    if (!device || gpuvm_pci_ref_parse(device, ret_ref, &why, &hint))
        return true;
    diag = gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "%s", why);
    if (hint)
        gpuvm_diag_hint(diag, "%s", hint);
    return false;
}

static void
say_none(gpuvm_session *session, gpuvm_output *output, bool filtered)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) domains = gpuvm_domain_list(session->connection, &error);
    guint others = 0;

    if (!domains) {
        gpuvm_session_fail(session, g_steal_pointer(&error));
        return;
    }
    for (guint i = 0; domains && i < domains->len; i++)
        others += all || ((const gpuvm_domain *)domains->pdata[i])->active;
    g_autofree char *counted = gpuvm_text_count(others, "other");
    g_autofree char *text =
        others > 0 ? g_strdup_printf(" (%s: virsh list%s)", counted, all ? " --all" : "") : g_strdup("");

    if (filtered)
        gpuvm_output_line(output, "no VM is like that");
    else if (all)
        gpuvm_output_line(output, "gpuvm defined no VM here%s", text);
    else
        gpuvm_output_line(output, "no VM of gpuvm's is running%s; see gpuvm list --all", text);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    gpuvm_session *session = cli->session;
    bool filtered = argc > 0 || labels || device;
    g_autoptr(GPtrArray) vms = NULL;
    g_autoptr(gpuvm_facts) facts = NULL;
    JsonArray *rows = json_array_new();
    gpuvm_pci_ref ref;

    if (read_device(session->diags, &ref))
        vms = gpuvm_list_looked_at(session, !running && (all || filtered), argc > 0 ? argv : NULL);
    if (vms && argc > 0)
        miss(session, vms, argv);
    if (vms)
        leave(vms, device ? &ref : NULL);
    facts = vms ? gpuvm_survey_devices(session, vms) : NULL;
    for (guint i = 0; facts && i < vms->len; i++)
        json_array_add_object_element(rows, make_row(session, vms->pdata[i], facts));
    if (facts && health)
        add_health(cli, vms, rows);
    if (facts && vms->len == 0 && session->diags->errors == 0)
        say_none(session, cli->output, filtered);
    gpuvm_output_table(cli->output, "vms", rows, health ? columns_with_health : columns, NULL);
}

static const GOptionEntry options[] = {
    {"all", 'a', 0, G_OPTION_ARG_NONE, &all, "also those that are off", NULL},
    {"running", 0, 0, G_OPTION_ARG_NONE, &running, "only those that run", NULL},
    {"label", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &labels,
     "only those with this label, or KEY with any value; repeatable", "KEY=VALUE"},
    {"device", 0, 0, G_OPTION_ARG_STRING, &device,
     "only those with this PCI function or card, now or at their next start", "ADDRESS"},
    {"health", 0, 0, G_OPTION_ARG_NONE, &health, "ask each for its health", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_list = {
    .name = "list",
    .arguments = "[NAME…]",
    .summary = "List the VMs that gpuvm defined",
    .description =
        "Lists the running VMs that gpuvm defined; with NAME, which may be a pattern such as 'web-*', --label or\n"
        "--device, those that are off, too. NOTE says of one that runs that its next start will be by another\n"
        "definition or with other devices, and of one whose domain was changed by other means, such as virsh\n"
        "edit, that it was; -o wide has both devices. The address is what libvirt's leases or the host's neighbours tell;\n"
        "-o name prints names alone. In JSON devices are what it runs with, none for a VM that is off, and next_devices what\n"
        "its next start will have.",
    .options = options,
    .max_arguments = -1,
    .names = true,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
