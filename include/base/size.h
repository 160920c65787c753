/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * size.h: numbers of bytes for people
 */
#pragma once

#include <stdint.h>

/** "312.4 MiB". g_malloc. */
char *gpuvm_size_format(uint64_t bytes);
