/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claims.h: libvirt's domain XML → which PCI devices the domain has; no connection needed
 *
 * Which elements of a domain have some: gpuvm_xml_takes_pci (model/pcixml.h).
 */
#pragma once

#include <libxml/tree.h>

#include "model/facts.h"

/**
 * The claim of a domain whose definition is the <domain> @element: what it names for its next start; errors are as
 * base/xml.h says.
 */
gpuvm_claim *gpuvm_claim_from_element(const xmlNode *element, GError **error);

/** The same of a whole document. */
gpuvm_claim *gpuvm_claim_parse(const char *xml, GError **error);

/** Says that the domain is running, as the <domain> @element: what it has now. */
bool gpuvm_claim_run_element(gpuvm_claim *claim, const xmlNode *element, GError **error);

/** The same of a whole document. */
bool gpuvm_claim_run(gpuvm_claim *claim, const char *xml, GError **error);
