/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reader: what gpuvm reads, for tests that compare it with what others read
 *
 *     reader values KIND <DOCUMENTS    prints them as a list in JSON, each value of the type that its field has
 *     reader judge KIND <LINES         prints for each line, a document in JSON, "right", or what is wrong
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "doc/emit.h"
#include "model/spec.h"

/** Whatever is left on standard input. */
static gpuvm_source *
read_rest(void)
{
    GString *text = g_string_new(NULL);
    char buffer[4096];
    size_t n;

    while ((n = fread(buffer, 1, sizeof(buffer), stdin)) > 0)
        g_string_append_len(text, buffer, (gssize)n);
    n = text->len;
    return gpuvm_source_new("stdin", g_string_free(text, FALSE), n);
}

static const char *
first_error(const gpuvm_diags *diags)
{
    return diags->errors > 0 ? ((const gpuvm_diag *)diags->items->pdata[0])->message : "right";
}

static int
print_values(const gpuvm_table *table)
{
    g_autoptr(gpuvm_source) source = read_rest();
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);
    g_autoptr(JsonNode) list = json_node_new(JSON_NODE_ARRAY);
    g_autofree char *text = NULL;

    if (diags->errors > 0) {
        fprintf(stderr, "%s\n", first_error(diags));
        return 1;
    }
    json_node_take_array(list, json_array_new());
    for (guint i = 0; i < docs->len; i++) {
        gpuvm_node *root = ((const gpuvm_doc *)docs->pdata[i])->root;

        gpuvm_schema_arrange(table, root);
        json_array_add_element(json_node_get_array(list), gpuvm_emit_json(root));
    }
    text = json_to_string(list, FALSE);
    printf("%s\n", text);
    return 0;
}

static int
judge_lines(const char *kind)
{
    g_autofree char *line = NULL;
    size_t room = 0;
    ssize_t n;

    while ((n = getline(&line, &room, stdin)) > 0) {
        g_autoptr(gpuvm_source) source = gpuvm_source_new("stdin", g_strndup(line, (gsize)n), (size_t)n);
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(GPtrArray) specs = gpuvm_spec_parse(source, kind, diags);

        (void)specs;
        printf("%s\n", first_error(diags));
    }
    return 0;
}

int
main(int argc, char **argv)
{
    for (int kind = 0; argc == 3 && kind < GPUVM_KINDS; kind++) {
        if (!g_str_equal(argv[2], gpuvm_kind_names[kind]))
            continue;
        if (g_str_equal(argv[1], "values"))
            return print_values(gpuvm_kind_table((gpuvm_kind)kind));
        if (g_str_equal(argv[1], "judge"))
            return judge_lines(gpuvm_kind_names[kind]);
    }
    fputs("usage: reader values|judge KIND\n", stderr);
    return 2;
}
