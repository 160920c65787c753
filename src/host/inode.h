/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inode.h: what a path leads to, whatever the path: names say nothing, since another directory, chroot or container has
 * its own
 */
#pragma once

#define GPUVM_INODE_CHAR "char/"
#define GPUVM_INODE_BLOCK "block/"
#define GPUVM_INODE_FILE "file/"

/**
 * The number of the device node that @path leads to, as in /sys/dev: "char/226:0", "block/259:1"; of a regular file its
 * device and inode: "file/8:1/1234". NULL when it leads to neither, or when that cannot be seen, for which errno then is not
 * 0. A file server that does not answer is not waited for. g_malloc.
 */
char *gpuvm_inode_number(const char *path);

/** What gpuvm_asset has as a disk's identity, of its @number; NULL: it is no disk's. g_malloc. */
char *gpuvm_inode_identity(const char *root, const char *number);

/** The identity of the disk that block device @name is a partition of, or its own. g_malloc. */
char *gpuvm_inode_whole(const char *root, const char *name);

/** The identity of the file that loop device @name shows; NULL: it is none. g_malloc. */
char *gpuvm_inode_loop_file(const char *root, const char *name);
