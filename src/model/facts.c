/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/facts.h"

#include <string.h>

gpuvm_device *
gpuvm_device_new(const gpuvm_pci_addr *addr)
{
    gpuvm_device *device = g_new0(gpuvm_device, 1);

    device->addr = *addr;
    device->iommu_group = GPUVM_UNKNOWN;
    device->numa_node = GPUVM_UNKNOWN;
    device->boot_vga = GPUVM_UNKNOWN;
    device->group_members = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    device->virtual_functions = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    device->bars = g_array_new(FALSE, FALSE, sizeof(gpuvm_bar));
    return device;
}

void
gpuvm_device_free(gpuvm_device *device)
{
    if (!device)
        return;
    g_free(device->vendor);
    g_free(device->product);
    g_free(device->driver);
    g_free(device->serial);
    g_free(device->path);
    g_free(device->slot);
    g_free(device->reset_method);
    g_array_unref(device->group_members);
    g_array_unref(device->virtual_functions);
    g_array_unref(device->bars);
    g_free(device);
}

void
gpuvm_device_add_bar(gpuvm_device *device, const gpuvm_bar *bar)
{
    g_array_append_vals(device->bars, bar, 1);
    device->memory_size += bar->size;
}

char *
gpuvm_device_describe(const gpuvm_device *device)
{
    const char *product = device->product ? device->product : gpuvm_pci_class_name(device->class_code);

    return g_strdup_printf("%s%s%s (%04x:%04x)", device->vendor ? device->vendor : "",
                           device->vendor ? " " : "", product, device->vendor_id, device->device_id);
}

char *
gpuvm_device_name(const gpuvm_device *device)
{
    const char *product = device->product ? device->product : gpuvm_pci_class_name(device->class_code);
    const char *begin = gpuvm_device_is_gpu(device) ? strchr(product, '[') : NULL;
    const char *end = begin ? strchr(begin, ']') : NULL;

    return end ? g_strndup(begin + 1, (size_t)(end - begin - 1)) : g_strdup(product);
}

bool
gpuvm_device_same_card(const gpuvm_device *a, const gpuvm_device *b)
{
    return !a->virtual_function && !b->virtual_function && gpuvm_pci_addr_same_slot(&a->addr, &b->addr);
}

bool
gpuvm_device_is_gpu(const gpuvm_device *device)
{
    return gpuvm_pci_class_match("03", device->class_code) ||
           gpuvm_pci_class_match("12", device->class_code) ||
           gpuvm_pci_class_match("0b40", device->class_code);
}

bool
gpuvm_driver_is_vfio(const char *driver)
{
    return driver && (g_str_has_suffix(driver, "vfio-pci") || g_str_has_suffix(driver, "vfio_pci"));
}

gpuvm_cell *
gpuvm_cell_new(int id)
{
    gpuvm_cell *cell = g_new0(gpuvm_cell, 1);

    cell->id = id;
    cell->cpus = g_array_new(FALSE, FALSE, sizeof(gpuvm_cpu));
    cell->pages = g_array_new(FALSE, FALSE, sizeof(gpuvm_pages));
    cell->distances = g_array_new(FALSE, FALSE, sizeof(gpuvm_distance));
    return cell;
}

void
gpuvm_cell_free(gpuvm_cell *cell)
{
    if (!cell)
        return;
    g_array_unref(cell->cpus);
    g_array_unref(cell->pages);
    g_array_unref(cell->distances);
    g_free(cell);
}

gpuvm_facts *
gpuvm_facts_new(void)
{
    gpuvm_facts *facts = g_new0(gpuvm_facts, 1);

    /* the key is the address inside the device */
    facts->devices = g_hash_table_new_full(gpuvm_pci_addr_hash, gpuvm_pci_addr_equal, NULL,
                                           (GDestroyNotify)gpuvm_device_free);
    facts->sorted = g_ptr_array_new();
    facts->claims = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_claim_free);
    facts->claimed = g_hash_table_new_full(gpuvm_pci_addr_hash, gpuvm_pci_addr_equal, g_free,
                                           (GDestroyNotify)g_ptr_array_unref);
    facts->pinned = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
    facts->writers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    facts->sharers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    facts->strangers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    facts->cells = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_cell_free);
    gpuvm_host_init(&facts->host);
    return facts;
}

void
gpuvm_facts_free(gpuvm_facts *facts)
{
    if (!facts)
        return;
    g_hash_table_unref(facts->devices);
    g_ptr_array_unref(facts->sorted);
    g_hash_table_unref(facts->claimed);
    g_hash_table_unref(facts->pinned);
    g_ptr_array_unref(facts->claims);
    g_hash_table_unref(facts->writers);
    g_hash_table_unref(facts->sharers);
    g_hash_table_unref(facts->strangers);
    g_ptr_array_unref(facts->cells);
    gpuvm_host_clear(&facts->host);
    g_free(facts->uuid);
    g_free(facts->arch);
    g_free(facts->domain_type);
    g_free(facts->emulator);
    gpuvm_facts_forget_uses(facts);
    g_free(facts->policy);
    g_free(facts->defaults);
    g_free(facts);
}

void
gpuvm_facts_add_device(gpuvm_facts *facts, gpuvm_device *device)
{
    /* replace, not insert: the old key goes away with the old device */
    g_hash_table_replace(facts->devices, &device->addr, device);
    g_ptr_array_set_size(facts->sorted, 0);
}

const gpuvm_device *
gpuvm_facts_device(const gpuvm_facts *facts, const gpuvm_pci_addr *addr)
{
    return g_hash_table_lookup(facts->devices, addr);
}

static gint
compare_devices(gconstpointer a, gconstpointer b)
{
    const gpuvm_device *const *left = a, *const *right = b;

    return gpuvm_pci_addr_compare(&(*left)->addr, &(*right)->addr);
}

GPtrArray *
gpuvm_facts_devices(const gpuvm_facts *facts)
{
    GHashTableIter iter;
    gpointer device;

    if (facts->sorted->len == 0) {
        g_hash_table_iter_init(&iter, facts->devices);
        while (g_hash_table_iter_next(&iter, NULL, &device))
            g_ptr_array_add(facts->sorted, device);
        g_ptr_array_sort(facts->sorted, compare_devices);
    }
    return g_ptr_array_ref(facts->sorted);
}

GPtrArray *
gpuvm_facts_slot(const gpuvm_facts *facts, const gpuvm_pci_addr *addr)
{
    GPtrArray *devices = g_ptr_array_new();
    gpuvm_pci_addr at = *addr;

    for (at.function = 0; at.function <= GPUVM_PCI_FUNCTION_MAX; at.function++) {
        gpuvm_device *device = g_hash_table_lookup(facts->devices, &at);

        if (device)
            g_ptr_array_add(devices, device);
    }
    return devices;
}

GPtrArray *
gpuvm_facts_card(const gpuvm_facts *facts, const gpuvm_pci_addr *addr)
{
    GPtrArray *card = gpuvm_facts_slot(facts, addr);

    for (guint i = card->len; i-- > 0;) {
        const gpuvm_device *device = card->pdata[i];

        if (device->virtual_function && gpuvm_pci_addr_same_slot(&device->physical_function, addr))
            g_ptr_array_remove_index(card, i);
    }
    return card;
}

const gpuvm_cell *
gpuvm_facts_cell(const gpuvm_facts *facts, int id)
{
    for (guint i = 0; i < facts->cells->len; i++) {
        const gpuvm_cell *cell = g_ptr_array_index(facts->cells, i);

        if (cell->id == id)
            return cell;
    }
    return NULL;
}
