/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <json-glib/json-glib.h>

#include "core/guestprobe.h"
#include "core/health.h"

/* The arguments of the guest's shell behind the script, apart by '|'. */
static void
asks(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *url;
        uint32_t timeout_ms;
        const char *expected;
    } cases[] = {
        {"http://127.0.0.1:8080/health", 5000,
         "http://127.0.0.1:8080/health|5|127.0.0.1|8080|GET /health HTTP/1.0\r\nHost: 127.0.0.1:8080\r\n\r\n|-k"},
        {"http://localhost/", 500,
         "http://localhost/|1|localhost|80|GET / HTTP/1.0\r\nHost: localhost:80\r\n\r\n|-k"},
        {"https://[::1]/a?b=c", 4001,
         "https://[::1]/a?b=c|5|::1|443|GET /a?b=c HTTP/1.0\r\nHost: [::1]:443\r\n\r\n|-k"},
        {"https://example.com/a%20b", 1000,
         "https://example.com/a%20b|1|example.com|443|GET /a%20b HTTP/1.0\r\nHost: example.com:443\r\n\r\n|"},
        {"http://me:secret@10.0.0.5/'$(x)\"", 1000,
         "http://me:secret@10.0.0.5/'$(x)\"|1|10.0.0.5|80|GET /'$(x)\" HTTP/1.0\r\nHost: 10.0.0.5:80\r\n\r\n|"},
        {"file:///etc/passwd", 1000, NULL},
        {"http:///x", 1000, NULL},
        {"-K/etc/passwd", 1000, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *command = gpuvm_guestprobe_begin(cases[i].url, cases[i].timeout_ms);
        g_autoptr(JsonNode) root = command ? json_from_string(command, NULL) : NULL;
        g_autoptr(GString) text = g_string_new(NULL);
        JsonObject *object;
        JsonArray *words;

        assert_int_equal(root == NULL, cases[i].expected == NULL);
        if (!root)
            continue;
        assert_string_equal(json_object_get_string_member(json_node_get_object(root), "execute"),
                            "guest-exec");
        object = json_object_get_object_member(json_node_get_object(root), "arguments");
        assert_string_equal(json_object_get_string_member(object, "path"), "/bin/sh");
        assert_true(json_object_get_boolean_member(object, "capture-output"));
        words = json_object_get_array_member(object, "arg");
        assert_string_equal(json_array_get_string_element(words, 0), "-c");
        for (guint k = 3; k < json_array_get_length(words); k++)
            g_string_append_printf(text, "%s%s", k > 3 ? "|" : "", json_array_get_string_element(words, k));
        expect_text(cases[i].url, text->str, cases[i].expected);
    }
}

/* What comes of a process that ended with EXIT and printed OUTPUT, as the programs that are there print it. */
static void
reads_output(void **state G_GNUC_UNUSED)
{
    static const struct {
        int exit;
        const char *output, *reason;
    } cases[] = {
        {0, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "200 OK"},
        {0, "HTTP/2 204\r\n\r\n", "204 No Content"},
        {0, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Service Unavailable\r\n\r\n",
         "503 Service Unavailable"},
        {124, "HTTP/1.1 200 OK\r\n\r\n", "200 OK"},
        {7, "curl: (7) Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server\n",
         "connection refused"},
        {52, "curl: (52) Empty reply from server\n", "curl: (52) Empty reply from server"},
        {0, "  HTTP/1.1 302 Found\n  Location: /\n  HTTP/1.1 200 OK\n2026 URL:… [2/2] -> \"/dev/null\" [1]\n",
         "302 Found"},
        {4, "failed: Connection refused.\n", "connection refused"},
        {8,
         "Connecting to 127.0.0.1:80 (127.0.0.1:80)\n  HTTP/1.1 404 Not Found\nwget: server returned error\n",
         "404 Not Found"},
        {1, "Connecting to 127.0.0.1:80\nwget: error getting response\n", "wget: error getting response"},
        {1, "0: connect: Connection refused\n0: line 1: /dev/tcp/127.0.0.1/9: Connection refused\n",
         "connection refused"},
        {124, "", "no answer in 0 s"},
        {143, "Terminated\n", "no answer in 0 s"},
        {0, "garbage\r\n", "garbage"},
        {1, "", "connection closed without an answer"},
        {1, " \n\r\n", "connection closed without an answer"},
        {0, "HTTP/1.1 999 OK\n", "HTTP/1.1 999 OK"},
        {0, "HTTP/1.1 99999999999999999999\n", "HTTP/1.1 99999999999999999999"},
        {0, "HTTP/1.1\n", "HTTP/1.1"},
        {0, "XHTTP/1.1 200 OK\n", "XHTTP/1.1 200 OK"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const gpuvm_guestexec process = {true, cases[i].exit, (char *)cases[i].output};
        g_autofree char *reason = NULL;
        gpuvm_answer answer;

        gpuvm_guestprobe_read(&process, &answer);
        answer.taken_ms = 0;
        reason = gpuvm_health_reason(&answer);
        expect_text(cases[i].output, reason, cases[i].reason);
    }
}

static void
cuts_long_words(void **state G_GNUC_UNUSED)
{
    g_autofree char *words = g_strnfill(3000, 'A');
    const gpuvm_guestexec process = {true, 0, words};
    gpuvm_answer answer;

    gpuvm_guestprobe_read(&process, &answer);
    assert_int_equal(answer.kind, GPUVM_ANSWER_BROKEN);
    assert_true(strlen(answer.why) < sizeof answer.why);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks),
        cmocka_unit_test(reads_output),
        cmocka_unit_test(cuts_long_words),
    };

    return cmocka_run_group_tests_name("guestprobe", tests, NULL, NULL);
}
