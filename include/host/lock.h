/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock.h: one process at a time, on this machine
 *
 * The locks of one host of VMs, in the order in which a process takes those it needs, so that no two wait for each other:
 *
 *   fleet-NAME   one deployment: which replicas it has, and who changes them
 *   images       shared from before an image is fetched until the domain on it is defined; exclusive to remove images
 *   url-…        one URL without a checksum: who learns what it is
 *   sha256-…     one image: who fetches it
 *   vm-NAME      one VM, and the volumes of its own; of several VMs in the order of their names
 *   host         the choice of devices, from the facts it is made by until the domain that has them is there
 *   pool         a storage pool, while it is made or found to be there
 *
 * url-… and sha256-… are held while one image is fetched, and neither vm-NAME nor host is then.
 *
 * They are files in /run/gpuvm, of group libvirt, for everybody who may use this machine's libvirt: a member of the group
 * could as well use that itself, so that all a planted file or link can do is to make others fail or wait. Of a session's own
 * libvirt, and of a remote one where the user has no part in that directory, they are in the user's own: who uses a remote
 * libvirt excludes those only who do so on the same machine. A host is known by its own name there, whichever URI leads to it:
 * when that is this machine's, the locks are those of its own libvirt.
 */
#pragma once

#include "host/connection.h"

typedef struct gpuvm_lock gpuvm_lock;

/**
 * Takes the lock that is the file @path, made when it is missing, which one process can have, or several that do not
 * want it @exclusive. While another process has it, waits, after it has called @waiting once. It ends with the process at
 * the latest. NULL with @error (GPUVM_EXIT_FAILED): it cannot be had, or gpuvm_interrupt_wanted.
 */
gpuvm_lock *
gpuvm_lock_file(const char *path, bool exclusive, void (*waiting)(void *data), void *data, GError **error);

/** The same, exclusive, of the directory @path itself, where its file system can do that; nothing is made in it, nor said while it waits. */
gpuvm_lock *gpuvm_lock_directory(const char *path, GError **error);

/** The same for the lock called @name of the host of @connection. */
gpuvm_lock *gpuvm_lock_take(const gpuvm_connection *connection, const char *name, bool exclusive,
                            void (*waiting)(void *data), void *data, GError **error);

/** NULL is fine. */
void gpuvm_lock_release(gpuvm_lock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_lock, gpuvm_lock_release)
