/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * agent.h: QEMU's guest agent, by libvirt-qemu, which is loaded when it is first needed
 */
#pragma once

#include "host/domain.h"

/** Loads libvirt-qemu; at once when that is done. To be called before several threads may call the next. */
bool gpuvm_agent_load(GError **error);

/**
 * Has the agent of @domain carry out @command (JSON). *@ret_reply is what it says (JSON; anybody's words), g_free; NULL, which is
 * success, when no agent answers, which may take 10 s. libvirt marks the domain as tainted by it (custom-ga-command).
 */
bool gpuvm_agent_command(gpuvm_domain *domain, const char *command, char **ret_reply, GError **error);
