/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "doc/emit.h"
#include "model/paths.h"
#include "model/tables.h"

static gpuvm_spec *
parse(const char *text)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new("plugin.yaml", g_strdup(text), strlen(text));
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) specs = gpuvm_spec_parse(source, NULL, diags);

    assert_int_equal(diags->errors, 0);
    return g_ptr_array_steal_index(specs, 0);
}

/* Every field that takes a path, as a scalar in place of a mapping too, and at any depth. */
static void
test_every_field(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"kernel: vmlinuz", "kernel: /srv/p/vmlinuz"},
        {"kernel: /boot/vmlinuz", "kernel: /boot/vmlinuz"},
        {"kernel: {path: ../vmlinuz}", "kernel: {path: /srv/vmlinuz}"},
        {"kernel: {url: /boot/vmlinuz}", "kernel: {url: /boot/vmlinuz}"},
        {"kernel: {url: 'https://example.com/k'}", "kernel: {url: 'https://example.com/k'}"},
        {"initramfs: ./a/../b", "initramfs: /srv/p/b"},
        {"rootfs: {path: root.qcow2, format: qcow2}", "rootfs: {path: /srv/p/root.qcow2, format: qcow2}"},
        {"disks: [a.raw, {source: b.raw}, 'https://example.com/c.iso', /d]",
         "disks: [/srv/p/a.raw, {source: /srv/p/b.raw}, 'https://example.com/c.iso', /d]"},
        {"devices: {pci_passthrough: [0000:01:00.0, {address: '02:00.0', rom_file: r.rom}]}",
         "devices: {pci_passthrough: [0000:01:00.0, {address: '02:00.0', rom_file: /srv/p/r.rom}]}"},
        {"devices: {per_replica: [[], [{address: '02:00.0', rom_file: r.rom}]]}",
         "devices: {per_replica: [[], [{address: '02:00.0', rom_file: /srv/p/r.rom}]]}"},
        {"cloud_init: {user_data: {path: u.yaml}}", "cloud_init: {user_data: {path: /srv/p/u.yaml}}"},
        {"cloud_init: {user_data: text.yaml}", "cloud_init: {user_data: text.yaml}"},
        {"template: t.xml", "template: /srv/p/t.xml"},
        /* no paths of the host, whatever they look like */
        {"labels: {path: a/b}", "labels: {path: a/b}"},
        {"metadata: {kernel: {path: a}}", "metadata: {kernel: {path: a}}"},
        {"workload: {type: http, entrypoint: [bin/x], workdir: w}",
         "workload: {type: http, entrypoint: [bin/x], workdir: w}"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *before = g_strdup_printf("kind: plugin\nname: p\n%s\n", cases[i].before);
        g_autofree char *after = g_strdup_printf("kind: plugin\nname: p\n%s\n", cases[i].after);
        g_autoptr(gpuvm_spec) spec = parse(before), expected = parse(after);
        g_autofree char *wanted = gpuvm_emit_yaml(expected->doc->root), *actual = NULL;

        gpuvm_paths_resolve(spec, "/srv/p");
        actual = gpuvm_emit_yaml(spec->doc->root);
        assert_string_equal(actual, wanted);
    }
}

#define ADDRESS "{address: '02:00.0', rom_file: "

/* What came from elsewhere names nothing of this host; from whom is trusted it may, but no path starts anywhere. */
static void
test_from_elsewhere(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *body, *file; /* NULL: it names none */
        bool relative;
    } cases[] = {
        {"kernel: vmlinuz", "vmlinuz", true},
        {"kernel: {path: /boot/vmlinuz}", "/boot/vmlinuz"},
        {"initramfs: {url: /boot/initrd}", "/boot/initrd"},
        {"rootfs: {url: 'file:///etc/shadow'}", "file:///etc/shadow"},
        {"rootfs: {url: 'FILE:///etc/shadow'}", "FILE:///etc/shadow"},
        {"rootfs: /etc/shadow", "/etc/shadow"},
        {"disks: [/dev/vda]", "/dev/vda"},
        {"disks: [{source: a.raw}]", "a.raw", true},
        {"disks: [{source: 'file:///a'}]", "file:///a"},
        {"devices: {pci_passthrough: [" ADDRESS "/etc/shadow}]}", "/etc/shadow"},
        {"devices: {per_replica: [[" ADDRESS "r.rom}]]}", "r.rom", true},
        {"cloud_init: {user_data: {path: /etc/shadow}}", "/etc/shadow"},
        {"cloud_init: {meta_data: {path: m}}", "m", true},
        {"cloud_init: {network_config: {path: /n}}", "/n"},
        {"template: /srv/t.xml", "/srv/t.xml"},
        {"kernel: {url: 'https://example.com/k'}"},
        {"rootfs: {url: 'HTTP://example.com/k'}"},
        {"disks: ['https://example.com/b.iso']"},
        {"cloud_init: {user_data: /etc/shadow}"},
        {"devices: {pci_passthrough: ['02:00.0']}"},
        {"workload: {type: http, entrypoint: [/bin/x], workdir: /w}"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (int trusted = 0; trusted < 2; trusted++) {
            g_autofree char *text = g_strdup_printf("kind: plugin\nname: p\n%s\n", cases[i].body);
            g_autoptr(gpuvm_spec) spec = parse(text);
            g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
            bool wrong = trusted ? cases[i].relative : cases[i].file != NULL;

            gpuvm_paths_check_foreign(spec, trusted, diags);
            if (diags->errors != wrong)
                fail_msg("%s, trusted %d: %u errors", cases[i].body, trusted, diags->errors);
            if (wrong) {
                const gpuvm_diag *diag = diags->items->pdata[0];

                assert_int_equal(diag->exit, trusted ? GPUVM_EXIT_INVALID : GPUVM_EXIT_REFUSED);
                assert_int_equal(diag->mark.line, 3);
                assert_non_null(strstr(diag->message, cases[i].file));
                assert_non_null(diag->hint);
            }
        }
    }
}

static void
check_rows(const gpuvm_table *table)
{
    g_autoptr(GPtrArray) fields = gpuvm_table_fields(table);

    for (guint i = 0; i < fields->len; i++) {
        const gpuvm_field *field = fields->pdata[i];
        bool is_path = field->scalar == &gpuvm_scalar_path || field->scalar == &gpuvm_scalar_source;

        if (is_path && !(field->flags & GPUVM_FIELD_HOST_PATH))
            fail_msg("the row %s of %s takes a path, and does not say so", field->key, table->name);
        if (field->table && field->table != table)
            check_rows(field->table);
    }
}

static void
test_every_row_of_a_path_says_so(void **state G_GNUC_UNUSED)
{
    for (int kind = 0; kind < GPUVM_KINDS; kind++)
        check_rows(gpuvm_kind_table((gpuvm_kind)kind));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_from_elsewhere),
        cmocka_unit_test(test_every_row_of_a_path_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
