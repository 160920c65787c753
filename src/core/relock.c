/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/relock.h"

#include <string.h>

#include "doc/build.h"
#include "doc/emit.h"

#define HEAD                                                                                                 \
    "# Which cards the addresses of the definitions in this directory mean, on each host.\n"                 \
    "# Written by gpuvm lock; keep it with the definitions.\n"

const char *const gpuvm_relock_names[] = {"added", "changed", "unchanged", "absent", "removed", NULL};

enum { ADDRESS, ID, SUBSYSTEM, SERIAL, SLOT, PATH, NAME, KEYS };

static const char *const keys[KEYS] = {"address", "id", "subsystem", "serial", "slot", "path", "name"};

/* A card as the lock is going to have it. */
typedef struct entry {
    gpuvm_pci_addr addr;
    char *texts[KEYS]; /* NULL: it is not said */
} entry;

static void
free_entry(gpointer data)
{
    entry *of = data;

    for (int i = 0; i < KEYS; i++)
        g_free(of->texts[i]);
    g_free(of);
}

static entry *
entry_new(const gpuvm_pci_addr *addr, const gpuvm_identity *identity, const char *slot, const char *name)
{
    entry *of = g_new0(entry, 1);

    of->addr = *addr;
    of->texts[ADDRESS] = g_strdup(GPUVM_PCI(addr));
    of->texts[ID] = g_strdup_printf("%04x:%04x", identity->vendor_id, identity->device_id);
    if (identity->subsystem)
        of->texts[SUBSYSTEM] =
            g_strdup_printf("%04x:%04x", identity->subsystem >> 16, identity->subsystem & UINT16_MAX);
    of->texts[SERIAL] = g_strdup(identity->serial);
    of->texts[SLOT] = g_strdup(slot);
    of->texts[PATH] = g_strdup(identity->path);
    of->texts[NAME] = g_strdup(name);
    return of;
}

static entry *
entry_of_former(const gpuvm_locked_card *card)
{
    const gpuvm_identity identity = gpuvm_locked_identity(card);

    return entry_new(&card->address.addr, &identity, card->slot, card->name);
}

/* Whether another card has the serial number of @device, which is @identity. */
static bool
shares_serial(const gpuvm_device *device, const gpuvm_identity *identity, const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);

    for (guint i = 0; identity->serial && i < devices->len; i++) {
        g_autoptr(gpuvm_identity) other = gpuvm_cardid_of(devices->pdata[i], facts);

        if (devices->pdata[i] != device && other->serial && gpuvm_cardid_same(identity, other))
            return true;
    }
    return false;
}

/* What cannot be seen now, of the card that @former had, stays: a remote connection tells less. So does what it is called. */
static entry *
entry_of_device(const gpuvm_device *device, const gpuvm_locked_card *former, const gpuvm_facts *facts)
{
    g_autoptr(gpuvm_identity) identity = gpuvm_cardid_of(device, facts);
    bool shared = shares_serial(device, identity, facts), same = false;
    g_autofree char *name = gpuvm_device_name(device), *safe = NULL;
    entry *of;

    if (shared)
        g_clear_pointer(&identity->serial, g_free);
    if (former) {
        const gpuvm_identity then = gpuvm_locked_identity(former);
        same = gpuvm_cardid_same(&then, identity);
    }
    of = entry_new(&device->addr, identity, device->slot, same && former->name ? former->name : name);
    if (same) {
        g_autofree entry *before = entry_of_former(former);

        for (int i = 0; i < KEYS; i++) {
            if (of->texts[i] || (i == SERIAL && shared))
                g_free(before->texts[i]);
            else
                of->texts[i] = before->texts[i];
        }
    }
    return of;
}

static bool
equal(const entry *a, const entry *b)
{
    for (int i = 0; i < KEYS; i++) {
        if (g_strcmp0(a->texts[i], b->texts[i]) != 0)
            return false;
    }
    return true;
}

static const gpuvm_locked_card *
find_former(const gpuvm_locked_host *host, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; host && i < host->cards->len; i++) {
        const gpuvm_locked_card *card = host->cards->pdata[i];

        if (gpuvm_pci_addr_equal(&card->address.addr, addr))
            return card;
    }
    return NULL;
}

/* Adds what comes of what is at @addr, which is @named or not, to @entries and @cards. */
static void
add_card(const gpuvm_relock_input *input, const gpuvm_pci_addr *addr, bool named,
         const gpuvm_locked_card *former, GPtrArray *entries, GArray *cards)
{
    const gpuvm_device *device = gpuvm_facts_device(input->facts, addr);
    gpuvm_relock_card card = {.addr = *addr, .device = device, .former = former};
    entry *then = former ? entry_of_former(former) : NULL, *now = NULL;

    if (!named)
        card.what = input->all ? GPUVM_RELOCK_REMOVED : GPUVM_RELOCK_UNCHANGED;
    else if (!device)
        card.what = GPUVM_RELOCK_ABSENT;
    else if ((now = entry_of_device(device, former, input->facts)))
        card.what = !then              ? GPUVM_RELOCK_ADDED
                    : equal(then, now) ? GPUVM_RELOCK_UNCHANGED
                                       : GPUVM_RELOCK_CHANGED;
    if (now || (then && card.what != GPUVM_RELOCK_REMOVED))
        g_ptr_array_add(entries, now ? now : g_steal_pointer(&then));
    if (named || input->all)
        g_array_append_val(cards, card);
    g_clear_pointer(&then, free_entry);
}

static bool
has_addr(const GArray *addrs, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; i < addrs->len; i++) {
        if (gpuvm_pci_addr_equal(&g_array_index(addrs, gpuvm_pci_addr, i), addr))
            return true;
    }
    return false;
}

/* What this host's cards are going to be (entry), in address order. */
static GPtrArray *
decide(const gpuvm_relock_input *input, const gpuvm_locked_host *former, GArray *cards)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func(free_entry);
    g_autoptr(GArray) addrs = g_array_copy((GArray *)input->addrs);

    for (guint i = 0; former && i < former->cards->len; i++)
        gpuvm_pci_addrs_add(addrs, &((const gpuvm_locked_card *)former->cards->pdata[i])->address.addr);
    for (guint i = 0; i < addrs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(addrs, gpuvm_pci_addr, i);

        add_card(input, addr, has_addr(input->addrs, addr), find_former(former, addr), entries, cards);
    }
    return entries;
}

static void
set(gpuvm_doc *doc, gpuvm_node *mapping, const char *key, const char *value)
{
    if (value)
        gpuvm_doc_add(doc, mapping, gpuvm_doc_scalar(doc, key, &doc->root->mark),
                      gpuvm_doc_scalar(doc, value, &doc->root->mark));
}

static gpuvm_node *
host_node(gpuvm_doc *doc, const char *uuid, const char *name, const GPtrArray *entries)
{
    gpuvm_node *host = gpuvm_doc_mapping(doc, &doc->root->mark);
    gpuvm_node *list = gpuvm_doc_sequence(doc, &doc->root->mark);

    set(doc, host, "uuid", uuid);
    set(doc, host, "name", name);
    gpuvm_doc_add(doc, host, gpuvm_doc_scalar(doc, "cards", &doc->root->mark), list);
    for (guint i = 0; i < entries->len; i++) {
        const entry *of = entries->pdata[i];
        gpuvm_node *card = gpuvm_doc_mapping(doc, &doc->root->mark);

        for (int k = 0; k < KEYS; k++)
            set(doc, card, keys[k], of->texts[k]);
        gpuvm_doc_append(doc, list, card);
    }
    return host;
}

static gint
compare_hosts(gconstpointer a, gconstpointer b)
{
    const gpuvm_node *const *x = a, *const *y = b;

    return strcmp(gpuvm_node_get(*x, "uuid")->text, gpuvm_node_get(*y, "uuid")->text);
}

char *
gpuvm_relock_write(const gpuvm_relock_input *input, GArray *cards)
{
    const gpuvm_lockfile *lock = input->former ? input->former->lock : NULL;
    const gpuvm_locked_host *former = lock ? gpuvm_cardlock_host(lock, input->facts->uuid) : NULL;
    g_autoptr(gpuvm_source) source = gpuvm_source_new(GPUVM_LOCKFILE, g_strdup(""), 0);
    g_autoptr(GPtrArray) entries = decide(input, former, cards), hosts = g_ptr_array_new();
    g_autoptr(gpuvm_doc) doc = gpuvm_doc_new(source);
    g_autofree char *yaml = NULL;
    gpuvm_node *list;

    if (input->former)
        gpuvm_doc_keep(doc, input->former->doc);
    for (guint i = 0; lock && i < lock->hosts->len; i++) {
        const gpuvm_locked_host *host = lock->hosts->pdata[i];

        if (host != former)
            g_ptr_array_add(hosts, (gpointer)host->object.node);
    }
    if (entries->len > 0)
        g_ptr_array_add(hosts, host_node(doc, input->facts->uuid,
                                         input->name || !former ? input->name : former->name, entries));
    g_ptr_array_sort(hosts, compare_hosts);
    set(doc, doc->root, "kind", "lock");
    list = gpuvm_doc_sequence(doc, &doc->root->mark);
    gpuvm_doc_add(doc, doc->root, gpuvm_doc_scalar(doc, "hosts", &doc->root->mark), list);
    for (guint i = 0; i < hosts->len; i++)
        gpuvm_doc_append(doc, list, hosts->pdata[i]);
    gpuvm_schema_arrange(&gpuvm_lockfile_table, doc->root);
    yaml = gpuvm_emit_yaml(doc->root);
    return g_strconcat(HEAD, yaml, NULL);
}
