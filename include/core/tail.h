/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tail.h: what a guest wrote to its console, as lines of text
 */
#pragma once

#include <glib.h>

/**
 * The last @n lines of @bytes that say something (g_strfreev), as they would have been read on a terminal of paper:
 * control sequences (ECMA-48) are left out, moving the cursor elsewhere begins a line, and what follows a carriage
 * return takes the place of what was before. Valid UTF-8 without control characters; long lines are cut.
 */
char **gpuvm_tail_lines(const char *bytes, size_t size, unsigned n);
