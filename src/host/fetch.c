/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/size.h"
#include "base/url.h"
#include "host/curl.h"

#define CONNECT_SECONDS 20L
#define STALL_SECONDS 30L
#define STALL_SPEED 1024L /* bytes a second: who sends less holds up whoever waits */
#define MAX_REDIRECTS 5
#define MAX_SKIPPED (64 * 1024)       /* bytes of a redirect's body */
#define MAX_BREAKS 5                  /* connections that may break before this much came through: */
#define FORGIVEN (64 * 1024 * 1024UL) /* bytes */
#define BUFFER_SIZE (256 * 1024L)

/* One transfer, over as many connections as it takes. */
typedef struct transfer {
    const gpuvm_fetch *fetch;
    char *shown; /* the URL without what nobody should see */
    uint64_t done, total;
    char *validator;         /* its entity tag or date, for taking up again; NULL: it has none */
    CURL *curl;              /* the connection at hand */
    struct curl_slist *sent; /* its request headers */
    bool judged;             /* the answer's headers were looked at */
    size_t skipped;          /* bytes of a body that nobody reads */
    char words[CURL_ERROR_SIZE];
    GError *error; /* what ended it from our side */
} transfer;

static bool
too_large(transfer *run)
{
    g_autofree char *limit = gpuvm_size_format(run->fetch->max_size);

    g_set_error(&run->error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "%s is larger than %s, the most that is fetched",
                run->shown, limit);
    return false;
}

/* The file is as large as run->total says. */
static bool
expect(transfer *run)
{
    const gpuvm_fetch *fetch = run->fetch;

    if (fetch->max_size > 0 && run->total > fetch->max_size)
        return too_large(run);
    return run->done > 0 || !fetch->expect || fetch->expect(fetch->data, run->total, &run->error);
}

static bool
take(transfer *run, const void *bytes, size_t size)
{
    const gpuvm_fetch *fetch = run->fetch;

    if (fetch->max_size > 0 && size > fetch->max_size - run->done)
        return too_large(run);
    if (!fetch->take(fetch->data, bytes, size, &run->error))
        return false;
    run->done += size;
    return true;
}

static bool
progress(transfer *run)
{
    if (!run->fetch->progress || run->fetch->progress(run->fetch->data, run->done, run->total))
        return true;
    if (!run->error)
        g_set_error(&run->error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "%s: interrupted", run->shown);
    return false;
}

static bool
fail_file(transfer *run, int number)
{
    g_set_error(&run->error, GPUVM_ERROR, number == ENOENT ? GPUVM_EXIT_HOST : GPUVM_EXIT_FAILED,
                "cannot read %s: %s", run->shown, g_strerror(number));
    return false;
}

static bool
read_file(transfer *run, int fd)
{
    g_autofree char *buffer = g_malloc(BUFFER_SIZE);
    struct stat status;
    ssize_t n;

    if (fstat(fd, &status) < 0)
        return fail_file(run, errno);
    if (!S_ISREG(status.st_mode)) {
        g_set_error(&run->error, GPUVM_ERROR, GPUVM_EXIT_HOST, "%s is not a regular file", run->shown);
        return false;
    }
    run->total = status.st_size;
    if (!expect(run))
        return false;
    while ((n = TEMP_FAILURE_RETRY(read(fd, buffer, BUFFER_SIZE))) != 0) {
        if (n < 0)
            return fail_file(run, errno);
        if (!take(run, buffer, n) || !progress(run))
            return false;
    }
    return true;
}

static bool
fetch_file(transfer *run)
{
    g_autofree char *path = g_filename_from_uri(run->fetch->url, NULL, NULL);
    int fd;
    bool done;

    if (!path) {
        g_set_error(&run->error, GPUVM_ERROR, GPUVM_EXIT_INVALID, "invalid URL: %s\nwrite file:///PATH",
                    run->shown);
        return false;
    }
    g_free(run->shown);
    run->shown = g_strdup(path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail_file(run, errno);
    done = read_file(run, fd);
    close(fd);
    return done;
}

static long
status_of(CURL *curl)
{
    long status = 0;

    gpuvm_curl.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* The value of the answer's header @name; NULL. */
static const char *
header(CURL *curl, const char *name)
{
    struct curl_header *found;

    return gpuvm_curl.easy_header(curl, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : NULL;
}

/* What tells whether a file is still the same (RFC 9110, 13.1.5): not a weak entity tag. */
static char *
find_validator(CURL *curl)
{
    const char *tag = header(curl, "ETag");

    return g_strdup(tag && !g_str_has_prefix(tag, "W/") ? tag : header(curl, "Last-Modified"));
}

/* Whether the answer that begins is the rest that was asked for (206), or the whole (200). */
static bool
judge(transfer *run)
{
    g_autofree char *range = g_strdup_printf("bytes %" G_GUINT64_FORMAT "-", run->done);
    const char *answered = header(run->curl, "Content-Range");
    curl_off_t length = -1;

    run->judged = true;
    if (run->done > 0 && (status_of(run->curl) != 206 || !answered || !g_str_has_prefix(answered, range))) {
        g_set_error(
            &run->error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
            "%s: the connection broke after %" G_GUINT64_FORMAT
            " bytes, and the server does not give the rest: the file has changed, or it cannot\ntry again",
            run->shown, run->done);
        return false;
    }
    if (run->done == 0) {
        g_free(run->validator);
        run->validator = find_validator(run->curl);
    }
    gpuvm_curl.easy_getinfo(run->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length <= 0)
        return true;
    run->total = run->done + (uint64_t)length;
    return expect(run);
}

/* Of a redirect. */
static bool
skip(transfer *run, size_t size)
{
    run->skipped += size;
    if (run->skipped <= MAX_SKIPPED)
        return true;
    g_set_error(&run->error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                "%s: a redirect with more than %d bytes of text is not followed", run->shown, MAX_SKIPPED);
    return false;
}

static size_t
on_bytes(char *bytes, size_t one, size_t size, void *data)
{
    transfer *run = data;

    (void)one;
    if (status_of(run->curl) / 100 != 2)
        return skip(run, size) ? size : CURL_WRITEFUNC_ERROR;
    if (!run->judged && !judge(run))
        return CURL_WRITEFUNC_ERROR;
    return take(run, bytes, size) ? size : CURL_WRITEFUNC_ERROR;
}

static int
on_progress(void *data, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    (void)total, (void)now, (void)up_total, (void)up_now;
    return progress(data) ? 0 : 1;
}

/* Asks @url for what is missing yet. */
static CURLcode
ask(transfer *run, const char *url)
{
    CURL *curl = run->curl;
    g_autofree char *range = g_strdup_printf("%" G_GUINT64_FORMAT "-", run->done);
    g_autofree char *condition = run->validator ? g_strconcat("If-Range: ", run->validator, NULL) : NULL;
    CURLcode code;

    run->judged = false;
    run->skipped = 0;
    *run->words = '\0';
    gpuvm_curl.easy_setopt(curl, CURLOPT_URL, url);
    gpuvm_curl.easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    gpuvm_curl.easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    gpuvm_curl.easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, STALL_SPEED);
    gpuvm_curl.easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                           run->fetch->stall_seconds ? (long)run->fetch->stall_seconds : STALL_SECONDS);
    gpuvm_curl.easy_setopt(curl, CURLOPT_BUFFERSIZE, BUFFER_SIZE);
    gpuvm_curl.easy_setopt(curl, CURLOPT_ERRORBUFFER, run->words);
    gpuvm_curl.easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    gpuvm_curl.easy_setopt(curl, CURLOPT_WRITEDATA, run);
    gpuvm_curl.easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    gpuvm_curl.easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    gpuvm_curl.easy_setopt(curl, CURLOPT_XFERINFODATA, run);
    if (run->done > 0) {
        run->sent = gpuvm_curl.slist_append(NULL, condition);
        gpuvm_curl.easy_setopt(curl, CURLOPT_RANGE, range);
    }
    gpuvm_curl.easy_setopt(curl, CURLOPT_HTTPHEADER, run->sent);
    code = gpuvm_curl.easy_perform(curl);
    gpuvm_curl.slist_free_all(g_steal_pointer(&run->sent));
    return code;
}

/* Where the answer sends us: NULL without run->error: nowhere. Never away from https, and to nothing but HTTP. */
static char *
redirect(transfer *run, const char *url)
{
    char *next = NULL;

    gpuvm_curl.easy_getinfo(run->curl, CURLINFO_REDIRECT_URL, &next);
    if (!next || status_of(run->curl) / 100 != 3)
        return NULL;
    g_autofree char *shown = gpuvm_url_shown(next);
    if (g_ascii_strncasecmp(next, "https://", 8) != 0 &&
        (g_ascii_strncasecmp(url, "https://", 8) == 0 || g_ascii_strncasecmp(next, "http://", 7) != 0)) {
        g_set_error(&run->error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                    "%s: redirected to %s, which is not followed: it is less safe\n"
                    "name a URL that is served over https all the way",
                    run->shown, shown);
        return NULL;
    }
    return g_strdup(next);
}

/* One connection, after at most MAX_REDIRECTS others that only say where to go. */
static CURLcode
follow(transfer *run)
{
    g_autofree char *url = g_strdup(run->fetch->url);

    for (int n = 0;; n++) {
        CURLcode code = ask(run, url);
        char *next = code == CURLE_OK ? redirect(run, url) : NULL;

        if (!next)
            return code;
        if (n == MAX_REDIRECTS) {
            g_free(next);
            g_set_error(&run->error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "%s: more than %d redirects", run->shown,
                        MAX_REDIRECTS);
            return code;
        }
        g_free(url);
        url = next;
    }
}

/* Whether it is worth another try: what came so far can be told to be of the same file, or nothing came. */
static bool
can_go_on(const transfer *run, CURLcode code)
{
    static const CURLcode breaks[] = {CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_GOT_NOTHING,
                                      CURLE_SEND_ERROR,   CURLE_HTTP2,      CURLE_HTTP2_STREAM};
    bool broke = run->done > 0 && (code == CURLE_COULDNT_CONNECT ||
                                   (code == CURLE_HTTP_RETURNED_ERROR && status_of(run->curl) >= 500));

    for (size_t i = 0; i < G_N_ELEMENTS(breaks); i++)
        broke = broke || code == breaks[i];
    return broke && (run->done == 0 || run->validator);
}

static void
explain_status(transfer *run, long status)
{
    static const struct {
        long status;
        enum gpuvm_exit exit;
        const char *text;
    } rows[] = {
        {401, GPUVM_EXIT_FAILED, "the server wants a user and a password"},
        {403, GPUVM_EXIT_FAILED, "the server does not let you have it"},
        {404, GPUVM_EXIT_HOST, "the server has no such file: check the URL"},
        {410, GPUVM_EXIT_HOST, "the server has that file no more: find its new URL"},
        {0, GPUVM_EXIT_FAILED, NULL},
    };
    size_t i = 0;

    while (rows[i].status && rows[i].status != status)
        i++;
    g_set_error(&run->error, GPUVM_ERROR, rows[i].exit, "cannot fetch %s: the server answers %ld%s%s",
                run->shown, status, rows[i].text ? "\n" : "", rows[i].text ? rows[i].text : "");
}

static void
explain(transfer *run, CURLcode code)
{
    const char *words = *run->words ? run->words : gpuvm_curl.easy_strerror(code);
    enum gpuvm_exit exit = GPUVM_EXIT_FAILED;

    if (code == CURLE_HTTP_RETURNED_ERROR) {
        explain_status(run, status_of(run->curl));
        return;
    }
    if (code == CURLE_OPERATION_TIMEDOUT)
        exit = GPUVM_EXIT_UNHEALTHY;
    else if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT)
        exit = GPUVM_EXIT_HOST;
    g_set_error(&run->error, GPUVM_ERROR, exit, "cannot fetch %s: %s", run->shown, words);
    if (run->done > 0)
        g_prefix_error(&run->error, "after %" G_GUINT64_FORMAT " bytes: ", run->done);
}

/* Not an answer that we can use: a status such as 304, or a body that ended where none was announced. */
static bool
check_answer(transfer *run)
{
    if (!run->judged && status_of(run->curl) == 200)
        return judge(run); /* an empty body */
    if (!run->judged)
        explain_status(run, status_of(run->curl));
    return run->judged;
}

static bool
fetch_http(transfer *run)
{
    unsigned breaks = 0;
    uint64_t counted = 0;

    if (!gpuvm_curl_load(&run->error))
        return false;
    for (;;) {
        CURLcode code;
        bool again;

        run->curl = gpuvm_curl_new();
        code = follow(run);
        if (run->done - counted >= FORGIVEN) {
            counted = run->done;
            breaks = 0;
        }
        again = code != CURLE_OK && !run->error && can_go_on(run, code) && breaks++ < MAX_BREAKS;
        if (code != CURLE_OK && !run->error && !again)
            explain(run, code);
        if (code == CURLE_OK && !run->error)
            check_answer(run);
        gpuvm_curl.easy_cleanup(g_steal_pointer(&run->curl));
        if (!again)
            return !run->error;
        g_usleep(breaks * G_USEC_PER_SEC / 4);
    }
}

bool
gpuvm_fetch_run(const gpuvm_fetch *fetch, GError **error)
{
    transfer run = {.fetch = fetch, .shown = gpuvm_url_shown(fetch->url)};
    bool done = g_ascii_strncasecmp(fetch->url, "file:", 5) == 0 ? fetch_file(&run) : fetch_http(&run);

    if (!done)
        g_propagate_error(error, run.error);
    g_free(run.shown);
    g_free(run.validator);
    return done;
}

static bool
append(void *data, const void *bytes, size_t size, GError **error)
{
    (void)error;
    g_byte_array_append(data, bytes, size);
    return true;
}

char *
gpuvm_fetch_text(const char *url, uint64_t max_size, size_t *ret_size, GError **error)
{
    g_autoptr(GByteArray) text = g_byte_array_new();
    const gpuvm_fetch fetch = {.url = url, .max_size = max_size, .take = append, .data = text};

    if (!gpuvm_fetch_run(&fetch, error))
        return NULL;
    *ret_size = text->len;
    g_byte_array_append(text, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&text), FALSE);
}
