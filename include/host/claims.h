/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claims.h: libvirt's domain XML → which PCI devices the domain has; no connection needed
 *
 * Which elements of a domain have some: gpuvm_xml_takes_pci (model/pcixml.h).
 */
#pragma once

#include <libxml/tree.h>

#include "model/facts.h"

/** The claim of a <domain> element; errors are as base/xml.h says. */
gpuvm_claim *gpuvm_claim_from_element(const xmlNode *element, bool active, GError **error);

/** The same of a whole document. */
gpuvm_claim *gpuvm_claim_parse(const char *xml, bool active, GError **error);

/** Adds to @claim what another XML of the same domain says: the persistent one's to the live one's. */
bool gpuvm_claim_add(gpuvm_claim *claim, const char *xml, GError **error);

/**
 * Takes ownership of @claim: it takes the place of an older one of the same domain in @facts->claims, which
 * stays in order of names; one without devices takes the older one away.
 */
void gpuvm_claims_add(gpuvm_facts *facts, gpuvm_claim *claim);
