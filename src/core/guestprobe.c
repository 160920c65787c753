/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/guestprobe.h"

#include <string.h>

#include "core/health.h"

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
    g_autoptr(GUri) uri = gpuvm_health_parse(url);
    bool tls = uri && g_str_equal(g_uri_get_scheme(uri), "https");
    int number = uri && g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : tls ? 443 : 80;
    g_autofree char *seconds = g_strdup_printf("%u", (timeout_ms + 999) / 1000);
    g_autofree char *port = g_strdup_printf("%d", number);
    g_autofree char *request = uri ? make_request(uri, number) : NULL;

    if (!uri)
        return NULL;
    return gpuvm_guestexec_begin((const char *const[]){"-c", script, PACKAGE_NAME, url, seconds,
                                                       g_uri_get_host(uri), port, request,
                                                       gpuvm_health_is_guest(url) ? "-k" : "", NULL});
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

void
gpuvm_guestprobe_read(const gpuvm_guestexec *process, gpuvm_answer *ret_answer)
{
    const char *output = process->output;
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    int status = find_status(lines);
    const char *last = last_line(lines);

    if (status) {
        *ret_answer = (gpuvm_answer){.kind = GPUVM_ANSWER_STATUS, .status = status};
    } else if (gpuvm_guestexec_timed_out(process)) {
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
