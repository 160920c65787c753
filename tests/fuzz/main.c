/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main.c: main() of a fuzz target without libFuzzer: carries it out on each of the files given
 */
#include <config.h>

#include <stdio.h>

#include "fuzz.h"

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        g_autofree char *data = NULL;
        g_autoptr(GError) error = NULL;
        gsize size;

        fprintf(stderr, "Running: %s\n", argv[i]);
        if (!g_file_get_contents(argv[i], &data, &size, &error)) {
            fprintf(stderr, "%s\n", error->message);
            return 1;
        }
        /* a buffer of just that size: reading beyond it is seen */
        g_autofree uint8_t *bytes = g_memdup2(data, size);
        LLVMFuzzerTestOneInput(bytes, size);
    }
    return 0;
}
