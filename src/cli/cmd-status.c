/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status: whether a VM runs, in one word and an exit code, for programs that act on it */
#include <config.h>

#include <stdio.h>

#include "cli/domains.h"
#include "ops/status.h"

static int timeout = 10; /* seconds */

/* What no error of any command has. */
static const int exits[] = {[GPUVM_STATUS_RUNNING] = 0,
                            [GPUVM_STATUS_OFF] = 10,
                            [GPUVM_STATUS_ABSENT] = 11,
                            [GPUVM_STATUS_UNKNOWN] = 12};

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(gpuvm_status) status = NULL;
    JsonObject *row;

    (void)argc;
    if (!gpuvm_check_seconds(cli, timeout) ||
        (cli->session->host_file && !gpuvm_session_connect(cli->session)))
        return;
    status = gpuvm_status_ask(cli->session, argv[0], (unsigned)timeout);
    if (!status)
        return;
    row = json_object_new();
    json_object_set_string_member(row, "name", argv[0]);
    json_object_set_string_member(row, "status", gpuvm_status_names[status->word]);
    gpuvm_json_set_string(row, "state", status->state);
    gpuvm_json_set_string(row, "reason", status->reason);
    gpuvm_json_set_known(row, "pid", status->pid > 0 ? status->pid : -1);
    json_object_set_object_member(cli->output->result, "vm", row);
    if (!cli->output->json)
        puts(gpuvm_status_names[status->word]);
    if (status->state)
        gpuvm_session_say(cli->session, "%s: %s", argv[0], status->state);
    cli->status = exits[status->word];
}

static const GOptionEntry options[] = {
    {"timeout", 't', 0, G_OPTION_ARG_INT, &timeout, "wait so long for libvirt (default 10)", "SECONDS"},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_status = {
    .name = "status",
    .arguments = "NAME",
    .summary = "Say in one word whether a VM runs",
    .description =
        "Prints running, off, absent or unknown, and exits with a code that no error has: 0 running, 10 off, 11 absent,\n"
        "12 unknown. A VM that libvirt is starting, or that is paused, suspended or about to shut down, is running, one\n"
        "that crashed is off; -v says which. When libvirt does not answer in time, and is this machine's\n"
        "qemu:///system, it looks for the VM's QEMU: one that runs is running, and one that libvirt saw start, and that\n"
        "has ended, is off. Where libvirt has no record of a QEMU, or it cannot be seen what became of it, the VM is\n"
        "unknown: it may run.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DOMAIN,
    .run = run,
};
