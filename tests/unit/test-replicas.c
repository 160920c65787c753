/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/merge.h"
#include "core/replicas.h"
#include "doc/emit.h"

/** The replicas of the deployment @yaml, "fleet" with further keys, over the plugin @plugin (NULL: none). */
static GPtrArray *
expand(const char *yaml, const char *plugin_yaml, gpuvm_diags *diags)
{
    g_autofree char *whole = g_strconcat("name: fleet\n", plugin_yaml ? "plugin: p\n" : "", yaml, NULL);
    g_autoptr(gpuvm_spec) deployment = build_spec(whole, "deployment"), plugin = NULL;
    g_autoptr(gpuvm_spec) template = gpuvm_replicas_template(deployment, diags);

    assert_non_null(template);
    if (plugin_yaml) {
        g_autofree char *text = g_strconcat("name: p\n", plugin_yaml, NULL);
        gpuvm_spec *alone = template;

        plugin = build_spec(text, "plugin");
        template = gpuvm_merge(alone, plugin, NULL, diags);
        gpuvm_spec_free(alone);
        assert_non_null(template);
    }
    return gpuvm_replicas_expand(deployment, template, NULL, diags);
}

/** "fleet-0: 0000:01:00.0 0000:02:00; fleet-1: …" */
static char *
cards_text(const GPtrArray *replicas)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < replicas->len; i++) {
        const gpuvm_vm *vm = ((const gpuvm_spec *)replicas->pdata[i])->vm;
        const GPtrArray *cards = vm->body.devices->pci_passthrough;

        g_string_append_printf(text, "%s%s:", i > 0 ? "; " : "", vm->name);
        assert_int_equal(vm->body.devices->per_replica->len, 0);
        for (guint k = 0; k < cards->len; k++) {
            g_autofree char *card =
                gpuvm_pci_ref_format(&((const gpuvm_passthrough *)cards->pdata[k])->address);
            g_string_append_printf(text, " %s", card);
        }
    }
    return g_strdup(text->str);
}

#define CARDS(n) "devices: {pci_passthrough: ['01:00.0', '02:00.0', '03:00.0', '04:00.0']}\nreplicas: " n "\n"

static void
deals_cards_out(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *deployment, *plugin, *expected;
    } cases[] = {
        {"", NULL, "fleet-0:"},
        {"replicas: 2\n", NULL, "fleet-0:; fleet-1:"},
        {CARDS("2"), NULL, "fleet-0: 0000:01:00.0; fleet-1: 0000:02:00.0"},
        {CARDS("3"), NULL, "fleet-0: 0000:01:00.0; fleet-1: 0000:02:00.0; fleet-2: 0000:03:00.0"},
        {CARDS("2") "cards_per_replica: 2\n", NULL,
         "fleet-0: 0000:01:00.0 0000:02:00.0; fleet-1: 0000:03:00.0 0000:04:00.0"},
        {CARDS("1") "cards_per_replica: 4\n", NULL,
         "fleet-0: 0000:01:00.0 0000:02:00.0 0000:03:00.0 0000:04:00.0"},
        {"replicas: 2\ndevices: {pci_passthrough: ['02:00', {address: '01:00', rom_bar: no}]}\n", NULL,
         "fleet-0: 0000:02:00; fleet-1: 0000:01:00"},
        {"replicas: 2\ndevices: {per_replica: [['02:00.0', '03:00.0'], [], ['01:00.0']]}\n", NULL,
         "fleet-0: 0000:02:00.0 0000:03:00.0; fleet-1:"},
        /* of a plugin */
        {"replicas: 2\n", "devices: {pci_passthrough: ['01:00.0', '02:00.0']}\n",
         "fleet-0: 0000:01:00.0; fleet-1: 0000:02:00.0"},
        {"devices: {pci_passthrough: ['03:00.0']}\n", "devices: {pci_passthrough: ['01:00.0']}\n",
         "fleet-0: 0000:03:00.0"},
        {"manifest: {devices: {pci_passthrough: ['03:00.0']}}\n", "devices: {pci_passthrough: ['01:00.0']}\n",
         "fleet-0: 0000:03:00.0"},
        {"config: {devices: {pci_passthrough: ['04:00.0']}}\nmanifest: {devices: {pci_passthrough: ['03:00.0']}}\n",
         "devices: {pci_passthrough: ['01:00.0']}\n", "fleet-0: 0000:04:00.0"},
        {"devices: {per_replica: [['01:00.0']]}\n", "devices: {pci_passthrough: ['01:00.0']}\n",
         "fleet-0: 0000:01:00.0"},
        {"devices: {pci_passthrough: ['01:00.0']}\n", "devices: {per_replica: [['01:00.0']]}\n",
         "fleet-0: 0000:01:00.0"},
        {"devices: {functions: requested}\n", "devices: {per_replica: [['01:00.0']]}\n",
         "fleet-0: 0000:01:00.0"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(GPtrArray) replicas = expand(cases[i].deployment, cases[i].plugin, diags);
        g_autofree char *text = NULL;

        expect_diags(cases[i].deployment, diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
        text = cards_text(replicas);
        expect_text(cases[i].deployment, text, cases[i].expected);
    }
}

static void
refuses_what_replicas_cannot_have(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *deployment, *plugin, *expected[3];
    } cases[] = {
        {CARDS("5"), NULL, {"5 4 cards for 5 replicas :: at most 4"}},
        {CARDS("3") "cards_per_replica: 2\n", NULL, {"5 4 cards for 3 replicas :: each gets 2 :: at most 2"}},
        {"replicas: 2\ndevices: {pci_passthrough: ['01:00.0']}\n",
         NULL,
         {"5 1 card for 2 replicas :: at most 1"}},
        {"replicas: 2\n", "devices: {pci_passthrough: ['01:00.0']}\n", {"5 1 card for 2 replicas"}},
        {"replicas: 3\ndevices: {per_replica: [['01:00.0'], []]}\n",
         NULL,
         {"5 2 lists of devices for 3 replicas"}},
        {"devices: {pci_passthrough: ['01:00.0'], per_replica: [['02:00.0']]}\n",
         NULL,
         {"3 per_replica is given beside pci_passthrough"}},
        {"cards_per_replica: 2\n", NULL, {"3 cards_per_replica means nothing without pci_passthrough"}},
        {"cards_per_replica: 1\ndevices: {per_replica: [['01:00.0']]}\n",
         NULL,
         {"3 cards_per_replica means nothing with per_replica"}},
        {"replicas: 2\nnetwork: {mac: '52:54:00:00:00:01'}\n",
         NULL,
         {"3 several replicas cannot have one MAC"}},
        {"network: {mac: '52:54:00:00:00:01'}\ndisks: [/d.raw]\n", NULL, {NULL}}, /* one can */
        {"replicas: 2\ndisks: [/d.raw, /i.iso, {source: /r, readonly: yes}, 'http://h/x', {source: /s, checksum: "
         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}, {name: d, size_gb: 1}]\n",
         NULL,
         {"3 several replicas cannot write to one disk: /d.raw :: readonly"}},
        {"replicas: 2\n", "disks: [/d.raw]\n", {"3 several replicas cannot write to one disk: /d.raw"}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(GPtrArray) replicas = expand(cases[i].deployment, cases[i].plugin, diags);

        expect_diags(cases[i].deployment, diags, GPUVM_DIAG_ERROR, cases[i].expected);
        assert_true(!replicas == (diags->errors > 0));
    }
}

/** The YAML of the only replica of @deployment. */
static char *
only_replica(const char *deployment, const char *plugin)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) replicas = expand(deployment, plugin, diags);

    assert_non_null(replicas);
    return gpuvm_emit_yaml(((const gpuvm_spec *)replicas->pdata[0])->doc->root);
}

static void
lays_config_over_manifest(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *deployment, *plugin, *expected; /* behind "name: fleet-0\n" */
    } cases[] = {
        {"title: t\n", NULL, "title: t\n"},
        {"config: {title: t}\n", NULL, "title: t\n"},
        {"labels: {a: '1'}\nconfig: {labels: {b: '2'}}\n", NULL, "labels:\n  a: '1'\n  b: '2'\n"},
        {"manifest: {title: m, firmware: bios}\ntitle: t\n", NULL, "title: t\nfirmware: bios\n"},
        {"manifest: {labels: {a: m, b: m}}\nconfig: {labels: {a: c}}\n", "labels: {a: p, b: p, d: p}\n",
         "labels:\n  a: c\n  b: m\n  d: p\nplugin: p\n"},
        {"runtime: r\n", "runtime: q\n", "runtime: r\nplugin: p\n"},
        {"manifest: {devices: {allowlist: ['10de:*']}}\n", "devices: {allowlist: ['8086:*']}\n",
         "devices:\n  allowlist:\n  - '10de:*'\nplugin: p\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *yaml = only_replica(cases[i].deployment, cases[i].plugin);
        g_autofree char *expected = g_strconcat("name: fleet-0\n", cases[i].expected, NULL);
        g_auto(GStrv) lines = g_strsplit(yaml, "name: fleet-0\n", 2);
        g_autofree char *rest = g_strconcat("name: fleet-0\n", lines[0], lines[1], NULL);

        assert_string_equal(rest, expected);
    }
}

static void
records_what_replicas_have_in_common(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) two = expand(CARDS("2"), NULL, diags), three = expand(CARDS("3"), NULL, diags);
    g_autoptr(GPtrArray) other =
        expand("firmware: bios\nworkload: {env: {A: secret}}\n" CARDS("2"), NULL, diags);
    g_autoptr(GPtrArray) moved =
        expand("replicas: 2\ndevices: {pci_passthrough: ['05:00.0', '06:00.0']}\n", NULL, diags);
    const gpuvm_spec *first = two->pdata[0], *second = two->pdata[1];
    const gpuvm_deployed *of_three = ((const gpuvm_spec *)three->pdata[0])->deployed;
    const gpuvm_deployed *of_other = ((const gpuvm_spec *)other->pdata[0])->deployed;
    const gpuvm_deployed *of_moved = ((const gpuvm_spec *)moved->pdata[0])->deployed;

    assert_ptr_equal(first->deployed, second->deployed);
    assert_int_equal(first->replica, 0);
    assert_int_equal(second->replica, 1);
    assert_string_equal(first->deployed->name, "fleet");
    assert_int_equal(first->deployed->replicas, 2);
    assert_int_equal(first->deployed->generation, 1);
    assert_false(first->deployed->secrets);
    /* how many there are, and which cards each has, is not what they have in common */
    assert_string_equal(of_three->digest, first->deployed->digest);
    assert_string_equal(of_three->text, first->deployed->text);
    assert_string_equal(of_moved->digest, first->deployed->digest);
    assert_string_not_equal(of_moved->text, first->deployed->text);
    assert_string_not_equal(of_other->digest, first->deployed->digest);
    assert_true(of_other->secrets);
    assert_null(strstr(of_other->text, "secret"));
    assert_string_equal(first->deployed->text,
                        "name: fleet\ndevices:\n  pci_passthrough:\n  - '01:00.0'\n  - '02:00.0'\n"
                        "  - '03:00.0'\n  - '04:00.0'\n");
}

static void
adds_their_memory_up(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *host, *definition;
        unsigned replicas;
        const char *expected[2];
    } cases[] = {
        {"host memory=8192\n", "resources: {memory_mb: 4096}\n", 2, {NULL}},
        {"host memory=8191\n",
         "resources: {memory_mb: 4096}\n",
         2,
         {"5 2 replicas take 8192 MiB, the host has 8191 MiB"}},
        {"host memory=8191\n", "resources: {memory_mb: 4096}\n", 1, {NULL}},
        {"", "resources: {memory_mb: 4096}\n", 9, {NULL}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *host = g_strconcat("0000:01:00.0 030000 10de:2204 group=1\n", cases[i].host, NULL);
        g_autofree char *definition =
            g_strconcat("devices: {pci_passthrough: ['01:00.0']}\n", cases[i].definition, NULL);
        g_autoptr(plan_scene) scene = scene_new(host, definition, NULL, NULL);
        g_autoptr(GPtrArray) plans = g_ptr_array_new();
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

        scene_plan(scene);
        for (unsigned n = 0; n < cases[i].replicas; n++)
            g_ptr_array_add(plans, scene->plan);
        gpuvm_replicas_check_memory(plans, scene->facts, diags);
        expect_diags(cases[i].definition, diags, GPUVM_DIAG_ERROR, cases[i].expected);
        g_ptr_array_set_size(scene->plan->functions, 0); /* without devices nothing is pinned */
        g_ptr_array_set_size(diags->items, 0);
        gpuvm_replicas_check_memory(plans, scene->facts, diags);
        assert_int_equal(diags->items->len, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deals_cards_out),
        cmocka_unit_test(refuses_what_replicas_cannot_have),
        cmocka_unit_test(lays_config_over_manifest),
        cmocka_unit_test(adds_their_memory_up),
        cmocka_unit_test(records_what_replicas_have_in_common),
    };

    return cmocka_run_group_tests_name("replicas", tests, NULL, NULL);
}
