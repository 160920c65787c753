/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plugin.h: the plugins that are installed: one file NAME.yaml each, in session->plugin_dir
 *
 * What went wrong is in the session's diagnostics.
 */
#pragma once

#include "model/spec.h"
#include "ops/session.h"

/*
 * Where plugins are: session->plugin_dir, else /var/lib/gpuvm/plugins for root and gpuvm/plugins in the XDG data
 * directory for others. g_malloc.
 */
char *gpuvm_plugin_directory(const gpuvm_session *session);

/** The file of plugin @name, which is a valid name, whether or not there is one. g_malloc. */
char *gpuvm_plugin_file(const gpuvm_session *session, const char *name);

/** The names of the installed plugins (char *, in order, owned by the array); NULL: see the diagnostics. */
GPtrArray *gpuvm_plugin_names(gpuvm_session *session);

/* Whether plugin @name is there, damaged or not; that it is not is an error at @mark (GPUVM_EXIT_HOST). */
bool gpuvm_plugin_is_installed(gpuvm_session *session, const char *name, const gpuvm_mark *mark);

/** Plugin @name, enabled or not; NULL: see the diagnostics (GPUVM_EXIT_HOST when it is not installed). */
gpuvm_spec *gpuvm_plugin_get(gpuvm_session *session, const char *name, const gpuvm_mark *mark);

/* As above, for a VM that names it at @mark: one that is disabled is an error there too (GPUVM_EXIT_HOST). */
gpuvm_spec *gpuvm_plugin_load(gpuvm_session *session, const char *name, const gpuvm_mark *mark);
