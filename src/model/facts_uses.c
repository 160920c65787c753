/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of the facts is about uses of devices and disks. */
#include <config.h>

#include "model/facts.h"

const char *const gpuvm_use_names[] = {"storage", "network", "addresses", "holders", NULL};

static void
use_free(gpointer data)
{
    gpuvm_use *use = data;

    g_free(use->what);
    g_free(use->remedy);
    g_free(use->disk);
    g_free(use);
}

/* A copy of @use for @key (taken) in @uses; one that is there already is not added. */
static void
add_use(GHashTable *uses, gpointer key, const gpuvm_use *use)
{
    GPtrArray *list = g_hash_table_lookup(uses, key);
    gpuvm_use *copy;

    if (list) {
        g_free(key);
    } else {
        list = g_ptr_array_new_with_free_func(use_free);
        g_hash_table_insert(uses, key, list);
    }
    for (guint i = 0; i < list->len; i++) {
        if (g_str_equal(((const gpuvm_use *)list->pdata[i])->what, use->what))
            return;
    }
    copy = g_memdup2(use, sizeof(*use));
    copy->what = g_strdup(use->what);
    copy->remedy = g_strdup(use->remedy);
    copy->disk = g_strdup(use->disk);
    g_ptr_array_add(list, copy);
}

void
gpuvm_facts_looked_for_uses(gpuvm_facts *facts)
{
    if (!facts->uses)
        facts->uses = g_hash_table_new_full(gpuvm_pci_addr_hash, gpuvm_pci_addr_equal, g_free,
                                            (GDestroyNotify)g_ptr_array_unref);
}

void
gpuvm_facts_add_use(gpuvm_facts *facts, const gpuvm_pci_addr *addr, gpuvm_use_kind kind, bool root,
                    const char *what, const char *remedy)
{
    gpuvm_facts_looked_for_uses(facts);
    add_use(facts->uses, g_memdup2(addr, sizeof(*addr)),
            &(gpuvm_use){.kind = kind, .root = root, .what = (char *)what, .remedy = (char *)remedy});
}

const GPtrArray *
gpuvm_facts_uses(const gpuvm_facts *facts, const gpuvm_pci_addr *addr)
{
    return facts->uses ? g_hash_table_lookup(facts->uses, addr) : NULL;
}

void
gpuvm_facts_looked_at_disks(gpuvm_facts *facts)
{
    if (!facts->disk_uses)
        facts->disk_uses =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
}

void
gpuvm_facts_add_disk_use(gpuvm_facts *facts, const char *identity, const gpuvm_use *use)
{
    gpuvm_facts_looked_at_disks(facts);
    add_use(facts->disk_uses, g_strdup(identity), use);
}

const GPtrArray *
gpuvm_facts_disk_uses(const gpuvm_facts *facts, const char *identity)
{
    return facts->disk_uses ? g_hash_table_lookup(facts->disk_uses, identity) : NULL;
}

void
gpuvm_facts_forget_uses(gpuvm_facts *facts)
{
    g_clear_pointer(&facts->uses, g_hash_table_unref);
    g_clear_pointer(&facts->disk_uses, g_hash_table_unref);
}
