/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * redact.h: texts without what tells whose they are
 *
 * Addresses, identifiers and names get placeholders, the same value the same one in all texts of one run, so that these still belong
 * together; what may be a secret is gone. PCI addresses, digests of images and names of VMs stay. What is a name is told, or found:
 * the host of a URL, a user by the home directory.
 */
#pragma once

#include <glib.h>

typedef struct gpuvm_redaction gpuvm_redaction;

gpuvm_redaction *gpuvm_redaction_new(void);
void gpuvm_redaction_free(gpuvm_redaction *redaction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_redaction, gpuvm_redaction_free)

/**
 * @name of a @kind ("host", "user") is replaced wherever it stands as a word. Words that say nothing of anybody, such as root and
 * localhost, and those of one letter, are not.
 */
void gpuvm_redaction_add_name(gpuvm_redaction *redaction, const char *kind, const char *name);

/**
 * Looks for names in @text, to be replaced in every text. All texts are shown to it before the first is redacted, so that a name is
 * replaced where nothing tells that it is one.
 */
void gpuvm_redaction_learn(gpuvm_redaction *redaction, const char *text);

/** @text, with what tells nothing in its place. What is no UTF-8 becomes U+FFFD. g_malloc. */
char *gpuvm_redaction_apply(gpuvm_redaction *redaction, const char *text);

/** What was replaced so far, and how many of it: "UUIDs: 3" (char *, owned by the array). */
GPtrArray *gpuvm_redaction_tell(const gpuvm_redaction *redaction);
