/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shared.h: storage that several hosts have
 */
#pragma once

#include <stdbool.h>

/** Whether @path, which need not exist, is on a file system that several hosts may have mounted, as far as the kernel says. */
bool gpuvm_is_shared(const char *path);
