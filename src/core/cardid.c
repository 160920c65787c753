/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/cardid.h"

#include <string.h>

/* Vital product data are often the first function's alone. */
static const char *
card_serial(const gpuvm_device *device, const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) card = device->serial ? NULL : gpuvm_facts_card(facts, &device->addr);

    for (guint i = 0; card && i < card->len; i++) {
        const char *serial = ((const gpuvm_device *)card->pdata[i])->serial;

        if (serial)
            return serial;
    }
    return device->serial;
}

/* Which of @physical's virtual functions is at @addr, from 0. */
static guint
virtual_number(const gpuvm_device *physical, const gpuvm_pci_addr *addr)
{
    guint i = 0;

    while (i < physical->virtual_functions->len &&
           !gpuvm_pci_addr_equal(&g_array_index(physical->virtual_functions, gpuvm_pci_addr, i), addr))
        i++;
    return i;
}

gpuvm_identity *
gpuvm_cardid_of(const gpuvm_device *device, const gpuvm_facts *facts)
{
    const gpuvm_device *physical =
        device->virtual_function ? gpuvm_facts_device(facts, &device->physical_function) : device;
    gpuvm_identity *identity = g_new0(gpuvm_identity, 1);

    identity->vendor_id = device->vendor_id;
    identity->device_id = device->device_id;
    identity->subsystem = device->subsystem;
    if (!physical)
        return identity;
    identity->serial = g_strdup(card_serial(physical, facts));
    identity->path =
        physical == device || !physical->path
            ? g_strdup(physical->path)
            : g_strdup_printf("%s/vf%u", physical->path, virtual_number(physical, &device->addr));
    return identity;
}

/* Which function of its card it is: "0", "0/vf2". */
static const char *
part(const gpuvm_identity *identity)
{
    const char *dot = strrchr(identity->path, '.');

    return dot ? dot : identity->path;
}

bool
gpuvm_cardid_same(const gpuvm_identity *a, const gpuvm_identity *b)
{
    bool paths = a->path && b->path;

    if (a->vendor_id != b->vendor_id || a->device_id != b->device_id)
        return false;
    if (a->serial && b->serial)
        return g_str_equal(a->serial, b->serial) && (!paths || g_str_equal(part(a), part(b)));
    return (!a->subsystem || !b->subsystem || a->subsystem == b->subsystem) &&
           (!paths || g_str_equal(a->path, b->path));
}

const gpuvm_device *
gpuvm_cardid_find(const gpuvm_identity *identity, const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    const gpuvm_device *found = NULL, *in_place = NULL;
    unsigned n = 0;

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *device = devices->pdata[i];
        gpuvm_identity *other = gpuvm_cardid_of(device, facts);
        bool certain = (identity->serial && other->serial) || (identity->path && other->path);

        if (certain && gpuvm_cardid_same(identity, other)) {
            found = device;
            n++;
            if (g_strcmp0(identity->path, other->path) == 0)
                in_place = device;
        }
        gpuvm_identity_free(other);
    }
    return n > 1 ? in_place : found;
}

bool
gpuvm_cardid_lost(const gpuvm_record *record, const gpuvm_facts *facts)
{
    for (guint i = 0; record && i < record->devices->len; i++) {
        const gpuvm_record_device *recorded = &g_array_index(record->devices, gpuvm_record_device, i);
        const gpuvm_device *device = gpuvm_facts_device(facts, &recorded->addr);
        g_autoptr(gpuvm_identity) now = device ? gpuvm_cardid_of(device, facts) : NULL;

        if ((recorded->identity.serial || recorded->identity.path) &&
            !(now && gpuvm_cardid_same(&recorded->identity, now)))
            return true;
    }
    return false;
}

char *
gpuvm_cardid_text(const gpuvm_identity *identity, const gpuvm_identity *other, const char *name)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bool serials = identity->serial && other->serial;

    g_string_printf(text, "%04x:%04x", identity->vendor_id, identity->device_id);
    if (identity->subsystem && other->subsystem && identity->subsystem != other->subsystem)
        g_string_append_printf(text, ", subsystem %04x:%04x", identity->subsystem >> 16,
                               identity->subsystem & UINT16_MAX);
    if (serials)
        g_string_append_printf(text, ", serial %s", identity->serial);
    if (identity->path && other->path && !serials)
        g_string_append_printf(text, ", path %s", identity->path);
    return name ? g_strdup_printf("%s (%s)", name, text->str) : g_strdup(text->str);
}
