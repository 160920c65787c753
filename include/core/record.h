/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record.h: what a domain's metadata remembers of its definition, written and read
 *
 * Whoever may look at a domain sees its metadata, so that no secret is in it (core/secret.h).
 */
#pragma once

#include <libxml/tree.h>

#include "model/plan.h"

/** Adds gpuvm's element to @metadata, in place of one that is there: what is to be remembered of @plan. */
void gpuvm_record_write(const gpuvm_plan *plan, xmlNode *metadata);

/**
 * Reads gpuvm's element back, with or without its prefix. One that is damaged (edited by hand, or written by
 * a newer version) fails with GPUVM_EXIT_FAILED.
 */
gpuvm_record *gpuvm_record_parse(const char *xml, GError **error);
