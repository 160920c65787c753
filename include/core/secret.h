/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * secret.h: what of a definition is not for everybody's eyes
 *
 * Secrets are the values of fields that have GPUVM_FIELD_SECRET (the workload's environment, cloud-init's texts), and what
 * gpuvm_url_shown (base/url.h) leaves out of URLs, wherever these are.
 */
#pragma once

#include "doc/build.h"
#include "model/spec.h"

#define GPUVM_SECRET_HIDDEN "(hidden)"

/**
 * @doc, which @table decodes, as it may be shown: with GPUVM_SECRET_HIDDEN in place of a field's secret. Each value keeps
 * its place in @doc's source. *@ret_any (may be NULL): whether there are secrets in it.
 */
gpuvm_doc *gpuvm_secret_hide(const gpuvm_table *table, const gpuvm_doc *doc, bool *ret_any);

/** Whether there are secrets in @root, which @table decodes. */
bool gpuvm_secret_any(const gpuvm_table *table, const gpuvm_node *root);

/**
 * The same of @root with GPUVM_SPEC_HIDDEN and the beginning of a sealed digest in place of each secret, so that another
 * secret is seen to be another; of a URL the rest of it stands behind that. @salt makes the digests differ from those of the
 * same secrets elsewhere. @key and *@ret_any (may be NULL) are as below and above.
 */
gpuvm_doc *gpuvm_secret_digest(const gpuvm_table *table, const gpuvm_node *root, const char *salt,
                               GBytes *key, bool *ret_any);

/**
 * @digest, hex digits, of something with secrets, as everybody may see it: its HMAC-SHA256 (RFC 2104), so that who does not
 * have @key cannot try out guesses. NULL: nobody compares it, and it is nothing but zeros. 64 hex digits, g_malloc.
 */
char *gpuvm_secret_seal(GBytes *key, const char *digest);

/** Which key @key is, for everybody to see. g_malloc. */
char *gpuvm_secret_key_id(GBytes *key);
