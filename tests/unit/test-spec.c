/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/spec.h"

#define SHA256 "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static GPtrArray *
parse(const char *text, const char *kind, gpuvm_diags *diags)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new("test.yaml", g_strdup(text), strlen(text));

    return gpuvm_spec_parse(source, kind, diags);
}

/** The only document of @text, which must be right. */
static gpuvm_spec *
parse_one(const char *text, const char *kind)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) specs = parse(text, kind, diags);

    for (guint i = 0; i < diags->items->len; i++) {
        g_autofree char *message = gpuvm_diag_format(diags->items->pdata[i], false);

        print_error("%s", message);
    }
    assert_int_equal(diags->items->len, 0);
    assert_int_equal(specs->len, 1);
    return g_ptr_array_steal_index(specs, 0);
}

static void
assert_address(const gpuvm_pci_ref *ref, const char *text)
{
    g_autofree char *address = gpuvm_pci_ref_format(ref);

    assert_string_equal(address, text);
}

static const char whole_vm[] =
    "kind: vm\n"
    "name: gpu-1.a_b\n"
    "title: A GPU VM\n"
    "description: |\n  Two\n  lines.\n"
    "labels: {team: vision, tier: '1'}\n"
    "resources: {cpu_cores: 16, memory_mb: 65536, numa: none, cpu_pinning: dedicated,\n"
    "            hugepages: 1G}\n"
    "devices:\n"
    "  pci_passthrough:\n"
    "    - 0000:41:00.0\n"
    "    - {address: 'C1:00', rom_file: vbios.rom, rom_bar: no}\n"
    "  gpus:\n"
    "    - 10de:*\n"
    "    - {id: 1002:74A1, class: 0380, numa_node: 1, count: 2}\n"
    "  allowlist:\n"
    "    - 10DE:*\n"
    "    - {class: 0B40}\n"
    "    - {address: 41:00}\n"
    "  functions: requested\n"
    "  iommu_group: detach\n"
    "kernel: boot/vmlinuz\n"
    "initramfs: {path: /boot/initrd}\n"
    "kernel_cmdline: console=ttyS0 quiet\n"
    "disks:\n"
    "  - root.qcow2\n"
    "  - {name: data, source: /dev/vg/data, format: raw, readonly: yes, target: vdb}\n"
    "network: {mode: bridged, bridge: br0, mac: 52:54:00:AB:cd:01}\n"
    "firmware: bios\n"
    "template: base.xml\n"
    "autostart: on\n";

static void
decodes_resources_and_media(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_spec) spec = parse_one(whole_vm, NULL);
    const gpuvm_vm *vm = spec->vm;
    const gpuvm_body *body = &vm->body;
    const gpuvm_pair *label = body->labels->pdata[1];
    const gpuvm_disk *root = body->disks->pdata[0], *data = body->disks->pdata[1];

    assert_int_equal(spec->kind, GPUVM_KIND_VM);
    assert_string_equal(gpuvm_spec_name(spec), "gpu-1.a_b");
    assert_string_equal(body->title, "A GPU VM");
    assert_string_equal(body->description, "Two\nlines.\n");
    assert_string_equal(label->key, "tier");
    assert_string_equal(label->value, "1");
    assert_int_equal(body->resources->cpu_cores, 16);
    assert_int_equal(body->resources->memory_mb, 65536);
    assert_int_equal(body->resources->numa, GPUVM_NUMA_NONE);
    assert_int_equal(body->resources->cpu_pinning, GPUVM_PINNING_DEDICATED);
    assert_int_equal(body->resources->hugepages, GPUVM_HUGEPAGES_1G);
    assert_string_equal(body->kernel->path, "boot/vmlinuz");
    assert_string_equal(body->initramfs->path, "/boot/initrd");
    assert_string_equal(body->kernel_cmdline, "console=ttyS0 quiet");
    assert_string_equal(root->source, "root.qcow2");
    assert_int_equal(root->format, GPUVM_DISK_AUTO);
    assert_null(root->target);
    assert_string_equal(data->name, "data");
    assert_string_equal(data->target, "vdb");
    assert_int_equal(data->format, GPUVM_DISK_RAW);
    assert_true(data->readonly);
    assert_int_equal(body->network->mode, GPUVM_NET_BRIDGED);
    assert_string_equal(body->network->bridge, "br0");
    assert_string_equal(body->network->mac, "52:54:00:ab:cd:01");
    assert_int_equal(body->firmware, GPUVM_FIRMWARE_BIOS);
    assert_string_equal(body->template_path, "base.xml");
    assert_true(body->autostart);
}

static void
decodes_devices(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_spec) spec = parse_one(whole_vm, "vm");
    const gpuvm_devices *devices = spec->vm->body.devices;
    const gpuvm_passthrough *function = devices->pci_passthrough->pdata[0];
    const gpuvm_passthrough *card = devices->pci_passthrough->pdata[1];
    const gpuvm_selector *any = devices->gpus->pdata[0], *picky = devices->gpus->pdata[1];
    const gpuvm_rule *by_id = devices->allowlist->pdata[0], *by_class = devices->allowlist->pdata[1];
    const gpuvm_rule *by_address = devices->allowlist->pdata[2];

    assert_address(&function->address, "0000:41:00.0");
    assert_true(function->rom_bar);
    assert_address(&card->address, "0000:c1:00");
    assert_string_equal(card->rom_file, "vbios.rom");
    assert_false(card->rom_bar);
    assert_int_equal(any->id->vendor, 0x10de);
    assert_int_equal(any->id->device, -1);
    assert_null(any->device_class);
    assert_null(any->numa_node);
    assert_int_equal(any->count, 1);
    assert_int_equal(picky->id->device, 0x74a1);
    assert_string_equal(picky->device_class, "0380");
    assert_int_equal(*picky->numa_node, 1);
    assert_int_equal(picky->count, 2);
    assert_int_equal(by_id->id->vendor, 0x10de);
    assert_null(by_id->address);
    assert_string_equal(by_class->device_class, "0b40");
    assert_null(by_class->id);
    assert_address(by_address->address, "0000:41:00");
    assert_int_equal(devices->functions, GPUVM_FUNCTIONS_REQUESTED);
    assert_int_equal(devices->iommu_group, GPUVM_GROUP_DETACH);
}

static void
fills_in_defaults(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_spec) spec = parse_one("name: a\n", NULL);
    const gpuvm_body *body = &spec->vm->body;

    assert_int_equal(body->resources->cpu_cores, 2);
    assert_int_equal(body->resources->memory_mb, 2048);
    assert_int_equal(body->resources->numa, GPUVM_NUMA_AUTO);
    assert_int_equal(body->resources->cpu_pinning, GPUVM_PINNING_AUTO);
    assert_int_equal(body->resources->hugepages, GPUVM_HUGEPAGES_NONE);
    assert_int_equal(body->devices->pci_passthrough->len, 0);
    assert_int_equal(body->devices->gpus->len, 0);
    assert_int_equal(body->devices->allowlist->len, 0);
    assert_int_equal(body->devices->functions, GPUVM_FUNCTIONS_ALL);
    assert_int_equal(body->devices->iommu_group, GPUVM_GROUP_REFUSE);
    assert_int_equal(body->network->mode, GPUVM_NET_NAT);
    assert_string_equal(body->network->network, "default");
    assert_int_equal(body->firmware, GPUVM_FIRMWARE_EFI);
    assert_int_equal(body->labels->len, 0);
    assert_int_equal(body->disks->len, 0);
    assert_null(body->kernel);
    assert_false(body->autostart);
    assert_null(spec->vm->plugin);
}

static const char manifest[] =
    "{\"schema_version\":\"1.0\",\"name\":\"pytorch-gpu\",\"version\":\"1.0.0\",\"runtime\":\"pytorch-gpu\","
    "\"initramfs\":{\"url\":\"https://example.com/p.cpio.gz\",\"checksum\":\"" SHA256 "\"},"
    "\"resources\":{\"cpu_cores\":8,\"memory_mb\":16384},"
    "\"devices\":{\"pci_passthrough\":[\"0000:01:00.0\"],\"allowlist\":[\"10de:*\"]},"
    "\"workload\":{\"type\":\"http\",\"base_url\":\"http://127.0.0.1:8000\","
    "\"entrypoint\":[\"/usr/local/bin/pytorch-server\"]},"
    "\"health_check\":{\"endpoint\":\"/health\",\"timeout_ms\":30000}}";

static void
decodes_a_plugin_manifest(void **state G_GNUC_UNUSED)
{
    static const char *const kinds[] = {NULL, "plugin"};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(gpuvm_spec) spec = parse_one(manifest, kinds[i]);
        const gpuvm_plugin *plugin = spec->plugin;

        assert_int_equal(spec->kind, GPUVM_KIND_PLUGIN);
        assert_string_equal(gpuvm_spec_name(spec), "pytorch-gpu");
        assert_string_equal(plugin->version, "1.0.0");
        assert_string_equal(plugin->runtime, "pytorch-gpu");
        assert_true(plugin->enabled);
        assert_string_equal(plugin->body.initramfs->url, "https://example.com/p.cpio.gz");
        assert_string_equal(plugin->body.initramfs->checksum, SHA256);
        assert_int_equal(plugin->body.resources->memory_mb, 16384);
        assert_string_equal(plugin->body.workload->type, "http");
        assert_string_equal(plugin->body.workload->entrypoint->pdata[0], "/usr/local/bin/pytorch-server");
        assert_string_equal(plugin->body.health_check->endpoint, "/health");
        assert_int_equal(plugin->body.health_check->timeout_ms, 30000);
    }
}

static void
decodes_a_deployment(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_spec) spec = parse_one("kind: deployment\n"
                                           "name: fleet\n"
                                           "labels: {team: vision}\n"
                                           "replicas: 3\n"
                                           "plugin: pytorch-gpu\n"
                                           "config:\n"
                                           "  resources: {cpu_cores: 4}\n"
                                           "  devices:\n"
                                           "    per_replica:\n"
                                           "      - [01:00, 02:00]\n"
                                           "      - [03:00.0]\n"
                                           "manifest: {kernel_cmdline: quiet}\n",
                                           NULL);
    const gpuvm_deployment *deployment = spec->deployment;
    const GPtrArray *replica = deployment->config->devices->per_replica->pdata[0];
    const gpuvm_passthrough *second = replica->pdata[1];

    assert_int_equal(spec->kind, GPUVM_KIND_DEPLOYMENT);
    assert_string_equal(gpuvm_spec_name(spec), "fleet");
    assert_int_equal(deployment->replicas, 3);
    assert_string_equal(deployment->plugin, "pytorch-gpu");
    assert_int_equal(deployment->config->resources->cpu_cores, 4);
    assert_int_equal(deployment->config->devices->per_replica->len, 2);
    assert_address(&second->address, "0000:02:00");
    assert_string_equal(deployment->manifest->kernel_cmdline, "quiet");
}

static void
decodes_a_policy(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_spec) spec = parse_one("allowlist: ['*:*', {class: '0302', id: '10de:*'}]\n"
                                           "denylist: [{address: 01:00}]\n"
                                           "allow_host_display: true\n"
                                           "protect: [storage]\n"
                                           "reserved_cpus: 32, 0-2,^1\n",
                                           "policy");
    const gpuvm_policy *policy = spec->policy;
    const gpuvm_rule *everything = policy->allowlist->pdata[0], *denied = policy->denylist->pdata[0];

    assert_string_equal(gpuvm_spec_name(spec), "policy");
    assert_int_equal(everything->id->vendor, -1);
    assert_int_equal(everything->id->device, -1);
    assert_address(denied->address, "0000:01:00");
    assert_true(policy->allow_host_display);
    assert_false(policy->require_checksum);
    assert_string_equal(policy->protect->pdata[0], "storage");
    assert_int_equal(policy->reserved_cpus->len, 3);
    assert_int_equal(g_array_index(policy->reserved_cpus, int, 1), 2);
}

static void
accepts_every_key_of_the_language(void **state G_GNUC_UNUSED)
{
    static const char text[] =
        "name: a\n"
        "plugin: p\n"
        "runtime: r\n"
        "metadata: {anything: [goes, {here: 1}]}\n"
        "kernel: {url: 'file:///boot/vmlinuz', checksum: " SHA256 "}\n"
        "kernel_override: true\n"
        "rootfs: {url: 'https://example.com/r.img', checksum: " SHA256 ", format: raw}\n"
        "image: docker.io/library/nginx:1.25\n"
        "image_digest: " SHA256 "\n"
        "disks: [{source: a.img, checksum: " SHA256 "}]\n"
        "cloud_init: {datasource: NoCloud, seed_mode: vfat, user_data: {inline: true, content: '#cloud-config'},\n"
        "             meta_data: {path: meta.yaml}, network_config: 'version: 2'}\n"
        "network: {mode: dhcp, subnet: 10.0.0.0/24, gateway: 10.0.0.1, auto_assign: true}\n"
        "workload: {type: http, base_url: 'http://127.0.0.1:80', entrypoint: [a], env: {A: b}, workdir: /srv}\n"
        "health_check: /health\n"
        "actions: {restart: {method: POST}}\n"
        "openapi: api.yaml\n"
        "expose: ['8080:80']\n"
        "devices: {per_replica: [[01:00]]}\n";
    static const char *const later[] = {"subnet", "gateway", "auto_assign"};
    g_autoptr(gpuvm_spec) spec = parse_one(text, "vm");
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

    assert_string_equal(spec->vm->body.cloud_init->user_data->content, "#cloud-config");
    assert_string_equal(spec->vm->body.cloud_init->network_config->content, "version: 2");
    gpuvm_schema_later(&gpuvm_vm_table, spec->vm, diags);
    assert_int_equal(gpuvm_diags_exit(diags), GPUVM_EXIT_USAGE);
    assert_int_equal(diags->errors, G_N_ELEMENTS(later));
    for (size_t i = 0; i < G_N_ELEMENTS(later); i++) {
        g_autofree char *message = g_strdup_printf("%s is not supported by this version of gpuvm", later[i]);
        bool found = false;

        for (guint k = 0; k < diags->items->len; k++)
            found |= strcmp(((const gpuvm_diag *)diags->items->pdata[k])->message, message) == 0;
        if (!found)
            fail_msg("no error for %s", later[i]);
    }
}

static void
carries_out_the_rest(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_spec) spec = parse_one(whole_vm, NULL);
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

    gpuvm_schema_later(&gpuvm_vm_table, spec->vm, diags);
    assert_int_equal(diags->items->len, 0);
}

static void
decides_the_kind(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *expected;
        int kind; /* -1: an error */
        enum gpuvm_exit exit;
        const char *message;
    } cases[] = {
        {"name: a", NULL, GPUVM_KIND_VM, 0, NULL},
        {"{kind: vm, name: a}", "vm", GPUVM_KIND_VM, 0, NULL},
        {"{kind: plugin, name: a}", NULL, GPUVM_KIND_PLUGIN, 0, NULL},
        {"name: a", "deployment", GPUVM_KIND_DEPLOYMENT, 0, NULL},
        {"{kind: policy}", NULL, GPUVM_KIND_POLICY, 0, NULL},
        {"{kind: defaults, pool: p}", NULL, GPUVM_KIND_DEFAULTS, 0, NULL},
        {"{kind: defaults}", "policy", -1, GPUVM_EXIT_INVALID, "this is a host's defaults, not a policy"},
        {"{name: a, runtime: r, workload: {}}", NULL, GPUVM_KIND_PLUGIN, 0, NULL},
        {"{name: a, runtime: r, workload: {}}", "vm", GPUVM_KIND_VM, 0, NULL},
        {"{kind: vm, name: a, runtime: r, workload: {}}", NULL, GPUVM_KIND_VM, 0, NULL},
        {"{name: a, runtime: r, workload: {}, plugin: p}", NULL, GPUVM_KIND_VM, 0, NULL},
        {"{name: a, runtime: r}", NULL, GPUVM_KIND_VM, 0, NULL},
        {"{kind: plugn, name: a}", NULL, -1, GPUVM_EXIT_INVALID, "unknown kind 'plugn'"},
        {"{kind: VM, name: a}", NULL, -1, GPUVM_EXIT_INVALID, "unknown kind 'VM'"},
        {"{kind: vm, name: a}", "plugin", -1, GPUVM_EXIT_INVALID, "this is a vm, not a plugin"},
        {"{kind: [vm], name: a}", NULL, -1, GPUVM_EXIT_INVALID, "kind must be one of vm, not a list"},
        {"{kind: , name: a}", NULL, -1, GPUVM_EXIT_INVALID, "kind has no value"},
        {"name: a", "pluggin", -1, GPUVM_EXIT_USAGE, "unknown kind 'pluggin'"},
        {"[a]", NULL, -1, GPUVM_EXIT_INVALID, "vm must be a mapping, not a list"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(GPtrArray) specs = parse(cases[i].text, cases[i].expected, diags);

        assert_int_equal(gpuvm_diags_exit(diags), cases[i].exit);
        assert_int_equal(specs->len, cases[i].kind >= 0);
        if (cases[i].kind >= 0)
            assert_int_equal(((const gpuvm_spec *)specs->pdata[0])->kind, cases[i].kind);
        else
            assert_string_equal(((const gpuvm_diag *)diags->items->pdata[0])->message, cases[i].message);
    }
}

typedef struct bad_case {
    const char *kind, *text; /* a NULL kind is vm, with "name: a" as its first line */
    unsigned line;           /* in @text */
    const char *message;
    const char *hint; /* what it begins with; NULL: anything */
} bad_case;

static void
assert_bad(const bad_case *bad)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autofree char *text = g_strconcat(bad->kind ? "" : "name: a\n", bad->text, NULL);
    g_autoptr(GPtrArray) specs = parse(text, bad->kind ? bad->kind : "vm", diags);
    const gpuvm_diag *diag = diags->items->len > 0 ? diags->items->pdata[0] : NULL;

    if (!diag)
        fail_msg("accepted: %s", bad->text);
    assert_string_equal(diag->message, bad->message);
    assert_int_equal(diags->errors, 1);
    assert_int_equal(specs->len, 0);
    assert_int_equal(gpuvm_diags_exit(diags), GPUVM_EXIT_INVALID);
    assert_int_equal(diag->mark.line, bad->line + (bad->kind ? 0 : 1));
    if (bad->hint && !g_str_has_prefix(diag->hint ? diag->hint : "", bad->hint))
        fail_msg("%s: the hint is %s", bad->message, diag->hint);
}

static void
refuses_bad_scalars(void **state G_GNUC_UNUSED)
{
    static const bad_case cases[] = {
        {"vm", "name: ''", 1, "invalid name: it is empty", "a name is"},
        {"vm", "name: -a", 1, "invalid name: -a begins with '-'", "a name is"},
        {"vm", "name: .a", 1, "invalid name: .a begins with '.'", NULL},
        {"vm", "name: a/b", 1, "invalid name: a/b contains '/'", NULL},
        {"vm", "name: a b", 1, "invalid name: a b contains ' '", NULL},
        {"vm", "name: gpü", 1, "invalid name: gpü contains 'ü'", NULL},
        {"vm", "name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1,
         "invalid name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa has 64 characters, 63 are "
         "allowed",
         NULL},
        {NULL, "kernel: ''", 1, "invalid path: it is empty", NULL},
        {NULL, "kernel: https://example.com/vmlinuz", 1, "invalid path: https://example.com/vmlinuz is a URL",
         NULL},
        {NULL, "kernel: \"a\\nb\"", 1, "invalid path: a\\x0ab has a line break or a tab in it", NULL},
        {NULL, "kernel: {url: example.com/vmlinuz}", 1, "invalid URL: example.com/vmlinuz", "write http"},
        {NULL, "kernel: {url: ftp://example.com/k}", 1,
         "invalid URL: ftp://example.com/k: the scheme ftp is not known", NULL},
        {NULL, "kernel: {url: 'http:///k'}", 1, "invalid URL: http:///k has no host", NULL},
        {NULL, "kernel: {url: 'ftp://me:secret@h/k'}", 1,
         "invalid URL: ftp://h/k: the scheme ftp is not known", NULL},
        {NULL, "kernel: {url: 'http://me:secret@h:99999/k'}", 1, "invalid URL: http://h:99999/k", NULL},
        {NULL, "kernel: {path: 'http://me:secret@h/k'}", 1, "invalid path: http://h/k is a URL", NULL},
        {NULL, "kernel: {url: 'http://h/a b'}", 1, "invalid URL: http://h/a b has a blank in it",
         "write a blank as %20"},
        {NULL, "kernel: {url: 'file:k'}", 1, "invalid URL: file:k has no absolute path", NULL},
        {NULL, "image_digest: sha256:abc", 1,
         "invalid checksum: sha256:abc: it has 3 hex digits in place of 64", "write sha256:"},
        {NULL, "image_digest: sha256:xyz", 1,
         "invalid checksum: sha256:xyz: it has something other than hex digits", "write sha256:"},
        {NULL, "image_digest: md5:abc", 1, "invalid checksum: md5:abc", "write sha256:"},
        {NULL, "network: {mac: 52-54-00-00-00-01}", 1, "invalid MAC address: 52-54-00-00-00-01",
         "write six pairs"},
        {NULL, "network: {mac: 52:54:00:00:00}", 1, "invalid MAC address: 52:54:00:00:00", NULL},
        {NULL, "network: {mac: 53:54:00:00:00:01}", 1,
         "invalid MAC address: 53:54:00:00:00:01 is a multicast address", "make its second digit even"},
        {NULL, "network: {mode: bridged, bridge: a/b}", 1,
         "invalid bridge: a/b is not the name of a network interface", NULL},
        {NULL, "network: {mode: bridged, bridge: abcdefghijklmnop}", 1,
         "invalid bridge: abcdefghijklmnop has more than 15 bytes", NULL},
        {NULL, "network: {subnet: 10.0.0.0/33}", 1, "invalid subnet: 10.0.0.0/33", NULL},
        {NULL, "network: {subnet: 10.0.0.0}", 1, "invalid subnet: 10.0.0.0", NULL},
        {NULL, "network: {gateway: 10.0.0}", 1, "invalid IP address: 10.0.0", NULL},
        {NULL, "disks: [{source: a, target: hda}]", 1, "invalid disk target: hda", NULL},
        {NULL, "disks: [{source: a, target: vd1}]", 1, "invalid disk target: vd1", NULL},
        {NULL, "disks: [{source: a, target: v}]", 1, "invalid disk target: v", NULL},
        {NULL, "devices: {gpus: [{class: 0x03}]}", 1, "invalid PCI class: 0x03", "write it without 0x: 03"},
        {NULL, "devices: {gpus: [{class: '3'}]}", 1, "invalid PCI class: 3", "write 2, 4 or 6"},
        {NULL, "devices: {gpus: [{class: 3}]}", 1, "invalid PCI class: 3", "quote it: YAML 1.1 tools"},
        {NULL, "devices: {pci_passthrough: [60.0]}", 1, "invalid PCI address: 60.0",
         "quote it: YAML 1.1 tools"},
        {NULL, "devices: {pci_passthrough: [{address: 3600}]}", 1, "invalid PCI address: 3600",
         "quote it: YAML 1.1 tools"},
        {NULL, "network: {mac: 41135190056}", 1, "invalid MAC address: 41135190056",
         "quote it: YAML 1.1 tools"},
        {NULL, "devices: {gpus: [{numa_node: -1}]}", 1, "invalid NUMA node: -1", NULL},
        {NULL, "devices: {gpus: [{count: 0}]}", 1, "count must be at least 1, not 0", NULL},
        {NULL, "resources: {memory_mb: 0}", 1, "memory_mb must be at least 1 MiB, not 0", NULL},
        {NULL, "resources: {memory_mb: 4G}", 1, "memory_mb must be an integer, not '4G'", NULL},
        {NULL, "resources: {cpu_cores: 0}", 1, "cpu_cores must be at least 1, not 0", NULL},
        {NULL, "resources: {cpu_cores: 5000}", 1, "cpu_cores must be at most 4096, not 5000", NULL},
        {NULL, "resources: {hugepages: 4K}", 1, "hugepages must be one of none, 2M, 1G, any, not '4K'", NULL},
        {NULL, "autostart: maybe", 1, "autostart must be true or false, not 'maybe'", NULL},
        {"plugin", "{name: a, schema_version: '2.0'}", 1, "schema_version must be one of 1.0, not '2.0'",
         NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_bad(&cases[i]);
}

static void
refuses_bad_devices(void **state G_GNUC_UNUSED)
{
    static const bad_case cases[] = {
        {NULL, "devices:\n  pci_passthrough: [0000:01:20.0]", 2, "invalid PCI address: 0000:01:20.0",
         "the slot is at most 1f"},
        {NULL, "devices:\n  pci_passthrough: [01:00.8]", 2, "invalid PCI address: 01:00.8",
         "the function is at most 7"},
        {NULL, "devices:\n  pci_passthrough: [gpu0]", 2, "invalid PCI address: gpu0",
         "write it as 0000:01:00.0"},
        {NULL, "devices:\n  pci_passthrough:\n  - 01:00.0\n  - 0000:01:00.0", 4,
         "device 0000:01:00.0 is named twice", "the first is on line 4, as 0000:01:00.0"},
        {NULL, "devices:\n  pci_passthrough:\n  - 01:00\n  - 0000:01:00.1", 4,
         "device 0000:01:00.1 is named twice", "the first is on line 4, as 0000:01:00"},
        {NULL, "devices:\n  pci_passthrough:\n  - 01:00.1\n  - 01:00.2\n  - {address: 01:00}", 5,
         "device 0000:01:00 is named twice", "the first is on line 4, as 0000:01:00.1"},
        {NULL, "devices:\n  pci_passthrough: [01:00]\n  per_replica:\n  - [02:00]\n  - [01:00.0]", 5,
         "device 0000:01:00.0 is named twice", "the first is on line 3"},
        {NULL, "devices:\n  gpus: 10de:*", 2, "gpus must be a list, not a single value",
         "write a list of one as [10de:*]"},
        {NULL, "devices:\n  gpus: 2", 2, "gpus must be a list, not a single value",
         "each item of the list: write VENDOR:DEVICE or VENDOR:*, such as 10de:2204 or 10de:*\n"
         "several of one kind: [{id: '10de:*', count: 2}]"},
        {NULL, "devices:\n  allowlist: ['*']", 2, "invalid device pattern: *", "write *:* for every device"},
        {NULL, "devices:\n  allowlist: [10de]", 2, "invalid device pattern: 10de", "write 10de:*"},
        {NULL, "devices:\n  allowlist: [0x10de:*]", 2, "invalid device pattern: 0x10de:*",
         "write it without 0x: 10de:*"},
        {NULL, "devices:\n  allowlist: [10de:22*]", 2, "invalid device pattern: 10de:22*",
         "a device is 4 hex digits or *"},
        {NULL, "devices:\n  allowlist: ['']", 2, "invalid device pattern: it is empty",
         "write VENDOR:DEVICE"},
        {NULL, "devices:\n  allowlist: ['*:*']", 2, "the pattern *:* is allowed only in the host's policy",
         NULL},
        {NULL, "devices:\n  allowlist: [{id: '*:*'}]", 2,
         "the pattern *:* is allowed only in the host's policy", NULL},
        {NULL, "devices:\n  allowlist: [{}]", 2, "this rule says nothing", NULL},
        {NULL, "devices:\n  allowlist:\n  - 10de:*\n  - {class: '03'}\n  - {id: 10DE:*}", 5,
         "the same rule is in the list twice", "the first is on line 4"},
        {NULL, "devices:\n  functions: some", 2, "functions must be one of all, requested, not 'some'", NULL},
        {"policy", "protect: [storage, eth0]", 1, "unknown word in protect: eth0",
         "the words are storage, network, addresses, holders and unseen"},
        {"policy", "block_devices: [/dev/vg0/*, vg1/*]", 1, "not a pattern of paths in /dev: vg1/*",
         "write /dev/vg0/*"},
        {"policy", "allowlist: []\ndenylist:\n- 10de:2204\n- 10de:2204", 4,
         "the same rule is in the list twice", "the first is on line 3"},
        {"plugin", "name: a\ndevices: {allowlist: ['*:*']}", 2,
         "the pattern *:* is allowed only in the host's policy", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_bad(&cases[i]);
}

static void
refuses_what_does_not_go_together(void **state G_GNUC_UNUSED)
{
    static const bad_case cases[] = {
        {"vm", "title: a", 1, "vm has no 'name', which is required", NULL},
        {NULL, "titel: a", 1, "unknown key 'titel' in vm", "did you mean 'title'?"},
        {NULL, "devices: {pci_passthru: []}", 1, "unknown key 'pci_passthru' in devices", NULL},
        {NULL, "kernel: {}", 1, "neither path nor url is given", NULL},
        {NULL, "rootfs:\n  path: a\n  url: http://a/b", 3, "both path and url are given", NULL},
        {NULL, "cloud_init:\n  user_data: {path: a, content: b}", 2, "both content and path are given", NULL},
        {NULL, "cloud_init:\n  user_data: {inline: true, path: b}", 2, "inline is true, but path is given",
         NULL},
        {NULL, "network:\n  mode: bridged", 2, "mode bridged needs a bridge", "add 'bridge: NAME'"},
        {NULL, "network: bridged", 1, "mode bridged needs a bridge", NULL},
        {NULL, "network:\n  mode: nat\n  bridge: br0", 3, "bridge means nothing in mode nat",
         "it goes with modes bridged and dhcp"},
        {NULL, "network:\n  mode: none\n  mac: 52:54:00:00:00:01", 3, "mac means nothing in mode none", NULL},
        {NULL, "network:\n  mode: bridged\n  bridge: br0\n  network: lab", 4,
         "network means nothing in mode bridged", NULL},
        {NULL, "disks: [{target: vda}]", 1, "neither source nor size_gb is given", NULL},
        {NULL, "disks:\n- source: a\n  name: x\n  size_gb: 1", 4, "both source and size_gb are given", NULL},
        {NULL, "disks:\n- size_gb: 1", 2, "a blank disk without a name", "add `name: data`"},
        {NULL, "disks:\n- size_gb: 1\n  name: a.b", 3, "the name of a blank disk contains '.': a.b", NULL},
        {NULL, "disks:\n- {name: a, size_gb: 1}\n- {name: b, size_gb: 1, readonly: no}", 3,
         "readonly means nothing with size_gb", "remove it"},
        {NULL, "disks:\n- {source: a, name: x}\n- b\n- {source: c, name: x}", 4, "two disks have the name x",
         "the first is on line 3"},
        {NULL, "disks:\n- {source: a, target: vdb}\n- {source: b, target: vdb}", 3,
         "two disks have the target vdb", "the first is on line 3"},
        {"defaults", "devices: {}", 1, "unknown key 'devices' in defaults", NULL},
        {"defaults", "name: a", 1, "unknown key 'name' in defaults", NULL},
        {"deployment", "name: a\nconfig: {}\nfirmware: bios", 3,
         "firmware is given beside config, which describes the VM already", "move it into config"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_bad(&cases[i]);
}

static void
refuses_a_second_of_one_name(void **state G_GNUC_UNUSED)
{
    static const bad_case cases[] = {
        {"vm", "name: a\n---\nname: b\n---\nname: a\n", 5, "vm a is defined twice", "the first is on line 1"},
        {"policy", "allowlist: []\n---\nallowlist: []\n", 3, "the policy is defined twice",
         "the first is on line 1"},
        {"defaults", "pool: a\n---\npool: b\n", 3, "the defaults are defined twice",
         "the first is on line 1"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(GPtrArray) specs = parse(cases[i].text, cases[i].kind, diags);
        const gpuvm_diag *diag;

        assert_int_equal(diags->errors, 1);
        diag = diags->items->pdata[0];
        assert_string_equal(diag->message, cases[i].message);
        assert_int_equal(diag->mark.line, cases[i].line);
        assert_string_equal(diag->hint, cases[i].hint);
        assert_int_equal(specs->len, cases[i].kind[0] == 'v' ? 2 : 1);
    }
}

static void
keeps_names_of_kinds_apart(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) specs = parse("name: a\n---\n{kind: plugin, name: a}\n", NULL, diags);

    assert_int_equal(diags->items->len, 0);
    assert_int_equal(specs->len, 2);
}

static void
finds_every_error_of_every_document(void **state G_GNUC_UNUSED)
{
    static const unsigned lines[] = {1, 2, 4, 6, 9};
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) specs = parse("name: a/b\n"
                                       "resources: {cpu_cores: many}\n"
                                       "devices:\n"
                                       "  pci_passthrough: [gpu0]\n"
                                       "---\n"
                                       "kind: policies\n"
                                       "---\n"
                                       "name: right\n"
                                       "---\n",
                                       NULL, diags);

    assert_int_equal(specs->len, 1);
    assert_string_equal(gpuvm_spec_name(specs->pdata[0]), "right");
    assert_true(diags->errors >= 4);
    for (guint i = 0; i < 4; i++)
        assert_int_equal(((const gpuvm_diag *)diags->items->pdata[i])->mark.line, lines[i]);
}

static void lint_table(const gpuvm_table *table, unsigned depth);

static void
lint_field(const gpuvm_table *table, const gpuvm_field *field, unsigned depth)
{
    size_t length = field->doc ? strlen(field->doc) : 0;

    if (length == 0 || field->doc[length - 1] != '.')
        fail_msg("%s.%s is not documented in sentences", table->name, field->key);
    if (field->offset < sizeof(gpuvm_object) || field->offset >= table->size)
        fail_msg("%s.%s is outside of its struct", table->name, field->key);
    if (!field->scalar && !field->table && !field->choices && field->shape != GPUVM_ANY &&
        field->shape != GPUVM_STRINGS && field->shape != GPUVM_MAP)
        fail_msg("%s.%s has no type", table->name, field->key);
    if (gpuvm_table_field(table, field->key) != field)
        fail_msg("%s.%s is there twice", table->name, field->key);
    if (field->table)
        lint_table(field->table, depth + 1);
}

static void
lint_table(const gpuvm_table *table, unsigned depth)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table);

    assert_true(depth < 8);
    assert_true(g_str_has_suffix(table->doc, "."));
    if (table->scalar_key)
        assert_non_null(gpuvm_table_field(table, table->scalar_key));
    for (guint i = 0; i < fields->len; i++)
        lint_field(table, fields->pdata[i], depth);
}

static void
every_row_is_complete(void **state G_GNUC_UNUSED)
{
    for (int i = 0; i < GPUVM_KINDS; i++) {
        const gpuvm_table *table = gpuvm_kind_table((gpuvm_kind)i);

        assert_string_equal(table->name, gpuvm_kind_names[i]);
        lint_table(table, 0);
    }
}

/** What may be among definitions in a directory. */
static void
tells_definitions_from_others(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *kind;
        bool may_be;
    } cases[] = {
        {"name: a", NULL, true},
        {"resources: {cpu_cores: 1}", NULL, true},
        {"nmae: a\nresources: {}", NULL, true},
        {"kind: policy", NULL, true},
        {"kind: unknown", NULL, true},
        {"runtime: a\nworkload: {}", NULL, true},
        {"nmae: a", NULL, false},
        {"services: {web: {}}\nversion: '3'", NULL, false},
        {"apiVersion: v1\nkind: Pod\nmetadata: {name: a}", NULL, false},
        {"- name: a", NULL, false},
        {"name", NULL, false},
        {"{}", NULL, false},
        {"allowlist: ['10de:*']", NULL, false},
        {"allowlist: ['10de:*']", "policy", true},
        {"a: b", "no-kind", true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(gpuvm_source) source =
            gpuvm_source_new("a", g_strdup(cases[i].text), strlen(cases[i].text));
        g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);

        if (gpuvm_spec_may_be(((const gpuvm_doc *)docs->pdata[0])->root, cases[i].kind) != cases[i].may_be)
            fail_msg("%s", cases[i].text);
    }
}

static void
finds_slips(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *slip;
    } cases[] = {
        {"nmae: a", "nmae"},           {"x: 1\nresorces: {}", "resorces"},
        {"replcas: 2", "replcas"},     {"version: '3'\nservices: {web: {}}", "services"}, /* devices? */
        {"all: {children: {}}", NULL}, {"apiVersion: v1\nnmae: a", NULL},
        {"- nmae: a", NULL},           {"{}", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(gpuvm_source) source =
            gpuvm_source_new("a", g_strdup(cases[i].text), strlen(cases[i].text));
        g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);
        const gpuvm_node *slip = gpuvm_spec_find_slip(((const gpuvm_doc *)docs->pdata[0])->root);

        if (g_strcmp0(slip ? slip->text : NULL, cases[i].slip) != 0)
            fail_msg("%s: %s", cases[i].text, slip ? slip->text : "none");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_resources_and_media),
        cmocka_unit_test(decodes_devices),
        cmocka_unit_test(fills_in_defaults),
        cmocka_unit_test(decodes_a_plugin_manifest),
        cmocka_unit_test(decodes_a_deployment),
        cmocka_unit_test(decodes_a_policy),
        cmocka_unit_test(accepts_every_key_of_the_language),
        cmocka_unit_test(carries_out_the_rest),
        cmocka_unit_test(decides_the_kind),
        cmocka_unit_test(refuses_bad_scalars),
        cmocka_unit_test(refuses_bad_devices),
        cmocka_unit_test(refuses_what_does_not_go_together),
        cmocka_unit_test(refuses_a_second_of_one_name),
        cmocka_unit_test(keeps_names_of_kinds_apart),
        cmocka_unit_test(finds_every_error_of_every_document),
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(tells_definitions_from_others),
        cmocka_unit_test(finds_slips),
    };

    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
