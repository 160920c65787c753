/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "base/url.h"

static void
shows_no_secret(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *url, *shown, *public; /* NULL: as shown */
    } cases[] = {
        {"http://me:secret@10.0.0.5/health", "http://10.0.0.5/health", NULL},
        {"http://me:secret@10.0.0.5:80/health", "http://10.0.0.5:80/health", NULL},
        {"https://me@example.org:8443/a?b#c", "https://example.org:8443/a?b#c", NULL},
        {"http://me:se@cret@example.org", "http://example.org", NULL},
        {"http://me:not valid@example.org/", "http://example.org/", NULL},
        {"http://me:it's@example.org/", "http://example.org/", NULL},
        {"http://@example.org/", "http://example.org/", NULL},
        {"http://10.0.0.5:80/a?b", "http://10.0.0.5:80/a?b", NULL},
        {"http://example.org/guest@2.img", "http://example.org/guest@2.img", NULL},
        {"http://example.org?who=me@example.org", "http://example.org?who=me@example.org", NULL},
        {"http://[fd00::1]/a@b", "http://[fd00::1]/a@b", NULL},
        {"file:///images/a@b.img", "file:///images/a@b.img", NULL},
        {"me:secret@host", "me:secret@host", NULL},
        {"", "", NULL},
        /* what is no URL, or another one, but was meant as a password */
        {"http://me:se#cret@example.org/x", "http://***@example.org/x", "http://me:se#cret@example.org/x"},
        {"http://me:se/cret@example.org/x", "http://***@example.org/x", "http://me:se/cret@example.org/x"},
        {"http://me:se?cret@example.org/x", "http://***@example.org/x", "http://me:se?cret@example.org/x"},
        {"http://me:s@e/cret@example.org/x", "http://***@example.org/x", "http://e/cret@example.org/x"},
        {"http://me:12#34@example.org/x", "http://***@example.org/x", "http://me:12#34@example.org/x"},
        {"http://example.org:80/guest@2.img", "http://***@2.img", "http://example.org:80/guest@2.img"},
        {"http://[fd00::1]:80/a@b", "http://***@b", "http://[fd00::1]:80/a@b"},
        /* keys to what it names */
        {"http://h/a?key=K&b=1", "http://h/a?key=***&b=1", NULL},
        {"http://h/a?b=1&access_token=T#c", "http://h/a?b=1&access_token=***#c", NULL},
        {"http://h/a?X-Amz-Signature=S;API-KEY=K", "http://h/a?X-Amz-Signature=***;API-KEY=***", NULL},
        {"http://h/a?password=P", "http://h/a?password=***", NULL},
        {"http://h/a?sig=a@b", "http://h/a?sig=***", NULL},
        {"http://me:secret@h/a?sv=1&sig=S", "http://h/a?sv=1&sig=***", NULL},
        {"http://h/a?key=&keys=1&page=2", "http://h/a?key=&keys=1&page=2", NULL},
        {"/health?token=T", "/health?token=***", NULL},
        {"/health;token=T", "/health;token=T", NULL},
        /* several, in a text */
        {"a=http://me:x@h b=http://you:y@i/?key=K c=d@e", "a=http://h b=http://i/?key=*** c=d@e", NULL},
        {"a=http://h:80/x b=c@d", "a=http://h:80/x b=c@d", NULL},
    };

    g_autofree char *same = gpuvm_url_anonymous("http://me:secret@h:80/a@b?key=K");

    assert_string_equal(same, "http://h:80/a@b?key=K");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *shown = gpuvm_url_shown(cases[i].url), *public = gpuvm_url_public(cases[i].url);

        expect_text(cases[i].url, shown, cases[i].shown);
        expect_text(cases[i].url, public, cases[i].public ? cases[i].public : cases[i].shown);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_no_secret),
    };

    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
