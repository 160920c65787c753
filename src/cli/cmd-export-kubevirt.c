/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* export kubevirt: definitions as manifests for KubeVirt */
#include <config.h>

#include <stdio.h>

#include "cli/exports.h"
#include "cli/yaml.h"
#include "ops/kubevirt.h"

static gboolean strict;

static void
print(const gpuvm_kube *kube)
{
    for (guint i = 0; i < kube->manifests->len; i++) {
        const gpuvm_kube_manifest *manifest = kube->manifests->pdata[i];
        g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
        g_autofree char *yaml = NULL;

        json_node_set_object(root, manifest->json);
        yaml = gpuvm_json_to_yaml(root);
        fputs(i > 0 ? "---\n" : "", stdout);
        for (guint k = 0; k < manifest->comments->len; k++)
            printf("# %s\n", (const char *)manifest->comments->pdata[k]);
        fputs(yaml, stdout);
    }
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(gpuvm_kube) kube = gpuvm_kubevirt(cli->session, argv, strict);
    JsonArray *items;

    (void)argc;
    if (!kube)
        return;
    if (!cli->output->json) {
        print(kube);
        return;
    }
    items = json_array_new();
    for (guint i = 0; i < kube->manifests->len; i++)
        json_array_add_object_element(
            items, json_object_ref(((const gpuvm_kube_manifest *)kube->manifests->pdata[i])->json));
    json_object_set_string_member(cli->output->result, "apiVersion", "v1");
    json_object_set_string_member(cli->output->result, "kind", "List");
    gpuvm_output_rows(cli->output, "items", items);
}

static const GOptionEntry options[] = {
    {"strict", 0, 0, G_OPTION_ARG_NONE, &strict, "print nothing when anything of a definition would be lost",
     NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_export_kubevirt = {
    .name = "kubevirt",
    .parent = &gpuvm_cmd_export,
    .arguments = "FILE|DIR|-…",
    .summary = "Print definitions as manifests for KubeVirt",
    .description =
        "Prints manifests for Kubernetes with KubeVirt: a VirtualMachine for each VM, a VirtualMachinePool for each deployment,\n"
        "and what they need; of KubeVirt itself, which cards it permits, as far as the policy allows them: --host names a host\n"
        "that has such cards. What a definition says and a manifest cannot is lost: a warning, and a comment in the manifest;\n"
        "with --strict an error (exit code 2).",
    .options = options,
    .min_arguments = 1,
    .max_arguments = -1,
    .argument = GPUVM_ARGUMENT_DEFINITION,
    .run = run,
};
