/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * device.h: a PCI function as a row of JSON, the same wherever one is shown
 */
#pragma once

#include "cli/output.h"
#include "model/facts.h"

/** address, class, class_name, vendor_id, device_id, vendor, product, driver, iommu_group, numa_node, link.
 */
JsonObject *gpuvm_device_row(const gpuvm_device *device);

/** "10de:2204" of such a row. g_malloc. */
char *gpuvm_device_row_id(JsonObject *row);
