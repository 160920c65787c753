/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * imageinfo.h: what an image is, by the bytes that it begins with, and what is noted of one that was fetched
 */
#pragma once

#include "model/vm.h"

#define GPUVM_IMAGE_HEAD 512 /* bytes, of which gpuvm_image_sniff needs as many as there are */

/** The words of gpuvm_disk_format but auto: "raw", "qcow2". */
#define GPUVM_IMAGE_FORMAT(qcow2) ((qcow2) ? "qcow2" : "raw")

#define GPUVM_IMAGE_MAGIC 4 /* bytes that say whether it is a qcow2 image */

bool gpuvm_image_is_qcow2(const void *head, size_t size);

/**
 * Finds the format and, of a qcow2 image (QEMU's docs/interop/qcow2.txt), its size as a guest sees it, in bytes; of a raw
 * one *@ret_capacity is 0. Fails with GPUVM_EXIT_INVALID when @format (gpuvm_disk_format) says another one, when it is
 * packed or of a format that VMs cannot use, and when a guest would get more than the image: one that names a backing
 * file or an external data file makes QEMU read these, whatever they are, and one that is encrypted needs a key. The
 * message is to follow the image's name.
 */
bool gpuvm_image_sniff(const void *head, size_t size, int format, bool *ret_qcow2, uint64_t *ret_capacity,
                       GError **error);

/** What the header of a qcow2 image names. */
typedef struct gpuvm_image_names {
    char *backing, *format; /* the file below it, and that one's format; NULL: none, or it is not said */
    char *data;             /* the file that its content is in, raw; NULL: itself */
} gpuvm_image_names;

/** In place of a name that is somewhere else than in the bytes at hand. */
#define GPUVM_IMAGE_NAMELESS "(a name that cannot be read)"

/** Reads it from the first bytes of a qcow2 image. Whatever they are, what the image may name is not left out. */
void gpuvm_image_read_names(const void *head, size_t size, gpuvm_image_names *ret_names);
void gpuvm_image_names_clear(gpuvm_image_names *names);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(gpuvm_image_names, gpuvm_image_names_clear)

/**
 * An image in the pool has a volume beside it that says so, written last: one without it is not whole, because it is
 * being fetched or whoever did was stopped.
 */
typedef struct gpuvm_image_info {
    char *url;      /* where it came from, without user and password */
    char *checksum; /* "sha256:…" */
    bool qcow2;
    uint64_t size; /* bytes */
    char *
        changed; /* when the volume was written last, as in gpuvm_volume; NULL: not noted, as by gpuvm 0.1.0 */
    char *fetched; /* when: ISO 8601, UTC */
} gpuvm_image_info;

void gpuvm_image_info_free(gpuvm_image_info *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_image_info, gpuvm_image_info_free)

/** The name of the volume that says so of @volume; "sha256-….json". g_malloc. */
char *gpuvm_image_info_name(const char *volume);

/** @info as JSON, and back: NULL when it is none. g_malloc. */
char *gpuvm_image_info_write(const gpuvm_image_info *info);
gpuvm_image_info *gpuvm_image_info_parse(const char *text);

/** What a volume of the pool is to gpuvm. */
typedef enum gpuvm_image_sort {
    GPUVM_IMAGE_FOREIGN, /* nothing that fetching makes */
    GPUVM_IMAGE_CONTENT, /* "sha256-…" */
    GPUVM_IMAGE_INFO,    /* "sha256-….json" */
} gpuvm_image_sort;

gpuvm_image_sort gpuvm_image_sort_of(const char *volume);
