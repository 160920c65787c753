/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/error.h"

/* clang-format off */
G_DEFINE_QUARK(gpuvm-error-quark, gpuvm_error)
/* clang-format on */

enum gpuvm_exit
gpuvm_error_exit(const GError *error)
{
    return error->domain == GPUVM_ERROR ? (enum gpuvm_exit)error->code : GPUVM_EXIT_FAILED;
}
