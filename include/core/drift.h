/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drift.h: whether two domain XMLs say the same, and whether a domain is still as define left it
 *
 * Whitespace does not count, nor does the order of devices: libvirt does not keep that when a domain starts. What is
 * compared is libvirt's XML with libvirt's, since it fills in much that a definition does not say.
 */
#pragma once

#include "base/xml.h"
#include "model/plan.h"

/**
 * Whether two domain XMLs of libvirt's say the same, metadata included. What gpuvm remembers beside what it decided does not
 * count: the text of the definition, where that came from, which images disks are made on, and the digests below.
 */
bool gpuvm_drift_equal(const char *a, const char *b);

/**
 * Whether a domain that runs, @running, is what its persistent XML, @defined, says, but for what a start adds. Metadata do not
 * count. What a start puts in place of something else (a CPU of the host's model) is not what was said.
 */
bool gpuvm_drift_runs(const char *running, const char *defined);

/**
 * "sha256:…" of the @domain that gpuvm made, without its metadata of gpuvm's, and without what comes from the domain that it
 * takes the place of: its UUID, and MAC addresses. g_malloc.
 */
char *gpuvm_drift_digest_made(const xmlNode *domain);

/**
 * What gpuvm is to remember of how libvirt, of version @libvirt, has the domain that was just defined: the element to be set
 * as its metadata, without a namespace (g_malloc). NULL: it is there already, or the domain is not gpuvm's.
 */
char *gpuvm_drift_note(const char *xml, uint64_t libvirt);

/**
 * Whether the domain that libvirt, of version @libvirt, has as @xml now was changed since define, by others than gpuvm: 1 or
 * 0; GPUVM_UNKNOWN when it is not remembered, or was by another version of libvirt, which may write the same otherwise.
 */
int gpuvm_drift_look(const gpuvm_record *record, const char *xml, uint64_t libvirt);

/** The same of a document that was parsed already, which is of no further use then. */
int gpuvm_drift_look_at(const gpuvm_record *record, xmlDoc *doc, uint64_t libvirt);
