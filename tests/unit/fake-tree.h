/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-tree.h: /sys, /proc and the like as short texts, made at run time below a temporary directory
 *
 * A tree is lines:
 *
 *   sys/class/net/eth0/             a directory
 *   proc/1/comm: bash               a file with a line of text; a further line for the same path is added to it
 *   sys/class/net/eth0 -> sys/devices/…/eth0    a link to another place of the tree
 *   proc/12/fd/3 => /dev/dri/card0  a link with exactly this target
 *
 * Directories above are made as needed. A text that is wrong ends the test program: it is the test's fault.
 */
#pragma once

/** The directory below which the tree was made. g_malloc. */
char *tree_make(const char *lines);

/** Removes it with all that is in it, and frees @root. */
void tree_remove(char *root);
