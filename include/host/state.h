/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state.h: what is active on a host, as libvirt's daemons keep it for themselves in files, for root to read: known without
 * asking them
 *
 * The files are under @root ("": this machine).
 */
#pragma once

#include "model/facts.h"

/**
 * Adds to @facts what the running domains of the QEMU driver have. One that cannot be read,
 * or is wrong, is an error (GPUVM_EXIT_FAILED, GPUVM_EXIT_INVALID).
 */
bool gpuvm_state_domains(const char *root, gpuvm_facts *facts, GError **error);
