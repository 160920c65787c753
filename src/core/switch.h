/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * switch.h: the host's PCI Express switches
 *
 * A switch is an upstream port, and the downstream ports below it (PCI Express Base Specification 4.0, 1.3.3). The upstream
 * port is itself below a root port, or another switch.
 */
#pragma once

#include "model/facts.h"

/** The upstream port of the switch that @device is right behind; NULL: of none, or not known. */
const gpuvm_device *gpuvm_switch_of(const gpuvm_facts *facts, const gpuvm_device *device);
