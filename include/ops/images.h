/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * images.h: what VMs boot from: fetched into the session's storage pool, used, listed, removed
 *
 * An image is the volume "sha256-HEX", and "sha256-HEX.json" beside it, written last, says that it is whole (see
 * core/imageinfo.h). Who fetches one holds a lock of that name, on this machine; processes on other machines that use
 * the same pool are seen by what libvirt says of the volume. What went wrong is in the session's diagnostics.
 */
#pragma once

#include "core/imageinfo.h"
#include "host/lock.h"
#include "host/volume.h"
#include "ops/plan.h"

/** The most bytes that an image may have. */
#define GPUVM_IMAGE_MOST (256ULL << 30)

/** Within which the volume of an image that is being fetched, on whatever machine, becomes larger. */
#define GPUVM_IMAGE_GROWS_SECONDS 3

/**
 * Fetches every image of @planned (gpuvm_planned) that is not in the pool, and makes the overlays that are missing; one
 * that is there is never replaced. Paths in the plans, and the XML, follow. Without success nothing half-made stays: no
 * partial volume, no new overlay. A signal that ends the process does so after that.
 */
bool gpuvm_images_prepare(gpuvm_session *session, const GPtrArray *planned);

/** Removes the volumes that were made for @planned in this run: it was not defined. */
void gpuvm_images_discard(gpuvm_session *session, gpuvm_planned *planned);

/**
 * Makes @image of @plan a whole volume of @pool, and @plan know it. *@ret_base is that volume. The first half of
 * gpuvm_images_prepare, for one image (ops/imagefetch.c).
 */
bool gpuvm_image_obtain(gpuvm_session *session, gpuvm_pool *pool, gpuvm_plan *plan, gpuvm_plan_image *image,
                        gpuvm_volume **ret_base);

/** The checksum of an image that was fetched from @url before (g_malloc); *@ret_checksum is NULL when there is none. */
bool gpuvm_images_find_url(gpuvm_pool *pool, const char *url, char **ret_checksum, GError **error);

/** What is written down beside the image @volume; NULL: nothing that can be read. */
gpuvm_image_info *gpuvm_images_info(gpuvm_pool *pool, const char *volume);

/** An image of the pool, or what is left of one. */
typedef struct gpuvm_image {
    char *volume;
    gpuvm_image_info *info; /* NULL: it is not whole */
    uint64_t size;          /* bytes of the file */
    GPtrArray *users;       /* char *, owned: names of domains, and of overlays that no domain has */
} gpuvm_image;

void gpuvm_image_free(gpuvm_image *image);

/** Every image in the pool (gpuvm_image, by volume, owned by the array). NULL: see the diagnostics. */
GPtrArray *gpuvm_images_list(gpuvm_session *session);

/**
 * Removes the images that nothing uses, unless @dry_run, and returns them (gpuvm_image, owned by the array). What is
 * being fetched stays. NULL: see the diagnostics.
 */
GPtrArray *gpuvm_images_prune(gpuvm_session *session, bool dry_run);

/**
 * What undefine --storage removes of VM @vm: the volumes of @record (char *, owned by the array) that are named as its own
 * and that nothing else uses; metadata can be edited, and a domain renamed. Of the others a note says that they stay.
 * NULL: see the diagnostics.
 */
GPtrArray *gpuvm_images_own(gpuvm_session *session, const char *vm, const gpuvm_record *record);

/** Removes @volumes (char *) from pool @pool_name; what is not there is fine. */
bool gpuvm_images_remove(gpuvm_session *session, const char *pool_name, const GPtrArray *volumes);

/**
 * Defining, from what it fetches until the domain that uses it is there, excludes removing, which is @exclusive.
 * NULL: @error.
 */
gpuvm_lock *gpuvm_images_lock(gpuvm_session *session, bool exclusive, GError **error);
