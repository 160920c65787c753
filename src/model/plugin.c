/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/tables.h"

static const char *const kind_word[] = {"plugin", NULL};
static const char *const schema_versions[] = {"1.0", NULL};

static const gpuvm_field fields[] = {
    GPUVM_FIELD_KIND(gpuvm_plugin, kind_word),
    {.key = "$schema",
     .offset = offsetof(gpuvm_plugin, schema),
     .scalar = &gpuvm_scalar_text,
     .doc = "The JSON Schema of the manifest, for editors; gpuvm does not look at it."},
    {GPUVM_FIELD(gpuvm_plugin, schema_version), .shape = GPUVM_ENUM, .choices = schema_versions,
     .doc = "The version of the manifest's format."},
    {GPUVM_FIELD(gpuvm_plugin, name), .scalar = &gpuvm_scalar_name, .flags = GPUVM_FIELD_REQUIRED,
     .doc = "The name that VMs and deployments know it by."},
    {GPUVM_FIELD(gpuvm_plugin, version), .scalar = &gpuvm_scalar_string, .doc = "The version of the plugin."},
    {GPUVM_FIELD(gpuvm_plugin, runtime), .scalar = &gpuvm_scalar_name,
     .doc = "The runtime that it provides; when absent, its name."},
    {GPUVM_FIELD(gpuvm_plugin, enabled), .scalar = &gpuvm_scalar_bool, .fallback = "true",
     .doc = "Whether it may be used."},
    {NULL},
};

const gpuvm_table gpuvm_plugin_table = {
    .name = "plugin",
    .doc = "What the VMs that name it have in common.",
    .size = sizeof(gpuvm_plugin),
    .parent = &gpuvm_body_table,
    .fields = fields,
};

const char *
gpuvm_plugin_runtime(const gpuvm_plugin *plugin)
{
    return plugin->runtime ? plugin->runtime : plugin->name;
}
