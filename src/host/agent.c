/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/agent.h"

#include <libvirt/libvirt-qemu.h>

#include "host/library.h"

static struct {
    __typeof__(&virDomainQemuAgentCommand) command;
} libvirt_qemu;

static const gpuvm_library library = {.soname = GPUVM_LIBVIRT_QEMU_SONAME,
                                      .title = "libvirt-qemu",
                                      .package = GPUVM_LIBVIRT_QEMU_PACKAGE,
                                      .version = "9.0",
                                      .prefix = "vir",
                                      .names = (const char *const[]){"DomainQemuAgentCommand", NULL},
                                      .functions = &libvirt_qemu};

bool
gpuvm_agent_load(GError **error)
{
    return gpuvm_library_load(&library, error);
}

bool
gpuvm_agent_command(gpuvm_domain *domain, const char *command, char **ret_reply, GError **error)
{
    if (!gpuvm_agent_load(error))
        return false;
    *ret_reply = libvirt_qemu.command(domain->dom, command, VIR_DOMAIN_QEMU_AGENT_COMMAND_DEFAULT, 0);
    return *ret_reply || gpuvm_virt_error() == VIR_ERR_AGENT_UNRESPONSIVE ||
           gpuvm_virt_failed(error, "cannot ask the guest agent");
}
