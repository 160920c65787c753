/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image.h: which files a VM takes from images, and where these are
 *
 * A path without a checksum is used where it is. Whatever has a URL or a checksum is a volume of the storage pool, named
 * by its digest: "sha256-…". What a guest writes to is an overlay of its own on an image: "NAME.rootfs.qcow2",
 * "NAME.TARGET.qcow2"; or a blank disk: "NAME.disk-DISK.qcow2", ".raw". What it only reads is named by its digest, too, so that what changes comes to stand beside what it was
 * until the VM is defined: "NAME.seed-….iso", "NAME.manifest-….json".
 */
#pragma once

#include "core/policies.h"
#include "model/plan.h"

/** Whether a plan for @vm may name something in the storage pool; whether it names an image there. */
bool gpuvm_image_needs_pool(const gpuvm_vm *vm);
bool gpuvm_image_fetches(const gpuvm_vm *vm);

/** Fills @plan->kernel and initrd, and adds their images. */
void gpuvm_image_plan(gpuvm_plan *plan);

/**
 * Adds the image behind @disk of @plan, which is called @what: at @url or, when that is NULL, at @path, with @checksum
 * or NULL; @mark is what asked for it. Sets the disk's source and format, with an overlay unless it is read-only.
 */
gpuvm_plan_image *
gpuvm_image_add_disk(gpuvm_plan *plan, gpuvm_plan_disk *disk, const char *what, const char *path,
                     const char *url, const char *checksum, int format, gpuvm_mark mark);

/** Adds the volume of @disk of @plan, which is blank, of @size bytes; it has its name, target and format. Sets its source. */
void gpuvm_image_add_blank(gpuvm_plan *plan, gpuvm_plan_disk *disk, uint64_t size);

/** Whether there is no file below the volume of the VM's own. */
bool gpuvm_image_is_blank(const gpuvm_plan_image *image);

/** Adds an error for each image from a URL without a checksum, if one of @policies requires that (exit code 4). */
void gpuvm_image_check(const gpuvm_plan *plan, const gpuvm_policies *policies, gpuvm_diags *diags);

/** Adds a note for each image of @plan whose digest, and so its path, is not known before it was fetched. */
void gpuvm_image_note_unknown(const gpuvm_plan *plan, gpuvm_diags *diags);

/** @image of @plan is volume @volume now; @qcow2: the format that was found. Paths follow. */
void gpuvm_image_learn(gpuvm_plan *plan, gpuvm_plan_image *image, const char *volume, bool qcow2);

/** What is stored of a VM's texts. */
typedef enum gpuvm_image_text { GPUVM_IMAGE_SEED, GPUVM_IMAGE_MANIFEST } gpuvm_image_text;

/**
 * The volume of the @text of @plan's VM, whose content has @digest, in hex: "NAME.seed-HEX.iso", "NAME.manifest-HEX.json".
 * Where there are secrets in the definition, the digest is sealed. g_malloc.
 */
char *gpuvm_image_text_volume(const gpuvm_plan *plan, gpuvm_image_text text, const char *digest);

/** Whether @volume is named as VM @vm's texts are, those of now and of former definitions; whether @plan has it. */
bool gpuvm_image_is_text(const char *vm, const char *volume);
bool gpuvm_image_has_text(const gpuvm_plan *plan, const char *volume);

/** Whether @volume is named as those are that belong to VM @vm alone: its overlays, blank disks and texts. */
bool gpuvm_image_is_own(const char *vm, const char *volume);

/**
 * Whether it is one of those that nobody misses when the VM is off: a text, or a disk of a VM that gpuvm run made. These have names of
 * their own, "NAME.run-…", so that they never are the disks of a VM that is defined by the same name.
 */
bool gpuvm_image_is_scratch(const char *vm, const char *volume);

/** The VM that @volume is named after, as one that belongs to it alone; NULL: none. g_malloc. */
char *gpuvm_image_owner(const char *volume);

/** Adds a note for each volume of @record, the VM's until now, that @plan has no use for: it stays where it is. */
void gpuvm_image_note_dropped(const gpuvm_plan *plan, const gpuvm_record *record, gpuvm_diags *diags);

/** "the rootfs", "disk vdb". g_malloc. */
char *gpuvm_image_title(const gpuvm_plan_image *image);

/** "sha256-…" for "sha256:…", and back. g_malloc. */
char *gpuvm_image_volume(const char *checksum);
char *gpuvm_image_checksum(const char *volume);
