/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hook: let libvirt ask gpuvm before it starts a domain */
#include <config.h>

#include "cli/command.h"
#include "ops/hookfile.h"

#define RELOAD "sudo systemctl reload libvirtd (or virtqemud, where that runs)"

extern const gpuvm_command gpuvm_cmd_hook;

static const char *
state_name(int64_t hook)
{
    static const char *const names[] = {"not installed", "installed",
                                        "broken, or of another version than this gpuvm", "not gpuvm's"};

    return hook == GPUVM_UNKNOWN ? "out of sight" : names[hook];
}

static void
show(gpuvm_cli *cli, const char *text)
{
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "file", GPUVM_HOOK_FILE);
    json_object_set_string_member(row, "program", GPUVM_HOOK_PROGRAM);
    json_object_set_string_member(row, "state", state_name(gpuvm_hook_look()));
    json_object_set_object_member(cli->output->result, "hook", row);
    gpuvm_output_line(cli->output, "%s: %s", GPUVM_HOOK_FILE, text);
}

static void
install(gpuvm_cli *cli, int argc, char **argv)
{
    gpuvm_outcome outcome;

    (void)argc, (void)argv;
    if (!gpuvm_hook_install(cli->session, &outcome))
        return;
    show(cli, outcome == GPUVM_DONE ? "installed" : "already installed");
    gpuvm_diag_hint(gpuvm_diags_note(cli->session->diags, NULL,
                                     "libvirtd looks for hooks when it starts and when it is told to"),
                    "to tell it now: %s", RELOAD);
}

static const gpuvm_command install_command = {
    .name = "install",
    .parent = &gpuvm_cmd_hook,
    .summary = "Let libvirt ask gpuvm before it starts a domain",
    .description =
        "Makes " GPUVM_HOOK_FILE " a link to gpuvm-hook, which the Debian package has done already.\n"
        "What is there and is not gpuvm's stays.",
    .run = install,
};

static void
status(gpuvm_cli *cli, int argc, char **argv)
{
    (void)argc, (void)argv;
    show(cli, state_name(gpuvm_hook_look()));
}

static const gpuvm_command status_command = {
    .name = "status",
    .parent = &gpuvm_cmd_hook,
    .summary = "Say whether the hook is installed",
    .description = "Says whether libvirt finds the hook of this version of gpuvm on this machine.",
    .run = status,
};

static void
remove_hook(gpuvm_cli *cli, int argc, char **argv)
{
    gpuvm_outcome outcome;

    (void)argc, (void)argv;
    if (gpuvm_hook_remove(cli->session, &outcome))
        show(cli, outcome == GPUVM_DONE ? "removed" : "not installed");
}

static const gpuvm_command remove_command = {
    .name = "remove",
    .parent = &gpuvm_cmd_hook,
    .summary = "Let libvirt start domains without asking gpuvm",
    .description = "Removes " GPUVM_HOOK_FILE
                   ", which takes effect at once. An upgrade of the Debian package brings it\n"
                   "back: 'enforce: off' in the policy lasts.",
    .run = remove_hook,
};

static const gpuvm_command *const commands[] = {&install_command, &status_command, &remove_command, NULL};

const gpuvm_command gpuvm_cmd_hook = {
    .name = "hook",
    .commands = commands,
    .summary = "Let libvirt itself obey the policy",
    .description =
        "With the hook libvirt asks gpuvm before it starts a domain, so that virsh start, virt-manager and autostart obey\n"
        "the policy, too. Which domains are judged, 'enforce' in the policy says.",
};
