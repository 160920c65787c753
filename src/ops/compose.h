/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compose.h: documents → VMs with all that belongs to them: what their plugins and the host give, the texts that they name
 */
#pragma once

#include "ops/load.h"
#include "ops/session.h"

/*
 * Puts the VMs of each deployment of @definitions (gpuvm_definition) in its place, and lays each VM over the plugin that it
 * names, one that is among them too, else the installed one, and over the host's defaults. What is neither, and what stays
 * incomplete, is taken out; everything that is wrong is in the session's diagnostics: a missing or disabled plugin, a document
 * that is of no use here. False: the defaults cannot be read, and nothing was done.
 */
bool gpuvm_compose(gpuvm_session *session, GPtrArray *definitions);
