/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* deployment: VMs that are alike, made, changed and removed together */
#include <config.h>

#include "cli/fleets.h"
#include "cli/domains.h"
#include "cli/progress.h"
#include "ops/clusterfleet.h"
#include "ops/create.h"
#include "ops/deployment.h"
#include "ops/fleet.h"

#define PARALLEL 8

static struct {
    char *config, *replicas;
    gboolean no_start, storage, cluster;
    int parallel, max_unavailable;
    gpuvm_start_settings start;
    gpuvm_stop_settings stop;
} given = {.parallel = PARALLEL, .max_unavailable = 1, .stop = {.timeout = GPUVM_STOP_TIMEOUT}};

/* Who is told of what becomes of the replicas. */
typedef struct listener {
    gpuvm_cli *cli;
    JsonArray *rows;
} listener;

static JsonObject *
row_of(const listener *told, const char *name)
{
    gpuvm_progress_hide(); /* a line comes in its place */
    return gpuvm_row_of(told->rows, name);
}

static void
hear_defined(void *data, const char *name, gpuvm_change change)
{
    const listener *told = data;
    JsonObject *row = row_of(told, name);

    if (change == GPUVM_UNCHANGED && json_object_has_member(row, "change"))
        return; /* when it is started anew: it was put right before */
    json_object_set_string_member(row, "change", gpuvm_change_names[change]);
    gpuvm_output_line(told->cli->output, "%s: %s", name, gpuvm_change_names[change]);
}

static void
hear_started(void *data, const char *name, bool running, gpuvm_outcome outcome)
{
    const listener *told = data;

    json_object_set_boolean_member(row_of(told, name), "running", running);
    if (running)
        gpuvm_say_started(told->cli, name, given.start.wait, outcome);
    else
        gpuvm_output_line(told->cli->output, "%s: not started", name);
}

static void
hear_stopped(void *data, const char *name, bool off)
{
    const listener *told = data;

    json_object_set_boolean_member(row_of(told, name), "running", !off);
    gpuvm_output_line(told->cli->output, "%s: %s", name, off ? "stopped" : "asked to shut down");
}

static void
hear_healthy(void *data, const char *name, bool healthy)
{
    const listener *told = data;

    json_object_set_boolean_member(row_of(told, name), "healthy", healthy);
    gpuvm_output_line(told->cli->output, "%s: %s", name, healthy ? "healthy" : "not healthy");
}

static void
hear_removed(void *data, const char *name)
{
    const listener *told = data;

    json_object_set_boolean_member(row_of(told, name), "removed", TRUE);
    gpuvm_output_line(told->cli->output, "%s: removed", name);
}

/* What the options say. */
static gpuvm_deployment_options
options_for(listener *told)
{
    return (gpuvm_deployment_options){
        .start = given.no_start ? NULL : &given.start.options,
        .stop = {.seconds = (unsigned)given.stop.timeout, .force = given.stop.force},
        .parallel = (unsigned)given.parallel,
        .unavailable = (unsigned)given.max_unavailable,
        .storage = given.storage,
        .defined = hear_defined,
        .started = hear_started,
        .stopped = hear_stopped,
        .healthy = hear_healthy,
        .removed = hear_removed,
        .data = told,
    };
}

static bool
check_options(gpuvm_cli *cli)
{
    gpuvm_diags *diags = cli->session->diags;

    if (given.no_start && given.start.wait)
        gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "--no-start and --wait exclude each other");
    if (given.parallel < 1 || given.max_unavailable < 1)
        gpuvm_diags_error(diags, GPUVM_EXIT_USAGE, NULL, "%s takes a number from 1 on",
                          given.parallel < 1 ? "--parallel" : "--max-unavailable");
    return gpuvm_check_seconds(cli, given.stop.timeout) && diags->errors == 0;
}

static const gpuvm_column columns[] = {
    {.header = "NAME", .key = "name"},
    {.header = "CHANGE", .key = "change"},
    {.header = "RUNNING", .key = "running"},
    {.header = "HEALTHY", .key = "healthy"},
    {0},
};

/* Says which replicas it came to, and how far with each: of @rows, those from @first on are about deployment @name. */
static void
say_unfinished(gpuvm_cli *cli, const char *name, JsonArray *rows, guint first, const char *repeated)
{
    if (json_array_get_length(rows) == first) {
        gpuvm_output_line(cli->output, "%s: nothing was changed", name);
        return;
    }
    gpuvm_output_line(cli->output, "%s: not finished; %s", name, repeated);
    gpuvm_output_print_table(cli->output, rows, columns, NULL);
}

/* Whether each of @names is a deployment. */
static bool
are_there(gpuvm_session *session, char **names)
{
    unsigned errors = session->diags->errors;

    for (; *names; names++)
        gpuvm_fleet_free(gpuvm_fleet_get(session, *names));
    return session->diags->errors == errors;
}

#define GOES_ON "repeat the command to go on"

/*
 * Does @action to each of @names as the options say, and says what becomes of each replica, and what repeating the command
 * does when it is not finished.
 */
static void
act(gpuvm_cli *cli, char **names,
    bool (*action)(gpuvm_session *session, const char *name, const gpuvm_deployment_options *options),
    const char *repeated)
{
    JsonArray *rows = json_array_new();
    listener told = {cli, rows};
    const gpuvm_deployment_options how = options_for(&told);
    bool may = check_options(cli) && gpuvm_session_connect(cli->session) &&
               (!names[1] || are_there(cli->session, names));

    given.start.options.planned = true;
    gpuvm_output_rows(cli->output, "vms", rows);
    gpuvm_begin_interrupts(cli);
    for (; may && *names; names++) {
        guint before = json_array_get_length(rows);

        if (!action(cli->session, *names, &how))
            say_unfinished(cli, *names, rows, before, repeated);
    }
    gpuvm_wait_and_say(cli, rows);
}

static bool
create(gpuvm_session *session, const char *name, const gpuvm_deployment_options *options)
{
    gpuvm_deployment_options how = *options;
    gpuvm_flag_value replicas = {&gpuvm_replicas_flag, given.replicas};
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    gpuvm_definition *definition;

    how.update = true;
    if (given.replicas)
        g_ptr_array_add(values, &replicas);
    definition = gpuvm_create_definition(session, GPUVM_KIND_DEPLOYMENT, name, given.config, values);
    return definition && gpuvm_deployment_apply(session, definition, &how);
}

static void
run_create(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    if (given.config)
        act(cli, argv, create, GOES_ON);
    else
        gpuvm_diag_hint(gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL,
                                          "a deployment is made from a file"),
                        "give it with --config FILE");
}

#define PARALLEL_OPTION                                                                                      \
    {                                                                                                        \
        "parallel", 0, 0, G_OPTION_ARG_INT, &given.parallel,                                                 \
            "start so many at once (default " G_STRINGIFY(PARALLEL) ")", "N"                                 \
    }
#define UNAVAILABLE_OPTION                                                                                   \
    {                                                                                                        \
        "max-unavailable", 0, 0, G_OPTION_ARG_INT, &given.max_unavailable,                                   \
            "stop so many at once, to start them anew (default 1)", "N"                                      \
    }
#define REPLICAS_OPTION                                                                                      \
    {                                                                                                        \
        "replicas", 0, 0, G_OPTION_ARG_STRING, &given.replicas, "how many VMs there are", "N"                \
    }

static const GOptionEntry create_options[] = {
    {"config", 0, 0, G_OPTION_ARG_FILENAME, &given.config,
     "the deployment's definition, with or without a name", "FILE"},
    REPLICAS_OPTION,
    GPUVM_WAIT_OPTION(given.start),
    {"no-start", 0, 0, G_OPTION_ARG_NONE, &given.no_start, "define them only", NULL},
    PARALLEL_OPTION,
    UNAVAILABLE_OPTION,
    GPUVM_STOP_OPTIONS(given.stop),
    G_OPTION_ENTRY_NULL,
};

static const gpuvm_command create_command = {
    .name = "create",
    .parent = &gpuvm_cmd_deployment,
    .arguments = "NAME",
    .summary = "Make or change a deployment",
    .description =
        "Makes the VMs NAME-0, NAME-1 and so on what the definition says, and starts those that are off. All are planned\n"
        "before the first is touched. One that runs with another definition is stopped, defined, started and waited for\n"
        "until it is healthy, before the next; that ends at the first that fails. Where others changed only what is stored,\n"
        "that is put right, and what runs is left alone. VMs that are too many are removed, the highest first; their disks\n"
        "stay. Whatever was begun and not finished goes on when the command is repeated.",
    .options = create_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DEPLOYMENT,
    .run = run_create,
};

#define CLUSTER_OPTION                                                                                       \
    {                                                                                                        \
        "cluster", 0, 0, G_OPTION_ARG_NONE, &given.cluster, "of one that Pacemaker runs", NULL               \
    }

/* Whether what was given besides --cluster goes with it: how VMs are started and stopped is the cluster's matter. */
static bool
check_cluster_options(gpuvm_cli *cli)
{
    bool others = given.no_start || given.start.wait || given.stop.force || given.parallel != PARALLEL ||
                  given.max_unavailable != 1 || given.stop.timeout != GPUVM_STOP_TIMEOUT;

    if (others)
        gpuvm_diag_hint(
            gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL,
                              "--cluster goes with no other option than --replicas"),
            "how VMs are started and stopped, the cluster's resources say: wait, force, timeouts");
    return !others;
}

static void
scale_cluster(gpuvm_cli *cli, const char *name)
{
    JsonArray *rows = json_array_new();
    gint64 was = -1;

    gpuvm_output_rows(cli->output, "deployments", rows);
    if (!check_cluster_options(cli) || !gpuvm_cluster_scale(cli->session, name, given.replicas, &was))
        return;
    JsonObject *row = json_object_new();
    json_object_set_string_member(row, "name", name);
    gpuvm_json_set_known(row, "was", was);
    json_object_set_int_member(row, "replicas", g_ascii_strtoll(given.replicas, NULL, 10));
    json_array_add_object_element(rows, row);
    if (was < 0)
        gpuvm_output_line(cli->output, "%s: %s replicas", name, given.replicas);
    else
        gpuvm_output_line(cli->output, "%s: %s replicas, was %" G_GINT64_FORMAT, name, given.replicas, was);
}

static bool
scale(gpuvm_session *session, const char *name, const gpuvm_deployment_options *options)
{
    return gpuvm_deployment_scale(session, name, given.replicas, options);
}

static void
run_scale(gpuvm_cli *cli, int argc, char **argv)
{
    g_auto(GStrv) parts = g_strsplit(argv[0], "=", 2);

    (void)argc;
    if (!parts[1] == !given.replicas) {
        gpuvm_diag_hint(gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL,
                                          "scale takes one number of replicas"),
                        "gpuvm deployment scale NAME --replicas N, or NAME=N");
        return;
    }
    if (parts[1])
        given.replicas = parts[1];
    if (given.cluster)
        scale_cluster(cli, parts[0]);
    else
        act(cli, (char *[]){parts[0], NULL}, scale, GOES_ON);
}

static const GOptionEntry scale_options[] = {
    REPLICAS_OPTION,
    CLUSTER_OPTION,
    GPUVM_WAIT_OPTION(given.start),
    {"no-start", 0, 0, G_OPTION_ARG_NONE, &given.no_start, "define new ones only", NULL},
    PARALLEL_OPTION,
    GPUVM_STOP_OPTIONS(given.stop),
    G_OPTION_ENTRY_NULL,
};

static const gpuvm_command scale_command = {
    .name = "scale",
    .parent = &gpuvm_cmd_deployment,
    .arguments = "NAME",
    .summary = "Change how many VMs a deployment has",
    .description =
        "Makes VMs that are missing, by the definition that the deployment has, and starts them; or removes the highest,\n"
        "whose disks stay. The others are not touched; of them, one that is off is started only where there are not to be\n"
        "fewer. NAME=N says the same as NAME --replicas N. A definition with\n"
        "secrets in it is read from its file again, which must be as it was. With --cluster, on a node, it is the number of\n"
        "replicas that Pacemaker runs (clone-max).",
    .options = scale_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DEPLOYMENT,
    .run = run_scale,
};

static void
hear_restarted(void *data, const char *name, const char *node)
{
    const listener *told = data;

    json_object_set_boolean_member(row_of(told, name), "running", node != NULL);
    if (node)
        gpuvm_output_line(told->cli->output, "%s: started anew on %s", name, node);
    else
        gpuvm_output_line(told->cli->output,
                          "%s: does not run now, and takes the new definition when it does", name);
}

static void
restart_cluster(gpuvm_cli *cli, const char *name)
{
    JsonArray *rows = json_array_new();
    listener told = {cli, rows};

    gpuvm_output_rows(cli->output, "vms", rows);
    if (!check_cluster_options(cli))
        return;
    gpuvm_begin_interrupts(cli);
    if (!gpuvm_cluster_restart(cli->session, name, hear_restarted, &told))
        say_unfinished(cli, name, rows, 0, GOES_ON);
    gpuvm_wait_and_say(cli, rows);
}

static void
run_restart(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    if (given.cluster)
        restart_cluster(cli, argv[0]);
    else
        act(cli, argv, gpuvm_deployment_restart, "repeating the command begins with the first VM again");
}

static const GOptionEntry restart_options[] = {
    CLUSTER_OPTION,
    UNAVAILABLE_OPTION,
    GPUVM_STOP_OPTIONS(given.stop),
    G_OPTION_ENTRY_NULL,
};

static const gpuvm_command restart_command = {
    .name = "restart",
    .parent = &gpuvm_cmd_deployment,
    .arguments = "NAME",
    .summary = "Stop and start the VMs of a deployment, one after the other",
    .description =
        "Stops each VM, starts it again with the definition it has, and waits until it is healthy, before the next; ends\n"
        "at the first that fails. Whether each may start is checked before the first is stopped. Whoever repeats it begins\n"
        "with the first again. With --cluster, on a node, Pacemaker does so, with the definition that is there now, on that\n"
        "node or another; whoever repeats it then goes on with those that are left.",
    .options = restart_options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DEPLOYMENT,
    .run = run_restart,
};

static void
run_delete(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc;
    act(cli, argv, gpuvm_deployment_delete, GOES_ON);
}

static const GOptionEntry delete_options[] = {
    {"storage", 0, 0, G_OPTION_ARG_NONE, &given.storage,
     "remove the VMs' own volumes too: root disks, blank disks, seeds, UEFI variables", NULL},
    GPUVM_STOP_OPTIONS(given.stop),
    G_OPTION_ENTRY_NULL,
};

static const gpuvm_command delete_command = {
    .name = "delete",
    .parent = &gpuvm_cmd_deployment,
    .arguments = "NAME…",
    .summary = "Stop and remove the VMs of deployments",
    .description =
        "Stops all VMs of each deployment and removes their definitions, the highest first. Their disks stay without\n"
        "--storage. When one of the names is wrong, nothing is changed.",
    .options = delete_options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEPLOYMENT,
    .run = run_delete,
};

static const gpuvm_command *const commands[] = {
    &create_command,
    &gpuvm_cmd_deployment_list,
    &gpuvm_cmd_deployment_show,
    &scale_command,
    &restart_command,
    &delete_command,
    NULL,
};

const gpuvm_command gpuvm_cmd_deployment = {
    .name = "deployment",
    .alias = "deployments",
    .commands = commands,
    .summary = "Make, change and remove VMs that are alike",
    .description =
        "A deployment is VMs that are alike, its replicas: NAME-0, NAME-1 and so on, each with cards of its own. It is\n"
        "written down in a definition of kind deployment, and remembered by its VMs alone.",
};
