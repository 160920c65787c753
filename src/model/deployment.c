/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/tables.h"

static const char *const kind_word[] = {"deployment", NULL};

static const gpuvm_field fields[] = {
    GPUVM_FIELD_KIND(gpuvm_deployment, kind_word),
    {GPUVM_FIELD(gpuvm_deployment, name), .scalar = &gpuvm_scalar_name, .flags = GPUVM_FIELD_REQUIRED,
     .doc = "The name of the deployment; its VMs are named after it."},
    {GPUVM_FIELD(gpuvm_deployment, replicas), .scalar = &gpuvm_scalar_integer, .fallback = "1", .min = 1,
     .max = 1024, .doc = "How many VMs there are: NAME-0, NAME-1 and so on."},
    {GPUVM_FIELD(gpuvm_deployment, plugin), .scalar = &gpuvm_scalar_name,
     .doc = "The plugin whose fields the VMs take where they have none of their own."},
    {GPUVM_FIELD(gpuvm_deployment, runtime), .scalar = &gpuvm_scalar_name,
     .doc = "The runtime that the guests are told of; when absent, the plugin's."},
    {GPUVM_FIELD(gpuvm_deployment, cards_per_replica), .scalar = &gpuvm_scalar_integer, .fallback = "1",
     .min = 1, .max = 64,
     .doc = "How many items of devices.pci_passthrough each VM gets. They are dealt out in their order: the "
            "first ones to NAME-0, the next to NAME-1, so that a VM keeps its cards when replicas changes."},
    {GPUVM_FIELD(gpuvm_deployment, config), .shape = GPUVM_OBJECT, .table = &gpuvm_body_table,
     .doc = "What each VM is made of: the same keys as beside name, given in one place only."},
    {GPUVM_FIELD(gpuvm_deployment, manifest), .shape = GPUVM_OBJECT, .table = &gpuvm_body_table,
     .doc =
         "Fields that take the place of the plugin's, where the VMs have none of their own. Its allowlist, "
         "too, only narrows the plugin's."},
    {NULL},
};

/* What a deployment may say of itself beside config. */
static const char *const own_keys[] = {"title", "description", "labels", "metadata", NULL};

/* One list in place of the other could allow more. */
static void
check_allowlists(const gpuvm_deployment *deployment, gpuvm_diags *diags)
{
    const gpuvm_body *body = deployment->config ? deployment->config : &deployment->body;
    const gpuvm_object *devices = &body->devices->object;
    gpuvm_mark mark = gpuvm_object_mark(devices, "allowlist");

    if (deployment->manifest && gpuvm_object_has(&deployment->manifest->devices->object, "allowlist") &&
        gpuvm_object_has(devices, "allowlist"))
        gpuvm_diag_hint(
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "the allowlist is in manifest already"),
            "give one of the two");
}

static void
check_deployment(const void *object, gpuvm_diags *diags)
{
    const gpuvm_deployment *deployment = object;
    const gpuvm_object *top = &deployment->body.object;
    const gpuvm_network *network =
        deployment->config ? deployment->config->network : deployment->body.network;
    g_autoptr(GPtrArray) rows = gpuvm_table_fields(&gpuvm_body_table);

    check_allowlists(deployment, diags);
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

gpuvm_deployed *
gpuvm_deployed_new(void)
{
    gpuvm_deployed *deployed = g_rc_box_new0(gpuvm_deployed);

    deployed->surplus = g_ptr_array_new_with_free_func(g_free);
    return deployed;
}

gpuvm_deployed *
gpuvm_deployed_ref(gpuvm_deployed *deployed)
{
    return g_rc_box_acquire(deployed);
}

static void
clear_deployed(gpointer data)
{
    gpuvm_deployed *deployed = data;

    g_free(deployed->name);
    g_free(deployed->digest);
    g_free(deployed->text);
    g_ptr_array_unref(deployed->surplus);
}

void
gpuvm_deployed_unref(gpuvm_deployed *deployed)
{
    if (deployed)
        g_rc_box_release_full(deployed, clear_deployed);
}

const gpuvm_table gpuvm_deployment_table = {
    .name = "deployment",
    .doc = "VMs that are alike.",
    .size = sizeof(gpuvm_deployment),
    .parent = &gpuvm_body_table,
    .fields = fields,
    .check = check_deployment,
};
