/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* GLib ends a process with SIGTRAP, of which libFuzzer knows nothing; and a critical is a violation, too. */
static void
abort_on_message(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
    (void)domain, (void)level, (void)data;
    fprintf(stderr, "%s\n", message);
    abort();
}

static void __attribute__((constructor)) set_up(void)
{
    g_log_set_default_handler(abort_on_message, NULL);
}

char *
fuzz_text(const uint8_t *data, size_t size)
{
    return g_strndup((const char *)data, size);
}

gpuvm_source *
fuzz_source(const uint8_t *data, size_t size)
{
    char *text = g_malloc(size + 1);

    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return gpuvm_source_new("fuzz", text, size);
}

void
fuzz_check_diags(const gpuvm_diags *diags)
{
    unsigned errors = 0;

    for (guint i = 0; i < diags->items->len; i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];
        g_autofree char *shown = gpuvm_diag_format(diag, true);

        FUZZ_REQUIRE(g_utf8_validate(shown, -1, NULL));
        FUZZ_REQUIRE(!strchr(diag->message, '\n'));
        FUZZ_REQUIRE((diag->severity == GPUVM_DIAG_ERROR) == (diag->exit != GPUVM_EXIT_OK));
        errors += diag->severity == GPUVM_DIAG_ERROR;
    }
    FUZZ_REQUIRE(errors == diags->errors);
}

void
fuzz_check_error(const void *result, GError *error)
{
    FUZZ_REQUIRE(!result == !!error);
    if (error) {
        FUZZ_REQUIRE(error->domain == GPUVM_ERROR && error->code != GPUVM_EXIT_OK && *error->message);
        g_error_free(error);
    }
}
