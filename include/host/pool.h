/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool.h: a libvirt storage pool of files
 *
 * Everything goes through libvirt, so it works on a remote connection too.
 */
#pragma once

#include "host/connection.h"

typedef struct gpuvm_pool {
    gpuvm_connection *connection; /* borrowed */
    virStoragePoolPtr pool;
    char *name, *path; /* the path: its directory on the host */
} gpuvm_pool;

/**
 * The pool @name, started when it is not active. *@ret_pool is NULL when there is none. One that is not a directory
 * of files (dir, fs, netfs) fails with GPUVM_EXIT_HOST.
 */
bool gpuvm_pool_open(gpuvm_connection *connection, const char *name, gpuvm_pool **ret_pool, GError **error);

/** The same, but a missing pool is defined, built, started and set to start with the host. */
gpuvm_pool *gpuvm_pool_ensure(gpuvm_connection *connection, const char *name, GError **error);
void gpuvm_pool_free(gpuvm_pool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_pool, gpuvm_pool_free)

/** The directory that gpuvm_pool_ensure would make @name in. g_malloc. */
char *gpuvm_pool_default_path(const gpuvm_connection *connection, const char *name);

/** The directory of pool @name, or that if it were made; changes nothing. NULL: @error. g_malloc. */
char *gpuvm_pool_path_of(gpuvm_connection *connection, const char *name, GError **error);

/** The bytes that are free where the pool is, as libvirt saw it last; UINT64_MAX: it does not know. */
uint64_t gpuvm_pool_room(gpuvm_pool *pool);

/** Makes libvirt look again at what is in the directory; without effect while something is being made there. */
void gpuvm_pool_refresh(gpuvm_pool *pool);
