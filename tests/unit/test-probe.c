/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/health.h"
#include "host/curl.h"
#include "host/probe.h"

/* A server for one request. */
typedef struct fake_server {
    int listening;
    uint16_t port;
    const char *answer; /* what it sends before it closes; NULL: it waits until the client goes */
    bool endless;       /* sends the last of it again and again, until the client goes */
    char request[4096];
    GThread *thread;
} fake_server;

static gpointer
serve(gpointer data)
{
    fake_server *server = data;
    int client = accept(server->listening, NULL, NULL);
    ssize_t n = read(client, server->request, sizeof server->request - 1);

    if (server->answer)
        n = send(client, server->answer, strlen(server->answer), MSG_NOSIGNAL);
    while (server->endless && n > 0)
        n = send(client, "x", 1, MSG_NOSIGNAL);
    if (!server->answer)
        n = read(client, server->request, 1); /* until it goes */
    shutdown(client, SHUT_WR);
    close(client);
    return NULL;
}

static void
start(fake_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    server->listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listening, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(server->listening, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(server->listening, 1), 0);
    server->port = ntohs(address.sin_port);
    server->thread = g_thread_new("server", serve, server);
}

static void
reads_answers(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *answer;
        bool endless;
        const char *reason;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "200 OK"},
        {"HTTP/1.0 204 \r\n\r\n", false, "204 No Content"},
        {"HTTP/1.1 503 Loading\r\nContent-Length: 5\r\n\r\nwait\n", false, "503 Service Unavailable"},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", false,
         "302 Found"},
        {"HTTP/1.1 200 OK\r\n\r\nx", true, "200 OK"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nshort", false, "200 OK"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "200 OK"},
        {"HTTP/1.1 100 Continue\r\n\r\n", false, "connection closed without an answer"},
        {"", false, "connection closed without an answer"},
        {"220 mail ESMTP\r\n", false, "the answer is not HTTP"},
        {"HTTP/1.1 abc\r\n\r\n", false, "the answer is not HTTP"},
        {NULL, false, "no answer in "}, /* 0.3 s, or more */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        fake_server server = {.answer = cases[i].answer, .endless = cases[i].endless};
        g_autofree char *url = NULL, *reason = NULL;
        gpuvm_answer answer;

        start(&server);
        url = g_strdup_printf("http://127.0.0.1:%u/health?a=b", server.port);
        gpuvm_probe_run(&(gpuvm_probe){.url = url, .guest = true, .timeout_ms = server.answer ? 60000 : 300},
                        &answer);
        g_thread_join(server.thread);
        close(server.listening);
        reason = gpuvm_health_reason(&answer);
        if (server.answer ? strcmp(reason, cases[i].reason) != 0 : !g_str_has_prefix(reason, cases[i].reason))
            fail_msg("case %zu: got \"%s\" instead of \"%s\"", i, reason, cases[i].reason);
        if (server.answer && !g_str_has_prefix(server.request, "GET /health?a=b HTTP/1.1\r\n"))
            fail_msg("case %zu: asked for %s", i, server.request);
    }
}

/* A probe of @url without a server; the reason it gives. */
static void
expect_reason(const char *url, bool guest, const char *expected)
{
    g_autofree char *reason = NULL;
    gpuvm_answer answer;

    gpuvm_probe_run(&(gpuvm_probe){.url = url, .guest = guest, .timeout_ms = 60000}, &answer);
    reason = gpuvm_health_reason(&answer);
    if (strcmp(reason, expected) != 0)
        fail_msg("%s: got \"%s\" instead of \"%s\"", url, reason, expected);
}

static void
reads_failures(void **state G_GNUC_UNUSED)
{
    expect_reason("http://127.0.0.1:1/", true, "connection refused");
    expect_reason("http://255.255.255.255/", true, "address not reachable");
    expect_reason("http://nowhere.invalid/", false, "no such host name");
}

/* A proxy would be asked for a name, and never for a guest's address. */
static void
asks_guests_without_a_proxy(void **state G_GNUC_UNUSED)
{
    fake_server server = {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    g_autofree char *proxy = NULL;

    start(&server);
    proxy = g_strdup_printf("http://127.0.0.1:%u", server.port);
    g_setenv("http_proxy", proxy, TRUE);
    expect_reason("http://127.0.0.1:1/", true, "connection refused");
    expect_reason("http://nowhere.invalid/", false, "200 OK");
    g_unsetenv("http_proxy");
    g_thread_join(server.thread);
    close(server.listening);
}

static int
load(void **state G_GNUC_UNUSED)
{
    return gpuvm_curl_load(NULL) ? 0 : -1;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_answers),
        cmocka_unit_test(reads_failures),
        cmocka_unit_test(asks_guests_without_a_proxy),
    };

    return cmocka_run_group_tests_name("probe", tests, load, NULL);
}
