/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/guestexec.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "base/text.h"
#include "doc/node.h"

#define PATHS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What timeout(1) ends with when the time is over: GNU's, and busybox's. */
enum { TIMED_OUT = 124, TERMINATED = 143 };

/* Begins {"execute": @name, "arguments": { */
static JsonBuilder *
begin_command(const char *name)
{
    JsonBuilder *builder = json_builder_new();

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "execute");
    json_builder_add_string_value(builder, name);
    json_builder_set_member_name(builder, "arguments");
    json_builder_begin_object(builder);
    return builder;
}

static char *
end_command(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_end_object(builder);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, FALSE);
    return gpuvm_text_safe(text, GPUVM_TEXT_ASCII); /* libvirt 11.3 takes other letters for invalid UTF-8 */
}

static void
add_strings(JsonBuilder *builder, const char *name, const char *const *strings)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (; *strings; strings++)
        json_builder_add_string_value(builder, *strings);
    json_builder_end_array(builder);
}

char *
gpuvm_guestexec_begin(const char *const *arguments)
{
    g_autoptr(JsonBuilder) builder = begin_command("guest-exec");

    json_builder_set_member_name(builder, "path");
    json_builder_add_string_value(builder, "/bin/sh");
    add_strings(builder, "arg", arguments);
    add_strings(builder, "env", (const char *const[]){"PATH=" PATHS, "LC_ALL=C", NULL});
    json_builder_set_member_name(builder, "capture-output");
    json_builder_add_boolean_value(builder, TRUE);
    return end_command(builder);
}

char *
gpuvm_guestexec_look(int64_t pid)
{
    g_autoptr(JsonBuilder) builder = begin_command("guest-exec-status");

    json_builder_set_member_name(builder, "pid");
    json_builder_add_int_value(builder, pid);
    return end_command(builder);
}

/* Its first document; NULL: it is none. Not by json-glib, which takes any depth by recursion. */
static gpuvm_doc *
parse(const char *reply)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new("reply", g_strdup(reply), strlen(reply));
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);

    return docs->len > 0 && gpuvm_diags_exit(diags) == 0 ? gpuvm_doc_ref(docs->pdata[0]) : NULL;
}

/* The text of @key in what @doc returns; NULL. */
static const char *
get(const gpuvm_doc *doc, const char *key)
{
    const gpuvm_node *value = doc ? gpuvm_node_get(gpuvm_node_get(doc->root, "return"), key) : NULL;

    return value && value->type == GPUVM_NODE_SCALAR ? value->text : NULL;
}

bool
gpuvm_guestexec_read_pid(const char *reply, int64_t *ret_pid)
{
    g_autoptr(gpuvm_doc) doc = parse(reply);
    const char *pid = get(doc, "pid");

    return pid && g_ascii_string_to_signed(pid, 10, 0, G_MAXINT64, ret_pid, NULL);
}

/* The number @key of what @doc returns, as far as it is an exit code or a signal; 0. */
static int
get_number(const gpuvm_doc *doc, const char *key)
{
    const char *text = get(doc, key);
    gint64 number = 0;

    return text && g_ascii_string_to_signed(text, 10, 0, 255, &number, NULL) ? (int)number : 0;
}

bool
gpuvm_guestexec_read(const char *reply, gpuvm_guestexec *ret_process)
{
    g_autoptr(gpuvm_doc) doc = parse(reply);
    const char *exited = get(doc, "exited"), *data = get(doc, "out-data");
    gsize size = 0;
    g_autofree char *output = data ? (char *)g_base64_decode(data, &size) : NULL;
    int signal = get_number(doc, "signal");

    if (!exited)
        return false;
    *ret_process = (gpuvm_guestexec){.exited = g_str_equal(exited, "true")};
    if (ret_process->exited) {
        ret_process->exit_code = signal > 0 ? 128 + signal : get_number(doc, "exitcode");
        ret_process->output = g_strndup(output ? output : "", size);
    }
    return true;
}

bool
gpuvm_guestexec_timed_out(const gpuvm_guestexec *process)
{
    return !process->exited || process->exit_code == TIMED_OUT || process->exit_code == TERMINATED;
}
