/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * imagestore.h: the images in a storage pool: what is known of them, who uses them, removing them
 *
 * An image is the volume "sha256-HEX", and "sha256-HEX.json" beside it, written last, says that it is whole (see
 * core/imageinfo.h). What went wrong is in the session's diagnostics, unless a function has @error.
 */
#pragma once

#include "core/imageinfo.h"
#include "core/record.h"
#include "host/volume.h"
#include "ops/session.h"

/* Within which the volume of an image that is being fetched, on whatever machine, becomes larger. */
#define GPUVM_IMAGE_GROWS_SECONDS 3

/* The checksum of an image that was fetched from @url before (g_malloc); *@ret_checksum is NULL when there is none. */
bool gpuvm_images_find_url(gpuvm_pool *pool, const char *url, char **ret_checksum, GError **error);

/* What is written down beside the image @volume; NULL: nothing that can be read. */
gpuvm_image_info *gpuvm_images_info(gpuvm_pool *pool, const char *volume);

/** An image of the pool, or what is left of one. */
typedef struct gpuvm_image {
    char *volume;
    gpuvm_image_info *info; /* NULL: it is not whole */
    uint64_t size;          /* bytes of the file */
    GPtrArray *users;       /* char *, owned: names of domains, and of overlays that no domain has */
} gpuvm_image;

/** A volume of a VM's own: whichever it has, and of what it has not an overlay on an image of the pool, or a text. */
typedef struct gpuvm_vm_volume {
    char *name, *owner; /* the VM that it is named after */
    uint64_t size;      /* bytes of the file */
    GPtrArray *users;   /* char *, owned: names of domains; none: it was left */
} gpuvm_vm_volume;

/**
 * Every image in the pool (gpuvm_image, by volume, owned by the array), and in *@ret_volumes what VMs have of their own there
 * (gpuvm_vm_volume, by name, owned by the array). NULL: see the diagnostics.
 */
GPtrArray *gpuvm_images_list(gpuvm_session *session, GPtrArray **ret_volumes);

/**
 * Removes the images that nothing uses, unless @dry_run, and returns them (gpuvm_image, owned by the array). What is
 * being fetched stays. NULL: see the diagnostics.
 */
GPtrArray *gpuvm_images_prune(gpuvm_session *session, bool dry_run);

/*
 * What undefine --storage removes of VM @vm: the volumes of @record (char *, owned by the array), and texts of former
 * definitions, that are named as its own and that nothing else uses; metadata can be edited, and a domain renamed. Of the
 * others a note says that they stay. NULL: see the diagnostics.
 */
GPtrArray *
gpuvm_images_own(gpuvm_session *session, const char *vm, const char *pool_name, const gpuvm_record *record);

/*
 * What a VM @vm that is not defined any more left in the pool @pool_name (NULL: the session's; char *, owned by the array): what is
 * named as its own, is a text, a disk of gpuvm run, or an overlay on an image of the pool, and that nothing uses. NULL: see the
 * diagnostics.
 */
GPtrArray *gpuvm_images_left(gpuvm_session *session, const char *vm, const char *pool_name);

/* Removes @volumes (char *) from pool @pool_name; what is not there is fine. */
bool gpuvm_images_remove(gpuvm_session *session, const char *pool_name, const GPtrArray *volumes);
