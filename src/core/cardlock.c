/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/cardlock.h"

const gpuvm_locked_host *
gpuvm_cardlock_host(const gpuvm_lockfile *lock, const char *uuid)
{
    for (guint i = 0; i < lock->hosts->len; i++) {
        const gpuvm_locked_host *host = lock->hosts->pdata[i];

        if (g_strcmp0(host->uuid, uuid) == 0)
            return host;
    }
    return NULL;
}

/* What @host has of what @ref names: of a whole card, its first function there. */
static const gpuvm_locked_card *
find_card(const gpuvm_locked_host *host, const gpuvm_pci_ref *ref)
{
    const gpuvm_locked_card *found = NULL;

    for (guint i = 0; host && i < host->cards->len; i++) {
        const gpuvm_locked_card *card = host->cards->pdata[i];
        const gpuvm_pci_addr *addr = &card->address.addr;
        bool named = ref->whole_card ? gpuvm_pci_addr_same_slot(addr, &ref->addr)
                                     : gpuvm_pci_addr_equal(addr, &ref->addr);

        if (named && (!found || gpuvm_pci_addr_compare(addr, &found->address.addr) < 0))
            found = card;
    }
    return found;
}

/* What is at @card's address; *@ret_now what that is. NULL: nothing. */
static const gpuvm_device *
look(const gpuvm_locked_card *card, const gpuvm_facts *facts, gpuvm_identity **ret_now)
{
    const gpuvm_device *device = gpuvm_facts_device(facts, &card->address.addr);

    *ret_now = device ? gpuvm_cardid_of(device, facts) : NULL;
    return device;
}

bool
gpuvm_cardlock_lost(const gpuvm_locked_host *host, const gpuvm_vm *vm, const gpuvm_facts *facts)
{
    const GPtrArray *items = vm->body.devices->pci_passthrough;

    for (guint i = 0; i < items->len; i++) {
        const gpuvm_passthrough *item = items->pdata[i];
        const gpuvm_locked_card *card = find_card(host, &item->address);
        g_autoptr(gpuvm_identity) now = NULL;
        gpuvm_identity then;

        if (!card)
            continue;
        then = gpuvm_locked_identity(card);
        if (!look(card, facts, &now) || !gpuvm_cardid_same(&then, now))
            return true;
    }
    return false;
}

static void
refuse(const gpuvm_locked_card *card, const gpuvm_identity *then, const gpuvm_device *device,
       const gpuvm_identity *now, const gpuvm_mark *mark, gpuvm_diags *diags)
{
    g_autofree char *lost = gpuvm_cardid_text(then, now ? now : then, card->name);
    g_autofree char *name = device ? gpuvm_device_name(device) : NULL;
    g_autofree char *found = now ? gpuvm_cardid_text(now, then, name) : NULL;
    const char *address = GPUVM_PCI(&card->address.addr);
    gpuvm_diag *diag =
        device ? gpuvm_diags_error(diags, GPUVM_EXIT_HOST, mark,
                                   "%s is now %s, but " GPUVM_LOCKFILE " has %s", address, found, lost)
               : gpuvm_diags_error(diags, GPUVM_EXIT_HOST, mark,
                                   "PCI device not found: %s, which is %s in " GPUVM_LOCKFILE, address, lost);

    gpuvm_diag_hint(diag, "that card is nowhere in this host; to see what the host has: gpuvm devices");
    if (device)
        gpuvm_diag_hint(diag, "to have this one in its place: gpuvm lock --accept %s FILE", address);
}

bool
gpuvm_cardlock_resolve(const gpuvm_locked_host *host, const gpuvm_passthrough *item, const gpuvm_facts *facts,
                       gpuvm_diags *diags, gpuvm_pci_ref *ref, bool *ret_locked)
{
    const gpuvm_locked_card *card = find_card(host, &item->address);
    const gpuvm_mark *mark = &item->object.node->mark;
    g_autoptr(gpuvm_identity) now = NULL;
    const gpuvm_device *device, *moved;
    g_autofree char *text = NULL, *from = NULL, *to = NULL;
    gpuvm_identity then;
    gpuvm_diag *diag;

    *ref = item->address;
    *ret_locked = card != NULL;
    if (!card)
        return true;
    then = gpuvm_locked_identity(card);
    device = look(card, facts, &now);
    if (device && gpuvm_cardid_same(&then, now))
        return true;
    moved = gpuvm_cardid_find(&then, facts);
    if (!moved) {
        refuse(card, &then, device, now, mark, diags);
        return false;
    }
    ref->addr = moved->addr;
    if (ref->whole_card)
        ref->addr.function = 0;
    text = gpuvm_cardid_text(&then, &then, card->name);
    from = gpuvm_pci_ref_format(&item->address);
    to = gpuvm_pci_ref_format(ref);
    diag = gpuvm_diags_warning(diags, mark, "%s moved from %s to %s", text, from, to);
    gpuvm_diag_hint(diag, "it is taken from there; write %s here, and then: gpuvm lock FILE", to);
    return true;
}

static bool
has_card(const GPtrArray *functions, const gpuvm_identity *identity, const gpuvm_facts *facts)
{
    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];
        g_autoptr(gpuvm_identity) now = gpuvm_cardid_of(function->device, facts);

        if (gpuvm_cardid_same(identity, now))
            return true;
    }
    return false;
}

void
gpuvm_cardlock_check_former(const gpuvm_record *record, const GPtrArray *functions, const gpuvm_facts *facts,
                            gpuvm_diags *diags)
{
    for (guint i = 0; record && i < record->devices->len; i++) {
        const gpuvm_record_device *recorded = &g_array_index(record->devices, gpuvm_record_device, i);
        const gpuvm_identity *identity = &recorded->identity;
        g_autofree char *text = NULL;

        if ((!identity->serial && !identity->path) || has_card(functions, identity, facts))
            continue;
        text = gpuvm_cardid_text(identity, identity, NULL);
        gpuvm_diag_hint(
            gpuvm_diags_warning(diags, NULL, "the card that was locked, %s, is not taken any more", text),
            "without " GPUVM_LOCKFILE " beside it, an address means what is there now");
    }
}
