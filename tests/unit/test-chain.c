/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/chain.h"
#include "core/imageinfo.h"

#define SIZE 1024
#define BACKING_AT 512

static void
put(uint8_t *bytes, size_t at, size_t n, uint64_t value)
{
    for (size_t i = n; i-- > 0; value >>= 8)
        bytes[at + i] = (uint8_t)value;
}

static size_t
put_extension(uint8_t *bytes, size_t at, uint32_t type, const char *text)
{
    size_t length = text ? strlen(text) : 0;

    if (!text)
        return at;
    put(bytes, at, 4, type);
    put(bytes, at + 4, 4, length);
    memcpy(bytes + at + 8, text, length);
    return at + 8 + (length + 7) / 8 * 8;
}

/* The header of a qcow2 image (QEMU's docs/interop/qcow2.txt) of @version that names these; NULL: it does not. */
static void
make_head(uint8_t *bytes, unsigned version, const char *backing, const char *format, const char *data)
{
    size_t at = version == 3 ? 104 : 72;

    memset(bytes, 0, SIZE);
    memcpy(bytes, "QFI\xfb", 4);
    put(bytes, 4, 4, version);
    if (version == 3)
        put(bytes, 100, 4, at);
    if (backing) {
        put(bytes, 8, 8, BACKING_AT);
        put(bytes, 16, 4, strlen(backing));
        memcpy(bytes + BACKING_AT, backing, strlen(backing));
    }
    at = put_extension(bytes, at, 0x12345678, "something else");
    at = put_extension(bytes, at, 0xe2792aca, format);
    if (data)
        put(bytes, 72, 8, 4);
    put_extension(bytes, at, 0x44415441, data);
}

static void
reads_names(void **state G_GNUC_UNUSED)
{
    static const struct {
        unsigned version;
        const char *backing, *format, *data;
        size_t size;
        const char *expected[3];
    } rows[] = {
        {3, NULL, NULL, NULL, SIZE, {NULL}},
        {3, "/a/b", NULL, NULL, SIZE, {"/a/b"}},
        {3, "b", "raw", NULL, SIZE, {"b", "raw"}},
        {2, "b", "qcow2", NULL, SIZE, {"b", "qcow2"}},
        {3, NULL, NULL, "d", SIZE, {NULL, NULL, "d"}},
        {3, "b", "raw", "d", SIZE, {"b", "raw", "d"}},
        {3, "b", "raw", NULL, BACKING_AT, {GPUVM_IMAGE_NAMELESS, "raw"}},
        {3, NULL, NULL, "d", 136, {NULL, NULL, GPUVM_IMAGE_NAMELESS}},
        {3, "b", NULL, NULL, 71, {NULL}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t head[SIZE];
        g_auto(gpuvm_image_names) names = {0};

        make_head(head, rows[i].version, rows[i].backing, rows[i].format, rows[i].data);
        gpuvm_image_read_names(head, rows[i].size, &names);
        if (g_strcmp0(names.backing, rows[i].expected[0]) || g_strcmp0(names.format, rows[i].expected[1]) ||
            g_strcmp0(names.data, rows[i].expected[2]))
            fail_msg("row %zu: %s, %s, %s", i, names.backing, names.format, names.data);
    }
}

/* Wherever it is cut off, and whatever its lengths say, nothing beyond it is read. */
static void
reads_no_further(void **state G_GNUC_UNUSED)
{
    uint8_t head[SIZE];

    make_head(head, 3, "backing", "qcow2", "data");
    for (size_t at = 8; at < 200; at++) {
        uint8_t whole = head[at];

        head[at] = 0xff;
        for (size_t size = 0; size <= SIZE; size += 8) {
            g_auto(gpuvm_image_names) names = {0};
            g_autofree uint8_t *exact = g_memdup2(head, size);

            gpuvm_image_read_names(exact, size, &names);
        }
        head[at] = whole;
    }
}

/* A disk "/d/a" with a header that names a file, which really is at @place, and what is said of it at plan and at start. */
static const struct {
    const char *name, *format; /* of the disk */
    const char *backing, *data;
    const char *at, *place; /* the names of the files of the chain, and where the last one really is */
    const char *volume, *pool_path; /* of its record */
    const char *planned, *started;  /* the error */
    const char *below;              /* the format that it says of the file; NULL: raw */
} cases[] = {
#define OUTSIDE(sort, path)                                                                                  \
    "4 the " sort " file of disk vda is outside the directory of /d/a: " path " :: qemu-img convert"
#define OTHER "4 the backing file of disk vda is of format 'vmdk' :: /d/b :: qemu-img convert"
    {"alone", "qcow2", NULL, NULL, "", NULL, NULL, NULL, NULL, NULL},
    {"beside", "qcow2", "b", NULL, "/d/b", "/d/b", NULL, NULL, NULL, NULL},
    {"beside, by its path", "qcow2", "/d/b", NULL, "/d/b", NULL, NULL, NULL, NULL, NULL},
    {"elsewhere", "qcow2", "/etc/shadow", NULL, "/etc/shadow", "/etc/shadow", NULL, NULL,
     OUTSIDE("backing", "/etc/shadow"), OUTSIDE("backing", "/etc/shadow")},
    {"above", "qcow2", "../b", NULL, "/b", NULL, NULL, NULL, OUTSIDE("backing", "/b"),
     OUTSIDE("backing", "/b")},
    {"below", "qcow2", "c/b", NULL, "/d/c/b", NULL, NULL, NULL, OUTSIDE("backing", "/d/c/b"),
     OUTSIDE("backing", "/d/c/b")},
    {"a link beside", "qcow2", "b", NULL, "/d/b", "/etc/shadow", NULL, NULL,
     OUTSIDE("backing", "/etc/shadow"), OUTSIDE("backing", "/etc/shadow")},
    {"a link that leads beside", "qcow2", "/x/b", NULL, "/x/b", "/d/b", NULL, NULL, NULL, NULL},
    {"another protocol", "qcow2", "file:/d/b", NULL, "file:/d/b", NULL, NULL, NULL,
     OUTSIDE("backing", "file:/d/b"), OUTSIDE("backing", "file:/d/b")},
    {"JSON", "qcow2", "json:{}", NULL, "json:{}", NULL, NULL, NULL, OUTSIDE("backing", "json:{}"),
     OUTSIDE("backing", "json:{}")},
    {"of a format that is not followed", "qcow2", "b", NULL, "/d/b", NULL, NULL, NULL, OTHER, OTHER, "vmdk"},
    {"a qcow2 image", "qcow2", "b", NULL, "/d/b", NULL, NULL, NULL, NULL, NULL, "qcow2"},
    {"a colon in a path", "qcow2", "/d/x:y", NULL, "/d/x:y", NULL, NULL, NULL, NULL, NULL},
    {"data elsewhere", "qcow2", NULL, "/e/c", "/e/c", NULL, NULL, NULL, OUTSIDE("data", "/e/c"),
     OUTSIDE("data", "/e/c")},
    {"data beside", "qcow2", NULL, "c", "/d/c", NULL, NULL, NULL, NULL, NULL},
    {"a raw disk, whatever its guest wrote", "raw", "/etc/shadow", NULL, "", NULL, NULL, NULL, NULL, NULL},
    {"without a format", NULL, "b", NULL, "/d/b", NULL, NULL, NULL, NULL,
     "4 disk vda has no format, which its guest could choose then: /d/a :: <driver"},
    {"an overlay of gpuvm's own", "qcow2", "/x/b", NULL, "/x/b", NULL, "a", "/d", OUTSIDE("backing", "/x/b"),
     NULL},
    {"of a pool that is not to be seen", "qcow2", "/x/b", NULL, "/x/b", NULL, "a", NULL,
     OUTSIDE("backing", "/x/b"), OUTSIDE("backing", "/x/b")},
    {"of another pool", "qcow2", "/x/b", NULL, "/x/b", NULL, "a", "/pool", OUTSIDE("backing", "/x/b"),
     OUTSIDE("backing", "/x/b")},
    {"another volume", "qcow2", "/x/b", NULL, "/x/b", NULL, "b", "/d", OUTSIDE("backing", "/x/b"),
     OUTSIDE("backing", "/x/b")},
};

static gpuvm_guest *
make_guest(const char *format)
{
    g_autofree char *driver = format ? g_strdup_printf("<driver type='%s'/>", format) : g_strdup("");
    g_autofree char *xml =
        g_strdup_printf("<domain><memory>262144</memory><devices><disk type='file'>%s"
                        "<source file='/d/a'/><target dev='vda'/></disk></devices></domain>",
                        driver);

    return gpuvm_guest_parse(xml, NULL);
}

static void
judges_what_is_named(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases) * 2; i++) {
        size_t c = i / 2;
        bool starts = i % 2;
        uint8_t head[SIZE];
        g_autoptr(plan_scene) scene = scene_new("", "", NULL, NULL);
        g_autoptr(gpuvm_guest) guest = make_guest(cases[c].format);
        g_autoptr(GPtrArray) functions = gpuvm_functions_new();
        gpuvm_asset *disk = guest->assets->pdata[0], *link = NULL;

        make_head(head, 3, cases[c].backing, cases[c].below ? cases[c].below : "raw", cases[c].data);
        disk->head = g_bytes_new(head, sizeof head);
        gpuvm_chain_follow(guest, 0);
        if (guest->assets->len > 1)
            link = guest->assets->pdata[1];
        expect_text(cases[c].name, link ? link->name : "", cases[c].at);
        if (link)
            link->path = g_strdup(cases[c].place);
        scene->record = build_record("");
        if (cases[c].volume)
            g_ptr_array_add(scene->record->volumes, g_strdup(cases[c].volume));
        gpuvm_guest_check(&(gpuvm_guest_question){.occasion = starts ? GPUVM_START : GPUVM_PLAN,
                                                  .guest = guest,
                                                  .domain = "vm",
                                                  .functions = functions,
                                                  .record = starts ? scene->record : NULL,
                                                  .pool_path = cases[c].pool_path,
                                                  .facts = scene->facts,
                                                  .policies = &scene->policies,
                                                  .diags = scene->diags});
        expect_diags(cases[c].name, scene->diags, GPUVM_DIAG_ERROR,
                     (const char *[]){starts ? cases[c].started : cases[c].planned, NULL});
    }
}

/* From one to the next, as far as they are qcow2 images, and no further than anybody has them. */
static void
follows_to_the_end(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *format; /* of each below */
        guint images;
    } rows[] = {{"qcow2", 33}, {NULL, 33}, {"raw", 2}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint8_t head[SIZE];
        g_autoptr(gpuvm_guest) guest = make_guest("qcow2");

        make_head(head, 3, "a", rows[i].format, NULL);
        for (guint first = 0; first < guest->assets->len;) {
            gpuvm_asset *asset = guest->assets->pdata[first];

            asset->head = g_bytes_new(head, sizeof head);
            gpuvm_chain_follow(guest, first++);
        }
        assert_int_equal(guest->assets->len, rows[i].images);
    }
}

static void
doubts_the_name_of_a_file(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *disk;
        bool qcow2;
        const char *warning;
    } rows[] = {
        {"/d/a.raw", true, "disk vda begins like a qcow2 image :: format: raw"},
        {"/d/a.raw", false, NULL},
        {"/d/a.qcow2", true, NULL},
        {"{source: /d/a.raw, format: raw}", true, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *definition = g_strdup_printf("network: {mode: none}\ndisks: [%s]", rows[i].disk);
        g_autoptr(plan_scene) scene = scene_new("", definition, NULL, NULL);
        g_autoptr(gpuvm_guest) guest = NULL;
        uint8_t head[SIZE] = {0};

        scene_plan(scene);
        guest = gpuvm_guest_of_plan(
            scene->plan,
            strstr(rows[i].disk, ".qcow2")
                ? "<domain><devices><disk type='file'><driver type='qcow2'/><source file='/d/a.qcow2'/>"
                  "<target dev='vda'/></disk></devices></domain>"
                : "<domain><devices><disk type='file'><driver type='raw'/><source file='/d/a.raw'/>"
                  "<target dev='vda'/></disk></devices></domain>",
            NULL);
        if (rows[i].qcow2)
            make_head(head, 3, NULL, NULL, NULL);
        ((gpuvm_asset *)guest->assets->pdata[0])->head = g_bytes_new(head, sizeof head);
        gpuvm_guest_check(&(gpuvm_guest_question){.occasion = GPUVM_PLAN,
                                                  .guest = guest,
                                                  .domain = "vm",
                                                  .functions = scene->plan->functions,
                                                  .facts = scene->facts,
                                                  .policies = &scene->policies,
                                                  .diags = scene->diags});
        expect_diags(rows[i].disk, scene->diags, GPUVM_DIAG_WARNING, (const char *[]){rows[i].warning, NULL});
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names),
        cmocka_unit_test(reads_no_further),
        cmocka_unit_test(judges_what_is_named),
        cmocka_unit_test(follows_to_the_end),
        cmocka_unit_test(doubts_the_name_of_a_file),
    };

    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
