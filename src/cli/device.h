/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * device.h: a PCI function as a row of JSON, the same wherever one is shown
 */
#pragma once

#include "cli/output.h"
#include "model/facts.h"

/* address, name, class, class_name, vendor_id, device_id, vendor, product, driver, iommu_group, numa_node, link. */
JsonObject *gpuvm_device_row(const gpuvm_device *device);

/* "10de:2204" of such a row. g_malloc. */
char *gpuvm_device_row_id(JsonObject *row);

/* What a domain has to do with a function: @in_use: it runs with it. */
JsonObject *gpuvm_device_claim(const gpuvm_claim *claim, bool in_use);

/* "0000:01:00.0" of each of @addrs (gpuvm_pci_addr). */
JsonArray *gpuvm_json_addresses(const GArray *addrs);

/*
 * The addresses (gpuvm_pci_addr) that @n arguments are, of functions or cards; those that are not addresses are errors (exit
 * code 2).
 */
GArray *gpuvm_read_addresses(gpuvm_diags *diags, int n, char **arguments);
