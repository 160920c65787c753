/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/vm.h"

#include "model/tables.h"

static const char *const kind_word[] = {"vm", NULL};

static const gpuvm_field fields[] = {
    GPUVM_FIELD_KIND(gpuvm_vm, kind_word),
    {GPUVM_FIELD(gpuvm_vm, name), .scalar = &gpuvm_scalar_name, .flags = GPUVM_FIELD_REQUIRED,
     .doc = "The name of the VM, and of its libvirt domain."},
    {GPUVM_FIELD(gpuvm_vm, plugin), .scalar = &gpuvm_scalar_name,
     .doc =
         "The plugin whose fields the VM takes where it has none of its own: mappings are merged key by key, lists "
         "are replaced, and a device must be in the allowlists of both."},
    {GPUVM_FIELD(gpuvm_vm, runtime), .scalar = &gpuvm_scalar_name,
     .doc = "The runtime that the guest is told of; when absent, the plugin's."},
    {NULL},
};

const gpuvm_table gpuvm_vm_table = {
    .name = "vm",
    .doc = "A virtual machine.",
    .size = sizeof(gpuvm_vm),
    .parent = &gpuvm_body_table,
    .fields = fields,
};
