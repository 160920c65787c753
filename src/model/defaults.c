/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/tables.h"

static const char *const kind_word[] = {"defaults", NULL};

static const gpuvm_field fields[] = {
    GPUVM_FIELD_KIND(gpuvm_defaults, kind_word),
    {GPUVM_FIELD(gpuvm_defaults, pool), .scalar = &gpuvm_scalar_name,
     .doc = "The storage pool of libvirt's that images are fetched into, in place of gpuvm."},
    {NULL},
};

const gpuvm_table gpuvm_defaults_table = {
    .name = "defaults",
    .doc = "What the VMs of a host take where neither they nor their plugins say anything.",
    .size = sizeof(gpuvm_defaults),
    .parent = &gpuvm_common_table,
    .fields = fields,
};
