/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * origin.h: where an installed plugin came from: the comment that its file begins with
 */
#pragma once

#include "model/spec.h"

typedef struct gpuvm_origin {
    char *from;   /* the file or URL, without a password; NULL: the file was not written by gpuvm */
    char *digest; /* "sha256:…" of the manifest as it came; likewise */
} gpuvm_origin;

void gpuvm_origin_clear(gpuvm_origin *origin);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(gpuvm_origin, gpuvm_origin_clear)

/** What the file of @plugin says. */
gpuvm_origin gpuvm_origin_of(const gpuvm_spec *plugin);

/** The comment that says it: whole lines, or "". g_malloc. */
char *gpuvm_origin_comment(const gpuvm_origin *origin);
