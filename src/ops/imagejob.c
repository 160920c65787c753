/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/imagejob.h"

#include <string.h>

#include "base/size.h"
#include "host/fetch.h"
#include "host/interrupt.h"
#include "host/spool.h"

#define MAX_SIZE (256ULL << 30) /* bytes of an image */
#define PIECE (256 * 1024)      /* bytes */

/* What the file is shows in its first bytes: one that is refused is not fetched to its end. */
static bool
judge(gpuvm_image_job *job, GError **error)
{
    int format = job->image->disk ? job->image->format : GPUVM_DISK_RAW;

    if (gpuvm_image_sniff(job->head, job->n_head, format, &job->qcow2, &job->capacity, error))
        return true;
    g_prefix_error(error, "%s: ", job->url);
    return false;
}

static bool
look(gpuvm_image_job *job, const void *bytes, size_t size, GError **error)
{
    size_t missing = MIN(size, sizeof job->head - job->n_head);

    memcpy(job->head + job->n_head, bytes, missing);
    job->n_head += missing;
    job->size += size;
    if (missing > 0 && job->n_head == sizeof job->head && !judge(job, error))
        return false;
    gpuvm_digest_add(job->digest, bytes, size);
    return true;
}

static bool
take(void *data, const void *bytes, size_t size, GError **error)
{
    gpuvm_image_job *job = data;

    if (!look(job, bytes, size, error))
        return false;
    if (job->upload)
        return gpuvm_upload_write(job->upload, bytes, size, error);
    return job->spool < 0 || gpuvm_spool_write(job->spool, bytes, size, error);
}

/* Whether there is room in the pool, if it goes there: better known now than when hours have been spent. */
static bool
check_room(void *data, uint64_t size, GError **error)
{
    const gpuvm_image_job *job = data;
    uint64_t room = job->upload ? gpuvm_pool_room(job->pool) : UINT64_MAX;
    g_autofree char *needed = gpuvm_size_format(size), *left = gpuvm_size_format(room);

    if (size <= room)
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_HOST,
                "%s has %s, and storage pool '%s' has room for %s, in %s\n"
                "make room (`gpuvm image prune`), or name another pool with --pool",
                job->url, needed, job->pool->name, left, job->pool->path);
    return false;
}

static bool
progress(void *data, uint64_t done, uint64_t total)
{
    const gpuvm_image_job *job = data;

    if (job->session->progress)
        job->session->progress(&(gpuvm_progress){job->doing, job->url, done, total, false});
    return !gpuvm_interrupt_wanted();
}

static void
end_progress(const gpuvm_image_job *job)
{
    if (job->session->progress)
        job->session->progress(&(gpuvm_progress){job->doing, job->url, job->size, job->size, true});
}

bool
gpuvm_image_job_go_on(GError **error)
{
    if (!gpuvm_interrupt_wanted())
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "interrupted");
    return false;
}

static bool
take_stored(void *data, const void *bytes, size_t size, GError **error)
{
    gpuvm_image_job *job = data;

    progress(job, job->size, 0);
    return gpuvm_image_job_go_on(error) && look(job, bytes, size, error);
}

/* Reads it all, from volume @stored or, when that is NULL, from the URL. */
static bool
run(gpuvm_image_job *job, const char *stored, char **ret_checksum, GError **error)
{
    const gpuvm_fetch fetch = {.url = job->image->url,
                               .max_size = MAX_SIZE,
                               .expect = check_room,
                               .take = take,
                               .progress = progress,
                               .data = job};
    g_autoptr(gpuvm_digest) digest = gpuvm_digest_new(job->checksum, error);
    bool done;

    if (!digest)
        return false;
    job->digest = digest;
    job->n_head = job->size = 0;
    done = (stored ? gpuvm_pool_stream(job->pool, stored, take_stored, job, error)
                   : gpuvm_fetch_run(&fetch, error)) &&
           (job->n_head == sizeof job->head || judge(job, error));
    job->digest = NULL;
    end_progress(job);
    if (done)
        *ret_checksum = gpuvm_digest_finish(digest);
    return done;
}

bool
gpuvm_image_job_fetch(gpuvm_image_job *job, char **ret_checksum, GError **error)
{
    job->doing = job->upload || job->spool >= 0 ? "fetching" : "reading";
    return run(job, NULL, ret_checksum, error);
}

bool
gpuvm_image_job_read(gpuvm_image_job *job, const char *stored, char **ret_checksum, GError **error)
{
    job->doing = "verifying";
    return run(job, stored, ret_checksum, error);
}

static bool
copy_spool(gpuvm_image_job *job, GError **error)
{
    g_autofree char *buffer = g_malloc(PIECE);
    ssize_t n;

    for (uint64_t at = 0; (n = gpuvm_spool_read(job->spool, at, buffer, PIECE, error)) != 0;
         at += (size_t)n) {
        progress(job, at, job->size);
        if (n < 0 || !gpuvm_image_job_go_on(error) ||
            !gpuvm_upload_write(job->upload, buffer, (size_t)n, error))
            return false;
    }
    return true;
}

bool
gpuvm_image_job_copy(gpuvm_image_job *job, GError **error)
{
    bool copied;

    job->doing = "storing";
    copied = check_room(job, job->size, error) && copy_spool(job, error);
    end_progress(job);
    return copied;
}
