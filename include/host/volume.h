/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * volume.h: the volumes of a storage pool: found, read, made, filled and removed, through libvirt
 */
#pragma once

#include "host/pool.h"

/** What is there of one volume. */
typedef struct gpuvm_volume {
    char *name, *path;
    char *format;      /* "raw", "qcow2", …; NULL: libvirt does not know */
    char *backing;     /* the path of what it is an overlay on; NULL */
    uint64_t capacity; /* bytes that a guest sees */
    uint64_t size;     /* bytes of the file */
    char *changed; /* when its bytes were written last, in seconds, as libvirt says it; NULL: it does not */
} gpuvm_volume;

void gpuvm_volume_free(gpuvm_volume *volume);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_volume, gpuvm_volume_free)

/** Volume @name; *@ret_volume is NULL when there is none. */
bool gpuvm_pool_find(gpuvm_pool *pool, const char *name, gpuvm_volume **ret_volume, GError **error);

/** Every volume (gpuvm_volume, by name, owned by the array). */
GPtrArray *gpuvm_pool_list(gpuvm_pool *pool, GError **error);

/** The names of all volumes (char *, owned by the array). */
GPtrArray *gpuvm_pool_names(gpuvm_pool *pool, GError **error);

/** Gives the content of volume @name, piece by piece, to @take, as long as that returns true. */
bool gpuvm_pool_stream(gpuvm_pool *pool, const char *name,
                       bool (*take)(void *data, const void *bytes, size_t size, GError **error), void *data,
                       GError **error);

/** The content of volume @name, with a NUL behind it, at most @max bytes; NULL: @error. g_malloc. */
char *gpuvm_pool_read(gpuvm_pool *pool, const char *name, size_t max, size_t *ret_size, GError **error);

/** Removes volume @name; one that is not there is fine. GPUVM_EXIT_HOST: it is being written. */
bool gpuvm_pool_remove(gpuvm_pool *pool, const char *name, GError **error);

/** Makes @size bytes the content of volume @name, in place of what it has. Without success there is no such volume. */
bool gpuvm_pool_store(gpuvm_pool *pool, const char *name, const void *bytes, size_t size, GError **error);

/** A volume that is being filled. */
typedef struct gpuvm_upload gpuvm_upload;

/** Begins volume @name, which everybody may read; *@ret_upload is NULL when there is one of that name. */
bool gpuvm_upload_begin(gpuvm_pool *pool, const char *name, gpuvm_upload **ret_upload, GError **error);
bool gpuvm_upload_write(gpuvm_upload *upload, const void *bytes, size_t size, GError **error);

/**
 * Ends it, and frees @upload. If it fails, the volume is removed: GPUVM_EXIT_HOST when not all of it was stored, of which
 * libvirt does not say a word when a file system is full.
 */
bool gpuvm_upload_finish(gpuvm_upload *upload, GError **error);

/** Gives it up: the volume is removed. NULL is fine. */
void gpuvm_upload_abort(gpuvm_upload *upload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_upload, gpuvm_upload_abort)

/**
 * Makes volume @name, in @format: an overlay of @capacity bytes (0: as many as its base) on @base, whose path and format
 * are known; without @base a blank one, which takes room as it is written to.
 */
bool gpuvm_pool_make(gpuvm_pool *pool, const char *name, const char *format, const gpuvm_volume *base,
                     uint64_t capacity, GError **error);
