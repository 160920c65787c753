/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/diff.h"

static char *
differences_text(const GPtrArray *differences)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < differences->len; i++) {
        const gpuvm_difference *difference = differences->pdata[i];

        g_string_append_printf(text, "%s%s: %s → %s %s", i > 0 ? "\n" : "", difference->field,
                               difference->now ? difference->now : "-",
                               difference->then ? difference->then : "-", gpuvm_when_names[difference->when]);
    }
    return g_strdup(text->str);
}

#define START " at the next start"
#define NOW " now"
#define DISK " needs a new disk"

static void
compares_trees(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *now, *then, *expected;
    } cases[] = {
        {"title: a", "title: a", ""},
        {"title: a\nfirmware: bios", "firmware: bios\ntitle: a", ""},
        {"title: a", "title: b", "title: a → b" NOW},
        {"title: a", "", "title: a → -" NOW},
        {"", "title: a", "title: - → a" NOW},
        {"description: |\n  a\n  b", "description: a", "description: a\nb\n → a" NOW},
        {"resources: {memory_mb: 1024}", "resources: {memory_mb: 2048}",
         "resources.memory_mb: 1024 → 2048" START},
        {"resources: {memory_mb: 1024}", "resources: {cpu_cores: 4}",
         "resources.cpu_cores: - → 4" START "\nresources.memory_mb: 1024 → -" START},
        {"resources: {}", "", ""},
        {"kernel: /a", "kernel: {path: /a}", ""},
        {"kernel: /a", "kernel: {path: /b}", "kernel.path: /a → /b" START},
        {"kernel: /a", "kernel: {url: 'http://h/a'}",
         "kernel.path: /a → -" START "\nkernel.url: - → http://h/a" START},
        {"disks: [/a, /b]", "disks: [/a, /b]", ""},
        {"disks: [/a, /b]", "disks: [/b]", "disks: /a, /b → /b" START},
        {"disks: [/a]", "disks: []", "disks: /a → none" START},
        {"disks: [/a, /b]", "disks: [/a, {source: /b, readonly: true}]", "disks[1].readonly: - → true" START},
        {"disks: [/a]", "disks: [/a, {source: /b, target: sda}]",
         "disks[1].source: - → /b" START "\ndisks[1].target: - → sda" START},
        {"disks: [{source: 'http://h/a'}]", "disks: [{source: 'http://h/b'}]",
         "disks[0].source: http://h/a → http://h/b" DISK},
        {"disks: [{name: a, size_gb: 1}]", "disks: [{name: a, size_gb: 2}]", "disks[0].size_gb: 1 → 2" START},
        {"disks: [{source: /a, checksum: x}]", "disks: [{source: /a, checksum: y}]",
         "disks[0].checksum: x → y" DISK},
        {"devices: {pci_passthrough: ['01:00']}",
         "devices: {pci_passthrough: ['02:00'], iommu_group: include}",
         "devices.pci_passthrough: 01:00 → 02:00" START "\ndevices.iommu_group: - → include" START},
        {"devices: {gpus: [10de:*]}", "devices: {gpus: [{id: 10de:*, count: 2}]}",
         "devices.gpus[0].count: - → 2" START},
        {"devices: {per_replica: [[a], [b]]}", "devices: {per_replica: [[a], [c]]}",
         "devices.per_replica[1]: b → c" START},
        {"rootfs: /a", "rootfs: /b", "rootfs.path: /a → /b" DISK},
        {"rootfs: {path: /a, size_gb: 10}", "rootfs: {path: /a, size_gb: 20}",
         "rootfs.size_gb: 10 → 20" DISK},
        {"", "rootfs: /b", "rootfs.path: - → /b" START},
        {"workload: {env: {A: x, B: y}, entrypoint: [/a, -b]}",
         "workload: {env: {B: z, C: y}, entrypoint: [/a]}",
         "workload.entrypoint: /a, -b → /a" START "\nworkload.env.A: x → -" START
         "\nworkload.env.B: y → z" START "\nworkload.env.C: - → y" START},
        {"labels: {a: x}", "labels: {a: y}", "labels.a: x → y" NOW},
        {"labels: {}", "", ""},
        {"image: a\nimage_digest: b", "image: b\nimage_digest: c",
         "image: a → b" NOW "\nimage_digest: b → c" NOW},
        {"metadata: {a: [1, 2], b: {c: d}}", "metadata: {a: [1, {x: y}], b: e}",
         "metadata.a[1].x: - → y" NOW "\nmetadata.b.c: d → -" NOW},
        {"metadata: [{a: b}]", "metadata: {a: b}", "metadata.a: - → b" NOW},
        {"metadata: a", "metadata: [a, b]", "metadata: a → a, b" NOW},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(GPtrArray) differences = gpuvm_diff_new();
        const gpuvm_node *roots[2];
        GPtrArray *docs[2];
        g_autofree char *text = NULL;

        for (size_t s = 0; s < 2; s++) {
            g_autofree char *yaml = g_strdup_printf("name: vm\n%s\n", s == 0 ? cases[i].now : cases[i].then);
            g_autoptr(gpuvm_source) source = gpuvm_source_new("a", g_strdup(yaml), strlen(yaml));

            docs[s] = gpuvm_doc_parse(source, diags);
            roots[s] = ((const gpuvm_doc *)docs[s]->pdata[0])->root;
        }
        assert_int_equal(diags->errors, 0);
        gpuvm_diff_trees(differences, &gpuvm_vm_table, roots[0], roots[1]);
        text = differences_text(differences);
        expect_text(cases[i].then, text, cases[i].expected);
        g_ptr_array_unref(docs[0]);
        g_ptr_array_unref(docs[1]);
    }
}

#define HOST                                                                                                 \
    "0000:01:00.0 030000 10de:2204 group=14\n0000:01:00.1 040300 10de:1aef group=14\n"                       \
    "0000:02:00.0 030000 10de:2204 group=15\n0000:03:00.0 020000 8086:1533 group=15 driver=igb\n"
#define SHA(digit) "sha256:" digit "000000000000000000000000000000000000000000000000000000000000000"
#define VOLUME(digit) "sha256-" digit "000000000000000000000000000000000000000000000000000000000000000"

/** A plan for @definition, over what a plan for @former remembers. */
static char *
compare_plans(const char *former, const char *definition, const char *image)
{
    g_autoptr(plan_scene) before = scene_new(HOST, former, "allowlist: ['*:*']", NULL);
    g_autoptr(plan_scene) scene = scene_new(HOST, definition, "allowlist: ['*:*']", NULL);
    g_autoptr(GPtrArray) differences = gpuvm_diff_new();

    before->key = g_bytes_new_static("k", 1);
    scene->key = g_bytes_ref(before->key);
    scene_plan(before);
    scene->record = gpuvm_record_new();
    scene->record->digest = g_strdup(before->plan->digest);
    scene->record->definition = g_strdup(before->plan->definition);
    for (guint i = 0; i < before->plan->functions->len; i++) {
        const gpuvm_plan_function *function = before->plan->functions->pdata[i];
        const gpuvm_record_device device = {
            .addr = function->device->addr,
            .identity = {.vendor_id = function->device->vendor_id, .device_id = function->device->device_id},
            .role = function->role};

        g_array_append_val(scene->record->devices, device);
    }
    if (image) {
        gpuvm_record_image *known = g_new0(gpuvm_record_image, 1);

        known->what = g_strdup("rootfs");
        known->volume = g_strdup(image);
        g_ptr_array_add(scene->record->images, known);
    }
    scene_plan(scene);
    gpuvm_diff_plan(differences, scene->plan);
    g_autofree char *text = differences_text(differences);
    g_autoptr(GString) shown = g_string_new(text);
    g_string_replace(shown, before->plan->digest, "DIGEST", 0);
    g_string_replace(shown, scene->plan->digest, "DIGEST", 0);
    return g_strdup(shown->str);
}

static void
compares_plans(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *former, *definition, *image, *expected;
    } cases[] = {
        {"title: a", "title: a", NULL, ""},
        {"title: a", "title: b", NULL, "title: a → b" NOW},
        {"devices: {pci_passthrough: ['01:00.0']}",
         "devices: {pci_passthrough: ['02:00.0'], iommu_group: detach}", NULL,
         "devices.pci_passthrough: 01:00.0 → 02:00.0" START "\ndevices.iommu_group: - → detach" START
         "\nfunctions: 0000:01:00.0, 0000:01:00.1 → 0000:02:00.0, 0000:03:00.0 (detached)" START},
        {"devices: {pci_passthrough: ['01:00']}", "", NULL,
         "devices.pci_passthrough: 01:00 → -" START "\nfunctions: 0000:01:00.0, 0000:01:00.1 → -" START},
        {"workload: {env: {A: one}}", "workload: {env: {A: one}}", NULL, ""},
        {"workload: {env: {A: one}}", "workload: {env: {A: two}}", NULL,
         "workload.env.A: (hidden) sha256:06aae5298014 → (hidden) sha256:63ea3e3a1d97" START},
        {"rootfs: {url: 'http://h/a', checksum: '" SHA("1") "'}",
         "rootfs: {url: 'http://h/a', checksum: '" SHA("2") "'}", VOLUME("1"),
         "rootfs.checksum: " SHA("1") " → " SHA("2") DISK "\nimages.rootfs: " SHA("1") " → " SHA("2") DISK},
        /* the image is the same */
        {"rootfs: {url: 'http://h/a'}", "rootfs: {url: 'http://i/a', checksum: '" SHA("1") "', size_gb: 3}",
         VOLUME("1"),
         "rootfs.size_gb: - → 3" DISK "\nrootfs.url: http://h/a → http://i/a" NOW
         "\nrootfs.checksum: - → " SHA("1") NOW},
        {"disks: [/a]", "disks: [{source: /a}]", NULL, "definition: DIGEST → DIGEST" NOW},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = compare_plans(cases[i].former, cases[i].definition, cases[i].image);

        expect_text(cases[i].definition, text, cases[i].expected);
    }
}

/** What gpuvm 0.1 left behind has no definition. */
static void
compares_with_what_is_not_known(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene = scene_new(HOST, "title: a", NULL, NULL);
    g_autoptr(GPtrArray) same = gpuvm_diff_new(), other = gpuvm_diff_new(), damaged = gpuvm_diff_new();

    scene_plan(scene);
    scene->record = gpuvm_record_new();
    scene->record->digest = g_strdup(scene->plan->digest);
    scene->plan->former = scene->record;
    gpuvm_diff_plan(same, scene->plan);
    assert_int_equal(same->len, 0);
    scene->record->digest[10] ^= 1;
    gpuvm_diff_plan(other, scene->plan);
    assert_int_equal(other->len, 1);
    scene->record->definition = g_strdup("[");
    gpuvm_diff_plan(damaged, scene->plan);
    assert_int_equal(damaged->len, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_trees),
        cmocka_unit_test(compares_plans),
        cmocka_unit_test(compares_with_what_is_not_known),
    };

    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
