/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/device.h"

static void
set_hex(JsonObject *row, const char *member, int digits, unsigned number)
{
    g_autofree char *text = g_strdup_printf("%0*x", digits, number);

    json_object_set_string_member(row, member, text);
}

static void
set_link(JsonObject *row, const gpuvm_device *device)
{
    JsonObject *link;

    if (device->link_max_width == 0) {
        json_object_set_null_member(row, "link");
        return;
    }
    link = json_object_new();
    json_object_set_double_member(link, "speed", device->link_speed);
    json_object_set_double_member(link, "max_speed", device->link_max_speed);
    json_object_set_int_member(link, "width", device->link_width);
    json_object_set_int_member(link, "max_width", device->link_max_width);
    json_object_set_object_member(row, "link", link);
}

static JsonArray *
bar_rows(const gpuvm_device *device)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < device->bars->len; i++) {
        const gpuvm_bar *bar = &g_array_index(device->bars, gpuvm_bar, i);
        JsonObject *row = json_object_new();

        json_object_set_int_member(row, "size", (gint64)bar->size);
        json_object_set_boolean_member(row, "wide", bar->wide);
        json_object_set_boolean_member(row, "prefetchable", bar->prefetchable);
        gpuvm_json_set_known(row, "largest", bar->largest > 0 ? (gint64)bar->largest : GPUVM_UNKNOWN);
        json_array_add_object_element(rows, row);
    }
    return rows;
}

JsonObject *
gpuvm_device_row(const gpuvm_device *device)
{
    g_autofree char *name = gpuvm_device_name(device);
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "address", GPUVM_PCI(&device->addr));
    json_object_set_string_member(row, "name", name);
    set_hex(row, "class", 6, device->class_code);
    json_object_set_string_member(row, "class_name", gpuvm_pci_class_name(device->class_code));
    set_hex(row, "vendor_id", 4, device->vendor_id);
    set_hex(row, "device_id", 4, device->device_id);
    gpuvm_json_set_string(row, "vendor", device->vendor);
    gpuvm_json_set_string(row, "product", device->product);
    gpuvm_json_set_string(row, "driver", device->driver);
    gpuvm_json_set_known(row, "iommu_group", device->iommu_group);
    gpuvm_json_set_known(row, "numa_node", device->numa_node);
    set_link(row, device);
    json_object_set_array_member(row, "bars", bar_rows(device));
    return row;
}

char *
gpuvm_device_row_id(JsonObject *row)
{
    return g_strdup_printf("%s:%s", json_object_get_string_member(row, "vendor_id"),
                           json_object_get_string_member(row, "device_id"));
}

JsonObject *
gpuvm_device_claim(const gpuvm_claim *claim, bool in_use)
{
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "domain", claim->domain);
    json_object_set_boolean_member(row, "active", claim->active);
    json_object_set_boolean_member(row, "in_use", in_use);
    return row;
}

JsonArray *
gpuvm_json_addresses(const GArray *addrs)
{
    JsonArray *array = json_array_new();

    for (guint i = 0; i < addrs->len; i++)
        json_array_add_string_element(array, GPUVM_PCI(&g_array_index(addrs, gpuvm_pci_addr, i)));
    return array;
}

GArray *
gpuvm_read_addresses(gpuvm_diags *diags, int n, char **arguments)
{
    GArray *addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));

    for (int i = 0; i < n; i++) {
        g_autofree char *why = NULL, *hint = NULL;
        gpuvm_pci_ref ref;

        if (gpuvm_pci_ref_parse(arguments[i], &ref, &why, &hint)) {
            g_array_append_val(addrs, ref.addr);
            continue;
        }
        gpuvm_diag *diag = gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "%s", why);
        if (hint)
            gpuvm_diag_hint(diag, "%s", hint);
    }
    return addrs;
}
