/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/fleet.h"

#include <string.h>

#include "base/nearest.h"

void
gpuvm_fleet_free(gpuvm_fleet *fleet)
{
    if (!fleet)
        return;
    g_free(fleet->name);
    g_ptr_array_unref(fleet->replicas);
    g_free(fleet);
}

static gpuvm_fleet *
new_fleet(const char *name)
{
    gpuvm_fleet *fleet = g_new0(gpuvm_fleet, 1);

    fleet->name = g_strdup(name);
    fleet->replicas = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_instance_free);
    return fleet;
}

static int
compare_fleets(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const gpuvm_fleet *const *)a)->name, (*(const gpuvm_fleet *const *)b)->name);
}

static int
compare_replicas(gconstpointer a, gconstpointer b)
{
    unsigned x = (*(const gpuvm_instance *const *)a)->record->replica;
    unsigned y = (*(const gpuvm_instance *const *)b)->record->replica;

    return (x > y) - (x < y);
}

/* Whether @instance is what its record says: a copy that was made with virsh has the same record. */
static bool
is_replica(const gpuvm_instance *instance)
{
    const gpuvm_record *record = instance->record;
    g_autofree char *name =
        record->deployed ? g_strdup_printf("%s-%u", record->deployed->name, record->replica) : NULL;

    return g_strcmp0(name, instance->domain->name) == 0;
}

GPtrArray *
gpuvm_fleet_list(gpuvm_session *session)
{
    g_autoptr(GPtrArray) fleets = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_fleet_free);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) instances = gpuvm_list_undamaged(session);

    while (instances && instances->len > 0) {
        g_autoptr(gpuvm_instance) instance = g_ptr_array_steal_index(instances, instances->len - 1);
        const gpuvm_deployed *deployed = instance->record->deployed;
        gpuvm_fleet *fleet = deployed ? g_hash_table_lookup(names, deployed->name) : NULL;

        if (!is_replica(instance))
            continue;
        if (!fleet) {
            fleet = new_fleet(deployed->name);
            g_hash_table_insert(names, fleet->name, fleet);
            g_ptr_array_add(fleets, fleet);
        }
        if (!fleet->newest || deployed->generation > fleet->newest->deployed->generation)
            fleet->newest = instance->record;
        g_ptr_array_add(fleet->replicas, g_steal_pointer(&instance));
    }
    g_ptr_array_sort(fleets, compare_fleets);
    for (guint i = 0; i < fleets->len; i++)
        g_ptr_array_sort(((const gpuvm_fleet *)fleets->pdata[i])->replicas, compare_replicas);
    return instances ? g_steal_pointer(&fleets) : NULL;
}

/* Takes the one called @name out of @fleets; NULL: there is none. */
static gpuvm_fleet *
take(GPtrArray *fleets, const char *name)
{
    for (guint i = 0; i < fleets->len; i++) {
        if (g_str_equal(((const gpuvm_fleet *)fleets->pdata[i])->name, name))
            return g_ptr_array_steal_index(fleets, i);
    }
    return NULL;
}

gpuvm_fleet *
gpuvm_fleet_find(gpuvm_session *session, const char *name)
{
    g_autoptr(GPtrArray) fleets = gpuvm_fleet_list(session);
    gpuvm_fleet *fleet = fleets ? take(fleets, name) : NULL;

    return fleets && !fleet ? new_fleet(name) : fleet;
}

gpuvm_fleet *
gpuvm_fleet_get(gpuvm_session *session, const char *name)
{
    g_autoptr(GPtrArray) fleets = gpuvm_fleet_list(session), names = g_ptr_array_new();
    gpuvm_fleet *fleet = fleets ? take(fleets, name) : NULL;
    const char *nearest;
    gpuvm_diag *diag;

    if (!fleets || fleet)
        return fleet;
    for (guint i = 0; i < fleets->len; i++)
        g_ptr_array_add(names, ((const gpuvm_fleet *)fleets->pdata[i])->name);
    nearest = gpuvm_nearest(name, (const char *const *)names->pdata, names->len);
    diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "no deployment is named '%s'", name);
    if (nearest)
        gpuvm_diag_hint(diag, "did you mean '%s'?", nearest);
    else
        gpuvm_diag_hint(diag, "`gpuvm deployment list` names the deployments there are");
    return NULL;
}

bool
gpuvm_fleet_has(const gpuvm_fleet *fleet, const gpuvm_instance *instance)
{
    return is_replica(instance) && g_str_equal(instance->record->deployed->name, fleet->name);
}

/* Whether @a and @b, of one deployment, say the same. */
static bool
same(const gpuvm_deployed *a, const gpuvm_deployed *b)
{
    return a->replicas == b->replicas && g_str_equal(a->digest, b->digest) && g_str_equal(a->text, b->text);
}

/* What @deployed is to know of the replicas that there are. */
static void
count(const gpuvm_session *session, const gpuvm_fleet *fleet, gpuvm_deployed *deployed)
{
    const gpuvm_deployed *newest = fleet->newest->deployed;

    deployed->generation = newest->generation + !same(newest, deployed);
    g_ptr_array_set_size(deployed->surplus, 0);
    for (guint i = 0; i < fleet->replicas->len; i++) {
        const gpuvm_instance *instance = fleet->replicas->pdata[i];
        const char *name = instance->domain->name;

        if (instance->record->replica >= deployed->replicas && !g_hash_table_contains(session->leaving, name))
            g_ptr_array_add(deployed->surplus, g_strdup(name));
    }
}

bool
gpuvm_fleet_count(gpuvm_session *session, const GPtrArray *drafts)
{
    g_autoptr(GPtrArray) fleets = NULL;
    gpuvm_deployed *last = NULL;

    for (guint i = 0; session->connection && i < drafts->len; i++) {
        gpuvm_deployed *deployed = ((const gpuvm_draft *)drafts->pdata[i])->definition->spec->deployed;
        g_autoptr(gpuvm_fleet) fleet = NULL;

        if (!deployed || deployed == last)
            continue;
        if (!fleets && !(fleets = gpuvm_fleet_list(session)))
            return false;
        fleet = take(fleets, deployed->name);
        if (fleet)
            count(session, fleet, deployed);
        last = deployed;
    }
    return true;
}
