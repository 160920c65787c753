/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/imagefetch.h"

#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "base/url.h"
#include "core/image.h"
#include "host/digest.h"
#include "host/fetch.h"
#include "host/interrupt.h"
#include "host/lock.h"
#include "host/spool.h"
#include "ops/imagestore.h"

#define MAX_SIZE (256ULL << 30) /* bytes of an image */
#define PIECE (256 * 1024)      /* bytes */

/* One image on its way into the pool. */
typedef struct fetching {
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
} fetching;

/* What the file is shows in its first bytes: one that is refused is not fetched to its end. */
static bool
judge(fetching *job, GError **error)
{
    int format = job->image->disk ? job->image->format : GPUVM_DISK_RAW;

    if (gpuvm_image_sniff(job->head, job->n_head, format, &job->qcow2, &job->capacity, error))
        return true;
    g_prefix_error(error, "%s: ", job->url);
    return false;
}

static bool
take(void *data, const void *bytes, size_t size, GError **error)
{
    fetching *job = data;
    size_t missing = MIN(size, sizeof job->head - job->n_head);

    memcpy(job->head + job->n_head, bytes, missing);
    job->n_head += missing;
    job->size += size;
    if (missing > 0 && job->n_head == sizeof job->head && !judge(job, error))
        return false;
    if (job->digest)
        gpuvm_digest_add(job->digest, bytes, size);
    if (job->upload)
        return gpuvm_upload_write(job->upload, bytes, size, error);
    return job->spool < 0 || gpuvm_spool_write(job->spool, bytes, size, error);
}

/* Whether there is room in the pool, if it goes there: better known now than when hours have been spent. */
static bool
check_room(void *data, uint64_t size, GError **error)
{
    const fetching *job = data;
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
    const fetching *job = data;

    if (job->session->progress)
        job->session->progress(&(gpuvm_progress){job->doing, job->url, done, total, false});
    return !gpuvm_interrupt_wanted();
}

static void
end_progress(const fetching *job)
{
    if (job->session->progress)
        job->session->progress(&(gpuvm_progress){job->doing, job->url, job->size, job->size, true});
}

/* Fetches from the URL to where bytes go; what it is, and its checksum, is known then. */
static bool
run(fetching *job, char **ret_checksum, GError **error)
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
    job->doing = job->upload || job->spool >= 0 ? "fetching" : "reading";
    job->digest = digest;
    job->n_head = job->size = 0;
    done = gpuvm_fetch_run(&fetch, error) && (job->n_head == sizeof job->head || judge(job, error));
    job->digest = NULL;
    end_progress(job);
    if (done)
        *ret_checksum = gpuvm_digest_finish(digest);
    return done;
}

static void
say_waiting(void *data)
{
    const fetching *job = data;

    gpuvm_session_wait(job->session, "waiting for another process that fetches %s", job->url);
}

/* Whether to go on: the process may have been told to end. */
static bool
go_on(GError **error)
{
    if (!gpuvm_interrupt_wanted())
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "interrupted");
    return false;
}

static bool
wait_a_second(GError **error)
{
    for (int i = 0; i < 10 && !gpuvm_interrupt_wanted(); i++)
        g_usleep(G_USEC_PER_SEC / 10);
    return go_on(error);
}

/* Whether somebody on another machine is writing the volume: it becomes larger. */
static bool
is_growing(fetching *job, const gpuvm_volume *volume, bool *ret_growing, GError **error)
{
    g_autoptr(gpuvm_volume) later = NULL;

    for (int i = 0; i < GPUVM_IMAGE_GROWS_SECONDS; i++) {
        if (!wait_a_second(error))
            return false;
    }
    gpuvm_pool_refresh(job->pool);
    if (!gpuvm_pool_find(job->pool, volume->name, &later, error))
        return false;
    *ret_growing = later && later->size != volume->size;
    return true;
}

/* As far as its size tells: hashing it again would take as long as fetching it. */
static bool
check_unchanged(const fetching *job, const gpuvm_volume *content, GError **error)
{
    g_autoptr(gpuvm_image_info) info = gpuvm_images_info(job->pool, content->name);

    if (info && info->size == content->size)
        return true;
    g_set_error(
        error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
        "volume '%s' is not what was fetched: another program has changed it\n"
        "the VMs on it cannot be trusted either: gpuvm undefine --storage them, then gpuvm image prune",
        content->name);
    return false;
}

/*
 * The image in the pool, when it is whole; NULL, which is success: it is to be fetched, and nothing of it is there. A
 * part of one is removed, unless somebody is fetching it: it is waited for then.
 */
static bool
find_whole(fetching *job, const char *volume, gpuvm_volume **ret_found, GError **error)
{
    g_autofree char *info = gpuvm_image_info_name(volume);

    for (bool said = false;; said = true) {
        g_autoptr(gpuvm_volume) content = NULL, marker = NULL;
        g_autoptr(GError) busy = NULL;
        bool growing = false;

        if (!gpuvm_pool_find(job->pool, volume, &content, error) ||
            !gpuvm_pool_find(job->pool, info, &marker, error))
            return false;
        if (content && marker) {
            if (!check_unchanged(job, content, error))
                return false;
            *ret_found = g_steal_pointer(&content);
            return true;
        }
        if (!content)
            return gpuvm_pool_remove(job->pool, info, error);
        if (!is_growing(job, content, &growing, error))
            return false;
        if (!growing && gpuvm_pool_remove(job->pool, volume, &busy))
            continue;
        if (busy && gpuvm_error_exit(busy) != GPUVM_EXIT_HOST) {
            g_propagate_error(error, g_steal_pointer(&busy));
            return false;
        }
        if (!said)
            say_waiting(job);
    }
}

static bool
check_digest(const char *expected, const char *got, const char *url, GError **error)
{
    if (g_str_equal(expected, got))
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                "checksum mismatch: expected %s got %s: %s\n"
                "the file has changed, or it is not the one that was meant: nothing of it was kept",
                expected, got, url);
    return false;
}

/* The bytes that were spooled, into the volume. */
static bool
copy_spool(fetching *job, GError **error)
{
    g_autofree char *buffer = g_malloc(PIECE);
    ssize_t n;

    for (uint64_t at = 0; (n = gpuvm_spool_read(job->spool, at, buffer, PIECE, error)) != 0;
         at += (size_t)n) {
        progress(job, at, job->size);
        if (n < 0 || !go_on(error) || !gpuvm_upload_write(job->upload, buffer, (size_t)n, error))
            return false;
    }
    return true;
}

static bool
fill(fetching *job, GError **error)
{
    g_autofree char *got = NULL;

    if (job->spool >= 0) {
        bool copied;

        job->doing = "storing";
        copied = check_room(job, job->size, error) && copy_spool(job, error);
        end_progress(job);
        return copied;
    }
    return run(job, &got, error) && check_digest(job->checksum, got, job->url, error);
}

/* Says that the volume is whole; before that, it is looked at whether it is still what was written. */
static bool
confirm(fetching *job, const char *volume, gpuvm_volume **ret_base, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format_iso8601(now);
    g_autofree char *name = gpuvm_image_info_name(volume);
    const gpuvm_image_info info = {job->source, job->checksum, job->qcow2, job->size, time};
    g_autofree char *text = gpuvm_image_info_write(&info);
    g_autoptr(gpuvm_volume) base = NULL;
    bool found;

    gpuvm_pool_refresh(job->pool);
    found = gpuvm_pool_find(job->pool, volume, &base, error);
    if (found && (!base || base->size != job->size)) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                    "volume '%s' is not what was written to it: another process changed it\ntry again",
                    volume);
        return false;
    }
    if (!found || !gpuvm_pool_store(job->pool, name, text, strlen(text), error)) {
        gpuvm_pool_remove(job->pool, volume, NULL);
        return false;
    }
    g_free(base->format);
    base->format = g_strdup(GPUVM_IMAGE_FORMAT(job->qcow2));
    base->capacity = job->capacity ? job->capacity : job->size;
    *ret_base = g_steal_pointer(&base);
    return true;
}

/* Fetches into the pool what is not there. */
static bool
bring(fetching *job, const char *volume, gpuvm_volume **ret_base, GError **error)
{
    g_autoptr(gpuvm_upload) upload = NULL;

    for (;;) {
        if (!find_whole(job, volume, ret_base, error) ||
            (!*ret_base && !gpuvm_upload_begin(job->pool, volume, &upload, error)))
            return false;
        if (*ret_base || upload)
            break;
        if (!wait_a_second(error)) /* somebody on another machine was faster */
            return false;
    }
    if (*ret_base)
        return true;
    job->upload = upload;
    if (!fill(job, error))
        return false;
    job->upload = NULL;
    return gpuvm_upload_finish(g_steal_pointer(&upload), error) && confirm(job, volume, ret_base, error);
}

static bool
is_local(const fetching *job)
{
    return g_ascii_strncasecmp(job->image->url, "file:", strlen("file:")) == 0;
}

/*
 * Learns the checksum where the definition has none: of a file by reading it, else of what was fetched from the URL
 * before, else by fetching it, not into the pool yet.
 */
static bool
find_checksum(fetching *job, GError **error)
{
    bool local = is_local(job);

    if (!local && !gpuvm_images_find_url(job->pool, job->source, &job->checksum, error))
        return false;
    if (job->checksum)
        return true;
    if (!local && (job->spool = gpuvm_spool_open(error)) < 0)
        return false;
    return run(job, &job->checksum, error);
}

static void
note_checksum(fetching *job)
{
    g_autofree char *title = gpuvm_image_title(job->image);
    const char *what = "what was fetched before, and is used again,";
    gpuvm_diag *diag;

    if (job->spool >= 0)
        what = "what was fetched";
    else if (is_local(job))
        what = "the file";
    diag = gpuvm_diags_note(job->session->diags, &job->image->mark,
                            "%s has no checksum in the definition: %s has that below", title, what);
    gpuvm_diag_hint(diag, "checksum: %s", job->checksum);
}

/* An image that is there was judged when it was fetched, but maybe for a definition that said another format. */
static bool
check_format(const fetching *job, const gpuvm_volume *base, GError **error)
{
    const gpuvm_plan_image *image = job->image;
    const char *said = GPUVM_IMAGE_FORMAT(image->format == GPUVM_DISK_QCOW2);

    if (!image->disk || image->format == GPUVM_DISK_AUTO || g_strcmp0(base->format, said) == 0)
        return true;
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_INVALID,
                "%s: it is a %s image, and the definition says %s\nleave out format", job->url, base->format,
                said);
    return false;
}

static char *
lock_name(const fetching *job)
{
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, job->image->url, -1);

    return job->checksum ? gpuvm_image_volume(job->checksum) : g_strconcat("url-", digest, NULL);
}

static bool
obtain(fetching *job, gpuvm_volume **ret_base, GError **error)
{
    g_autofree char *name = lock_name(job);
    const gpuvm_connection *connection = job->session->connection;
    g_autoptr(gpuvm_lock) lock = gpuvm_lock_take(connection, name, true, say_waiting, job, error);
    g_autoptr(gpuvm_lock) second = NULL;
    g_autofree char *volume = NULL;

    if (!lock)
        return false;
    if (!job->checksum) {
        if (!find_checksum(job, error))
            return false;
        note_checksum(job);
        g_free(name);
        name = lock_name(job);
        second = gpuvm_lock_take(connection, name, true, say_waiting, job, error);
        if (!second)
            return false;
    }
    volume = gpuvm_image_volume(job->checksum);
    return bring(job, volume, ret_base, error) && check_format(job, *ret_base, error);
}

gpuvm_volume *
gpuvm_image_obtain(gpuvm_session *session, gpuvm_pool *pool, const gpuvm_plan_image *image)
{
    fetching job = {.session = session,
                    .pool = pool,
                    .image = image,
                    .url = gpuvm_url_shown(image->url),
                    .source = gpuvm_url_anonymous(image->url),
                    .checksum = g_strdup(image->checksum),
                    .spool = -1};
    g_autoptr(gpuvm_volume) base = NULL;
    GError *error = NULL;
    bool done = obtain(&job, &base, &error) || gpuvm_session_fail_at(session, &image->mark, error);

    if (job.spool >= 0)
        close(job.spool);
    g_free(job.url);
    g_free(job.source);
    g_free(job.checksum);
    return done ? g_steal_pointer(&base) : NULL;
}
