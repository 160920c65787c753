/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/health.h"

#include <string.h>

#include "base/url.h"
#include "core/reach.h"

/* As the definition has it: nothing is decoded and encoded again. */
#define URL_FLAGS (G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD)
#define REFUSED "connection refused"
#define UNREACHABLE "address not reachable"
#define NO_ANSWER "no answer in "

GUri *
gpuvm_health_parse(const char *url)
{
    g_autoptr(GUri) uri = g_uri_parse(url, URL_FLAGS, NULL);
    bool web =
        uri && (g_str_equal(g_uri_get_scheme(uri), "http") || g_str_equal(g_uri_get_scheme(uri), "https"));

    return web && g_uri_get_host(uri) && *g_uri_get_host(uri) ? g_steal_pointer(&uri) : NULL;
}

/* What must be written as %XX in a path or query is: blanks, and what is not ASCII. */
static char *
encode(const char *text)
{
    return g_uri_escape_string(text, G_URI_RESERVED_CHARS_ALLOWED_IN_PATH "%?[]", FALSE);
}

char *
gpuvm_health_join(const char *base_url, const char *endpoint, const char **ret_wrong)
{
    g_autoptr(GUri) base = gpuvm_health_parse(base_url);
    g_autofree char *relative = g_strndup(endpoint, strcspn(endpoint, "#")), *encoded = NULL;
    g_autofree char *path = NULL;
    const char *query = NULL;
    char *mark;
    size_t end;

    if (!base) {
        *ret_wrong = "base_url";
        return NULL;
    }
    if (g_uri_peek_scheme(endpoint) && gpuvm_url_is(endpoint)) {
        *ret_wrong = "endpoint";
        return NULL;
    }
    encoded = encode(relative);
    mark = strchr(encoded, '?');
    if (mark) {
        *mark = '\0';
        query = mark + 1;
    }
    end = strlen(g_uri_get_path(base));
    while (end > 0 && g_uri_get_path(base)[end - 1] == '/')
        end--;
    path = g_strdup_printf("%.*s/%s", (int)end, g_uri_get_path(base), encoded + strspn(encoded, "/"));
    return g_uri_join_with_user(URL_FLAGS, g_uri_get_scheme(base), g_uri_get_user(base),
                                g_uri_get_password(base), NULL, g_uri_get_host(base), g_uri_get_port(base),
                                path, query ? query : g_uri_get_query(base), NULL);
}

bool
gpuvm_health_is_guest(const char *url)
{
    g_autoptr(GUri) uri = g_uri_parse(url, URL_FLAGS, NULL);

    return uri && g_uri_get_host(uri) && gpuvm_reach_is_self(g_uri_get_host(uri));
}

char *
gpuvm_health_at(const char *url, const char *address)
{
    g_autoptr(GUri) uri = g_uri_parse(url, URL_FLAGS, NULL);

    return g_uri_join_with_user(URL_FLAGS, g_uri_get_scheme(uri), g_uri_get_user(uri),
                                g_uri_get_password(uri), NULL, address, g_uri_get_port(uri),
                                g_uri_get_path(uri), g_uri_get_query(uri), NULL);
}

bool
gpuvm_health_is_good(const gpuvm_answer *answer)
{
    return answer->kind == GPUVM_ANSWER_STATUS && answer->status >= 200 && answer->status < 300;
}

/* RFC 9110, section 15: those that a health check meets. */
static const char *
status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (texts[i].status == status)
            return texts[i].text;
    }
    return NULL;
}

char *
gpuvm_health_reason(const gpuvm_answer *answer)
{
    const char *text;

    switch (answer->kind) {
    case GPUVM_ANSWER_STATUS:
        text = status_text(answer->status);
        return g_strdup_printf("%d%s%s", answer->status, text ? " " : "", text ? text : "");
    case GPUVM_ANSWER_REFUSED:
        return g_strdup(REFUSED);
    case GPUVM_ANSWER_UNREACHABLE:
        return g_strdup(UNREACHABLE);
    case GPUVM_ANSWER_NONE:
        return g_strdup_printf(NO_ANSWER "%g s", (answer->taken_ms + 50) / 100 / 10.0);
    default:
        return g_strdup(answer->why);
    }
}

const char *
gpuvm_health_hint(int from, const char *reason)
{
    if (g_str_has_prefix(reason, GPUVM_HEALTH_NO_ADDRESS))
        return "a guest's address comes from a DHCP lease of libvirt's network, from the host's ARP table, or from "
               "qemu-guest-agent in the guest; with `from: guest` in health_check none is needed";
    if (g_str_equal(reason, GPUVM_HEALTH_NO_AGENT))
        return "`from: guest` in health_check needs qemu-guest-agent in the guest";
    if (from == GPUVM_HEALTH_FROM_HOST && (g_str_equal(reason, REFUSED) || g_str_equal(reason, UNREACHABLE) ||
                                           g_str_has_prefix(reason, NO_ANSWER)))
        return "if the workload listens on the guest's loopback alone, or a firewall is in the way, write `from: guest` in "
               "health_check: then the guest asks it";
    return NULL;
}

static void
check_network(const gpuvm_plan *plan, const gpuvm_mark *mark, gpuvm_diags *diags)
{
    int mode = plan->vm->body.network->mode;
    gpuvm_diag *diag;

    if ((mode != GPUVM_NET_NONE && mode != GPUVM_NET_VSOCK) || !gpuvm_health_is_guest(plan->health_url) ||
        plan->vm->body.health_check->from == GPUVM_HEALTH_FROM_GUEST)
        return;
    diag = gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, mark,
                             "health_check has nobody to ask: in network mode %s the guest has no address",
                             mode == GPUVM_NET_NONE ? "none" : "vsock");
    gpuvm_diag_hint(
        diag,
        "choose another network mode, or write `from: guest` in health_check; if a NIC is passed to the "
        "guest, name its address in the workload's base_url");
}

static void
refuse(const gpuvm_object *object, const char *key, const char *what, const char *hint, gpuvm_diags *diags)
{
    gpuvm_mark mark = gpuvm_object_mark(object, key);

    gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "%s", what), "%s", hint);
}

void
gpuvm_health_plan(gpuvm_plan *plan, gpuvm_diags *diags)
{
    const gpuvm_body *body = &plan->vm->body;
    const gpuvm_health_check *check = body->health_check;
    gpuvm_mark mark = gpuvm_object_mark(&body->object, "health_check");
    const char *wrong = NULL;

    if (!check)
        return;
    if (!body->workload || !body->workload->base_url) {
        gpuvm_diag *diag =
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "health_check needs the workload's base_url");
        gpuvm_diag_hint(diag, "say where the workload listens, as the guest sees it: workload: {base_url: "
                              "\"http://127.0.0.1:8080\"}");
        return;
    }
    plan->health_url = gpuvm_health_join(body->workload->base_url, check->endpoint, &wrong);
    plan->health_timeout_ms = check->timeout_ms;
    if (plan->health_url)
        check_network(plan, &mark, diags);
    else if (g_str_equal(wrong, "base_url"))
        refuse(&body->workload->object, wrong,
               "base_url is not an http or https URL: health_check cannot ask it",
               "write where the workload listens, as the guest sees it: http://127.0.0.1:8080", diags);
    else
        refuse(&check->object, wrong, "endpoint is a path below the workload's base_url, not a URL",
               "write /health, or what the workload has for it", diags);
}
