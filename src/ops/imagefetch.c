/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/imagefetch.h"

#include <string.h>
#include <unistd.h>

#include "base/url.h"
#include "core/image.h"
#include "host/interrupt.h"
#include "host/lock.h"
#include "host/spool.h"
#include "ops/imagejob.h"
#include "ops/imagestore.h"

static void
say_waiting(void *data)
{
    const gpuvm_image_job *job = data;

    gpuvm_session_wait(job->session, "waiting for another process that fetches %s", job->url);
}

static bool
wait_a_second(GError **error)
{
    for (int i = 0; i < 10 && !gpuvm_interrupt_wanted(); i++)
        g_usleep(G_USEC_PER_SEC / 10);
    return gpuvm_image_job_go_on(error);
}

/* Whether somebody on another machine is writing the volume: it becomes larger. */
static bool
is_growing(gpuvm_image_job *job, const gpuvm_volume *volume, bool *ret_growing, GError **error)
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

/* Writes down that @content is the whole image. */
static bool
note_whole(gpuvm_image_job *job, const gpuvm_volume *content, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format_iso8601(now);
    g_autofree char *name = gpuvm_image_info_name(content->name);
    const gpuvm_image_info info = {.url = job->source,
                                   .checksum = job->checksum,
                                   .qcow2 = job->qcow2,
                                   .size = content->size,
                                   .changed = content->changed,
                                   .fetched = time};
    g_autofree char *text = gpuvm_image_info_write(&info);

    return gpuvm_pool_store(job->pool, name, text, strlen(text), error);
}

/* Reads the image that is there again. */
static bool
verify(gpuvm_image_job *job, const gpuvm_volume *content, GError **error)
{
    g_autofree char *found = NULL;

    if (!gpuvm_image_job_read(job, content->name, &found, error))
        return false;
    if (g_str_equal(found, job->checksum))
        return note_whole(job, content, error);
    g_set_error(
        error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
        "volume '%s' is not what was fetched: another program has changed it\n"
        "the VMs on it cannot be trusted either: gpuvm undefine --storage them, then gpuvm image prune",
        content->name);
    return false;
}

/* What was not written to since it was fetched needs no second look, which may take as long as fetching it. */
static bool
check_unchanged(gpuvm_image_job *job, const gpuvm_volume *content, GError **error)
{
    g_autoptr(gpuvm_image_info) info = gpuvm_images_info(job->pool, content->name);

    return (info && info->size == content->size && info->changed &&
            g_strcmp0(info->changed, content->changed) == 0) ||
           verify(job, content, error);
}

/*
 * The image in the pool, when it is whole; NULL, which is success: it is to be fetched, and nothing of it is there. A
 * part of one is removed, unless somebody is fetching it: it is waited for then.
 */
static bool
find_whole(gpuvm_image_job *job, const char *volume, gpuvm_volume **ret_found, GError **error)
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
                "the file has changed, or it is not the one that was meant: nothing of it was kept\n"
                "if it is the one that is meant now: `checksum: %s`",
                expected, got, url, got);
    return false;
}

static bool
fill(gpuvm_image_job *job, GError **error)
{
    g_autofree char *got = NULL;

    if (job->spool >= 0)
        return gpuvm_image_job_copy(job, error);
    return gpuvm_image_job_fetch(job, &got, error) && check_digest(job->checksum, got, job->url, error);
}

/* Says that the volume is whole. */
static bool
confirm(gpuvm_image_job *job, const char *volume, gpuvm_volume **ret_base, GError **error)
{
    g_autoptr(gpuvm_volume) base = NULL;

    if (!gpuvm_pool_find(job->pool, volume, &base, error) || !base || !note_whole(job, base, error)) {
        if (error && !*error)
            g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                        "volume '%s' is not there any more: another process removed it\ntry again", volume);
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
bring(gpuvm_image_job *job, const char *volume, gpuvm_volume **ret_base, GError **error)
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
is_local(const gpuvm_image_job *job)
{
    return g_ascii_strncasecmp(job->image->url, "file:", strlen("file:")) == 0;
}

/*
 * Learns the checksum where the definition has none: of a file by reading it, else of what was fetched from the URL
 * before, else by fetching it, not into the pool yet.
 */
static bool
find_checksum(gpuvm_image_job *job, GError **error)
{
    bool local = is_local(job);

    if (!local && !gpuvm_images_find_url(job->pool, job->source, &job->checksum, error))
        return false;
    if (job->checksum)
        return true;
    if (!local && (job->spool = gpuvm_spool_open(error)) < 0)
        return false;
    return gpuvm_image_job_fetch(job, &job->checksum, error);
}

static void
note_checksum(gpuvm_image_job *job)
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
check_format(const gpuvm_image_job *job, const gpuvm_volume *base, GError **error)
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
lock_name(const gpuvm_image_job *job)
{
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, job->source, -1);

    return job->checksum ? gpuvm_image_volume(job->checksum) : g_strconcat("url-", digest, NULL);
}

static bool
obtain(gpuvm_image_job *job, gpuvm_volume **ret_base, GError **error)
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
    gpuvm_image_job job = {.session = session,
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
