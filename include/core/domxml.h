/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domxml.h: a plan → libvirt domain XML
 *
 * No decision is taken here. A template (templates/domain.xml, or the one the definition names) is parsed,
 * patched as a tree, and printed; the same plan gives the same bytes.
 */
#pragma once

#include "model/plan.h"

/**
 * The domain XML of @plan on top of @template, indented by two spaces. A template that is not a <domain>, or has what it
 * may not have (core/bounds.h), is an error at @mark (GPUVM_EXIT_INVALID) and NULL; @name says which.
 */
char *gpuvm_domxml_make(const gpuvm_plan *plan, const char *template, const char *name,
                        const gpuvm_mark *mark, gpuvm_diags *diags);

/**
 * Whether two domain XMLs of libvirt's say the same: it does not keep the order of devices when a domain starts. What is recorded of
 * a deployment does not count.
 */
bool gpuvm_domxml_equal(const char *a, const char *b);
