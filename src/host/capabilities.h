/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * capabilities.h: libvirt's capabilities XML → facts; no connection needed
 */
#pragma once

#include <libxml/tree.h>

#include "model/facts.h"

/** Which part of the capabilities is wanted. */
typedef enum gpuvm_capabilities {
    GPUVM_CAPABILITIES_HOST = 1 << 0,  /* cells, memory, CPUs, whether there is an IOMMU */
    GPUVM_CAPABILITIES_GUEST = 1 << 1, /* arch, domain type, emulator */
    GPUVM_CAPABILITIES_ALL = GPUVM_CAPABILITIES_HOST | GPUVM_CAPABILITIES_GUEST,
} gpuvm_capabilities;

/**
 * Puts @parts of a <capabilities> element in @facts; a host part replaces the cells that were there.
 *
 * The guest is a full-virtualisation one of the host's own architecture, else of x86_64, else the first; its
 * domain type is kvm, else qemu, else the first. Errors are as base/xml.h says, and leave @facts as it was.
 */
bool gpuvm_capabilities_from_element(const xmlNode *element, gpuvm_capabilities parts, gpuvm_facts *facts,
                                     GError **error);

/** The same of a whole document. */
bool gpuvm_capabilities_parse(const char *xml, gpuvm_capabilities parts, gpuvm_facts *facts, GError **error);
