/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bundlelogs.h: the logs of a bundle, as gpuvm_diagnose_directory reads them; that one cannot be read is a note
 */
#pragma once

#include "ops/session.h"

/** Adds the logs of VM @vm to @files (gpuvm_packed), when it is on this machine. */
void gpuvm_bundle_add_logs(gpuvm_session *session, GPtrArray *files, const char *vm);

/** Adds what this machine's kernel and libvirt's daemons wrote since it booted. */
void gpuvm_bundle_add_journal(gpuvm_session *session, GPtrArray *files);
