/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * digest.h: the checksum of a stream
 *
 * GnuTLS computes it, which libvirt and libcurl bring along: it uses the CPU's own instructions where there are some, and
 * is several times as fast as GLib then. Loaded when it is first needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

typedef struct gpuvm_digest gpuvm_digest;

/** Of the kind that @checksum begins with ("sha512:…"); NULL: sha256. NULL with @error: GnuTLS is not there. */
gpuvm_digest *gpuvm_digest_new(const char *checksum, GError **error);
void gpuvm_digest_add(gpuvm_digest *digest, const void *bytes, size_t size);

/** "sha256:…" of all that was added; it begins anew then. g_malloc. */
char *gpuvm_digest_finish(gpuvm_digest *digest);
void gpuvm_digest_free(gpuvm_digest *digest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_digest, gpuvm_digest_free)
