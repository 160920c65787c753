/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * editor.h: the user's editor
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * Lets the user edit @file, as git and virsh do: by $VISUAL, else $EDITOR, which are commands of the shell, else the system's
 * own. One that cannot be run, or fails, is GPUVM_EXIT_FAILED.
 */
bool gpuvm_editor_run(const char *file, GError **error);
