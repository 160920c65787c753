/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of the facts is about other domains: what they have, and what they name. */
#include <config.h>

#include "model/facts.h"

#include <string.h>

#include "model/cpuset.h"

gpuvm_claim *
gpuvm_claim_new(const char *domain, const char *uuid)
{
    gpuvm_claim *claim = g_new0(gpuvm_claim, 1);

    claim->domain = g_strdup(domain);
    claim->uuid = g_strdup(uuid);
    claim->now = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    claim->next = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    claim->pins_now = g_array_new(FALSE, FALSE, sizeof(int));
    claim->pins = g_array_new(FALSE, FALSE, sizeof(int));
    claim->nodes = g_array_new(FALSE, FALSE, sizeof(int));
    claim->writes = g_ptr_array_new_with_free_func(g_free);
    claim->shares = g_ptr_array_new_with_free_func(g_free);
    return claim;
}

void
gpuvm_claim_free(gpuvm_claim *claim)
{
    if (!claim)
        return;
    g_free(claim->domain);
    g_free(claim->uuid);
    g_free(claim->metadata);
    g_free(claim->deployment);
    g_array_unref(claim->now);
    g_array_unref(claim->next);
    g_array_unref(claim->pins_now);
    g_array_unref(claim->pins);
    g_array_unref(claim->nodes);
    g_ptr_array_unref(claim->writes);
    g_ptr_array_unref(claim->shares);
    g_free(claim);
}

bool
gpuvm_claim_has(const gpuvm_claim *claim, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; i < claim->now->len; i++)
        if (gpuvm_pci_addr_equal(&g_array_index(claim->now, gpuvm_pci_addr, i), addr))
            return true;
    return false;
}

bool
gpuvm_claim_waits(const gpuvm_claim *claim)
{
    bool same = claim->now->len == claim->next->len;

    for (guint i = 0; same && i < claim->next->len; i++)
        same = gpuvm_claim_has(claim, &g_array_index(claim->next, gpuvm_pci_addr, i));
    return claim->active && !same;
}

/* Where the claim of domain @name is, or would be, in @claims. */
static guint
find_place(const GPtrArray *claims, const char *name)
{
    guint low = 0, high = claims->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (strcmp(((const gpuvm_claim *)claims->pdata[middle])->domain, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
is_at(const GPtrArray *claims, guint place, const char *name)
{
    return place < claims->len && g_str_equal(((const gpuvm_claim *)claims->pdata[place])->domain, name);
}

/* @claims has @claim, or not. */
static void
put(GPtrArray *claims, gpuvm_claim *claim, bool present)
{
    guint place = find_place(claims, claim->domain);
    bool there = is_at(claims, place, claim->domain); /* for now, and for the next start */

    if (present && !there)
        g_ptr_array_insert(claims, (gint)place, claim);
    else if (!present && there)
        g_ptr_array_remove_index(claims, place);
}

/* Every address of @addrs has @claim among its claims, or not. */
static void
index_addresses(gpuvm_facts *facts, gpuvm_claim *claim, const GArray *addrs, bool present)
{
    for (guint i = 0; i < addrs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(addrs, gpuvm_pci_addr, i);
        GPtrArray *claims = g_hash_table_lookup(facts->claimed, addr);

        if (!claims) {
            claims = g_ptr_array_new();
            g_hash_table_insert(facts->claimed, g_memdup2(addr, sizeof(*addr)), claims);
        }
        put(claims, claim, present);
    }
}

static void
index_pins(gpuvm_facts *facts, gpuvm_claim *claim, const GArray *pins, bool present)
{
    for (guint i = 0; i < pins->len; i++) {
        gpointer cpu = GINT_TO_POINTER(g_array_index(pins, int, i));
        GPtrArray *claims = g_hash_table_lookup(facts->pinned, cpu);

        if (!claims) {
            claims = g_ptr_array_new();
            g_hash_table_insert(facts->pinned, cpu, claims);
        }
        put(claims, claim, present);
    }
}

static void
index_claim(gpuvm_facts *facts, gpuvm_claim *claim, bool present)
{
    index_addresses(facts, claim, claim->now, present);
    index_addresses(facts, claim, claim->next, present);
    index_pins(facts, claim, claim->pins_now, present);
    index_pins(facts, claim, claim->pins, present);
}

gpuvm_claim *
gpuvm_facts_take_claim(gpuvm_facts *facts, const char *name)
{
    guint place = find_place(facts->claims, name);
    gpuvm_claim *claim;

    if (!is_at(facts->claims, place, name))
        return NULL;
    claim = g_ptr_array_steal_index(facts->claims, place);
    index_claim(facts, claim, false);
    return claim;
}

static void
index_disks(GHashTable *index, const GPtrArray *disks, const char *domain)
{
    for (guint i = 0; i < disks->len; i++)
        g_hash_table_insert(index, g_strdup(disks->pdata[i]), g_strdup(domain));
}

void
gpuvm_facts_add_claim(gpuvm_facts *facts, gpuvm_claim *claim)
{
    gpuvm_claim_free(gpuvm_facts_take_claim(facts, claim->domain));
    index_disks(facts->writers, claim->writes, claim->domain);
    index_disks(facts->sharers, claim->shares, claim->domain);
    g_hash_table_remove(facts->strangers, claim->domain);
    if (claim->active && !claim->metadata)
        g_hash_table_insert(
            facts->strangers, g_strdup(claim->domain),
            g_memdup2(&(gpuvm_load){claim->memory_live_kib, claim->cpus_now}, sizeof(gpuvm_load)));
    if (claim->left || (claim->now->len + claim->next->len + claim->pins_now->len + claim->pins->len == 0 &&
                        claim->memory_now_kib + claim->cpus_now == 0)) {
        gpuvm_claim_free(claim);
        return;
    }
    g_ptr_array_insert(facts->claims, (gint)find_place(facts->claims, claim->domain), claim);
    index_claim(facts, claim, true);
}

void
gpuvm_facts_forget_domain(gpuvm_facts *facts, const char *name)
{
    GHashTableIter iter;
    gpointer disk, writer;

    gpuvm_claim_free(gpuvm_facts_take_claim(facts, name));
    g_hash_table_remove(facts->strangers, name);
    g_hash_table_iter_init(&iter, facts->writers);
    while (g_hash_table_iter_next(&iter, &disk, &writer)) {
        if (!g_str_equal(writer, name))
            continue;
        g_hash_table_iter_steal(&iter);
        g_hash_table_insert(facts->sharers, disk, writer);
    }
}

const gpuvm_claim *
gpuvm_facts_claim(const gpuvm_facts *facts, const char *name)
{
    guint place = find_place(facts->claims, name);

    return is_at(facts->claims, place, name) ? facts->claims->pdata[place] : NULL;
}

GPtrArray *
gpuvm_facts_claims(const gpuvm_facts *facts, const gpuvm_pci_addr *addr, const char *except)
{
    const GPtrArray *all = g_hash_table_lookup(facts->claimed, addr);
    GPtrArray *claims = g_ptr_array_new();
    guint active = 0;

    for (guint i = 0; all && i < all->len; i++) {
        gpuvm_claim *claim = all->pdata[i];

        if (!except || !g_str_equal(claim->domain, except))
            g_ptr_array_insert(claims, claim->active ? (gint)active++ : -1, claim);
    }
    return claims;
}

const gpuvm_claim *
gpuvm_facts_pinner(const gpuvm_facts *facts, int cpu, const char *except)
{
    const GPtrArray *all = g_hash_table_lookup(facts->pinned, GINT_TO_POINTER(cpu));
    const gpuvm_claim *found = NULL;

    for (guint i = 0; all && i < all->len; i++) {
        const gpuvm_claim *claim = all->pdata[i];

        if (g_strcmp0(claim->domain, except) != 0 && (!found || gpuvm_cpuset_has(claim->pins_now, cpu)))
            found = claim;
    }
    return found;
}

const char *
gpuvm_facts_writer(const gpuvm_facts *facts, const char *name, const char *except)
{
    const char *writer = g_hash_table_lookup(facts->writers, name);

    return g_strcmp0(writer, except) == 0 ? NULL : writer;
}

bool
gpuvm_facts_runs_with(const gpuvm_facts *facts, const char *name)
{
    return g_hash_table_contains(facts->writers, name) || g_hash_table_contains(facts->sharers, name);
}

void
gpuvm_facts_identify(gpuvm_facts *facts, const char *name, const char *identity)
{
    GHashTable *const indexes[] = {facts->writers, facts->sharers};

    for (size_t i = 0; i < G_N_ELEMENTS(indexes); i++) {
        const char *domain = g_hash_table_lookup(indexes[i], name);

        if (domain)
            g_hash_table_insert(indexes[i], g_strdup(identity), g_strdup(domain));
    }
}
