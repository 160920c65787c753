/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/kube_fields.h"

#include <string.h>

#include "base/text.h"
#include "core/kube_vm.h"
#include "core/secret.h"
#include "doc/emit.h"

/* Of a resource's annotations together (Kubernetes' ValidateAnnotations). */
#define ANNOTATIONS_MAX (256 * 1024)

#define DIRECT_BOOT                                                                                          \
    "KubeVirt takes a kernel to boot directly from a container image alone (firmware.kernelBoot)"
#define ADDRESS "an address is one host's: select cards by their model, with gpus: [{id: VENDOR:DEVICE}]"
#define LEASE "the cluster gives a VM its address"
#define CHECKSUM "the importer of images knows no checksum"

const gpuvm_kube_field gpuvm_kube_fields[] = {
    {"kind", .said = "kind"},
    {"name", .said = "metadata.name"},
    {"plugin", .noted = true},
    {"runtime", .noted = true},
    {"title", .noted = true},
    {"description", .noted = true},
    {"labels", .said = "metadata.labels, and annotations for what is no label of Kubernetes'"},
    {"metadata", .noted = true},
    {"resources.cpu_cores", .said = "cpu.cores"},
    {"resources.cpu_topology.sockets", .said = "cpu.sockets"},
    {"resources.cpu_topology.cores", .said = "cpu.cores"},
    {"resources.cpu_topology.threads", .said = "cpu.threads"},
    {"resources.memory_mb", .said = "memory.guest"},
    {"resources.numa", .said = "cpu.numa.guestMappingPassthrough"},
    {"resources.cpu_pinning", .said = "cpu.dedicatedCpuPlacement", .fine = "auto none dedicated",
     .lost = "KubeVirt gives a VM CPUs of its own (dedicated) or lets it run anywhere"},
    {"resources.hugepages", .said = "memory.hugepages"},
    {"disks.source", .said = "dataVolumeTemplates"},
    {"disks.name", .said = "disks.serial"},
    {"disks.size_gb", .said = "dataVolumeTemplates"},
    {"disks.target", .said = "disks.disk.bus"},
    {"disks.format", .said = "the importer sees it"},
    {"disks.readonly", .said = "disks.disk.readonly"},
    {"disks.checksum", .lost = CHECKSUM},
    {"network.mode", .said = "interfaces, networks"},
    {"network.network", .said = "the pod network", .fine = "default", .lost = "there is one network of pods"},
    {"network.bridge", .said = "networks.multus"},
    {"network.mac", .said = "interfaces.macAddress"},
    {"network.subnet", .lost = LEASE},
    {"network.gateway", .lost = LEASE},
    {"network.auto_assign", .lost = LEASE},
    {"firmware", .said = "firmware.bootloader"},
    {"kernel", .lost = DIRECT_BOOT},
    {"kernel_cmdline", .lost = DIRECT_BOOT},
    {"kernel_override", .said = "what it decided is in effect"},
    {"initramfs", .lost = DIRECT_BOOT},
    {"rootfs.path", .said = "dataVolumeTemplates"},
    {"rootfs.url", .said = "dataVolumeTemplates"},
    {"rootfs.checksum", .lost = CHECKSUM},
    {"rootfs.format", .said = "the importer sees it", .fine = "auto raw qcow2", .lost = DIRECT_BOOT},
    {"rootfs.size_gb", .said = "dataVolumeTemplates"},
    {"image", .noted = true},
    {"image_digest", .noted = true},
    {"cloud_init.datasource", .said = "cloudInitNoCloud"},
    {"cloud_init.seed_mode", .said = "cloud-init takes any"},
    {"cloud_init.user_data", .said = "cloudInitNoCloud.secretRef"},
    {"cloud_init.meta_data", .lost = "KubeVirt makes the metadata itself"},
    {"cloud_init.network_config", .said = "cloudInitNoCloud.networkDataSecretRef"},
    {"workload.type", .noted = true},
    {"workload.base_url", .said = "readinessProbe", .noted = true},
    {"workload.entrypoint", .said = "cloudInitNoCloud.secretRef"},
    {"workload.env", .said = "cloudInitNoCloud.secretRef"},
    {"workload.workdir", .said = "cloudInitNoCloud.secretRef"},
    {"health_check.endpoint", .said = "readinessProbe"},
    {"health_check.timeout_ms", .lost = "a readinessProbe asks until the guest answers"},
    {"health_check.from", .said = "readinessProbe.httpGet, or exec for the guest"},
    {"verify", .fine = "false",
     .lost = "a VM of KubeVirt's has no port for the service that answers gpuvm verify"},
    {"actions", .noted = true},
    {"openapi", .noted = true},
    {"expose", .noted = true},
    {"template", .lost = "KubeVirt makes the domain XML itself"},
    {"autostart", .said = "runStrategy"},
    {"devices.pci_passthrough", .lost = ADDRESS},
    {"devices.gpus.id", .said = "gpus.deviceName, permittedHostDevices"},
    {"devices.gpus.class", .said = "what the policy allows is judged by it"},
    {"devices.gpus.numa_node", .lost = "the node of the cluster chooses the card"},
    {"devices.gpus.count", .said = "gpus"},
    {"devices.functions", .said = "permittedHostDevices"},
    {"devices.iommu_group", .fine = "refuse",
     .lost = "KubeVirt passes the devices that are permitted, and no others of their group"},
    {"devices.topology", .fine = "flat", .lost = "KubeVirt puts each card on a root port of its own"},
    {"devices.p2p", .fine = "none", .lost = "KubeVirt does not say which cards share a switch"},
    {"devices.allowlist", .said = "cards are judged by it here"},
    {"devices.per_replica", .lost = ADDRESS},
    {"replicas", .said = "replicas"},
    {"cards_per_replica", .lost = "it deals out cards by their addresses"},
    {"config", .said = "what is in it is in effect"},
    {"manifest", .said = "what is in it is in effect"},
    {NULL},
};

const gpuvm_kube_field *
gpuvm_kube_field_find(const char *key)
{
    const gpuvm_kube_field *row = gpuvm_kube_fields;

    while (row->key && !g_str_equal(row->key, key))
        row++;
    return row->key ? row : NULL;
}

/* What is being looked through. */
typedef struct looking {
    gpuvm_kube *kube;
    gpuvm_kube_manifest *manifest;
    size_t noted; /* bytes of annotations so far */
} looking;

/* @node as an annotation, which is a text. */
static char *
annotation(const gpuvm_node *node)
{
    g_autoptr(JsonNode) json = node->type == GPUVM_NODE_SCALAR ? NULL : gpuvm_emit_json(node);

    return json ? json_to_string(json, FALSE) : g_strdup(node->text);
}

/* Does what @row says of @node, which stands at @path. */
static void
take(looking *work, const gpuvm_kube_field *row, const gpuvm_node *node, const char *path)
{
    if (node->type != GPUVM_NODE_SCALAR && node->n == 0)
        return;
    if (row->lost &&
        !(row->fine && node->type == GPUVM_NODE_SCALAR && gpuvm_text_fits(row->fine, node->text)))
        gpuvm_kube_lose(work->kube, work->manifest, path, &node->mark, row->lost);
    if (!row->noted)
        return;
    g_autofree char *text = annotation(node), *key = g_strconcat("gpuvm/", row->key, NULL);
    work->noted += strlen(text) + strlen(key);
    if (work->noted <= ANNOTATIONS_MAX)
        json_object_set_string_member(gpuvm_kube_at(work->manifest->json, "metadata.annotations"), key, text);
    else
        gpuvm_kube_lose(work->kube, work->manifest, path, &node->mark,
                        "the annotations of a resource have room for 256 KiB");
}

/* Looks for the rows of @node, which @table decodes, and of all below it; @key is that of the rows, @path has numbers of items. */
static void
look(looking *work, const gpuvm_table *table, const gpuvm_node *node, const char *key, const char *path)
{
    const gpuvm_kube_field *row = gpuvm_kube_field_find(key);

    if (row) {
        take(work, row, node, path);
    } else if (node->type == GPUVM_NODE_SCALAR) {
        g_autofree char *inner = g_strdup_printf("%s.%s", key, table->scalar_key);

        look(work, NULL, node, inner, path);
    }
    for (unsigned i = 0; !row && i < node->n; i++) {
        const char *name = node->type == GPUVM_NODE_MAPPING ? node->keys[i]->text : NULL;
        const char *dot = *key ? "." : "";
        g_autofree char *inner = name ? g_strconcat(key, dot, name, NULL) : g_strdup(key);
        g_autofree char *at = name ? g_strconcat(path, dot, name, NULL) : g_strdup_printf("%s[%u]", path, i);

        look(work, name ? gpuvm_table_field(table, name)->table : table, node->values[i], inner, at);
    }
}

void
gpuvm_kube_fields_add(gpuvm_kube *kube, gpuvm_kube_manifest *manifest, const gpuvm_spec *vm,
                      const gpuvm_spec *deployment)
{
    g_autoptr(gpuvm_doc) shown = gpuvm_secret_hide(&gpuvm_vm_table, vm->doc, NULL);
    const gpuvm_node *own = deployment ? deployment->doc->root : NULL;
    looking work = {.kube = kube, .manifest = manifest};

    gpuvm_schema_arrange(&gpuvm_vm_table, shown->root);
    look(&work, &gpuvm_vm_table, shown->root, "", "");
    for (unsigned i = 0; own && i < own->n; i++) {
        const char *key = own->keys[i]->text;

        if (!gpuvm_table_field(&gpuvm_vm_table, key))
            look(&work, NULL, own->values[i], key, key);
    }
}
