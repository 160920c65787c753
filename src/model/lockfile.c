/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/lockfile.h"

#include "model/tables.h"

static const char *const kind_word[] = {"lock", NULL};

static const gpuvm_field card_fields[] = {
    {GPUVM_FIELD(gpuvm_locked_card, address), .scalar = &gpuvm_scalar_pci_ref, .flags = GPUVM_FIELD_REQUIRED,
     .doc = "The function, as definitions name it."},
    {GPUVM_FIELD(gpuvm_locked_card, id), .scalar = &gpuvm_scalar_pci_pattern, .flags = GPUVM_FIELD_REQUIRED,
     .doc = "VENDOR:DEVICE, such as 10de:2204."},
    {GPUVM_FIELD(gpuvm_locked_card, subsystem), .scalar = &gpuvm_scalar_pci_pattern,
     .doc = "The same of its subsystem: whose board it is."},
    {GPUVM_FIELD(gpuvm_locked_card, serial), .scalar = &gpuvm_scalar_string,
     .doc =
         "The card's serial number, from its vital product data. Absent when it has none, or several cards have it."},
    {GPUVM_FIELD(gpuvm_locked_card, slot), .scalar = &gpuvm_scalar_string,
     .doc = "What the machine calls its slot. It is for the reader alone."},
    {GPUVM_FIELD(gpuvm_locked_card, path), .scalar = &gpuvm_scalar_string,
     .doc =
         "The ports above it and itself, as lspci -PP writes them: 0000:00:01.0/00.0; of a virtual function, that of the physical "
         "one and its number: 0000:00:01.0/00.0/vf2. It stays when buses are numbered otherwise."},
    {GPUVM_FIELD(gpuvm_locked_card, name), .scalar = &gpuvm_scalar_string,
     .doc = "What people call it. It is for the reader alone."},
    {NULL},
};

static void
check_exact(const gpuvm_locked_card *card, const gpuvm_pci_pattern *id, const char *key, gpuvm_diags *diags)
{
    gpuvm_mark mark = gpuvm_object_mark(&card->object, key);

    if (id && (id->vendor < 0 || id->device < 0))
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "%s must not have wildcards here", key);
}

static void
check_card(const void *object, gpuvm_diags *diags)
{
    const gpuvm_locked_card *card = object;
    gpuvm_mark mark = gpuvm_object_mark(&card->object, "address");

    check_exact(card, card->id, "id", diags);
    check_exact(card, card->subsystem, "subsystem", diags);
    if (card->address.whole_card)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "address must be that of a function here");
}

static const gpuvm_table card_table = {
    .name = "card",
    .doc = "What is at an address.",
    .size = sizeof(gpuvm_locked_card),
    .fields = card_fields,
    .json_check =
        "{\"properties\": {\"id\": {\"pattern\": \"^[^*]*$\"}, \"subsystem\": {\"pattern\": \"^[^*]*$\"}, "
        "\"address\": {\"pattern\": \"([.]|_[0-9a-fA-F]{2}_)[0-7]$\"}}}",
    .check = check_card,
};

static const gpuvm_field host_fields[] = {
    {GPUVM_FIELD(gpuvm_locked_host, uuid), .scalar = &gpuvm_scalar_string, .flags = GPUVM_FIELD_REQUIRED,
     .doc = "The host's UUID, as libvirt's capabilities have it (virsh capabilities)."},
    {GPUVM_FIELD(gpuvm_locked_host, name), .scalar = &gpuvm_scalar_string,
     .doc = "The host's name. It is for the reader alone."},
    {GPUVM_FIELD(gpuvm_locked_host, cards), .shape = GPUVM_OBJECTS, .table = &card_table,
     .doc = "The cards that definitions name by address, by address."},
    {NULL},
};

static void
check_host(const void *object, gpuvm_diags *diags)
{
    const gpuvm_locked_host *host = object;
    g_autoptr(GHashTable) seen = g_hash_table_new(gpuvm_pci_addr_hash, gpuvm_pci_addr_equal);

    for (guint i = 0; i < host->cards->len; i++) {
        gpuvm_locked_card *card = host->cards->pdata[i];
        gpuvm_mark mark = gpuvm_object_mark(&card->object, "address");

        if (!g_hash_table_add(seen, &card->address.addr))
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "a second card at %s",
                              GPUVM_PCI(&card->address.addr));
    }
}

static const gpuvm_table host_table = {
    .name = "host",
    .doc = "What the addresses mean on one host.",
    .size = sizeof(gpuvm_locked_host),
    .fields = host_fields,
    .check = check_host,
};

static const gpuvm_field fields[] = {
    GPUVM_FIELD_KIND(gpuvm_lockfile, kind_word),
    {GPUVM_FIELD(gpuvm_lockfile, hosts), .shape = GPUVM_OBJECTS, .table = &host_table,
     .doc = "The hosts that were locked, by UUID."},
    {NULL},
};

static void
check_hosts(const void *object, gpuvm_diags *diags)
{
    const gpuvm_lockfile *file = object;
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < file->hosts->len; i++) {
        const gpuvm_locked_host *host = file->hosts->pdata[i];
        gpuvm_mark mark = gpuvm_object_mark(&host->object, "uuid");

        if (!g_hash_table_add(seen, host->uuid))
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "a second host %s", host->uuid);
    }
}

const gpuvm_table gpuvm_lockfile_table = {
    .name = "lock",
    .doc =
        "Which cards the addresses of the definitions beside it mean, on each host; written by gpuvm lock.",
    .size = sizeof(gpuvm_lockfile),
    .fields = fields,
    .check = check_hosts,
};

gpuvm_identity
gpuvm_locked_identity(const gpuvm_locked_card *card)
{
    const gpuvm_pci_pattern *subsystem = card->subsystem;

    return (gpuvm_identity){
        .vendor_id = (uint16_t)card->id->vendor,
        .device_id = (uint16_t)card->id->device,
        .subsystem = subsystem ? (uint32_t)subsystem->vendor << 16 | (uint32_t)subsystem->device : 0,
        .serial = card->serial,
        .path = card->path};
}
