/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Against tests/http/server.py, which misbehaves as the path says. */
#include <config.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "host/curl.h"
#include "host/digest.h"
#include "host/fetch.h"

#define FILE_SIZE 3000000

static char *directory, *base; /* of the server: what it serves, its URL */
static GPid server;
static uint8_t *content; /* of the file called "file" there */

static char *
url_of(const char *path)
{
    return g_str_has_prefix(path, "/") ? g_strconcat(base, path, NULL) : g_strdup(path);
}

static void
wait_for_port(void)
{
    g_autofree char *file = g_build_filename(directory, "port", NULL);
    g_autofree char *port = NULL;

    for (int i = 0; i < 12000 && !port; i++) {
        g_usleep(G_USEC_PER_SEC / 100);
        g_file_get_contents(file, &port, NULL, NULL);
    }
    assert_non_null(port);
    base = g_strdup_printf("http://127.0.0.1:%s", g_strstrip(port));
}

static int
start_server(void **state G_GNUC_UNUSED)
{
    g_autofree char *script = g_build_filename(g_getenv("top_srcdir"), "tests", "http", "server.py", NULL);
    g_autofree char *file = NULL, *port = NULL, *served = NULL;

    directory = g_dir_make_tmp(NULL, NULL);
    served = g_build_filename(directory, "served", NULL);
    file = g_build_filename(served, "file", NULL);
    port = g_build_filename(directory, "port", NULL);
    g_mkdir(served, 0700);
    content = g_malloc(FILE_SIZE);
    for (size_t i = 0; i < FILE_SIZE; i++)
        content[i] = (uint8_t)(i * 2654435761U >> 13);
    g_file_set_contents(file, (const char *)content, FILE_SIZE, NULL);
    assert_true(g_spawn_async(NULL, (char *[]){script, "--port-file", port, "--other", "9", served, NULL},
                              NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &server,
                              NULL));
    wait_for_port();
    return 0;
}

static int
stop_server(void **state G_GNUC_UNUSED)
{
    g_autofree char *command = g_strdup_printf("rm -r '%s'", directory);

    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
    g_free(content);
    g_free(directory);
    g_free(base);
    return 0;
}

/* What comes is the file, from where it was. */
static bool
compare(void *data, const void *bytes, size_t size, GError **error)
{
    size_t *at = data;

    if (*at + size > FILE_SIZE || memcmp(content + *at, bytes, size) != 0) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "what comes is not the file from byte %zu on",
                    *at);
        return false;
    }
    *at += size;
    return true;
}

static const struct {
    const char *path;
    enum gpuvm_exit exit; /* GPUVM_EXIT_OK: the file comes */
    const char *words;    /* of the error */
} cases[] = {
    {"/file", GPUVM_EXIT_OK, NULL},
    {"/chunked/file", GPUVM_EXIT_OK, NULL},
    {"/untilclose/file", GPUVM_EXIT_OK, NULL},
    {"/noetag/file", GPUVM_EXIT_OK, NULL},
    {"/redirect/5/file", GPUVM_EXIT_OK, NULL},
    {"/cut/1000000/file", GPUVM_EXIT_OK, NULL},
    {"/cut/1000000/redirect/2/file", GPUVM_EXIT_OK, NULL},
    {"/redirect/6/file", GPUVM_EXIT_FAILED, "more than 5 redirects"},
    {"/loop", GPUVM_EXIT_FAILED, "more than 5 redirects"},
    {"/to/file/file", GPUVM_EXIT_FAILED, "not followed"},
    {"/to/ftp/file", GPUVM_EXIT_FAILED, "not followed"},
    {"/to/http/file", GPUVM_EXIT_HOST, "cannot fetch"},
    {"/nothing", GPUVM_EXIT_HOST, "404"},
    {"/status/410/file", GPUVM_EXIT_HOST, "410"},
    {"/status/403/file", GPUVM_EXIT_FAILED, "403"},
    {"/status/500/file", GPUVM_EXIT_FAILED, "500"},
    {"/status/204/file", GPUVM_EXIT_FAILED, "204"},
    {"/garbage", GPUVM_EXIT_FAILED, "cannot fetch"},
    {"/cutalways/1000000/file", GPUVM_EXIT_FAILED, "after 1000000 bytes"},
    {"/noetag/cut/1000000/file", GPUVM_EXIT_FAILED, "after 1000000 bytes"},
    {"/cut/1000000/norange/file", GPUVM_EXIT_FAILED, "does not give the rest"},
    {"/cut/1000000/changed/file", GPUVM_EXIT_FAILED, "does not give the rest"},
    {"/cut/1000000/badrange/file", GPUVM_EXIT_FAILED, "416"},
    {"/stall/1000000/file", GPUVM_EXIT_UNHEALTHY, "after 1000000 bytes"},
    {"/slow/500/file", GPUVM_EXIT_UNHEALTHY, "bytes: cannot fetch"},
    {"/endless/loop", GPUVM_EXIT_FAILED, "a redirect with more than 65536 bytes"},
    {"/huge", GPUVM_EXIT_FAILED, "larger than 4.0 MiB"},
    {"http://127.0.0.1:9/file", GPUVM_EXIT_HOST, "cannot fetch http://127.0.0.1:9/file"},
    {"http://user:secret@127.0.0.1:9/file", GPUVM_EXIT_HOST, "cannot fetch http://127.0.0.1:9/file"},
    {"http://nowhere.invalid/file", GPUVM_EXIT_HOST, "nowhere.invalid"},
    {"file:///nowhere/file", GPUVM_EXIT_HOST, "cannot read /nowhere/file: No such file"},
    {"file:///dev/zero", GPUVM_EXIT_HOST, "not a regular file"},
};

/* Fetches a case's file: what is wrong with what comes of it, or NULL. */
static void *
fetch_case(void *index)
{
    size_t i = GPOINTER_TO_SIZE(index), at = 0;
    g_autofree char *url = url_of(cases[i].path);
    g_autoptr(GError) error = NULL;
    const gpuvm_fetch fetch = {.url = url,
                               .max_size = 4 << 20,
                               .stall_seconds = cases[i].exit == GPUVM_EXIT_UNHEALTHY ? 5 : 0,
                               .take = compare,
                               .data = &at};
    bool fetched = gpuvm_fetch_run(&fetch, &error);

    if (fetched == (cases[i].exit == GPUVM_EXIT_OK) && (!fetched || at == FILE_SIZE) &&
        (fetched || (error->code == (int)cases[i].exit && strstr(error->message, cases[i].words) &&
                     !strstr(error->message, "secret"))))
        return NULL;
    return g_strdup_printf("%s: %zu bytes, %d %s", cases[i].path, at, error ? error->code : 0,
                           error ? error->message : "");
}

/* All at once, since they wait for the server and between attempts. */
static void
fetches_or_says_why_not(void **state G_GNUC_UNUSED)
{
    GThread *threads[G_N_ELEMENTS(cases)];
    unsigned failed = 0;

    assert_true(gpuvm_curl_load(NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        threads[i] = g_thread_new("fetch", fetch_case, GSIZE_TO_POINTER(i));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *wrong = g_thread_join(threads[i]);

        if (wrong)
            print_error("%s\n", wrong);
        failed += wrong != NULL;
    }
    assert_int_equal(failed, 0);
}

static bool
never(void *data G_GNUC_UNUSED, uint64_t done, uint64_t total G_GNUC_UNUSED)
{
    return done < 100000;
}

static bool
full(void *data G_GNUC_UNUSED, const void *bytes G_GNUC_UNUSED, size_t size G_GNUC_UNUSED, GError **error)
{
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_HOST, "the disk is full");
    return false;
}

static void
ends_when_told(void **state G_GNUC_UNUSED)
{
    g_autofree char *url = url_of("/slow/1000000/file"),
                    *path = g_build_filename(directory, "served/file", NULL);
    g_autofree char *local = g_filename_to_uri(path, NULL, NULL);
    const char *const urls[] = {url, local};

    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GError) interrupted = NULL, failed = NULL;
        size_t at = 0;

        assert_false(gpuvm_fetch_run(
            &(gpuvm_fetch){.url = urls[i], .take = compare, .progress = never, .data = &at}, &interrupted));
        assert_non_null(strstr(interrupted->message, "interrupted"));
        assert_false(gpuvm_fetch_run(&(gpuvm_fetch){.url = urls[i], .take = full}, &failed));
        assert_string_equal(failed->message, "the disk is full");
    }
}

static void
fetches_texts(void **state G_GNUC_UNUSED)
{
    g_autofree char *url = url_of("/file");
    g_autoptr(GError) error = NULL;
    size_t size = 0;
    g_autofree char *text = gpuvm_fetch_text(url, FILE_SIZE, &size, &error);

    assert_non_null(text);
    assert_int_equal(size, FILE_SIZE);
    assert_memory_equal(text, content, FILE_SIZE);
    assert_null(gpuvm_fetch_text(url, FILE_SIZE - 1, &size, &error));
    assert_non_null(strstr(error->message, "larger than"));
}

static void
digests(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *checksum;
        GChecksumType type;
        const char *prefix;
    } kinds[] = {{NULL, G_CHECKSUM_SHA256, "sha256:"}, {"sha512:0", G_CHECKSUM_SHA512, "sha512:"}};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autoptr(gpuvm_digest) digest = gpuvm_digest_new(kinds[i].checksum, NULL);
        g_autofree char *hex = g_compute_checksum_for_data(kinds[i].type, content, FILE_SIZE);
        g_autofree char *expected = g_strconcat(kinds[i].prefix, hex, NULL), *actual = NULL;

        for (size_t at = 0; at < FILE_SIZE; at += 7000)
            gpuvm_digest_add(digest, content + at, MIN(7000, FILE_SIZE - at));
        gpuvm_digest_add(digest, content, 0);
        actual = gpuvm_digest_finish(digest);
        assert_string_equal(actual, expected);
    }
    gpuvm_digest_free(gpuvm_digest_new(NULL, NULL)); /* given up */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fetches_or_says_why_not),
        cmocka_unit_test(ends_when_told),
        cmocka_unit_test(fetches_texts),
        cmocka_unit_test(digests),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
