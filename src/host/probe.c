/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/probe.h"

#include <errno.h>

#include "host/curl.h"

/* Stops at the empty line below the headers: the status is known, and the body need never come. */
static size_t
take_header(char *line, size_t size, size_t n, void *curl)
{
    long status = 0;

    gpuvm_curl.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && (*line == '\r' || *line == '\n') ? 0 : size * n;
}

static void
set_options(CURL *curl, const gpuvm_probe *probe)
{
    gpuvm_curl.easy_setopt(curl, CURLOPT_URL, probe->url);
    gpuvm_curl.easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    gpuvm_curl.easy_setopt(curl, CURLOPT_HEADERDATA, curl);
    gpuvm_curl.easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)probe->timeout_ms);
    if (!probe->guest)
        return;
    gpuvm_curl.easy_setopt(curl, CURLOPT_PROXY, "");
    gpuvm_curl.easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    gpuvm_curl.easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
}

static gpuvm_answer
broken(const char *why)
{
    gpuvm_answer answer = {.kind = GPUVM_ANSWER_BROKEN};

    g_strlcpy(answer.why, why, sizeof answer.why);
    return answer;
}

static gpuvm_answer
of_connect_error(long number)
{
    switch (number) {
    case ECONNREFUSED:
        return (gpuvm_answer){.kind = GPUVM_ANSWER_REFUSED};
    case EHOSTUNREACH:
    case ENETUNREACH:
        return (gpuvm_answer){.kind = GPUVM_ANSWER_UNREACHABLE};
    default:
        return broken("no connection");
    }
}

static gpuvm_answer
of_result(CURL *curl, CURLcode code)
{
    long status = 0, number = 0;

    gpuvm_curl.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    gpuvm_curl.easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
    if (status >= 200)
        return (gpuvm_answer){.kind = GPUVM_ANSWER_STATUS, .status = (int)status};
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        return of_connect_error(number);
    case CURLE_OPERATION_TIMEDOUT:
        return (gpuvm_answer){.kind = GPUVM_ANSWER_NONE};
    case CURLE_COULDNT_RESOLVE_HOST:
        return broken("no such host name");
    case CURLE_PEER_FAILED_VERIFICATION:
        return broken("its certificate is not trusted");
    case CURLE_SSL_CONNECT_ERROR:
        return broken("the answer is not TLS");
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
        return broken("connection closed without an answer");
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: no status line */
    case CURLE_WEIRD_SERVER_REPLY:
        return broken("the answer is not HTTP");
    default:
        return broken(gpuvm_curl.easy_strerror(code));
    }
}

void
gpuvm_probe_run(const gpuvm_probe *probe, gpuvm_answer *ret_answer)
{
    gint64 begun = g_get_monotonic_time();
    CURL *curl = gpuvm_curl_new();

    set_options(curl, probe);
    *ret_answer = of_result(curl, gpuvm_curl.easy_perform(curl));
    ret_answer->taken_ms = (uint32_t)((g_get_monotonic_time() - begun) / G_TIME_SPAN_MILLISECOND);
    gpuvm_curl.easy_cleanup(curl);
}
