/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "base/error.h"
#include "core/image.h"
#include "core/imageinfo.h"

#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char *
or_none(const char *text)
{
    return text ? text : "-";
}

/* "kernel initrd; TARGET=SOURCE FORMAT[ ro]…; WHAT=FROM>VOLUME>OVERLAY[ SIZE]…" */
static char *
plan_text(const gpuvm_plan *plan)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "%s %s;", or_none(plan->kernel), or_none(plan->initrd));
    for (guint i = 0; i < plan->disks->len; i++) {
        const gpuvm_plan_disk *disk = plan->disks->pdata[i];

        g_string_append_printf(text, " %s=%s %s%s", disk->target, disk->source, disk->qcow2 ? "qcow2" : "raw",
                               disk->readonly ? " ro" : "");
    }
    g_string_append(text, ";");
    for (guint i = 0; i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];

        g_string_append_printf(text, " %s=%s>%s>%s", image->what,
                               or_none(image->url ? image->url : image->path), or_none(image->volume),
                               or_none(image->overlay));
        if (image->size > 0)
            g_string_append_printf(text, " %" G_GUINT64_FORMAT, image->size >> 30);
    }
    return g_strdup(text->str);
}

static const struct {
    const char *definition, *expected;
} plans[] = {
    {"kernel: k\ninitramfs: /boot/i\n", "/definitions/k /boot/i;;"},
    {"kernel: {url: 'https://h/k', checksum: 'sha256:" SUM "'}\n",
     "/pool/sha256-" SUM " -;; kernel=https://h/k>sha256-" SUM ">-"},
    {"kernel: {path: k, checksum: 'sha256:" SUM "'}\ninitramfs: {url: 'http://h/i'}\n",
     "/pool/sha256-" SUM " /pool/not-fetched-yet.initramfs;; kernel=file:///definitions/k>sha256-" SUM ">- "
     "initramfs=http://h/i>->-"},
    {"rootfs: a.img\n", "- -; vda=/pool/vm.rootfs.qcow2 qcow2; rootfs=/definitions/a.img>->vm.rootfs.qcow2"},
    {"rootfs: {url: 'https://h/a', size_gb: 20}\n",
     "- -; vda=/pool/vm.rootfs.qcow2 qcow2; rootfs=https://h/a>->vm.rootfs.qcow2 20"},
    {"rootfs: {path: a.img, checksum: 'sha256:" SUM "'}\n",
     "- -; vda=/pool/vm.rootfs.qcow2 qcow2; rootfs=file:///definitions/a.img>sha256-" SUM ">vm.rootfs.qcow2"},
    {"disks: [d.img]\nrootfs: r.img\n",
     "- -; vda=/pool/vm.rootfs.qcow2 qcow2 vdb=/definitions/d.img raw; rootfs=/definitions/r.img>->vm.rootfs.qcow2"},
    {"disks: [{source: d.img, target: vda}]\nrootfs: r.img\n",
     "- -; vdb=/pool/vm.rootfs.qcow2 qcow2 vda=/definitions/d.img raw; rootfs=/definitions/r.img>->vm.rootfs.qcow2"},
    {"disks: ['https://h/d.img', 'https://h/c.iso']\n",
     "- -; vda=/pool/vm.vda.qcow2 qcow2 sda=/pool/not-fetched-yet.sda raw ro; "
     "vda=https://h/d.img>->vm.vda.qcow2 sda=https://h/c.iso>->-"},
    {"disks: [{source: d.qcow2, readonly: yes, checksum: 'sha256:" SUM "'}]\n",
     "- -; vda=/pool/sha256-" SUM " qcow2 ro; vda=file:///definitions/d.qcow2>sha256-" SUM ">-"},
    {"disks: [{name: a, size_gb: 3}, d.img, {name: B-2, size_gb: 1, format: raw, target: sdc}]\n",
     "- -; vda=/pool/vm.disk-a.qcow2 qcow2 vdb=/definitions/d.img raw sdc=/pool/vm.disk-B-2.raw raw; "
     "vda=->->vm.disk-a.qcow2 3 sdc=->->vm.disk-B-2.raw 1"},
};

static void
plans_images(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(plans); i++) {
        g_autoptr(plan_scene) scene = scene_new("", plans[i].definition, NULL, NULL);
        g_autofree char *text = NULL;

        scene_plan(scene);
        text = plan_text(scene->plan);
        expect_text(plans[i].definition, text, plans[i].expected);
    }
}

static void
learns_what_was_fetched(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene =
        scene_new("",
                  "initramfs: {url: 'https://h/i'}\nkernel: k\nrootfs: {url: 'https://h/r'}\n"
                  "disks: [{source: 'https://h/d', readonly: yes}]\n",
                  NULL, NULL);
    g_autofree char *text = NULL;

    scene_plan(scene);
    assert_int_equal(scene->plan->images->len, 3);
    for (guint i = 0; i < 3; i++) {
        g_autofree char *volume = g_strdup_printf("sha256-%u", i);
        gpuvm_image_learn(scene->plan, scene->plan->images->pdata[i], volume, true);
    }
    text = plan_text(scene->plan);
    expect_text("learnt", text,
                "/definitions/k /pool/sha256-0; vda=/pool/vm.rootfs.qcow2 qcow2 vdb=/pool/sha256-2 qcow2 ro; "
                "initramfs=https://h/i>sha256-0>- rootfs=https://h/r>sha256-1>vm.rootfs.qcow2 "
                "vdb=https://h/d>sha256-2>-");
}

static void
needs_the_pool(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition;
        bool needs, fetches;
    } cases[] = {
        {"disks: [a.img, /dev/sda]\nkernel: k\ninitramfs: i\n", false, false},
        {"kernel: {url: 'https://h/k'}\n", true, true},
        {"kernel: {path: k, checksum: 'sha256:" SUM "'}\n", true, true},
        {"kernel: k\ninitramfs: {url: 'https://h/i'}\n", true, true},
        {"rootfs: a.img\n", true, false},
        {"rootfs: {url: 'https://h/r'}\n", true, true},
        {"disks: [a.img, 'https://h/d']\n", true, true},
        {"disks: [{source: a.img, checksum: 'sha256:" SUM "'}]\n", true, true},
        {"disks: [a.img, {name: d, size_gb: 1}]\n", true, false},
        {"cloud_init: {}\n", true, false},
        {"workload: {entrypoint: [run]}\n", true, false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new("", cases[i].definition, NULL, NULL);

        if (gpuvm_image_needs_pool(scene->vm->vm) != cases[i].needs ||
            gpuvm_image_fetches(scene->vm->vm) != cases[i].fetches)
            fail_msg("%s", cases[i].definition);
    }
}

static void
notes_what_is_unknown(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition, *notes[3];
    } cases[] = {
        {"kernel: k\nrootfs: r.img\ndisks: [{name: d, size_gb: 1}]\n", {NULL}},
        {"kernel: {url: 'https://h/k', checksum: 'sha256:" SUM "'}\n", {NULL}},
        {"kernel: {url: 'https://h/k'}\n", {"the digest of the kernel, :: gpuvm define fetches it"}},
        {"rootfs: {url: 'https://h/r'}\ndisks: ['https://h/d']\n",
         {"the digest of the rootfs,", "the digest of disk vdb,"}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new("", cases[i].definition, NULL, NULL);
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

        scene_plan(scene);
        gpuvm_image_note_unknown(scene->plan, diags);
        expect_diags(cases[i].definition, diags, GPUVM_DIAG_NOTE, cases[i].notes);
    }
}

static const plan_case checksum_cases[] = {
    {.name = "none is required",
     .facts = "",
     .definition = "kernel: {url: 'https://h/k'}\n",
     .policy = "allowlist: []\n"},
    {.name = "of each URL",
     .facts = "",
     .definition = "kernel: {url: 'https://h/k'}\nrootfs: {url: /r}\ndisks: ['http://h/d']\n",
     .policy = "require_checksum: true\n",
     .errors = {"4 the kernel comes from a URL without a checksum, which the policy requires :: sha256sum",
                "4 the rootfs comes from", "4 disk vdb comes from"}},
    {.name = "not of a path",
     .facts = "",
     .definition = "kernel: /k\nrootfs: r\ndisks: [d]\n",
     .policy = "require_checksum: true\n"},
    {.name = "it is there",
     .facts = "",
     .definition = "kernel: {url: 'https://h/k', checksum: " SUM "}\n",
     .policy = "require_checksum: true\n"},
    {.name = "one of two policies",
     .facts = "",
     .definition = "kernel: {url: 'https://h/k'}\n",
     .policy = "require_checksum: false\n",
     .second_policy = "require_checksum: true\n",
     .errors = {"4 which the second policy requires"}},
};

static void
requires_checksums(void **state G_GNUC_UNUSED)
{
    run_plan_cases(checksum_cases, G_N_ELEMENTS(checksum_cases));
}

/* A qcow2 header of @size bytes with one number changed. */
typedef struct patch {
    size_t offset, bytes;
    uint64_t number;
} patch;

static void
put(uint8_t *head, const patch *change)
{
    for (size_t i = 0; i < change->bytes; i++)
        head[change->offset + i] = (uint8_t)(change->number >> (8 * (change->bytes - 1 - i)));
}

static const struct {
    const char *name;
    patch change;
    size_t size;
    int format;
    const char *error; /* a part of it; NULL: it is right */
} headers[] = {
    {"right", {0}, 512, GPUVM_DISK_AUTO, NULL},
    {"declared", {0}, 512, GPUVM_DISK_QCOW2, NULL},
    {"short, but whole", {0}, 104, GPUVM_DISK_AUTO, NULL},
    {"version 2", {4, 4, 2}, 72, GPUVM_DISK_AUTO, NULL},
    {"declared raw", {0}, 512, GPUVM_DISK_RAW, "raw"},
    {"cut short", {0}, 103, GPUVM_DISK_AUTO, "cut short"},
    {"only the magic", {0}, 4, GPUVM_DISK_AUTO, "cut short"},
    {"version 1", {4, 4, 1}, 512, GPUVM_DISK_AUTO, "unknown version"},
    {"version 4", {4, 4, 4}, 512, GPUVM_DISK_AUTO, "unknown version"},
    {"backing file", {8, 8, 512}, 512, GPUVM_DISK_AUTO, "backing file"},
    {"backing file far away", {8, 8, 1ULL << 56}, 512, GPUVM_DISK_QCOW2, "backing file"},
    {"AES", {32, 4, 1}, 512, GPUVM_DISK_AUTO, "encrypted"},
    {"LUKS", {32, 4, 2}, 512, GPUVM_DISK_AUTO, "encrypted"},
    {"dirty", {72, 8, 1}, 512, GPUVM_DISK_AUTO, NULL},
    {"corrupt", {72, 8, 2}, 512, GPUVM_DISK_AUTO, "corrupt"},
    {"external data file", {72, 8, 4}, 512, GPUVM_DISK_AUTO, "external data file"},
    {"external data file among others", {72, 8, 0x1d}, 512, GPUVM_DISK_AUTO, "external data file"},
};

static void
sniffs_qcow2(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
        uint8_t head[512] = "QFI\xfb";
        g_autoptr(GError) error = NULL;
        uint64_t capacity = 0;
        bool qcow2 = false, right;

        put(head, &(patch){4, 4, 3});
        put(head, &(patch){24, 8, 1ULL << 40});
        put(head, &headers[i].change);
        right = gpuvm_image_sniff(head, headers[i].size, headers[i].format, &qcow2, &capacity, &error);
        if (headers[i].error)
            expect_text(headers[i].name,
                        !right && strstr(error->message, headers[i].error) ? "refused" : "not", "refused");
        else
            expect_text(headers[i].name, right && qcow2 && capacity == 1ULL << 40 ? "right" : "not", "right");
        if (error)
            assert_int_equal(error->code, GPUVM_EXIT_INVALID);
    }
}

static const struct {
    const char *bytes;
    size_t size;
    int format;
    const char *error;
} others[] = {
    {"", 0, GPUVM_DISK_AUTO, NULL},
    {"\0\0\0\0", 4, GPUVM_DISK_AUTO, NULL},
    {"QFI", 3, GPUVM_DISK_AUTO, NULL},
    {"\0\0\0\0", 4, GPUVM_DISK_QCOW2, "not a qcow2 image"},
    {"\x1f\x8b\x08", 3, GPUVM_DISK_AUTO, "packed by gzip"},
    {"\x1f\x8b\x08", 3, GPUVM_DISK_RAW, NULL},
    {"\x1f\x8b\x08", 3, GPUVM_DISK_QCOW2, "not a qcow2 image"},
    {"\xfd"
     "7zXZ",
     6, GPUVM_DISK_AUTO, "packed by xz"},
    {"(\xb5/\xfd", 4, GPUVM_DISK_AUTO, "packed by zstd"},
    {"<!DOCTYPE html>", 15, GPUVM_DISK_AUTO, "HTML"},
    {"KDMV", 4, GPUVM_DISK_AUTO, "VMDK"},
};

static void
sniffs_others(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(GError) error = NULL;
        uint64_t capacity = 1;
        bool qcow2 = true;

        if (gpuvm_image_sniff(others[i].bytes, others[i].size, others[i].format, &qcow2, &capacity, &error)) {
            assert_null(others[i].error);
            assert_false(qcow2);
            assert_int_equal(capacity, 0);
        } else {
            assert_non_null(others[i].error);
            assert_non_null(strstr(error->message, others[i].error));
        }
    }
}

static void
notes_what_was_fetched(void **state G_GNUC_UNUSED)
{
    const gpuvm_image_info info = {.url = "https://h/ü \"x\"",
                                   .checksum = "sha256:" SUM,
                                   .qcow2 = true,
                                   .size = 5368709120,
                                   .changed = "1767323045.273190990",
                                   .fetched = "2026-01-02T03:04:05Z"};
    g_autofree char *text = gpuvm_image_info_write(&info);
    g_autoptr(gpuvm_image_info) read = gpuvm_image_info_parse(text);
    static const char *const wrong[] = {
        "", "[]", "{}", "null", "{\"url\": 1}", "{\"url\": \"a\"}", "{\"url\": \"a"};

    assert_non_null(read);
    assert_string_equal(read->url, info.url);
    assert_string_equal(read->checksum, info.checksum);
    assert_true(read->qcow2);
    assert_int_equal(read->size, info.size);
    assert_string_equal(read->changed, info.changed);
    assert_string_equal(read->fetched, info.fetched);
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
        assert_null(gpuvm_image_info_parse(wrong[i]));
}

static void
knows_its_volumes(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *volume;
        gpuvm_image_sort sort;
    } cases[] = {
        {"sha256-" SUM, GPUVM_IMAGE_CONTENT},      {"sha512-" SUM SUM, GPUVM_IMAGE_CONTENT},
        {"sha256-" SUM ".json", GPUVM_IMAGE_INFO}, {"sha256-" SUM ".qcow2", GPUVM_IMAGE_FOREIGN},
        {"sha256-" SUM "0", GPUVM_IMAGE_FOREIGN},  {"sha512-" SUM, GPUVM_IMAGE_FOREIGN},
        {"sha256-", GPUVM_IMAGE_FOREIGN},          {"sha256-a.rootfs.qcow2", GPUVM_IMAGE_FOREIGN},
        {"vm.rootfs.qcow2", GPUVM_IMAGE_FOREIGN},  {"debian.img", GPUVM_IMAGE_FOREIGN},
        {"SHA256-" SUM, GPUVM_IMAGE_FOREIGN},      {"", GPUVM_IMAGE_FOREIGN},
    };
    g_autofree char *volume = gpuvm_image_volume("sha256:" SUM), *checksum = gpuvm_image_checksum(volume);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_int_equal(gpuvm_image_sort_of(cases[i].volume), cases[i].sort);
    assert_string_equal(volume, "sha256-" SUM);
    assert_string_equal(checksum, "sha256:" SUM);
}

static void
knows_whose_volumes_are(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *vm, *volume;
        bool own;
    } cases[] = {
        {"vm", "vm.rootfs.qcow2", true},
        {"vm", "vm.vdb.qcow2", true},
        {"vm", "vm.seed-0123456789ab.iso", true},
        {"vm", "vm.manifest-0123456789ab.json", true},
        {"vm", "vm.seed.iso", true}, /* of gpuvm 0.1.0 */
        {"vm", "vm.manifest.json", true},
        {"vm", "vm.seed-0123456789ab.json", false},
        {"vm", "vm.seed-0123456789abc.iso", false},
        {"vm", "vm.seed-0123456789a.iso", false},
        {"vm", "vm.seed-x.seed-0123456789ab.iso", false},
        {"a.b", "a.b.vda.qcow2", true},
        {"a", "a.b.vda.qcow2", false},
        {"vm", "vm", false},
        {"vm", "vm.qcow2", false},
        {"vm", "vm..qcow2", false},
        {"vm", "vm2.rootfs.qcow2", false},
        {"vm", "old.rootfs.qcow2", false},
        {"vm", "vm.disk-data.qcow2", true},
        {"vm", "vm.disk-data.raw", true},
        {"a.b", "a.b.disk-c.raw", true},
        {"a", "a.b.disk-c.raw", false},
        {"vm", "vm.disk-a.b.raw", false},
        {"vm", "vm.vda.raw", false},
        {"vm", "vm.x.seed.iso", false},
        {"vm", "sha256-" SUM, false},
        {"vm", "", false},
        {"rootfs", ".rootfs.qcow2", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (gpuvm_image_is_own(cases[i].vm, cases[i].volume) != cases[i].own)
            fail_msg("%s of %s", cases[i].volume, cases[i].vm);
        if (cases[i].own) {
            g_autofree char *owner = gpuvm_image_owner(cases[i].volume);

            assert_string_equal(owner, cases[i].vm);
        }
    }
    assert_null(gpuvm_image_owner("sha256-" SUM));
    assert_null(gpuvm_image_owner(""));
}

/* Never those of a VM that is defined under the same name. */
static void
names_what_is_transient(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *volume;
        bool scratch;
    } cases[] = {
        {"vm.run-rootfs.qcow2", true},    {"vm.run-vdb.qcow2", true},         {"vm.run-disk-a.qcow2", true},
        {"vm.run-disk-a.raw", true},      {"vm.seed-0123456789ab.iso", true}, {"vm.rootfs.qcow2", false},
        {"vm.disk-a.qcow2", false},       {"vm.disk-run-a.raw", false},       {"vm.run-x.raw", false},
        {"vm-1.run-rootfs.qcow2", false}, {"vm.run-rootfs.qcow2.x", false},
    };
    g_autoptr(plan_scene) scene =
        scene_new("", "rootfs: r\ndisks: [{name: a, size_gb: 1, format: raw}, 'https://h/d']\n", NULL, NULL);
    g_autofree char *text = NULL;

    scene->transient = true;
    scene_plan(scene);
    text = plan_text(scene->plan);
    expect_text("transient", text,
                "- -; vda=/pool/vm.run-rootfs.qcow2 qcow2 vdb=/pool/vm.run-disk-a.raw raw "
                "vdc=/pool/vm.run-vdc.qcow2 qcow2; rootfs=/definitions/r>->vm.run-rootfs.qcow2 "
                "vdb=->->vm.run-disk-a.raw 1 vdc=https://h/d>->vm.run-vdc.qcow2");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (gpuvm_image_is_scratch("vm", cases[i].volume) != cases[i].scratch)
            fail_msg("%s", cases[i].volume);
        if (cases[i].scratch && !gpuvm_image_is_own("vm", cases[i].volume))
            fail_msg("%s is nobody's", cases[i].volume);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_images),
        cmocka_unit_test(learns_what_was_fetched),
        cmocka_unit_test(requires_checksums),
        cmocka_unit_test(sniffs_qcow2),
        cmocka_unit_test(sniffs_others),
        cmocka_unit_test(notes_what_was_fetched),
        cmocka_unit_test(knows_its_volumes),
        cmocka_unit_test(knows_whose_volumes_are),
        cmocka_unit_test(needs_the_pool),
        cmocka_unit_test(notes_what_is_unknown),
        cmocka_unit_test(names_what_is_transient),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
