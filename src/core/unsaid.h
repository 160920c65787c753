/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unsaid.h: what of a domain's XML no definition says
 */
#pragma once

#include "base/xml.h"

/*
 * Adds to @unsaid (char *, owned) each element of @domain that neither a definition says, nor libvirt or the built-in template
 * has in any domain. Of disks, NICs and passed devices that core/sketch looks at, only what is in them is looked for.
 */
void gpuvm_unsaid_find(const xmlNode *domain, GPtrArray *unsaid);

/* How @node begins: "<graphics type='vnc'>", or "<on_crash>restart"; long ones are cut. g_malloc. */
char *gpuvm_unsaid_quote(const xmlNode *node);
