/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domains.h: what start, stop, restart, undefine, define and create have in common
 */
#pragma once

#include "cli/command.h"
#include "ops/define.h"
#include "ops/stop.h"

/* How VMs are started, as a command's options say. */
typedef struct gpuvm_start_settings {
    gpuvm_start_options options;
    gboolean wait;   /* have gpuvm_wait_and_say wait for what was started */
    gboolean verify; /* … and look at it from inside */
} gpuvm_start_settings;

#define GPUVM_WAIT_OPTION(settings)                                                                          \
    {                                                                                                        \
        "wait", 'w', 0, G_OPTION_ARG_NONE, &(settings).wait,                                                 \
            "wait until each VM is healthy, for as long as its health_check says", NULL                      \
    }

#define GPUVM_VERIFY_OPTION(settings)                                                                        \
    {                                                                                                        \
        "verify", 0, 0, G_OPTION_ARG_NONE, &(settings).verify,                                               \
            "compare what each guest shows with what was planned, as `gpuvm verify` does", NULL              \
    }

/* How VMs are stopped. */
typedef struct gpuvm_stop_settings {
    int timeout; /* seconds */
    gboolean force;
} gpuvm_stop_settings;

#define GPUVM_STOP_TIMEOUT 90
#define GPUVM_STOP_OPTIONS(settings)                                                                         \
    {"timeout", 't', 0, G_OPTION_ARG_INT, &(settings).timeout, "wait so long for the guest (default 90)",    \
     "SECONDS"},                                                                                             \
    {                                                                                                        \
        "force", 0, 0, G_OPTION_ARG_NONE, &(settings).force, "stop it at once, as if its power was cut",     \
            NULL                                                                                             \
    }

/* Whether @seconds, an option, is a time; an error if not. */
bool gpuvm_check_seconds(gpuvm_cli *cli, int seconds);

/* The VMs that a command is for, where they are not named. */
typedef struct gpuvm_targets {
    char **files; /* those whose definitions are there */
    gboolean all; /* every one that runs, or is off */
    bool running; /* which of these */
} gpuvm_targets;

#define GPUVM_FILE_OPTION(targets)                                                                           \
    {                                                                                                        \
        "file", 'f', 0, G_OPTION_ARG_FILENAME_ARRAY, &(targets).files,                                       \
            "the VMs of its definitions; may be given again", "FILE|DIR|-"                                   \
    }

#define GPUVM_ALL_OPTION(targets, text)                                                                      \
    {                                                                                                        \
        "all", 0, 0, G_OPTION_ARG_NONE, &(targets).all, text, NULL                                           \
    }

/* Does something to domain @name, saying so, and may add members to @row. */
typedef bool (*gpuvm_domain_action)(gpuvm_cli *cli, const char *name, JsonObject *row);

/*
 * Does @action to each domain of @names, else of @targets, when all are there, and goes on after a failure: the JSON has a row
 * "name", "done" for each. The diagnostics are about the domain at hand.
 */
void
gpuvm_for_each_domain(gpuvm_cli *cli, char **names, const gpuvm_targets *targets, gpuvm_domain_action action);

/* The one of @rows that is about @name, added if it is not there. */
JsonObject *gpuvm_row_of(JsonArray *rows, const char *name);

/* Says that @name runs; @wait: gpuvm_wait_and_say is to wait for it, from now on: the console's lines before that are lost. */
void gpuvm_say_started(gpuvm_cli *cli, const char *name, bool wait, gpuvm_outcome outcome);

/* Until gpuvm_wait_and_say has ended, the first Ctrl-C interrupts the session, and the second one ends the program. */
void gpuvm_begin_interrupts(gpuvm_cli *cli);

/*
 * Waits until what was started is healthy, all of it together, each from its own start, and looks from inside at what is to be
 * verified; puts both into @rows. Ctrl-C ends the waiting.
 */
void gpuvm_wait_and_say(gpuvm_cli *cli, JsonArray *rows);

/* For gpuvm_domain_actions. */
bool
gpuvm_start_and_say(gpuvm_cli *cli, const char *name, const gpuvm_start_settings *settings, JsonObject *row);
bool gpuvm_stop_and_say(gpuvm_cli *cli, const char *name, const gpuvm_stop_settings *settings);

/*
 * Defines the VMs of @definitions (gpuvm_definition, taken) as @options say, starts them as @start says unless it is
 * NULL, and waits for them. @rows gets a row "name", "change", "running", "healthy" of each, as far as it came; one that
 * is there already is filled in.
 */
void gpuvm_define_and_say(gpuvm_cli *cli, GPtrArray *definitions, gpuvm_define_options options,
                          const gpuvm_start_settings *start, JsonArray *rows);
