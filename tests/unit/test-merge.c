/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/merge.h"
#include "doc/emit.h"

static gpuvm_spec *
parse(const char *name, const char *text, gpuvm_diags *diags)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new(name, g_strdup(text), strlen(text));
    g_autoptr(GPtrArray) specs = gpuvm_spec_parse(source, NULL, diags);

    assert_int_equal(diags->errors, 0);
    assert_int_equal(specs->len, 1);
    return g_ptr_array_steal_index(specs, 0);
}

static gpuvm_spec *
merge(const char *plugin_text, const char *vm_text, gpuvm_diags *diags)
{
    g_autoptr(gpuvm_spec) plugin = parse("plugin.yaml", plugin_text, diags);
    g_autoptr(gpuvm_spec) vm = parse("vm.yaml", vm_text, diags);

    return gpuvm_merge(vm, plugin, NULL, diags);
}

static const struct {
    const char *plugin, *vm; /* "kind: plugin\nname: p\n" and "name: v\nplugin: p\n" go before them */
    const char *merged;      /* between "name: v" and "plugin: p" */
} cases[] = {
    {"", "", ""},
    {"version: '2'\nruntime: r\nenabled: true\n$schema: s\n", "", ""},
    {"title: a\n", "", "title: a\n"},
    {"title: a\n", "title: b\n", "title: b\n"},
    {"resources: {cpu_cores: 4, memory_mb: 8192}\n", "resources: {memory_mb: 1024}\n",
     "resources:\n  cpu_cores: 4\n  memory_mb: 1024\n"},
    {"labels: {a: 1, b: 2}\n", "labels: {b: 3, c: 4}\n", "labels:\n  a: 1\n  b: 3\n  c: 4\n"},
    /* lists are replaced */
    {"disks: [a, b]\n", "disks: [c]\n", "disks:\n- c\n"},
    {"devices: {pci_passthrough: ['01:00.0'], functions: requested}\n",
     "devices: {pci_passthrough: ['02:00.0']}\n",
     "devices:\n  pci_passthrough:\n  - '02:00.0'\n  functions: requested\n"},
    /* the allowlist is not merged */
    {"devices: {allowlist: ['10de:*'], functions: requested}\n", "", "devices:\n  functions: requested\n"},
    {"devices: {allowlist: ['10de:*']}\n", "devices: {allowlist: ['8086:*']}\n",
     "devices:\n  allowlist:\n  - '8086:*'\n"},
    /* what says what a thing is takes the place of all of it */
    {"kernel: {url: 'http://h/k', checksum: "
     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}\n",
     "kernel: /boot/k\n", "kernel:\n  path: /boot/k\n"},
    {"rootfs: {url: 'http://h/r', format: raw}\n", "rootfs: {url: 'http://h/s'}\n",
     "rootfs:\n  url: http://h/s\n"},
    {"network: {mode: nat, network: lab}\n", "network: none\n", "network:\n  mode: none\n"},
    {"network: {mode: bridged}\n", "network: {bridge: br1}\n", "network:\n  mode: bridged\n  bridge: br1\n"},
    {"network: bridged\n", "network: {bridge: br1}\n", "network:\n  mode: bridged\n  bridge: br1\n"},
    {"cloud_init: {user_data: {content: a}, meta_data: {content: m}}\n",
     "cloud_init: {user_data: {path: f}}\n",
     "cloud_init:\n  user_data:\n    path: f\n  meta_data:\n    content: m\n"},
    /* a value in place of a mapping */
    {"health_check: {endpoint: /h, timeout_ms: 5}\n", "health_check: /i\n",
     "health_check:\n  endpoint: /i\n  timeout_ms: 5\n"},
    {"health_check: /h\n", "health_check: {timeout_ms: 7}\n",
     "health_check:\n  endpoint: /h\n  timeout_ms: 7\n"},
    {"workload: {entrypoint: [a], env: {A: 1, B: 2}, base_url: 'http://127.0.0.1:80'}\n",
     "workload: {env: {B: 3}}\n",
     "workload:\n  entrypoint:\n  - a\n  env:\n    A: 1\n    B: 3\n  base_url: http://127.0.0.1:80\n"},
};

static void
test_merge(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autofree char *plugin = g_strconcat("kind: plugin\nname: p\n", cases[i].plugin, NULL);
        g_autofree char *vm = g_strconcat("name: v\nplugin: p\n", cases[i].vm, NULL);
        g_autofree char *expected = g_strconcat("name: v\n", cases[i].merged, "plugin: p\n", NULL);
        g_autoptr(gpuvm_spec) merged = merge(plugin, vm, diags);
        g_autofree char *yaml = merged ? gpuvm_emit_yaml(merged->doc->root) : NULL;

        assert_int_equal(diags->items->len, 0);
        assert_string_equal(yaml, expected);
        assert_string_equal(merged->base->plugin->name, "p");
    }
}

#define DEFAULTS "kind: defaults\n"
#define PLUGIN "kind: plugin\nname: p\n"

static const struct {
    const char *defaults, *plugin; /* plugin NULL: the VM has none */
    const char *vm, *merged;
} layers[] = {
    /* VM over plugin over defaults */
    {DEFAULTS "title: d\nfirmware: bios\n", PLUGIN "title: p\n", "name: v\nplugin: p\n",
     "title: p\nfirmware: bios\nname: v\nplugin: p\n"},
    {DEFAULTS "resources: {cpu_cores: 1, memory_mb: 1, hugepages: 2M}\n",
     PLUGIN "resources: {cpu_cores: 2, memory_mb: 2}\n", "name: v\nplugin: p\nresources: {cpu_cores: 3}\n",
     "resources:\n  cpu_cores: 3\n  memory_mb: 2\n  hugepages: '2M'\nname: v\nplugin: p\n"},
    {DEFAULTS "network: {mode: bridged, bridge: br0}\n", NULL, "name: v\nnetwork: {bridge: br1}\n",
     "network:\n  mode: bridged\n  bridge: br1\nname: v\n"},
    {DEFAULTS "network: {mode: bridged, bridge: br0}\n", NULL, "name: v\nnetwork: none\n",
     "network:\n  mode: none\nname: v\n"},
    /* the pool is not the VM's */
    {DEFAULTS "pool: images\n", NULL, "name: v\n", "name: v\n"},
    /* a kernel is for who needs one */
    {DEFAULTS "kernel: /k\nkernel_cmdline: d\ninitramfs: /i\n", NULL, "name: v\ndisks: [a]\n",
     "name: v\ndisks:\n- a\n"},
    {DEFAULTS "kernel: /k\nkernel_cmdline: d\n", NULL, "name: v\nkernel: /own\n",
     "kernel:\n  path: /own\nname: v\n"},
    {DEFAULTS "kernel: /k\nkernel_cmdline: d\ninitramfs: /i\n", NULL,
     "name: v\nkernel: /own\ninitramfs: /j\n", "kernel:\n  path: /own\ninitramfs:\n  path: /j\nname: v\n"},
    {DEFAULTS "kernel: /k\nkernel_cmdline: d\n", NULL, "name: v\ninitramfs: /j\n",
     "kernel:\n  path: /k\nkernel_cmdline: d\nname: v\ninitramfs: /j\n"},
    {DEFAULTS "kernel: /k\nkernel_cmdline: d\n", PLUGIN "initramfs: /j\n",
     "name: v\nplugin: p\nkernel_cmdline: w\n",
     "kernel:\n  path: /k\nkernel_cmdline: w\nname: v\ninitramfs:\n  path: /j\nplugin: p\n"},
    {DEFAULTS "kernel: /k\ninitramfs: /i\n", NULL, "name: v\nrootfs: {path: /r, format: ext4}\n",
     "kernel:\n  path: /k\ninitramfs:\n  path: /i\nname: v\nrootfs:\n  path: /r\n  format: ext4\n"},
    {DEFAULTS "kernel: /k\n", PLUGIN "initramfs: /j\nkernel_override: false\n", "name: v\nplugin: p\n",
     "kernel:\n  path: /k\nname: v\ninitramfs:\n  path: /j\nkernel_override: false\nplugin: p\n"},
};

static void
test_layers(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(layers); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(gpuvm_spec) defaults = parse("defaults.yaml", layers[i].defaults, diags),
                              vm = parse("vm.yaml", layers[i].vm, diags);
        g_autoptr(gpuvm_spec) plugin =
            layers[i].plugin ? parse("plugin.yaml", layers[i].plugin, diags) : NULL;
        g_autoptr(gpuvm_spec) merged = gpuvm_merge(vm, plugin, defaults, diags);
        g_autofree char *yaml = merged ? gpuvm_emit_yaml(merged->doc->root) : NULL;

        assert_int_equal(diags->items->len, 0);
        assert_string_equal(yaml, layers[i].merged);
        assert_ptr_equal(merged->base, plugin);
        assert_ptr_equal(merged->host_defaults, defaults);
    }
}

static void
test_kernel_override(void **state)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(gpuvm_spec) merged = merge("kind: plugin\nname: p\nkernel: /k\nkernel_override: false\n",
                                         "name: v\nplugin: p\nkernel: /l\n", diags);
    const gpuvm_diag *diag;

    (void)state;
    assert_null(merged);
    assert_int_equal(diags->errors, 1);
    diag = diags->items->pdata[0];
    assert_int_equal(diag->exit, GPUVM_EXIT_INVALID);
    assert_string_equal(diag->mark.source->name, "vm.yaml");
    assert_int_equal(diag->mark.line, 3);
}

/* What is wrong with the two together is said, at the place of the document that has it. */
static void
test_places(void **state)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(gpuvm_spec) merged = merge("kind: plugin\nname: p\ndisks:\n- {name: a, source: a}\n",
                                         "name: v\nplugin: p\nresources: {memory_mb: 7}\n", diags);
    g_autoptr(GPtrArray) origins = gpuvm_merge_origins(merged);
    const struct {
        const char *key, *value, *place;
    } expected[] = {{"name", "v", "vm.yaml:1"},
                    {"disks", "1 item", "plugin.yaml:4"},
                    {"plugin", "p", "vm.yaml:2"},
                    {"resources.memory_mb", "7", "vm.yaml:3"}};

    (void)state;
    assert_int_equal(origins->len, G_N_ELEMENTS(expected));
    for (guint i = 0; i < origins->len; i++) {
        const gpuvm_origin *origin = origins->pdata[i];
        g_autofree char *place = gpuvm_origin_place(origin);

        assert_string_equal(origin->key, expected[i].key);
        assert_string_equal(origin->value, expected[i].value);
        assert_string_equal(place, expected[i].place);
    }
}

static void
test_origin_values(void **state)
{
    static const struct {
        const char *text, *value;
    } values[] = {
        {"title: short\n", "short"},
        {"description: |\n  one\n  two\n", "one…"},
        {"title: 1234567890123456789012345678901234567890\n", "1234567890123456789012345678901234567890"},
        {"title: 12345678901234567890123456789012345678901\n", "1234567890123456789012345678901234567890…"},
        {"workload: {entrypoint: [a, b, c]}\n", "a, b, c"},
        {"workload: {entrypoint: [aaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbb]}\n", "2 items"},
        {"disks: [{source: a}]\n", "1 item"},
        {"disks: []\n", "0 items"},
        {"disks: ['http://me:secret@h/a', b]\n", "http://h/a, b"},
        {"title: http://me:secret@12345678901234567890123456789012345678901\n",
         "http://123456789012345678901234567890123…"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autofree char *text = g_strconcat(values[i].text, "name: v\n", NULL);
        g_autoptr(gpuvm_spec) vm = parse("vm.yaml", text, diags);
        g_autoptr(GPtrArray) origins = gpuvm_merge_origins(vm);

        assert_string_equal(((const gpuvm_origin *)origins->pdata[0])->value, values[i].value);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),           cmocka_unit_test(test_layers),
        cmocka_unit_test(test_kernel_override), cmocka_unit_test(test_places),
        cmocka_unit_test(test_origin_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
