/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plugin_store.h: what changes the installed plugins (ops/plugin.h)
 *
 * A file is replaced as a whole, and changes are made one after the other, so that who reads never sees half of one.
 * libvirt is asked only for the domains that a note is about. What went wrong is in the session's diagnostics.
 */
#pragma once

#include "ops/lifecycle.h"

/**
 * Installs the manifest at @from, a file, "-" or a URL, which must have @checksum unless that is NULL. Its relative paths
 * are made absolute and its cloud-init files put into it; from a URL it may name no file of this host, unless it is
 * @trusted. One that is disabled stays so. Notes say what its VMs would lack on the host. *@ret_name is g_malloc.
 */
bool gpuvm_plugin_install(gpuvm_session *session, const char *from, const char *checksum, bool trusted,
                          char **ret_name, gpuvm_change *ret_change);

/** Says whether plugin @name may be used. */
bool
gpuvm_plugin_set_enabled(gpuvm_session *session, const char *name, bool enabled, gpuvm_outcome *ret_outcome);

/** Removes plugin @name, damaged or not. The domains that were defined with it go on; a note names them. */
bool gpuvm_plugin_remove(gpuvm_session *session, const char *name);
