/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include <glib/gstdio.h>

#include "ops/inline.h"

static char *directory;

static void
write_file(const char *name, const char *bytes, gssize size)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    assert_true(g_file_set_contents(path, bytes, size, NULL));
}

static int
make_files(void **state G_GNUC_UNUSED)
{
    g_autofree char *large = g_strnfill(GPUVM_DOC_MAX_SIZE + 1, 'x');

    directory = g_dir_make_tmp("gpuvm-inline-XXXXXX", NULL);
    write_file("text", "#cloud-config\nx: é\n", -1);
    write_file("empty", "", 0);
    write_file("zero", "a\0b", 3);
    write_file("latin1", "\xe9", 1);
    write_file("large", large, GPUVM_DOC_MAX_SIZE + 1);
    write_file("full", large, GPUVM_DOC_MAX_SIZE);
    return 0;
}

static int
remove_files(void **state G_GNUC_UNUSED)
{
    static const char *const names[] = {"text", "empty", "zero", "latin1", "large", "full"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(directory, names[i], NULL);
        g_unlink(path);
    }
    g_rmdir(directory);
    g_free(directory);
    return 0;
}

static void
reads_texts(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *kind, *definition; /* its cloud_init is a VM's */
        const char *user_data, *meta_data;
    } cases[] = {
        {"vm", "cloud_init: {user_data: {path: text}}", "#cloud-config\nx: é\n", NULL},
        {"vm", "cloud_init: {user_data: {path: text, inline: no}, meta_data: {path: ./empty}}",
         "#cloud-config\nx: é\n", ""},
        {"vm", "cloud_init: {user_data: path, meta_data: {content: text, inline: yes}}", "path", "text"},
        {"plugin", "cloud_init: {meta_data: {path: ../../../../../../../etc/../tmp/../dev/null}}", NULL, ""},
        {"plugin",
         "metadata: {cloud_init: {user_data: {path: nowhere}}}\ncloud_init: {user_data: {path: text}}",
         "#cloud-config\nx: é\n", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *yaml = g_strdup_printf("name: a\n%s\n", cases[i].definition);
        gpuvm_spec *spec = build_spec(yaml, cases[i].kind);
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        const gpuvm_cloud_init *read;

        assert_true(gpuvm_inline_texts(spec, directory, diags));
        expect_diags(yaml, diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
        read = (spec->kind == GPUVM_KIND_VM ? &spec->vm->body : &spec->plugin->body)->cloud_init;
        if (cases[i].user_data)
            assert_string_equal(read->user_data->content, cases[i].user_data);
        if (cases[i].meta_data)
            assert_string_equal(read->meta_data->content, cases[i].meta_data);
        assert_true(!read->user_data || !read->user_data->path);
        gpuvm_spec_free(spec);
    }
}

/* So that a changed text is a changed definition. */
static void
is_part_of_the_digest(void **state G_GNUC_UNUSED)
{
    gpuvm_spec *path = build_spec("name: a\ncloud_init: {meta_data: {path: text}}", "vm");
    gpuvm_spec *content =
        build_spec("name: a\ncloud_init: {meta_data: {content: \"#cloud-config\\nx: é\\n\"}}", "vm");
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autofree char *one = NULL, *other = NULL;

    assert_true(gpuvm_inline_texts(path, directory, diags));
    one = gpuvm_node_digest(path->doc->root);
    other = gpuvm_node_digest(content->doc->root);
    assert_string_equal(one, other);
    gpuvm_spec_free(path);
    gpuvm_spec_free(content);
}

static void
says_what_is_wrong_at_its_place(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *path, *error; /* as expect_diags */
    } cases[] = {
        {"nowhere", "1 cannot open :: nowhere"},
        {".", "1 cannot read"},
        {"large", "3 large has more than 1048576 bytes"},
        {"zero", "3 zero is not text in UTF-8"},
        {"latin1", "3 latin1 is not"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *yaml = g_strdup_printf(
            "name: a\ncloud_init:\n  user_data: {path: full}\n  meta_data: {path: %s}\n", cases[i].path);
        gpuvm_spec *spec = build_spec(yaml, "vm");
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();

        assert_false(gpuvm_inline_texts(spec, directory, diags));
        expect_diags(yaml, diags, GPUVM_DIAG_ERROR, (const char *const[]){cases[i].error, NULL});
        assert_int_equal(((const gpuvm_diag *)diags->items->pdata[0])->mark.line, 4);
        assert_int_equal(((const gpuvm_diag *)diags->items->pdata[0])->mark.column, 21);
        gpuvm_spec_free(spec);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_texts),
        cmocka_unit_test(is_part_of_the_digest),
        cmocka_unit_test(says_what_is_wrong_at_its_place),
    };

    return cmocka_run_group_tests_name("inline", tests, make_files, remove_files);
}
