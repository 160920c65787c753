/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domains.h: what start, stop, restart, undefine and define --start have in common
 */
#pragma once

#include "cli/command.h"
#include "ops/lifecycle.h"

/** Does something to domain @name, saying so, and may add members to @row. */
typedef bool (*gpuvm_domain_action)(gpuvm_cli *cli, const char *name, JsonObject *row);

/** Does @action to domain @name; the diagnostics that come of it are about that domain. */
bool gpuvm_act_on_domain(gpuvm_cli *cli, const char *name, gpuvm_domain_action action, JsonObject *row);

/**
 * Does @action to each domain named, and goes on after a failure: the JSON has a row "name", "done" for each.
 * The diagnostics are about the domain at hand.
 */
void gpuvm_for_each_domain(gpuvm_cli *cli, char **names, gpuvm_domain_action action);

/** gpuvm_domain_actions. */
bool gpuvm_start_and_say(gpuvm_cli *cli, const char *name, JsonObject *row);
bool gpuvm_stop_and_say(gpuvm_cli *cli, const char *name, JsonObject *row);

/** How gpuvm_start_and_say starts; a command's options may set it. */
extern gpuvm_start_options gpuvm_start_settings;

/** Whether gpuvm_start_and_say remembers what it started for gpuvm_wait_and_say. */
extern gboolean gpuvm_start_wait;

#define GPUVM_WAIT_OPTION                                                                                    \
    {                                                                                                        \
        "wait", 'w', 0, G_OPTION_ARG_NONE, &gpuvm_start_wait,                                                \
            "wait until each VM is healthy, for as long as its health_check says", NULL                      \
    }

/**
 * Waits until what was started is healthy, all of it together, each from its own start; without --wait it is nothing to
 * do. @rows has a row for each, by "name", which gets the member "healthy". Ctrl-C ends the waiting.
 */
void gpuvm_wait_and_say(gpuvm_cli *cli, JsonArray *rows);

/** The options of stopping, for the commands that do. */
#define GPUVM_STOP_OPTIONS                                                                                   \
    {"timeout",                                                                                              \
     't',                                                                                                    \
     0,                                                                                                      \
     G_OPTION_ARG_INT,                                                                                       \
     &gpuvm_stop_options.timeout,                                                                            \
     "wait so long for the guest (default 90)",                                                              \
     "SECONDS"},                                                                                             \
    {                                                                                                        \
        "force", 'f', 0, G_OPTION_ARG_NONE, &gpuvm_stop_options.force,                                       \
            "stop it at once, as if its power was cut", NULL                                                 \
    }

typedef struct gpuvm_stop_settings {
    int timeout; /* seconds */
    gboolean force;
} gpuvm_stop_settings;

extern gpuvm_stop_settings gpuvm_stop_options;
