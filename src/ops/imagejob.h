/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * imagejob.h: the bytes of an image on their way: read from its URL or from the pool, put into the pool
 *
 * They are looked at while they go by: what they are, how many, and their checksum. The first ones may show that there is no
 * use in the others. A signal that is to end the process ends it.
 */
#pragma once

#include "core/imageinfo.h"
#include "host/digest.h"
#include "host/volume.h"
#include "model/plan.h"
#include "ops/session.h"

/* One image. */
typedef struct gpuvm_image_job {
    gpuvm_session *session;
    gpuvm_pool *pool;
    const gpuvm_plan_image *image;
    char *url;      /* the image's, for people */
    char *source;   /* and without user and password: the same image */
    char *checksum; /* that it has: the definition's, or what was found; NULL: not known yet */
    /* where bytes go: into a volume, into a file, nowhere */
    gpuvm_upload *upload;
    int spool; /* -1: none */
    gpuvm_digest *digest;
    const char *doing; /* for progress */
    uint8_t head[GPUVM_IMAGE_HEAD];
    size_t n_head;
    uint64_t size;     /* bytes so far */
    bool qcow2;        /* once the head is known */
    uint64_t capacity; /* 0: its size */
} gpuvm_image_job;

/* Fetches it from its URL to where bytes go; what it is, and its checksum (g_malloc), is known then. */
bool gpuvm_image_job_fetch(gpuvm_image_job *job, char **ret_checksum, GError **error);

/* The same of volume @stored, which goes nowhere. */
bool gpuvm_image_job_read(gpuvm_image_job *job, const char *stored, char **ret_checksum, GError **error);

/* Puts what was fetched into job->spool into job->upload. */
bool gpuvm_image_job_copy(gpuvm_image_job *job, GError **error);

/* Whether to go on: the process may have been told to end. */
bool gpuvm_image_job_go_on(GError **error);
