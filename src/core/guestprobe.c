/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/guestprobe.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "core/health.h"
#include "doc/node.h"

#define PATHS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/*
 * $1 the URL, $2 seconds, $3 host, $4 port, $5 a request of HTTP, $6 "-k": no certificate is looked at. Whoever asks prints the
 * answer's status line.
 */
static const char script[] =
    "exec 2>&1\n"
    "if command -v curl >/dev/null; then\n"
    "    exec timeout \"$2\" curl -qgsS $6 -o /dev/null -D - \"$1\"\n"
    "elif command -v wget >/dev/null; then\n"
    "    exec timeout \"$2\" wget -nv -S -t 1 ${6:+--no-check-certificate} -O /dev/null \"$1\"\n"
    "elif command -v bash >/dev/null && [ \"${1#https:}\" = \"$1\" ]; then\n"
    "    exec timeout \"$2\" bash -c 'exec 3<>\"/dev/tcp/$0/$1\" && printf %s \"$2\" >&3 && read -r line <&3 && echo \"$line\"' "
    "\"$3\" \"$4\" \"$5\"\n"
    "fi\n"
    "echo 'the guest has nothing to ask with: curl, wget, or bash without TLS'\n"
    "exit 127\n";

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

    json_builder_end_object(builder);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, FALSE);
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

/* What bash says to the server that @uri names. */
static char *
make_request(GUri *uri, int port)
{
    const char *host = g_uri_get_host(uri), *query = g_uri_get_query(uri);
    bool v6 = strchr(host, ':') != NULL;

    return g_strdup_printf("GET %s%s%s HTTP/1.0\r\nHost: %s%s%s:%d\r\n\r\n", g_uri_get_path(uri),
                           query ? "?" : "", query ? query : "", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

char *
gpuvm_guestprobe_begin(const char *url, uint32_t timeout_ms)
{
    g_autoptr(JsonBuilder) builder = begin_command("guest-exec");
    g_autoptr(GUri) uri = gpuvm_health_parse(url);
    bool tls = uri && g_str_equal(g_uri_get_scheme(uri), "https");
    int number = uri && g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : tls ? 443 : 80;
    g_autofree char *seconds = g_strdup_printf("%u", (timeout_ms + 999) / 1000);
    g_autofree char *port = g_strdup_printf("%d", number);
    g_autofree char *request = uri ? make_request(uri, number) : NULL;

    if (!uri)
        return NULL;
    json_builder_set_member_name(builder, "path");
    json_builder_add_string_value(builder, "/bin/sh");
    add_strings(builder, "arg",
                (const char *const[]){"-c", script, PACKAGE_NAME, url, seconds, g_uri_get_host(uri), port,
                                      request, gpuvm_health_is_guest(url) ? "-k" : "", NULL});
    add_strings(builder, "env", (const char *const[]){"PATH=" PATHS, "LC_ALL=C", NULL});
    json_builder_set_member_name(builder, "capture-output");
    json_builder_add_boolean_value(builder, TRUE);
    return end_command(builder);
}

char *
gpuvm_guestprobe_look(int64_t pid)
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
gpuvm_guestprobe_read_pid(const char *reply, int64_t *ret_pid)
{
    g_autoptr(gpuvm_doc) doc = parse(reply);
    const char *pid = get(doc, "pid");

    return pid && g_ascii_string_to_signed(pid, 10, 0, G_MAXINT64, ret_pid, NULL);
}

/* The status of the first line of @output that is a status line (RFC 9112, section 4) of a final answer; 0. */
static int
find_status(char **lines)
{
    for (; *lines; lines++) {
        const char *line = *lines + strspn(*lines, " ");
        const char *code = g_str_has_prefix(line, "HTTP/") ? strchr(line, ' ') : NULL;
        gint64 status;
        g_autofree char *digits = code ? g_strndup(code + 1, strspn(code + 1, "0123456789")) : NULL;

        if (digits && g_ascii_string_to_signed(digits, 10, 200, 599, &status, NULL))
            return (int)status;
    }
    return 0;
}

/* The last line that is not empty; NULL. */
static const char *
last_line(char **lines)
{
    const char *last = NULL;

    for (; *lines; lines++) {
        if (*g_strchomp(*lines))
            last = *lines;
    }
    return last;
}

static void
read_output(const char *output, const char *exit_code, gpuvm_answer *ret_answer)
{
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    int status = find_status(lines);
    gint64 ended = exit_code ? g_ascii_strtoll(exit_code, NULL, 10) : 0;
    const char *last = last_line(lines);

    if (status) {
        *ret_answer = (gpuvm_answer){.kind = GPUVM_ANSWER_STATUS, .status = status};
    } else if (ended == TIMED_OUT || ended == TERMINATED) {
        *ret_answer = (gpuvm_answer){.kind = GPUVM_ANSWER_NONE};
    } else if (strstr(output, "Connection refused") ||
               strstr(output, "curl: (7)")) { /* it does not say which */
        *ret_answer = (gpuvm_answer){.kind = GPUVM_ANSWER_REFUSED};
    } else {
        *ret_answer = (gpuvm_answer){.kind = GPUVM_ANSWER_BROKEN};
        g_strlcpy(ret_answer->why, last ? last : "connection closed without an answer",
                  sizeof ret_answer->why);
    }
}

bool
gpuvm_guestprobe_read(const char *reply, bool *ret_exited, gpuvm_answer *ret_answer)
{
    g_autoptr(gpuvm_doc) doc = parse(reply);
    const char *exited = get(doc, "exited"), *data = get(doc, "out-data");
    gsize size = 0;
    g_autofree char *output = data ? (char *)g_base64_decode(data, &size) : NULL;
    g_autofree char *text = g_strndup(output ? output : "", size);

    if (!exited)
        return false;
    *ret_exited = g_str_equal(exited, "true");
    if (*ret_exited)
        read_output(text, get(doc, "exitcode"), ret_answer);
    return true;
}
