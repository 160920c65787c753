/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/tables.h"

static const char *const kind_word[] = {"deployment", NULL};

static const gpuvm_field fields[] = {
    GPUVM_FIELD_KIND(gpuvm_deployment, kind_word),
    {GPUVM_FIELD(gpuvm_deployment, name), .scalar = &gpuvm_scalar_name, .flags = GPUVM_FIELD_REQUIRED,
     .doc = "The name of the deployment; its VMs are named after it."},
    {GPUVM_FIELD(gpuvm_deployment, replicas), .scalar = &gpuvm_scalar_integer, .fallback = "1", .max = 1024,
     .doc = "How many VMs there are."},
    {GPUVM_FIELD(gpuvm_deployment, plugin), .scalar = &gpuvm_scalar_name,
     .doc = "The plugin whose fields the VMs take where they have none of their own."},
    {GPUVM_FIELD(gpuvm_deployment, config), .shape = GPUVM_OBJECT, .table = &gpuvm_body_table,
     .doc = "What each VM is made of: the same keys as beside name, given in one place only."},
    {GPUVM_FIELD(gpuvm_deployment, manifest), .shape = GPUVM_OBJECT, .table = &gpuvm_body_table,
     .doc = "Fields that take the place of the plugin's."},
    {NULL},
};

/* What a deployment may say of itself beside config. */
static const char *const own_keys[] = {"title", "description", "labels", "metadata", NULL};

static void
check_deployment(const void *object, gpuvm_diags *diags)
{
    const gpuvm_deployment *deployment = object;
    const gpuvm_object *top = &deployment->body.object;
    const gpuvm_network *network =
        deployment->config ? deployment->config->network : deployment->body.network;
    g_autoptr(GPtrArray) rows = gpuvm_table_fields(&gpuvm_body_table);

    if (gpuvm_network_has_mode(network)) /* see model/spec.c */
        gpuvm_network_check(network, diags);
    for (guint i = 0; deployment->config && i < rows->len; i++) {
        const gpuvm_field *row = rows->pdata[i];
        gpuvm_mark mark = gpuvm_object_mark(top, row->key);

        if (gpuvm_object_has(top, row->key) && !g_strv_contains(own_keys, row->key))
            gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark,
                                              "%s is given beside config, which describes the VM already",
                                              row->key),
                            "move it into config");
    }
}

const gpuvm_table gpuvm_deployment_table = {
    .name = "deployment",
    .doc = "VMs that are alike.",
    .size = sizeof(gpuvm_deployment),
    .parent = &gpuvm_body_table,
    .fields = fields,
    .check = check_deployment,
};
