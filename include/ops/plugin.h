/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plugin.h: the plugins that are installed: one file NAME.yaml each, in session->plugin_dir
 *
 * A file is replaced as a whole, and changes are made one after the other, so that who reads never sees half of one.
 * libvirt is asked only for the domains that a note is about. What went wrong is in the session's diagnostics.
 */
#pragma once

#include "model/spec.h"
#include "ops/define.h"
#include "ops/lifecycle.h"

/** Where plugins are: session->plugin_dir, else /var/lib/gpuvm/plugins for root and gpuvm/plugins in the XDG data
 * directory for others. g_malloc. */
char *gpuvm_plugin_directory(const gpuvm_session *session);

/** The file of plugin @name, which is a valid name, whether or not there is one. g_malloc. */
char *gpuvm_plugin_file(const gpuvm_session *session, const char *name);

/** The names of the installed plugins (char *, in order, owned by the array); NULL: see the diagnostics. */
GPtrArray *gpuvm_plugin_names(gpuvm_session *session);

/** Whether plugin @name is there, damaged or not; that it is not is an error at @mark (GPUVM_EXIT_HOST). */
bool gpuvm_plugin_is_installed(gpuvm_session *session, const char *name, const gpuvm_mark *mark);

/** Plugin @name, enabled or not; NULL: see the diagnostics (GPUVM_EXIT_HOST when it is not installed). */
gpuvm_spec *gpuvm_plugin_get(gpuvm_session *session, const char *name, const gpuvm_mark *mark);

/** As above, for a VM that names it at @mark: one that is disabled is an error there too (GPUVM_EXIT_HOST). */
gpuvm_spec *gpuvm_plugin_load(gpuvm_session *session, const char *name, const gpuvm_mark *mark);

/**
 * Installs the manifest at @from, a file, "-" or a URL, which must have @checksum unless that is NULL. Its relative paths
 * are made absolute and its cloud-init files put into it; from a URL it may have neither. One that is disabled stays so.
 * *@ret_name is g_malloc.
 */
bool gpuvm_plugin_install(gpuvm_session *session, const char *from, const char *checksum, char **ret_name,
                          gpuvm_change *ret_change);

/** Says whether plugin @name may be used. */
bool
gpuvm_plugin_set_enabled(gpuvm_session *session, const char *name, bool enabled, gpuvm_outcome *ret_outcome);

/** Removes plugin @name, damaged or not. The domains that were defined with it go on; a note names them. */
bool gpuvm_plugin_remove(gpuvm_session *session, const char *name);
