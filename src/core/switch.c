/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/switch.h"

static const gpuvm_device *
bridge_above(const gpuvm_facts *facts, const gpuvm_device *device)
{
    return device && device->below ? gpuvm_facts_device(facts, &device->parent) : NULL;
}

const gpuvm_device *
gpuvm_switch_of(const gpuvm_facts *facts, const gpuvm_device *device)
{
    const gpuvm_device *upstream = bridge_above(facts, bridge_above(facts, device));
    bool express = device->link_max_width > 0; /* below a bridge to conventional PCI there are bridges, too */

    return express && upstream && upstream->below ? upstream : NULL;
}
