/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domxml.h: a plan → libvirt domain XML
 *
 * No decision is taken here. A template (templates/domain.xml, or the one the definition names) is parsed,
 * patched as a tree, and printed; the same plan gives the same bytes.
 */
#pragma once

#include "base/xml.h"
#include "model/plan.h"

/**
 * The domain XML of @plan on top of @template, indented by two spaces. A template that is not a <domain>, or has what it
 * may not have (core/bounds.h), is an error at @mark (GPUVM_EXIT_INVALID) and NULL; @name says which. So is an emulator of
 * libvirt's that a domain may not have (GPUVM_EXIT_REFUSED).
 */
char *gpuvm_domxml_make(const gpuvm_plan *plan, const char *template, const char *name,
                        const gpuvm_mark *mark, gpuvm_diags *diags);

/** Its two steps: @template as a tree, to be freed; NULL: see above. Then @plan put into it, whose nodes alone have no line. */
xmlDoc *gpuvm_domxml_template(const gpuvm_plan *plan, const char *template, const char *name,
                              const gpuvm_mark *mark, gpuvm_diags *diags);
void gpuvm_domxml_patch(const gpuvm_plan *plan, xmlDoc *template);
