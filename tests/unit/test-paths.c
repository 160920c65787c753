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
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autofree char *wanted = gpuvm_emit_yaml(expected->doc->root), *actual = NULL;

        gpuvm_paths_resolve(spec, "/srv/p", diags);
        actual = gpuvm_emit_yaml(spec->doc->root);
        assert_int_equal(diags->items->len, 0);
        assert_string_equal(actual, wanted);
    }
}

/* Of what came from elsewhere, no path starts anywhere, and no text of this host goes into it. */
static void
test_from_elsewhere(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_spec) spec = parse("kind: plugin\nname: p\n"
                                       "kernel: vmlinuz\n"
                                       "initramfs: /boot/initrd\n"
                                       "disks: [a.raw, 'https://example.com/b.iso']\n"
                                       "cloud_init:\n  user_data: {path: /etc/shadow}\n  meta_data: text\n");
    g_autofree char *before = gpuvm_emit_yaml(spec->doc->root), *after = NULL;
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    static const struct {
        unsigned line;
        const char *message;
    } errors[] = {
        {3, "relative path: vmlinuz of what came from a URL"},
        {5, "relative path: a.raw of what came from a URL"},
        {7, "what came from a URL takes no file of this host into it: /etc/shadow"},
    };

    gpuvm_paths_resolve(spec, NULL, diags);
    assert_int_equal(diags->errors, G_N_ELEMENTS(errors));
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];

        assert_int_equal(diag->mark.line, errors[i].line);
        assert_string_equal(diag->message, errors[i].message);
        assert_int_equal(diag->exit, GPUVM_EXIT_INVALID);
        assert_non_null(diag->hint);
    }
    after = gpuvm_emit_yaml(spec->doc->root);
    assert_string_equal(before, after);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_from_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
