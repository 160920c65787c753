/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/vmrow.h"

#include "cli/device.h"

/* What the card is called whose functions @device is the first of; @device: NULL, of one that is not there. */
static char *
name_card(const gpuvm_device *device, const gpuvm_pci_addr *addr, const gpuvm_record *record)
{
    const gpuvm_record_device *recorded = gpuvm_record_find(record, addr);

    if (device)
        return gpuvm_device_name(device);
    return recorded ? g_strdup_printf("%04x:%04x", recorded->identity.vendor_id, recorded->identity.device_id)
                    : g_strdup("unknown");
}

/* Whether the function at @i of @addrs, in address order, is of the card of the one before. */
static bool
goes_on(const gpuvm_facts *facts, const GArray *addrs, guint i)
{
    const gpuvm_pci_addr *addr = &g_array_index(addrs, gpuvm_pci_addr, i);
    const gpuvm_device *device = gpuvm_facts_device(facts, addr);

    return i > 0 && gpuvm_pci_addr_same_slot(&g_array_index(addrs, gpuvm_pci_addr, i - 1), addr) &&
           !(device && device->virtual_function);
}

/* Counts those of the same name, in the order in which the first of them comes. */
static JsonArray *
cards_array(const gpuvm_facts *facts, const GArray *addrs, const gpuvm_record *record)
{
    g_autoptr(GHashTable) cards = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    JsonArray *array = json_array_new();

    for (guint i = 0; i < addrs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(addrs, gpuvm_pci_addr, i);
        g_autofree char *name = name_card(gpuvm_facts_device(facts, addr), addr, record);
        JsonObject *card = g_hash_table_lookup(cards, name);

        if (goes_on(facts, addrs, i))
            continue;
        if (!card) {
            card = json_object_new();
            json_object_set_string_member(card, "name", name);
            json_object_set_int_member(card, "count", 0);
            json_array_add_object_element(array, card);
            g_hash_table_insert(cards, g_steal_pointer(&name), card);
        }
        json_object_set_int_member(card, "count", json_object_get_int_member(card, "count") + 1);
    }
    return array;
}

static JsonObject *
labels_object(const gpuvm_record *record)
{
    JsonObject *labels = json_object_new();

    for (guint i = 0; i < record->labels->len; i++) {
        const gpuvm_pair *label = record->labels->pdata[i];
        json_object_set_string_member(labels, label->key, label->value);
    }
    return labels;
}

JsonObject *
gpuvm_vm_row(const gpuvm_instance *vm, const gpuvm_facts *facts, const GPtrArray *addresses)
{
    const gpuvm_domain *domain = vm->domain;
    const gpuvm_record *record = vm->record;
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "name", domain->name);
    json_object_set_string_member(row, "uuid", domain->uuid);
    json_object_set_string_member(row, "state", gpuvm_instance_state(vm));
    json_object_set_int_member(row, "cpus", (gint64)vm->hardware->cpus);
    json_object_set_int_member(row, "memory_kib", (gint64)vm->hardware->memory_kib);
    json_object_set_array_member(row, "addresses", gpuvm_json_texts(addresses));
    json_object_set_array_member(
        row, "cards", cards_array(facts, vm->claim->active ? vm->claim->now : vm->claim->next, record));
    gpuvm_json_set_truth(row, "changed_outside", vm->drifted);
    json_object_set_boolean_member(row, "waits", gpuvm_claim_waits(vm->claim));
    json_object_set_boolean_member(row, "pending", vm->pending);
    json_object_set_boolean_member(row, "autostart", domain->autostart);
    json_object_set_boolean_member(row, "persistent", domain->persistent);
    gpuvm_json_set_string(row, "deployment", record->deployed ? record->deployed->name : NULL);
    gpuvm_json_set_string(row, "plugin", record->plugin);
    gpuvm_json_set_string(row, "set", record->set);
    gpuvm_json_set_string(row, "source", record->source);
    json_object_set_object_member(row, "labels", labels_object(record));
    return row;
}

char *
gpuvm_vm_format_memory(uint64_t kib)
{
    if (kib > 0 && kib % (1024 * 1024) == 0)
        return g_strdup_printf("%" G_GUINT64_FORMAT " GiB", kib / 1024 / 1024);
    return g_strdup_printf("%" G_GUINT64_FORMAT " MiB", kib / 1024);
}

char *
gpuvm_vm_row_memory(JsonObject *row)
{
    return gpuvm_vm_format_memory((uint64_t)json_object_get_int_member(row, "memory_kib"));
}

char *
gpuvm_vm_row_cards(JsonObject *row)
{
    JsonArray *cards = json_object_get_array_member(row, "cards");
    const char *times =
        g_get_charset(NULL) ? "×" : "x"; /* libsmartcols escapes what the locale does not have */
    GString *text = g_string_new(json_array_get_length(cards) == 0 ? "-" : NULL);

    for (guint i = 0; i < json_array_get_length(cards); i++) {
        JsonObject *card = json_array_get_object_element(cards, i);

        g_string_append_printf(text, "%s%" G_GINT64_FORMAT " %s %s", i > 0 ? ", " : "",
                               json_object_get_int_member(card, "count"), times,
                               json_object_get_string_member(card, "name"));
    }
    return g_string_free(text, FALSE);
}

char *
gpuvm_vm_row_note(JsonObject *row)
{
    bool pending = json_object_get_boolean_member(row, "pending");
    bool changed = json_object_get_boolean_member_with_default(row, "changed_outside", FALSE);

    if (!pending && !changed)
        return g_strdup("-");
    return g_strconcat(changed ? "changed outside gpuvm" : "", changed && pending ? ", " : "",
                       pending ? "other at the next start" : "", NULL);
}
