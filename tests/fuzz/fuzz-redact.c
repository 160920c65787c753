/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-redact.c: any bytes before what is not to be given away: it goes, whatever stands before it, and what is left is text
 */
#include <config.h>

#include <string.h>

#include "core/redact.h"
#include "fuzz.h"

/* @line, which has @secret, stands behind @text: nothing that began in that may take its key away from it. */
static void
check(const char *text, const char *line, const char *secret)
{
    g_autofree char *whole = g_strdup_printf("%s\n%s\n", text, line), *result = NULL;
    g_autoptr(gpuvm_redaction) redaction = gpuvm_redaction_new();

    gpuvm_redaction_learn(redaction, whole);
    result = gpuvm_redaction_apply(redaction, whole);
    FUZZ_REQUIRE(g_utf8_validate(result, -1, NULL));
    FUZZ_REQUIRE(strstr(text, secret) || !strstr(result, secret));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);

    check(text, "password: hunter2-battery", "hunter2");
    check(text, "password: correct hunter2-battery", "hunter2");
    check(text, "4c4c4544-0042-3510-8054-b7c04f564433", "b7c04f564433");
    check(text, "3c:ec:ef:12:34:56", "3c:ec:ef:12:34:56");
    return 0;
}
