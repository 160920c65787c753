/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/command.h"

#include <locale.h>

int
main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    return gpuvm_main(argc, argv);
}
