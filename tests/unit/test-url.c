/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "base/url.h"

static void
shows_no_password(void **state G_GNUC_UNUSED)
{
    static const char *const cases[][2] = {
        {"http://me:secret@10.0.0.5/health", "http://10.0.0.5/health"},
        {"https://me@example.org:8443/a?b#c", "https://example.org:8443/a?b#c"},
        {"http://me:se@cret@example.org", "http://example.org"},
        {"http://me:not valid@example.org/", "http://example.org/"},
        {"http://10.0.0.5:80/a?b", "http://10.0.0.5:80/a?b"},
        {"http://example.org/guest@2.img", "http://example.org/guest@2.img"},
        {"http://example.org?who=me@example.org", "http://example.org?who=me@example.org"},
        {"file:///images/a@b.img", "file:///images/a@b.img"},
        {"me:secret@host", "me:secret@host"},
        {"", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *shown = gpuvm_url_shown(cases[i][0]);

        expect_text(cases[i][0], shown, cases[i][1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_no_password),
    };

    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
