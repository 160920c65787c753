/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/command.h"

#include <locale.h>

int
main(int argc, char **argv)
{
    /* characters alone: words are English, numbers have a point, wherever they are printed or compared */
    setlocale(LC_CTYPE, "");
    return gpuvm_main(argc, argv);
}
