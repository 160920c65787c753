/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/health.h"

static void
joins_urls(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *base_url, *endpoint, *expected; /* NULL: refused */
    } cases[] = {
        {"http://127.0.0.1:8080", "/health", "http://127.0.0.1:8080/health"},
        {"http://127.0.0.1:8080/", "/health", "http://127.0.0.1:8080/health"},
        {"http://127.0.0.1:8080//", "//health", "http://127.0.0.1:8080/health"},
        {"http://127.0.0.1:8080", "health", "http://127.0.0.1:8080/health"},
        {"http://127.0.0.1:8080", "", "http://127.0.0.1:8080/"},
        {"http://127.0.0.1:8080", "/", "http://127.0.0.1:8080/"},
        {"http://127.0.0.1:8080/v1", "/health", "http://127.0.0.1:8080/v1/health"},
        {"http://127.0.0.1:8080/v1/", "health/", "http://127.0.0.1:8080/v1/health/"},
        {"http://127.0.0.1:8080/v1/", "/", "http://127.0.0.1:8080/v1/"},
        {"http://localhost", "/health", "http://localhost/health"},
        {"https://localhost:443", "/health", "https://localhost:443/health"},
        {"http://[::1]:8080", "/health", "http://[::1]:8080/health"},
        {"http://10.0.0.5:8080/v1?key=a%2Fb", "/health", "http://10.0.0.5:8080/v1/health?key=a%2Fb"},
        {"http://10.0.0.5/v1?key=a", "/health?deep=1&x", "http://10.0.0.5/v1/health?deep=1&x"},
        {"http://10.0.0.5", "/health?url=http://x/", "http://10.0.0.5/health?url=http://x/"},
        {"http://10.0.0.5#top", "/health#status", "http://10.0.0.5/health"},
        {"http://10.0.0.5", "/a b/ü%20[1]", "http://10.0.0.5/a%20b/%C3%BC%20[1]"},
        {"http://10.0.0.5", "/a\nHost: x", "http://10.0.0.5/a%0AHost:%20x"},
        {"http://me:secret@10.0.0.5", "/health", "http://me:secret@10.0.0.5/health"},
        {"HTTP://Example.com", "/health", "http://Example.com/health"},
        {"file:///srv", "/health", NULL},
        {"http:///srv", "/health", NULL},
        {"/srv", "/health", NULL},
        {"http://10.0.0.5", "http://10.0.0.6/health", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup_printf("%s and %s", cases[i].base_url, cases[i].endpoint);
        const char *why = NULL;
        g_autofree char *url = gpuvm_health_join(cases[i].base_url, cases[i].endpoint, &why);

        expect_text(name, url ? url : "refused", cases[i].expected ? cases[i].expected : "refused");
        assert_int_equal(url == NULL, why != NULL);
    }
}

static void
asks_the_guest(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *url, *address, *expected; /* NULL: asked as it is */
    } cases[] = {
        {"http://127.0.0.1:8080/health", "192.168.122.5", "http://192.168.122.5:8080/health"},
        {"http://127.255.0.3/a?b", "192.168.122.5", "http://192.168.122.5/a?b"},
        {"http://127.1/", "192.168.122.5", "http://192.168.122.5/"},
        {"http://0.0.0.0:80/", "192.168.122.5", "http://192.168.122.5:80/"},
        {"https://localhost:8443/", "192.168.122.5", "https://192.168.122.5:8443/"},
        {"http://LocalHost./", "192.168.122.5", "http://192.168.122.5/"},
        {"http://[::1]:8080/health", "fd00::5", "http://[fd00::5]:8080/health"},
        {"http://[::]/", "192.168.122.5", "http://192.168.122.5/"},
        {"http://[::ffff:127.0.0.1]/", "192.168.122.5", "http://192.168.122.5/"},
        {"http://127.0.0.1:8080/", "fd00::5", "http://[fd00::5]:8080/"},
        {"http://me:secret@127.0.0.1/%2F", "10.0.0.1", "http://me:secret@10.0.0.1/%2F"},
        {"http://10.0.0.5/", NULL, NULL},
        {"http://128.0.0.1/", NULL, NULL},
        {"http://[fd00::1]/", NULL, NULL},
        {"http://localhost.example.com/", NULL, NULL},
        {"http://vm/", NULL, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        bool guest = gpuvm_health_is_guest(cases[i].url);
        g_autofree char *url = guest ? gpuvm_health_at(cases[i].url, cases[i].address) : NULL;

        expect_text(cases[i].url, url ? url : "as it is", cases[i].expected ? cases[i].expected : "as it is");
    }
}

static void
reads_answers(void **state G_GNUC_UNUSED)
{
    static const struct {
        gpuvm_answer answer;
        const char *reason;
        bool good;
    } cases[] = {
        {{.kind = GPUVM_ANSWER_STATUS, .status = 200}, "200 OK", true},
        {{.kind = GPUVM_ANSWER_STATUS, .status = 204}, "204 No Content", true},
        {{.kind = GPUVM_ANSWER_STATUS, .status = 299}, "299", true},
        {{.kind = GPUVM_ANSWER_STATUS, .status = 300}, "300", false},
        {{.kind = GPUVM_ANSWER_STATUS, .status = 307}, "307 Temporary Redirect", false},
        {{.kind = GPUVM_ANSWER_STATUS, .status = 404}, "404 Not Found", false},
        {{.kind = GPUVM_ANSWER_STATUS, .status = 503}, "503 Service Unavailable", false},
        {{.kind = GPUVM_ANSWER_REFUSED}, "connection refused", false},
        {{.kind = GPUVM_ANSWER_UNREACHABLE}, "address not reachable", false},
        {{.kind = GPUVM_ANSWER_NONE, .taken_ms = 5003}, "no answer in 5 s", false},
        {{.kind = GPUVM_ANSWER_NONE, .taken_ms = 1250}, "no answer in 1.3 s", false},
        {{.kind = GPUVM_ANSWER_BROKEN, .why = "the answer is not HTTP"}, "the answer is not HTTP", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *reason = gpuvm_health_reason(&cases[i].answer);

        expect_text(cases[i].reason, reason, cases[i].reason);
        assert_int_equal(gpuvm_health_is_good(&cases[i].answer), cases[i].good);
    }
}

static void
names_remedies(void **state G_GNUC_UNUSED)
{
    static const struct {
        int from;
        const char *reason, *part; /* NULL: no hint */
    } cases[] = {
        {GPUVM_HEALTH_FROM_HOST, "no address yet", "with `from: guest` in health_check none is needed"},
        {GPUVM_HEALTH_FROM_HOST, "no address yet: 10.0.0.1 is an address of this host", "DHCP lease"},
        {GPUVM_HEALTH_FROM_HOST, "connection refused", "write `from: guest` in health_check"},
        {GPUVM_HEALTH_FROM_HOST, "address not reachable", "or a firewall is in the way"},
        {GPUVM_HEALTH_FROM_HOST, "no answer in 5 s", "or a firewall is in the way"},
        {GPUVM_HEALTH_FROM_GUEST, "connection refused", NULL},
        {GPUVM_HEALTH_FROM_GUEST, "no answer in 5 s", NULL},
        {GPUVM_HEALTH_FROM_GUEST, "no guest agent yet", "needs qemu-guest-agent in the guest"},
        {GPUVM_HEALTH_FROM_HOST, "503 Service Unavailable", NULL},
        {GPUVM_HEALTH_FROM_HOST, "shut off", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *hint = gpuvm_health_hint(cases[i].from, cases[i].reason);

        assert_int_equal(hint == NULL, cases[i].part == NULL);
        assert_true(!hint || strstr(hint, cases[i].part));
    }
}

static void
plans_health(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition, *planned, *errors[2];
    } cases[] = {
        {"title: x", "-", {NULL}},
        {"workload: {base_url: \"http://127.0.0.1:8080\"}", "-", {NULL}},
        {"workload: {base_url: \"http://127.0.0.1:8080\"}\nhealth_check: {endpoint: /health}",
         "http://127.0.0.1:8080/health 30000",
         {NULL}},
        {"workload: {base_url: \"http://127.0.0.1:8080/v1\"}\nhealth_check: {timeout_ms: 100}",
         "http://127.0.0.1:8080/v1/ 100",
         {NULL}},
        {"health_check: {endpoint: /health}",
         "-",
         {"3 health_check needs the workload's base_url :: base_url: "}},
        {"workload: {entrypoint: [a]}\nhealth_check: {endpoint: /health}",
         "-",
         {"3 health_check needs the workload's base_url"}},
        {"workload: {base_url: /srv}\nhealth_check: {endpoint: /health}",
         "-",
         {"3 base_url is not an http or https URL: health_check cannot ask it"}},
        {"workload: {base_url: \"http://localhost\"}\nhealth_check: {endpoint: \"http://a/b\"}",
         "-",
         {"3 endpoint is a path below the workload"}},
        {"network: {mode: none}\nworkload: {base_url: \"http://localhost\"}\nhealth_check: {endpoint: /health}",
         NULL,
         {"3 health_check has nobody to ask: in network mode none :: another network mode"}},
        {"network: {mode: vsock}\nworkload: {base_url: \"http://localhost\"}\nhealth_check: {endpoint: /health}",
         NULL,
         {"3 health_check has nobody to ask: in network mode vsock"}},
        {"network: {mode: none}\nworkload: {base_url: \"http://localhost\"}\nhealth_check: {endpoint: /h, from: guest}",
         "http://localhost/h 30000",
         {NULL}},
        {"network: {mode: none}\nworkload: {base_url: \"http://10.0.0.5\"}\nhealth_check: {endpoint: /health}",
         "http://10.0.0.5/health 30000",
         {NULL}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new("", cases[i].definition, NULL, NULL);
        g_autofree char *text = NULL;

        scene_plan(scene);
        text = scene->plan->health_url ? g_strdup_printf("%s %" G_GUINT64_FORMAT, scene->plan->health_url,
                                                         scene->plan->health_timeout_ms)
                                       : g_strdup("-");
        if (cases[i].planned)
            expect_text(cases[i].definition, text, cases[i].planned);
        expect_diags(cases[i].definition, scene->diags, GPUVM_DIAG_ERROR, cases[i].errors);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_urls),     cmocka_unit_test(asks_the_guest), cmocka_unit_test(reads_answers),
        cmocka_unit_test(names_remedies), cmocka_unit_test(plans_health),
    };

    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
