/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/disk.h"

/** "NAME:SOURCE TARGET FORMAT [block] [cdrom] [readonly], …" */
static char *
disks_text(const GPtrArray *disks)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < disks->len; i++) {
        const gpuvm_plan_disk *disk = disks->pdata[i];

        g_string_append_printf(text, "%s%s%s%s %s %s%s%s%s", i > 0 ? ", " : "", disk->name ? disk->name : "",
                               disk->name ? ":" : "", disk->source, disk->target,
                               disk->qcow2 ? "qcow2" : "raw", disk->block ? " block" : "",
                               disk->cdrom ? " cdrom" : "", disk->readonly ? " readonly" : "");
    }
    return g_strdup(text->str);
}

static void
plans_disks(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *disks, *expected;
    } cases[] = {
        {"[]", ""},
        {"[/images/a.img]", "/images/a.img vda raw"},
        {"[a.qcow2]", "/definitions/a.qcow2 vda qcow2"},
        {"[../images/./a.qcow2]", "/images/a.qcow2 vda qcow2"},
        {"[{source: a.qcow2, format: raw}]", "/definitions/a.qcow2 vda raw"},
        {"[{source: a.img, format: qcow2}]", "/definitions/a.img vda qcow2"},
        {"[{source: a.img, name: root, readonly: yes}]", "root:/definitions/a.img vda raw readonly"},
        {"[/dev/vg/root]", "/dev/vg/root vda raw block"},
        {"[/device/a.img]", "/device/a.img vda raw"},
        {"[install.iso]", "/definitions/install.iso sda raw cdrom readonly"},
        {"[a.img, b.img, c.iso, d.iso, e.img]",
         "/definitions/a.img vda raw, /definitions/b.img vdb raw, /definitions/c.iso sda raw cdrom readonly, "
         "/definitions/d.iso sdb raw cdrom readonly, /definitions/e.img vdc raw"},
        {"[a.img, {source: b.img, target: vda}, c.img]",
         "/definitions/a.img vdb raw, /definitions/b.img vda raw, /definitions/c.img vdc raw"},
        {"[a.iso, {source: b.img, target: sda}]",
         "/definitions/a.iso sdb raw cdrom readonly, /definitions/b.img sda raw"},
        {"[a.img, {source: b.img, target: vdb}, c.img]",
         "/definitions/a.img vda raw, /definitions/b.img vdb raw, /definitions/c.img vdc raw"},
        {"['a & <b>.img', 'ü.qcow2']", "/definitions/a & <b>.img vda raw, /definitions/ü.qcow2 vdb qcow2"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *definition = g_strdup_printf("disks: %s\n", cases[i].disks), *text = NULL;
        g_autoptr(plan_scene) scene = scene_new("", definition, NULL, NULL);

        scene_plan(scene);
        text = disks_text(scene->plan->disks);
        expect_text(cases[i].disks, text, cases[i].expected);
    }
}

static void
names_more_than_26_disks(void **state G_GNUC_UNUSED)
{
    g_autoptr(GString) definition = g_string_new("disks: [0.img");
    g_autoptr(plan_scene) scene = NULL;
    const GPtrArray *disks;

    for (unsigned i = 1; i < 80; i++)
        g_string_append_printf(definition, ", %u.img", i);
    g_string_append(definition, "]\n");
    scene = scene_new("", definition->str, NULL, NULL);
    scene_plan(scene);
    disks = scene->plan->disks;
    assert_int_equal(disks->len, 80);
    assert_string_equal(((const gpuvm_plan_disk *)disks->pdata[25])->target, "vdz");
    assert_string_equal(((const gpuvm_plan_disk *)disks->pdata[26])->target, "vdaa");
    assert_string_equal(((const gpuvm_plan_disk *)disks->pdata[51])->target, "vdaz");
    assert_string_equal(((const gpuvm_plan_disk *)disks->pdata[52])->target, "vdba");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_disks),
        cmocka_unit_test(names_more_than_26_disks),
    };

    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
