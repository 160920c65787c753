/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record.h: what a domain's metadata remembers of its definition, written and read
 *
 * Whoever may look at a domain sees its metadata, so that no secret is in it (core/secret.h).
 */
#pragma once

#include <libxml/tree.h>

#include "model/plan.h"

/**
 * Adds gpuvm's element to @metadata, in place of one that is there: what is to be remembered of @plan, and of the domain XML
 * made of it, whose digest is @made (core/drift.h).
 */
void gpuvm_record_write(const gpuvm_plan *plan, const char *made, xmlNode *metadata);

/**
 * Reads gpuvm's element back, with or without its prefix. One that is damaged (edited by hand, or written by
 * a newer version) fails with GPUVM_EXIT_FAILED.
 */
gpuvm_record *gpuvm_record_parse(const char *xml, GError **error);

/** Writes into @vm, gpuvm's element, that the libvirt of version @by has the domain as @digest says. */
void gpuvm_record_set_seen(xmlNode *vm, const char *digest, uint64_t by);

/** The document of @yaml, a recorded definition; NULL: it is damaged. To be unreferenced. */
gpuvm_doc *gpuvm_record_document(const char *yaml);

/** Whether what @record remembers was defined as VM @name: a copy of its domain, or one that was renamed, was not. */
bool gpuvm_record_is_of(const gpuvm_record *record, const char *name);

/** What @record's domain was called when it was defined; NULL: by gpuvm 0.1, which did not keep it. g_malloc. */
char *gpuvm_record_name(const gpuvm_record *record);
