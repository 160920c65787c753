/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpuvm-hook: what libvirtd runs before it starts a domain, to be told whether the domain may have its devices */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ops/hook.h"

#define XML_LIMIT ((size_t)16 * 1024 * 1024)
/* After that the answer is no, by SIGALRM: libvirtd waits as long as it takes. */
#define SECONDS 60

/* All of standard input; NULL when it cannot be read, or is beyond all measure. */
static char *
read_input(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[65536];
    size_t n;

    while (text->len <= XML_LIMIT && (n = fread(buffer, 1, sizeof(buffer), stdin)) > 0)
        g_string_append_len(text, buffer, (gssize)n);
    return ferror(stdin) || text->len > XML_LIMIT ? NULL : g_string_free(g_steal_pointer(&text), FALSE);
}

/* Whether the domain that standard input describes may start; if not, says why. */
static int
answer(void)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autofree char *xml = NULL;

    alarm(SECONDS);
    xml = read_input();
    if (xml)
        gpuvm_hook_judge("", xml, diags);
    else
        gpuvm_diags_error(diags, GPUVM_EXIT_FAILED, NULL, "cannot read the domain's XML");
    for (guint i = 0; i < diags->items->len; i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];
        g_autofree char *text = gpuvm_diag_format(diag, false);

        if (diag->severity == GPUVM_DIAG_ERROR)
            fputs(text, stderr);
    }
    return gpuvm_diags_exit(diags);
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("gpuvm-hook %s\n", PACKAGE_VERSION) > 0 ? GPUVM_EXIT_OK : GPUVM_EXIT_FAILED;
    if (argc < 4) {
        fputs("usage: gpuvm-hook NAME OPERATION STEP [EXTRA], as libvirt calls it: see gpuvm-hook(8)\n",
              stderr);
        return GPUVM_EXIT_USAGE;
    }
    /* no other step comes before a device is touched, and some of them must not fail: see libvirt.org/hooks.html */
    if (strcmp(argv[2], "prepare") != 0 || strcmp(argv[3], "begin") != 0)
        return GPUVM_EXIT_OK;
    return answer();
}
