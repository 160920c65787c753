/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * manifest.h: a plugin's manifest, read from where it is given
 */
#pragma once

#include "ops/origin.h"
#include "ops/session.h"

/**
 * The plugin whose manifest is at @from, as gpuvm_plugin_install has it, complete in itself, and where it came from; NULL: see
 * the session's diagnostics.
 */
gpuvm_spec *gpuvm_manifest_read(gpuvm_session *session, const char *from, const char *checksum, bool trusted,
                                gpuvm_origin *ret_origin);
