/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/kube_fields.h"
#include "core/kube_vm.h"
#include "core/replicas.h"

/* Adds the keys that have no row to @missing, and those that have one to @used. */
static void
visit(const gpuvm_table *table, const char *prefix, GString *missing, GHashTable *used)
{
    g_autoptr(GPtrArray) rows = gpuvm_table_fields(table);

    for (guint i = 0; i < rows->len; i++) {
        const gpuvm_field *field = rows->pdata[i];
        g_autofree char *key = g_strconcat(prefix, *prefix ? "." : "", field->key, NULL);

        if (gpuvm_kube_field_find(key))
            g_hash_table_add(used, (gpointer)gpuvm_kube_field_find(key));
        else if (field->table)
            visit(field->table, key, missing, used);
        else
            g_string_append_printf(missing, "%s ", key);
    }
}

static void
every_key_is_said_or_lost(void **state G_GNUC_UNUSED)
{
    g_autoptr(GString) missing = g_string_new(NULL);
    g_autoptr(GHashTable) used = g_hash_table_new(NULL, NULL);

    visit(&gpuvm_vm_table, "", missing, used);
    visit(&gpuvm_deployment_table, "", missing, used);
    assert_string_equal(missing->str, "");
    for (const gpuvm_kube_field *row = gpuvm_kube_fields; row->key; row++) {
        if (!g_hash_table_contains(used, row))
            fail_msg("%s is no key", row->key);
        if (!row->said && !row->lost && !row->noted)
            fail_msg("%s is neither said nor lost", row->key);
    }
}

#define A20 "aaaaaaaaaaaaaaaaaaaa"

static void
names_are_kubernetes(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"vm", "vm"},
        {"VM_1.a", "vm-1-a"},
        {"a..", "a"},
        {"br@0", "br-0"},
        {"0", "0"},
        {"_", "unnamed"},
        {"\xc3\xa9-x", "x"},
        {A20 A20 A20 "bcd", A20 A20 A20 "bcd"},
        {"_" A20 A20 A20 "bcde", A20 A20 A20 "bcd"},
        {A20 A20 A20 "bc-e", A20 A20 A20 "bc"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = gpuvm_kube_name(cases[i].name);

        expect_text(cases[i].name, name, cases[i].expected);
    }
}

/* A VM "vm" of further keys, or a deployment of those, and what is in the last VM's manifest, or that of the cluster, at a path. */
typedef struct mapping_case {
    const char *name, *definition, *path;
    const char *expected; /* JSON; NULL: nothing is there */
    const char *lost[5];  /* warnings, as expect_diags */
    const char *policy;
    bool deployment;
    const char *errors[3];
    const char *facts;
} mapping_case;

#define EXACT "allowlist: ['10de:2330', '8086:1533', '10de:2204']"
#define GUESSED "the policy allows classes: that of 10de:2330 is not known here"
#define HOST "0000:01:00.0 030200 10de:2330 group=1\n0000:02:00.0 020000 8086:1533 group=2\n"
#define CPU "domain.cpu"
#define MEMORY "domain.memory"
#define PIN "resources: {cpu_pinning: dedicated, hugepages: 2M, "
#define FILE_LOST "disks[0] is lost: it is a file of this host", "disks[0] is lost: a volume has a size"
#define GPU(keys) "devices: {functions: requested, gpus: [{" keys "}]}"
#define H100 GPU("id: 10de:2330")
#define CARD "[{\"name\":\"gpu0\",\"deviceName\":\"gpuvm/gpu-10de-2330\"}]"
#define ASKED "workload: {base_url: 'http://127.0.0.1:80/a/'}\nhealth_check: "

static const mapping_case cases[] = {
    {"cores", "resources: {cpu_cores: 3}", CPU, "{\"model\":\"host-passthrough\",\"cores\":3}"},
    {"topology", "resources: {cpu_cores: 8, cpu_topology: {sockets: 2, cores: 2, threads: 2}}", CPU,
     "{\"model\":\"host-passthrough\",\"sockets\":2,\"threads\":2,\"cores\":2}"},
    {"dedicated", "resources: {cpu_pinning: dedicated}", CPU ".dedicatedCpuPlacement", "true"},
    {"shared",
     "resources: {cpu_pinning: shared}",
     CPU ".dedicatedCpuPlacement",
     NULL,
     {"resources.cpu_pinning is lost: KubeVirt gives a VM CPUs of its own"}},
    {"pinning that is left to it", "resources: {cpu_pinning: auto}", CPU ".dedicatedCpuPlacement", NULL},
    {"NUMA", PIN "numa: strict}", CPU ".numa", "{\"guestMappingPassthrough\":{}}"},
    {"NUMA without pages",
     "resources: {cpu_pinning: dedicated, numa: split}",
     CPU ".numa",
     NULL,
     {"resources.numa is lost: KubeVirt has it for a VM with"}},
    {"NUMA without CPUs",
     "resources: {hugepages: 2M, numa: strict}",
     CPU ".numa",
     NULL,
     {"resources.numa is lost: KubeVirt has it for a VM with"}},
    {"NUMA that is left to it", "resources: {numa: auto}", CPU ".numa", NULL},
    {"memory", "resources: {memory_mb: 1025}", MEMORY, "{\"guest\":\"1025Mi\"}"},
    {"pages", "resources: {memory_mb: 2048, hugepages: 1G}", MEMORY ".hugepages.pageSize", "\"1Gi\""},
    {"any pages",
     "resources: {memory_mb: 2048, hugepages: any}",
     MEMORY ".hugepages.pageSize",
     "\"1Gi\"",
     {"resources.hugepages is lost: KubeVirt wants one size of pages, here 1Gi"}},
    {"any pages that fit",
     "resources: {memory_mb: 1026, hugepages: any}",
     MEMORY ".hugepages.pageSize",
     "\"2Mi\"",
     {"resources.hugepages is lost: KubeVirt wants one size of pages, here 2Mi"}},
    {"parts of a page",
     "resources: {memory_mb: 2049, hugepages: 1G}",
     MEMORY ".guest",
     "\"2049Mi\"",
     {"resources.memory_mb is lost: KubeVirt refuses memory that is not whole hugepages"}},
    {"EFI", "", "domain.firmware.bootloader", "{\"efi\":{\"secureBoot\":false}}"},
    {"BIOS", "firmware: bios", "domain.firmware.bootloader", "{\"bios\":{}}"},
    {"not started", "", "^runStrategy", "\"Manual\""},
    {"started with its host", "autostart: yes", "^runStrategy", "\"Always\""},
    {"a pool", "replicas: 2", "^runStrategy", "\"Always\"", .deployment = true},
    {"a pool that is not started", "autostart: off", "^runStrategy", "\"Manual\"", .deployment = true},
    {"nothing moves", "", "evictionStrategy", "\"None\""},
    {"a card", H100, "domain.devices.gpus", CARD},
    {"cards", GPU("id: 10de:2330, count: 2"), "domain.devices.gpus[1].name", "\"gpu1\""},
    {"a card is permitted", H100, "!pciHostDevices",
     "[{\"pciVendorSelector\":\"10DE:2330\",\"resourceName\":\"gpuvm/gpu-10de-2330\"}]"},
    {"a vendor's card",
     GPU("id: 10de:*"),
     "domain.devices.gpus",
     NULL,
     {"devices.gpus[0] is lost: KubeVirt knows a card by its model alone"}},
    {"the only card of a vendor's that is allowed", GPU("id: 10de:*"), "domain.devices.gpus", CARD,
     .policy = "allowlist: ['1002:74a1', '10de:2330', '8086:*']"},
    {"any of two",
     GPU("class: '03'"),
     "domain.devices.gpus",
     NULL,
     {"devices.gpus[0] is lost: KubeVirt knows a card by its model alone"},
     .policy = "allowlist: ['1002:74a1', '10de:2330']"},
    {"a whole card",
     "devices: {gpus: ['10de:2330']}",
     "domain.devices.gpus",
     CARD,
     {"devices.functions is lost: KubeVirt passes the function with this id alone"}},
    {"a card of a node",
     GPU("id: 10de:2330, numa_node: 0"),
     "domain.devices.gpus",
     CARD,
     {"devices.gpus[0].numa_node is lost"}},
    {"an address",
     "devices: {pci_passthrough: ['01:00.0']}",
     "domain.devices.gpus",
     NULL,
     {"devices.pci_passthrough is lost: an address is one host's"}},
    {"no address", "devices: {pci_passthrough: []}", "domain.devices.gpus", NULL},
    {"a vendor is allowed", H100, "domain.devices.gpus", CARD, .policy = "allowlist: ['10de:*']"},
    {"GPUs are allowed", H100, "domain.devices.gpus", CARD, {GUESSED}, .policy = "kind: policy"},
    {"GPUs are allowed, and it is one", H100, "domain.devices.gpus", CARD, .policy = "kind: policy",
     .facts = HOST},
    {"GPUs are allowed, and it is none", GPU("id: 8086:1533"), .policy = "kind: policy", .facts = HOST,
     .errors = {"4 cards of the model 8086:1533 are not allowed by the policy"}},
    {"GPUs are allowed, and it is none, whatever is said", GPU("id: 8086:1533, class: '03'"),
     .policy = "kind: policy", .facts = HOST,
     .errors = {"4 cards of the model 8086:1533 are not allowed by the policy"}},
    {"what is no GPU", GPU("id: 8086:1533, class: '02'"), .policy = "kind: policy",
     .errors = {"4 cards of the model 8086:1533 are not allowed by the policy"}},
    {"a class is allowed",
     H100,
     "domain.devices.gpus",
     CARD,
     {GUESSED},
     .policy = "allowlist: [{class: '0302'}]"},
    {"a class is allowed that is said",
     GPU("id: 10de:2330, class: '0302'"),
     "domain.devices.gpus",
     CARD,
     {GUESSED},
     .policy = "allowlist: [{class: '03'}]"},
    {"its class is allowed", H100, "domain.devices.gpus", CARD, .policy = "allowlist: [{class: '0302'}]",
     .facts = HOST},
    {"another class is allowed", GPU("id: 10de:2330, class: '0302'"),
     .policy = "allowlist: [{class: '0300'}]",
     .errors = {"4 cards of the model 10de:2330 are not allowed by the policy"}},
    {"another class than its own", H100, .policy = "allowlist: [{class: '0300'}]", .facts = HOST,
     .errors = {"4 cards of the model 10de:2330 are not allowed by the policy"}},
    {"nothing is allowed", H100, .policy = "allowlist: []",
     .errors =
         {"4 cards of the model 10de:2330 are not allowed by the policy :: --host FILE :: class: \"0302\""}},
    {"a place is allowed", H100, .policy = "allowlist: [{id: 10de:2330, address: '01:00.0'}]",
     .errors = {"4 cards of the model 10de:2330 are not allowed by the policy :: without an address"}},
    {"it is denied", H100, .policy = "denylist: ['10de:2330']",
     .errors = {"4 cards of the model 10de:2330 are not allowed by the policy"}},
    {"its class may be denied", H100, .policy = "allowlist: ['10de:*']\ndenylist: [{class: '0300'}]",
     .errors = {"4 cards of the model 10de:2330 are not allowed by the policy :: class: \"0302\""}},
    {"another class is denied", H100, "domain.devices.gpus", CARD, .policy = "denylist: [{class: '0300'}]",
     .facts = HOST},
    {"another class is denied than is said", GPU("id: 10de:2330, class: '0302'"), "domain.devices.gpus", CARD,
     .policy = "allowlist: ['10de:*']\ndenylist: [{class: '0300'}]"},
    {"a place is denied",
     H100,
     "domain.devices.gpus",
     CARD,
     {"denylist[0] is lost: KubeVirt permits all cards of a model"},
     .policy = "allowlist: ['10de:*']\ndenylist: [{address: '01:00.0'}]"},
    {"no policy", H100, .policy = NO_POLICY,
     .errors = {"4 cards of the model 10de:2330 are not allowed by any policy"}},
    {"its own list", "devices: {gpus: ['10de:2330'], allowlist: ['1002:*']}",
     .errors = {"4 cards of the model 10de:2330 are not allowed by the VM's own allowlist"}},
    {"an image", "rootfs: {url: 'https://h/a.qcow2', size_gb: 7}", "^dataVolumeTemplates[0].spec",
     "{\"source\":{\"http\":{\"url\":\"https://h/a.qcow2\"}},\"storage\":{\"resources\":{\"requests\":{\"storage\":\"7Gi\"}}}}"},
    {"a blank disk", "disks: [{name: a, size_gb: 7, target: sda}]", "domain.devices.disks",
     "[{\"name\":\"a\",\"disk\":{\"bus\":\"sata\"},\"serial\":\"a\"}]"},
    {"a file",
     "disks: [{source: /a.raw, readonly: true}]",
     "domain.devices.disks",
     "[{\"name\":\"disk-0\",\"disk\":{\"bus\":\"virtio\",\"readonly\":true}}]",
     {FILE_LOST}},
    {"a CD-ROM",
     "disks: [/a.iso]",
     "domain.devices.disks",
     "[{\"name\":\"disk-0\",\"cdrom\":{\"bus\":\"sata\",\"readonly\":true}}]",
     {FILE_LOST}},
    {"a file is to be brought",
     "disks: ['file:///a']",
     "^dataVolumeTemplates[0].spec.source",
     "{\"upload\":{}}",
     {FILE_LOST}},
    {"disks by name",
     "disks: [{name: a, size_gb: 1, target: vdb}, {name: b, size_gb: 1, target: vdaa}]",
     "^dataVolumeTemplates[1].metadata.name",
     "\"vm-b\"",
     {"disks[0].target is lost: disks have names in their order there",
      "disks[1].target is lost: disks have names"}},
    {"the pods' network", "", "networks", "[{\"name\":\"default\",\"pod\":{}}]"},
    {"a bridge", "network: {mode: dhcp, bridge: br_0}", "networks",
     "[{\"name\":\"default\",\"multus\":{\"networkName\":\"br-0\"}}]"},
    {"an address of a NIC", "network: {mac: '52:54:00:00:00:0A'}", "domain.devices.interfaces",
     "[{\"name\":\"default\",\"macAddress\":\"52:54:00:00:00:0a\",\"masquerade\":{}}]"},
    {"no network", "network: none", "domain.devices.autoattachPodInterface", "false"},
    {"a socket", "network: vsock", "domain.devices.autoattachVSOCK", "true"},
    {"a probe", ASKED "/h?x=1", "readinessProbe.httpGet",
     "{\"scheme\":\"HTTP\",\"port\":80,\"path\":\"/a/h?x=1\"}"},
    {"a probe in the guest", ASKED "{endpoint: /h, from: guest}", "readinessProbe.exec.command[7]",
     "\"http://127.0.0.1:80/a/h\""},
    {"a probe of its bridge",
     ASKED "/h\nnetwork: {mode: bridged, bridge: br0}",
     "readinessProbe",
     NULL,
     {"health_check is lost: Kubernetes asks in the network of pods"}},
    {"a probe with a secret",
     ASKED "'/h?token=x'",
     "readinessProbe",
     NULL,
     {"health_check is lost: its URL has a secret"}},
    {"a limit",
     ASKED "{timeout_ms: 5}",
     "readinessProbe.timeoutSeconds",
     "5",
     {"health_check.timeout_ms is lost"}},
    {"cloud-init", "cloud_init: {user_data: x}", "volumes",
     "[{\"name\":\"cloudinit\",\"cloudInitNoCloud\":{\"secretRef\":{\"name\":\"vm-cloud-init\"}}}]"},
    {"a workload", "workload: {entrypoint: [/a]}", "volumes[0].cloudInitNoCloud.secretRef.name",
     "\"vm-cloud-init\""},
    {"a program that is none", "workload: {entrypoint: [./a]}", .errors = {"3 entrypoint must begin with"}},
    {"another datasource", "cloud_init: {datasource: Ec2}", .errors = {"3 datasource must be NoCloud"}},
    {"a workload beside a kernel",
     "kernel: /k\nworkload: {entrypoint: [/a]}",
     "volumes",
     NULL,
     {"kernel is lost", "workload is lost: it reaches a guest"}},
    {"no question", "verify: off", "volumes", NULL},
    {"a question", "verify: on", "volumes", NULL, {"verify is lost"}},
    {"a label", "labels: {a.b/c: '', x: y_z}", ">labels", "{\"a.b/c\":\"\",\"x\":\"y_z\"}"},
    {"labels that are none",
     "labels: {'a/b/c': x, '-a': x, a: 'x '}",
     ">annotations",
     "{\"a\":\"x \"}",
     {"labels.a/b/c is lost: Kubernetes has no label of that name", "labels.-a is lost"}},
    {"for people", "title: 'no'\nexpose: ['1']\nmetadata: {a: [1, ~]}", ">annotations",
     "{\"gpuvm/title\":\"no\",\"gpuvm/metadata\":\"{\\\"a\\\":[1,null]}\",\"gpuvm/expose\":\"[\\\"1\\\"]\"}"},
};

static const gpuvm_kube_manifest *
find_manifest(const gpuvm_kube *kube, const char *kind)
{
    for (guint i = 0; i < kube->manifests->len; i++) {
        const gpuvm_kube_manifest *manifest = kube->manifests->pdata[i];

        if (g_str_has_prefix(json_object_get_string_member(manifest->json, "kind"), kind))
            return manifest;
    }
    return NULL;
}

/* What @path of a case is in what was made; NULL: nothing. */
static char *
read_path(const gpuvm_kube *kube, const mapping_case *of)
{
    static const struct {
        char begin;
        const char *path;
    } places[] = {{'!', "$.spec.configuration.permittedHostDevices."},
                  {'^', "$.spec."},
                  {'>', "$.metadata."},
                  {0, "$.spec.template.spec."}};
    const gpuvm_kube_manifest *manifest =
        find_manifest(kube, *of->path == '!' ? "KubeVirt" : "VirtualMachine");
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT), found = NULL;
    g_autofree char *path = NULL;
    size_t i = 0;

    assert_non_null(manifest);
    while (places[i].begin && places[i].begin != *of->path)
        i++;
    path = g_strconcat(places[i].path, of->path + (places[i].begin != 0), NULL);
    if (of->deployment)
        path = (g_free(path),
                g_strconcat("$.spec.virtualMachineTemplate.spec.", of->path + (*of->path == '^'), NULL));
    json_node_set_object(root, manifest->json);
    found = json_path_query(path, root, NULL);
    if (json_array_get_length(json_node_get_array(found)) == 0)
        return NULL;
    return json_to_string(json_array_get_element(json_node_get_array(found), 0), FALSE);
}

static void
run_case(const mapping_case *of)
{
    g_autofree char *yaml = g_strdup_printf("name: vm\n%s\n", of->definition), *said = NULL;
    g_autoptr(plan_scene) scene =
        scene_new(of->facts ? of->facts : "", "", of->policy ? of->policy : EXACT, NULL);
    g_autoptr(gpuvm_spec) spec = build_spec(yaml, of->deployment ? "deployment" : "vm");
    g_autoptr(gpuvm_spec) template = of->deployment ? gpuvm_replicas_template(spec, scene->diags) : NULL;
    g_autoptr(gpuvm_kube) kube = gpuvm_kube_new(&scene->policies, scene->facts, false, scene->diags);

    gpuvm_kube_add(kube, template ? template : spec, template ? spec : NULL);
    expect_diags(of->name, scene->diags, GPUVM_DIAG_ERROR, of->errors);
    expect_diags(of->name, scene->diags, GPUVM_DIAG_WARNING, of->lost);
    if (of->errors[0])
        return;
    said = read_path(kube, of);
    expect_text(of->name, said ? said : "nothing", of->expected ? of->expected : "nothing");
}

static void
definitions_are_manifests(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        run_case(&cases[i]);
}

static void
what_is_lost_is_an_error(void **state G_GNUC_UNUSED)
{
    static const char *const errors[] = {"2 verify is lost", NULL};
    g_autoptr(plan_scene) scene = scene_new("", "verify: true", NULL, NULL);
    g_autoptr(gpuvm_kube) kube = gpuvm_kube_new(&scene->policies, scene->facts, true, scene->diags);

    gpuvm_kube_add(kube, scene->vm, NULL);
    expect_diags("strict", scene->diags, GPUVM_DIAG_ERROR, errors);
}

static void
what_has_no_room_is_lost(void **state G_GNUC_UNUSED)
{
    static const char *const lost[] = {"openapi is lost: the annotations of a resource have room for 256 KiB",
                                       "cloud_init is lost: a Secret has room for 1 MiB", NULL};
    g_autofree char *much = g_strnfill(257 * 1024, 'a'), *more = g_strnfill(762 * 1024, 'b');
    g_autofree char *text = g_strdup_printf(
        "name: vm\nopenapi: %s\ntitle: short\nworkload: {entrypoint: [/a]}\ncloud_init: {user_data: %s}",
        much, more);
    g_autoptr(plan_scene) scene = scene_new("", "", NULL, NULL);
    g_autoptr(gpuvm_spec) spec = build_spec(text, "vm");
    g_autoptr(gpuvm_kube) kube = gpuvm_kube_new(&scene->policies, scene->facts, false, scene->diags);

    gpuvm_kube_add(kube, spec, NULL);
    expect_diags("room", scene->diags, GPUVM_DIAG_WARNING, lost);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_said_or_lost), cmocka_unit_test(names_are_kubernetes),
        cmocka_unit_test(definitions_are_manifests), cmocka_unit_test(what_is_lost_is_an_error),
        cmocka_unit_test(what_has_no_room_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
