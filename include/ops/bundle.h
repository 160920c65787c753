/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bundle.h: all that a question about this host is answered with, in one archive, without what tells whose it is
 */
#pragma once

#include "host/tarball.h"
#include "ops/session.h"

typedef struct gpuvm_bundle {
    GPtrArray *files;    /* gpuvm_packed, owned, by name */
    GPtrArray *replaced; /* char *, owned: "UUIDs: 3" */
} gpuvm_bundle;

/**
 * The host as a host file and its policy; of each of @arguments, which is the name of a VM, or the path of a definition or of a
 * directory of such (no argument: every VM), the definition, with its domain template, and of VMs that are defined domain XML and logs as well; the
 * host's logs; and versions. Logs and templates that cannot be read are notes. A host that is a file has no logs. NULL: see the diagnostics.
 */
gpuvm_bundle *gpuvm_bundle_make(gpuvm_session *session, char **arguments);

void gpuvm_bundle_free(gpuvm_bundle *bundle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_bundle, gpuvm_bundle_free)
