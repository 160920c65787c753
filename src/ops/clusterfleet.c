/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/clusterfleet.h"

#include <string.h>

#include "base/nearest.h"
#include "core/waits.h"
#include "host/crm.h"
#include "ops/load.h"

#define LEFT "gpuvm-restart" /* the meta attribute: numbers of replicas, with blanks between */

#define PATIENCE 60     /* seconds that Pacemaker may take besides what it does */
#define DEFAULT_TIME 20 /* seconds that an operation may take of which nothing is said */
#define PAUSE (G_USEC_PER_SEC / 2)

/* The deployment called @name; NULL: see the diagnostics. */
static const gpuvm_cluster_resource *
find_deployment(gpuvm_session *session, const gpuvm_cluster *cluster, const char *name)
{
    const gpuvm_cluster_resource *found = gpuvm_cluster_find(cluster, name);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *nearest;
    gpuvm_diag *diag;

    if (found && found->agent == GPUVM_AGENT_VM && found->unique)
        return found;
    for (guint i = 0; i < cluster->resources->len; i++) {
        const gpuvm_cluster_resource *resource = cluster->resources->pdata[i];

        if (resource->agent == GPUVM_AGENT_VM && resource->unique)
            g_ptr_array_add(names, resource->id);
    }
    diag = gpuvm_diags_error(
        session->diags, GPUVM_EXIT_HOST, NULL,
        found ? "'%s' is no deployment of the cluster: no globally unique clone of ocf:gpuvm:vm"
              : "the cluster has no deployment named '%s'",
        name);
    nearest = gpuvm_nearest(name, (const char *const *)names->pdata, names->len);
    if (nearest)
        gpuvm_diag_hint(diag, "did you mean '%s'?", nearest);
    else
        gpuvm_diag_hint(diag, "`gpuvm cluster status` names those there are");
    return NULL;
}

static bool
run(gpuvm_session *session, const char *const *argv)
{
    GError *error = NULL;

    return gpuvm_crm_run(argv, &error) || gpuvm_session_fail(session, error);
}

/* Sets the meta attribute @name of the clone to @value; NULL: takes it away. */
static bool
set_meta(gpuvm_session *session, const gpuvm_cluster_resource *deployment, const char *name,
         const char *value)
{
    const char *const argv[] = {"crm_resource",
                                "--resource",
                                deployment->clone,
                                "--meta",
                                value ? "--set-parameter" : "--delete-parameter",
                                name,
                                value ? "--parameter-value" : NULL,
                                value,
                                NULL};

    return run(session, argv);
}

/* Says so when the definition says another number. */
static void
compare_file(gpuvm_session *session, const gpuvm_cluster_resource *deployment, gint64 replicas)
{
    const char *file = g_hash_table_lookup(deployment->parameters, "file");
    g_autoptr(gpuvm_diags) unused = gpuvm_diags_new();
    g_autoptr(GPtrArray) definitions = file ? gpuvm_load_file(file, "deployment", unused) : NULL;
    const gpuvm_definition *definition = definitions && definitions->len > 0 ? definitions->pdata[0] : NULL;

    if (definition && (gint64)definition->spec->deployment->replicas != replicas)
        gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL, "%s says replicas: %" G_GUINT64_FORMAT, file,
                                         definition->spec->deployment->replicas),
                        "change it there, too: the next export of it says so again");
}

bool
gpuvm_cluster_scale(gpuvm_session *session, const char *name, const char *replicas, gint64 *ret_was)
{
    g_autoptr(gpuvm_cluster) cluster = NULL;
    const gpuvm_cluster_resource *deployment;
    guint64 number;

    if (!g_ascii_string_to_unsigned(replicas, 10, 0, GPUVM_CLUSTER_REPLICAS, &number, NULL)) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID, NULL,
                          "--replicas must be an integer from 0 to %d, not '%s'", GPUVM_CLUSTER_REPLICAS,
                          replicas);
        return false;
    }
    cluster = gpuvm_cluster_load(session, NULL);
    deployment = cluster ? find_deployment(session, cluster, name) : NULL;
    if (!deployment)
        return false;
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, number);
    *ret_was = deployment->clone_max;
    if (deployment->clone_max != (gint64)number && !set_meta(session, deployment, "clone-max", text))
        return false;
    compare_file(session, deployment, (gint64)number);
    return true;
}

/* A replica, as the cluster has it now. */
typedef struct sight {
    gpuvm_cluster *cluster;
    const gpuvm_cluster_resource *deployment;
    const gpuvm_cluster_instance *replica; /* NULL: there is none any more */
} sight;

static void
forget(sight *seen)
{
    gpuvm_cluster_free(seen->cluster);
    *seen = (sight){0};
}

/* Looks at replica @id of deployment @name, anew. */
static bool
look(gpuvm_session *session, const char *name, const char *id, sight *seen)
{
    forget(seen);
    seen->cluster = gpuvm_cluster_load(session, NULL);
    seen->deployment = seen->cluster ? find_deployment(session, seen->cluster, name) : NULL;
    for (guint i = 0; seen->deployment && i < seen->deployment->instances->len; i++) {
        const gpuvm_cluster_instance *instance = seen->deployment->instances->pdata[i];

        if (g_str_equal(instance->id, id) && !instance->orphan)
            seen->replica = instance;
    }
    return seen->deployment != NULL;
}

static unsigned
time_of(const gpuvm_cluster_resource *deployment, const char *operation)
{
    guint seconds = GPOINTER_TO_UINT(g_hash_table_lookup(deployment->timeouts, operation));

    return seconds > 0 ? seconds : DEFAULT_TIME;
}

static gint64
last_call(const gpuvm_presence *presence)
{
    gint64 last = -1;

    for (guint i = 0; i < presence->operations->len; i++)
        last = MAX(last, ((const gpuvm_operation *)presence->operations->pdata[i])->call);
    return last;
}

/* Whether Pacemaker has done something to @replica, which was on @node, after the call @since there. */
static bool
has_acted(const gpuvm_cluster_instance *replica, const char *node, gint64 since)
{
    const gpuvm_presence *where = gpuvm_cluster_where(replica);

    if (!where || where->state != GPUVM_RUN_RUNNING || !g_str_equal(where->node->name, node))
        return !where || where->state != GPUVM_RUN_FAILED;
    for (guint i = 0; i < where->operations->len; i++) {
        const gpuvm_operation *operation = where->operations->pdata[i];

        if (g_str_equal(operation->name, "start") && operation->call > since)
            return true;
    }
    return false;
}

/* The failed starts and stops of @replica: "NODE CALL" → gpuvm_operation, borrowed. */
static GHashTable *
failures_of(const gpuvm_cluster_instance *replica)
{
    GHashTable *failures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint p = 0; p < replica->presences->len; p++) {
        const gpuvm_presence *presence = replica->presences->pdata[p];

        for (guint i = 0; i < presence->operations->len; i++) {
            gpuvm_operation *operation = presence->operations->pdata[i];

            if (operation->failed &&
                (g_str_equal(operation->name, "start") || g_str_equal(operation->name, "stop")))
                g_hash_table_insert(
                    failures, g_strdup_printf("%s %" G_GINT64_FORMAT, presence->node->name, operation->call),
                    operation);
        }
    }
    return failures;
}

/* Whether nothing failed since @before; what did is an error. */
static bool
check_failures(gpuvm_session *session, GHashTable *before, const gpuvm_cluster_instance *replica)
{
    g_autoptr(GHashTable) now = failures_of(replica);
    GHashTableIter all;
    gpointer key, value;

    g_hash_table_iter_init(&all, now);
    while (g_hash_table_iter_next(&all, &key, &value)) {
        const gpuvm_operation *operation = value;

        if (g_hash_table_contains(before, key))
            continue;
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                          "%s: failed to %s on %.*s: %s", replica->name, operation->name,
                                          (int)strcspn(key, " "), (const char *)key, operation->reason),
                        "mend it, then repeat the command: it goes on with this one");
        return false;
    }
    return true;
}

/* Waits until Pacemaker has nothing more to do. */
static bool
settle(gpuvm_session *session, const sight *seen)
{
    g_autofree char *seconds = g_strdup_printf("%us", time_of(seen->deployment, "stop") +
                                                          time_of(seen->deployment, "start") + PATIENCE);
    const char *const argv[] = {"crm_resource", "--wait", "--timeout", seconds, NULL};

    return run(session, argv);
}

/* Looks until has_acted() is true. */
static bool
await_action(gpuvm_session *session, const char *name, sight *seen, const char *id, const char *node,
             gint64 since)
{
    unsigned seconds = time_of(seen->deployment, "stop") + PATIENCE;
    gint64 begun = g_get_monotonic_time();
    bool acted = false;

    gpuvm_session_pend(session, (gpuvm_pending){.begun = begun, .seconds = seconds},
                       "waiting for Pacemaker to stop %s", id);
    while (!acted && g_get_monotonic_time() - begun < seconds * G_USEC_PER_SEC &&
           look(session, name, id, seen) && seen->replica) {
        acted = has_acted(seen->replica, node, since);
        if (!acted)
            g_usleep(PAUSE);
    }
    gpuvm_session_settle(session);
    if (seen->replica && !acted)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_UNHEALTHY, NULL,
                          "%s: Pacemaker did nothing about it within %u seconds", id, seconds);
    return acted;
}

/* An error with all that is in the way of the replica that @seen is of. */
static bool
fail_waiting(gpuvm_session *session, const sight *seen)
{
    g_autoptr(GPtrArray) waits = gpuvm_waits(seen->cluster, seen->replica);
    gpuvm_diag *diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_UNHEALTHY, NULL, "%s: does not run again",
                                         seen->replica->name);

    for (guint i = 0; i < waits->len; i++) {
        const gpuvm_wait *wait = waits->pdata[i];

        gpuvm_diag_hint(diag, "%s%s%s", wait->node ? wait->node->name : "", wait->node ? ": " : "",
                        wait->reason);
    }
    return false;
}

/* Reports the replica as failed on @node, or has that forgotten: what is counted for ever would drive it off the node. */
static bool
report(gpuvm_session *session, bool failed, const char *id, const char *node)
{
    const char *const argv[] = {"crm_resource", failed ? "--fail" : "--cleanup", "--resource", id, "--node",
                                node,           failed ? NULL : "--force",       NULL};

    return run(session, argv);
}

static bool
runs(const gpuvm_cluster_instance *replica)
{
    const gpuvm_presence *where = gpuvm_cluster_where(replica);

    return where && where->state == GPUVM_RUN_RUNNING;
}

static guint
count_running(const gpuvm_cluster_resource *deployment)
{
    guint n = 0;

    for (guint i = 0; i < deployment->instances->len; i++)
        n += runs(deployment->instances->pdata[i]);
    return n;
}

/* Has the replica that @seen is of, which runs, started anew; or one that waited for its room in its place, which is as good. */
static bool
start_anew(gpuvm_session *session, const char *name, sight *seen)
{
    const gpuvm_presence *where = gpuvm_cluster_where(seen->replica);
    g_autoptr(GHashTable) before = failures_of(seen->replica);
    g_autofree char *id = g_strdup(seen->replica->id), *node = g_strdup(where->node->name);
    gint64 since = last_call(where);
    guint running = count_running(seen->deployment);

    if (!report(session, true, id, node) || !await_action(session, name, seen, id, node, since) ||
        !settle(session, seen) || !look(session, name, id, seen) || !seen->replica ||
        !check_failures(session, before, seen->replica) || !report(session, false, id, node) ||
        !settle(session, seen) || !look(session, name, id, seen) || !seen->replica)
        return false;
    return runs(seen->replica) || count_running(seen->deployment) >= running || fail_waiting(session, seen);
}

/* The numbers (char *, owned) of the replicas that run, of those that a rolling update has left, or of all. */
static GPtrArray *
numbers_left(gpuvm_session *session, const gpuvm_cluster_resource *deployment)
{
    const char *left = g_hash_table_lookup(deployment->meta, LEFT);
    g_auto(GStrv) words = g_strsplit(left ? left : "", " ", -1);
    GPtrArray *numbers = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < deployment->instances->len; i++) {
        const gpuvm_cluster_instance *replica = deployment->instances->pdata[i];
        const char *number = strrchr(replica->id, ':') + 1;

        if (!replica->orphan && runs(replica) &&
            (!left || g_strv_contains((const char *const *)words, number)))
            g_ptr_array_add(numbers, g_strdup(number));
    }
    if (left)
        gpuvm_diags_note(session->diags, NULL, "went on where it had ended: %u replicas were left",
                         numbers->len);
    return numbers;
}

/* Whether nothing keeps Pacemaker from acting. */
static bool
check_cluster(gpuvm_session *session, const sight *seen)
{
    g_autoptr(GPtrArray) troubles = gpuvm_cluster_troubles(seen->cluster);

    for (guint i = 0; i < troubles->len; i++)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "%s",
                          ((const gpuvm_wait *)troubles->pdata[i])->reason);
    if (!gpuvm_cluster_truth(seen->deployment->meta, "is-managed", true))
        gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL,
                          "'%s' is unmanaged: Pacemaker leaves it alone", seen->deployment->id);
    return session->diags->errors == 0;
}

/* " 3 4 5" of those of @numbers from @from on. */
static char *
join_from(const GPtrArray *numbers, guint from)
{
    GString *text = g_string_new(NULL);

    for (guint i = from; i < numbers->len; i++)
        g_string_append_printf(text, "%s%s", i > from ? " " : "", (const char *)numbers->pdata[i]);
    return g_string_free(text, FALSE);
}

static bool
restart_from(gpuvm_session *session, const char *name, sight *seen, const GPtrArray *numbers, guint from,
             gpuvm_restarted told, void *data)
{
    g_autofree char *left = join_from(numbers, from),
                    *id = g_strdup_printf("%s:%s", seen->deployment->id, (const char *)numbers->pdata[from]);

    if (gpuvm_session_interrupted(session)) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                          "interrupted: %u of %u replicas were left as they are", numbers->len - from,
                          numbers->len);
        return false;
    }
    if (!set_meta(session, seen->deployment, LEFT, left) || !look(session, name, id, seen))
        return false;
    if (seen->replica && runs(seen->replica) && !start_anew(session, name, seen) &&
        (seen->replica || session->diags->errors > 0)) /* else there are fewer meanwhile */
        return false;
    if (seen->replica)
        told(data, seen->replica->name,
             runs(seen->replica) ? gpuvm_cluster_where(seen->replica)->node->name : NULL);
    return true;
}

bool
gpuvm_cluster_restart(gpuvm_session *session, const char *name, gpuvm_restarted told, void *data)
{
    sight seen = {0};
    g_autoptr(GPtrArray) numbers = NULL;
    bool done = look(session, name, "", &seen) && check_cluster(session, &seen);

    if (done)
        numbers = numbers_left(session, seen.deployment);
    for (guint i = 0; done && i < numbers->len; i++)
        done = restart_from(session, name, &seen, numbers, i, told, data);
    done = done && set_meta(session, seen.deployment, LEFT, NULL);
    forget(&seen);
    return done;
}
