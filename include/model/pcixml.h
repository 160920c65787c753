/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pcixml.h: PCI devices as libvirt writes them in XML
 */
#pragma once

#include "base/xml.h"
#include "model/pci.h"

/** Reads libvirt's <address domain= bus= slot= function=/>; what is absent is 0. */
bool gpuvm_xml_address(const xmlNode *node, gpuvm_pci_addr *ret_addr, GError **error);

/** Reads each <address/> child of @parent (NULL: none) into @addrs, which stays in order and without
 * duplicates. */
bool gpuvm_xml_addresses(const xmlNode *parent, GArray *addrs, GError **error);

/**
 * Whether @device, an element of a domain's <devices>, takes PCI functions from the host; their addresses are in its
 * <source>: <hostdev type='pci'>, <interface type='hostdev'> and <disk type='nvme'>. Mediated devices are not functions.
 * libvirt's own files have a function that a network gave in the <actual type='hostdev'> of an <interface type='network'>.
 */
bool gpuvm_xml_takes_pci(const xmlNode *device);

/** Whether a domain's @xml has the words of such an element: when it has not, there is none. */
bool gpuvm_xml_may_take_pci(const char *xml);

/** Adds <address domain= bus= slot= function=/> to @parent. */
void gpuvm_xml_add_address(xmlNode *parent, const gpuvm_pci_addr *addr);
