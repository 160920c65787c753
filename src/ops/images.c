/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/images.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "core/image.h"
#include "host/interrupt.h"
#include "host/seed.h"
#include "ops/imagefetch.h"
#include "ops/imagestore.h"
#include "ops/locks.h"

static bool
needs_pool(const gpuvm_draft *draft)
{
    return draft->plan && (draft->plan->images->len > 0 || draft->plan->seed || draft->plan->manifest);
}

/* Reads what @path begins with; why that cannot be had, or NULL. */
static const char *
read_magic(const char *path, uint8_t ret_head[GPUVM_IMAGE_MAGIC])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), number;
    ssize_t n = fd < 0 ? -1 : TEMP_FAILURE_RETRY(read(fd, ret_head, GPUVM_IMAGE_MAGIC));

    number = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return g_strerror(number);
    return n < GPUVM_IMAGE_MAGIC ? "it has too few bytes" : NULL;
}

/* What is below an overlay where it is: a file of the host, whose format may have to be seen. */
static bool
look_at_file(const gpuvm_session *session, const gpuvm_plan_image *image, gpuvm_volume **ret_base,
             GError **error)
{
    g_autoptr(gpuvm_volume) base = g_new0(gpuvm_volume, 1);
    uint8_t head[GPUVM_IMAGE_MAGIC];
    bool qcow2 = image->format == GPUVM_DISK_QCOW2;

    if (image->format == GPUVM_DISK_AUTO) {
        const char *why =
            session->connection->local ? read_magic(image->path, head) : "it is on another host";

        if (why) {
            g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_HOST,
                        "cannot see what format %s has: %s\n"
                        "say it: add `format: qcow2` or `format: raw`",
                        image->path, why);
            return false;
        }
        qcow2 = gpuvm_image_is_qcow2(head, sizeof head);
    }
    base->path = g_strdup(image->path);
    base->format = g_strdup(GPUVM_IMAGE_FORMAT(qcow2));
    *ret_base = g_steal_pointer(&base);
    return true;
}

/* Whether the overlay that is there is one on @base: only the user may decide to lose what is on it. */
static bool
check_overlay(const gpuvm_draft *draft, const gpuvm_plan_image *image, const gpuvm_volume *overlay,
              const char *base, GError **error)
{
    const gpuvm_plan *plan = draft->plan;
    g_autofree char *title = gpuvm_image_title(image), *remove = NULL;

    if (g_strcmp0(overlay->backing, base) == 0)
        return true;
    remove = draft->domain ? g_strdup_printf("gpuvm undefine --storage %s", plan->vm->name)
                           : g_strdup_printf("virsh vol-delete --pool %s %s", plan->pool, overlay->name);
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                "the image of %s of VM '%s' has changed, but volume '%s' belongs to the former one (%s)\n"
                "to keep the disk, keep the former image in the definition\n"
                "to lose it, and start from the new one: %s, then define it again",
                title, plan->vm->name, overlay->name, overlay->backing ? overlay->backing : "none", remove);
    return false;
}

static bool
check_size(const gpuvm_plan_image *image, const gpuvm_volume *base, GError **error)
{
    if (image->size == 0 || base->capacity <= image->size)
        return true;
    g_autofree char *title = gpuvm_image_title(image), *has = gpuvm_size_format(base->capacity);
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_INVALID,
                "size_gb of %s is less than what its image has: %s\nset it to more, or leave it out", title,
                has);
    return false;
}

/* Whether the blank disk that is there is as large as it is to be. */
static bool
check_blank(const gpuvm_draft *draft, const gpuvm_plan_image *image, const gpuvm_volume *volume,
            GError **error)
{
    const char *pool = draft->plan->pool;
    /* a guest can write to a raw one what libvirt would take for another capacity */
    uint64_t has = image->disk->qcow2 ? volume->capacity : volume->size;
    g_autofree char *title = gpuvm_image_title(image), *remedy = NULL, *is = NULL, *wanted = NULL;

    if (has == image->size)
        return true;
    is = gpuvm_size_format(has);
    wanted = gpuvm_size_format(image->size);
    remedy = has < image->size
                 ? g_strdup_printf(
                       "enlarge it while the VM is off: virsh vol-resize --pool %s %s %" G_GUINT64_FORMAT "G",
                       pool, volume->name, image->size >> 30)
                 : g_strdup_printf("lose it, and have a smaller one: virsh vol-delete --pool %s %s", pool,
                                   volume->name);
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                "size_gb of %s of VM '%s' is %s, but volume '%s' has %s\n"
                "to keep the disk as it is, keep its size in the definition\n"
                "to %s, then define it again",
                title, draft->plan->vm->name, wanted, volume->name, is, remedy);
    return false;
}

/* Whether the volume of the VM's own that is there is what @image is to have: on @base, or blank without. */
static bool
check_own(const gpuvm_draft *draft, const gpuvm_plan_image *image, const gpuvm_volume *own, const char *base,
          GError **error)
{
    return gpuvm_image_is_blank(image) ? check_blank(draft, image, own, error)
                                       : check_overlay(draft, image, own, base, error);
}

/* Makes the volume of the VM's own on @base (NULL: blank), unless it is there. */
static bool
ensure_own(gpuvm_session *session, gpuvm_pool *pool, gpuvm_draft *draft, const gpuvm_plan_image *image,
           const gpuvm_volume *base, GError **error)
{
    g_autoptr(gpuvm_volume) own = NULL;

    if (!gpuvm_pool_find(pool, image->overlay, &own, error))
        return false;
    if (own)
        return check_own(draft, image, own, base ? base->path : NULL, error);
    if (base && !check_size(image, base, error))
        return false;
    gpuvm_session_say(session, "making volume %s", image->overlay);
    if (!gpuvm_pool_make(pool, image->overlay, GPUVM_IMAGE_FORMAT(image->disk->qcow2), base, image->size,
                         error))
        return false;
    g_ptr_array_add(draft->made, g_strdup(image->overlay));
    return true;
}

/* Where the image's digest is known, or there is none, so is what the VM's own must be: said before anything is fetched. */
static bool
check_known(gpuvm_session *session, gpuvm_pool *pool, gpuvm_draft *draft)
{
    const gpuvm_plan *plan = draft->plan;

    for (guint i = 0; i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];
        g_autoptr(gpuvm_volume) own = NULL;
        g_autofree char *base = image->path ? g_strdup(image->path) : NULL;
        GError *error = NULL;

        if (!base && image->volume)
            base = g_build_filename(pool->path, image->volume, NULL);
        if (!image->overlay || (!base && !gpuvm_image_is_blank(image)))
            continue;
        if (!gpuvm_pool_find(pool, image->overlay, &own, &error) ||
            (own && !check_own(draft, image, own, base, &error)))
            return gpuvm_session_fail_at(session, &image->mark, error);
    }
    return true;
}

static bool
prepare_image(gpuvm_session *session, gpuvm_pool *pool, gpuvm_draft *draft, guint index)
{
    gpuvm_plan_image *image = draft->plan->images->pdata[index];
    g_autoptr(gpuvm_volume) file = NULL;
    const gpuvm_volume *base;
    GError *error = NULL;

    if (image->path && !look_at_file(session, image, &file, &error))
        return gpuvm_session_fail_at(session, &image->mark, error);
    base = image->url ? draft->bases->pdata[index] : file;
    if (image->url)
        gpuvm_image_learn(draft->plan, image, base->name, g_strcmp0(base->format, "qcow2") == 0);
    return !image->overlay || ensure_own(session, pool, draft, image, base, &error) ||
           gpuvm_session_fail_at(session, &image->mark, error);
}

/* Makes @bytes the content of volume @name, unless they are: below a guest nothing changes but by its definition. */
static bool
store_own(gpuvm_pool *pool, gpuvm_draft *draft, const char *name, const void *bytes, size_t size,
          GError **error)
{
    g_autoptr(gpuvm_volume) volume = NULL;
    g_autofree char *present = NULL;
    size_t present_size = 0;

    if (!gpuvm_pool_find(pool, name, &volume, error))
        return false;
    if (volume && volume->capacity == size)
        present = gpuvm_pool_read(pool, name, size, &present_size, NULL);
    if (present && present_size == size && memcmp(present, bytes, size) == 0)
        return true;
    if (!gpuvm_pool_store(pool, name, bytes, size, error))
        return false;
    if (!volume)
        g_ptr_array_add(draft->made, g_strdup(name));
    return true;
}

/* What the guest reads when it starts. */
static bool
store_texts(gpuvm_pool *pool, gpuvm_draft *draft, GError **error)
{
    const gpuvm_plan *plan = draft->plan;
    g_autoptr(GByteArray) seed = NULL;

    if (plan->manifest &&
        !store_own(pool, draft, plan->manifest_volume, plan->manifest, strlen(plan->manifest), error))
        return false;
    if (!plan->seed)
        return true;
    seed = gpuvm_seed_make(plan->seed, error);
    return seed && store_own(pool, draft, plan->seed->volume, seed->data, seed->len, error);
}

static bool
prepare_one(gpuvm_session *session, gpuvm_pool *pool, gpuvm_draft *draft)
{
    GError *error = NULL;

    for (guint i = 0; i < draft->plan->images->len; i++) {
        if (!prepare_image(session, pool, draft, i))
            return false;
    }
    if (!store_texts(pool, draft, &error))
        return gpuvm_session_fail(session, error);
    gpuvm_draft_make_xml(session, draft);
    return draft->xml != NULL;
}

static bool
prepare(gpuvm_session *session, gpuvm_pool *pool, const GPtrArray *drafts)
{
    for (guint i = 0; i < drafts->len; i++) {
        if (needs_pool(drafts->pdata[i]) && !prepare_one(session, pool, drafts->pdata[i]))
            return false;
    }
    return true;
}

static bool
fetch(gpuvm_session *session, gpuvm_pool *pool, const GPtrArray *drafts)
{
    for (guint i = 0; i < drafts->len; i++) {
        if (!check_known(session, pool, drafts->pdata[i]))
            return false;
    }
    for (guint i = 0; i < drafts->len; i++) {
        gpuvm_draft *draft = drafts->pdata[i];

        for (guint n = 0; n < draft->plan->images->len; n++) {
            const gpuvm_plan_image *image = draft->plan->images->pdata[n];
            gpuvm_volume *base = image->url ? gpuvm_image_obtain(session, pool, image) : NULL;

            if (image->url && !base)
                return false;
            g_ptr_array_add(draft->bases, base);
        }
    }
    return true;
}

/* The session's pool, which is made when there is none, by one process: what another has not finished yet is none. */
static gpuvm_pool *
ensure_pool(gpuvm_session *session)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();
    GError *error = NULL;
    gpuvm_pool *pool;

    if (!gpuvm_locks_add_pool(locks, session))
        return NULL;
    pool = gpuvm_pool_ensure(session->connection, session->pool, &error);
    if (pool) /* what others have put there, or taken away, without this libvirt */
        gpuvm_pool_refresh(pool);
    else
        gpuvm_session_fail(session, error);
    return pool;
}

/* Does @step with the session's pool. A signal waits until that can be left as it is. */
static bool
in_pool(gpuvm_session *session, const GPtrArray *drafts,
        bool (*step)(gpuvm_session *session, gpuvm_pool *pool, const GPtrArray *drafts))
{
    g_autoptr(gpuvm_pool) pool = NULL;
    bool done;

    gpuvm_interrupt_begin();
    pool = ensure_pool(session);
    done = pool && step(session, pool, drafts) && !gpuvm_interrupt_wanted();
    for (guint i = 0; !done && i < drafts->len; i++)
        gpuvm_images_discard(session, drafts->pdata[i]);
    gpuvm_interrupt_end();
    return done;
}

bool
gpuvm_images_fetch(gpuvm_session *session, const GPtrArray *drafts)
{
    return in_pool(session, drafts, fetch);
}

bool
gpuvm_images_prepare(gpuvm_session *session, const GPtrArray *drafts)
{
    bool needed = false;

    for (guint i = 0; i < drafts->len; i++)
        needed = needed || needs_pool(drafts->pdata[i]);
    if (needed && session->connection->test)
        gpuvm_diags_note(session->diags, NULL, "libvirt's test driver stores no images: nothing was fetched");
    return !needed || session->connection->test || in_pool(session, drafts, prepare);
}

void
gpuvm_images_drop_texts(gpuvm_session *session, const gpuvm_draft *draft)
{
    const gpuvm_plan *plan = draft->plan;
    bool had = draft->record && draft->record->volumes->len > 0;
    g_autoptr(GPtrArray) names = NULL, dropped = g_ptr_array_new();
    g_autoptr(gpuvm_pool) pool = NULL;

    if ((!had && !needs_pool(draft)) || session->connection->test)
        return;
    if (gpuvm_pool_open(session->connection, session->pool, &pool, NULL) && pool)
        names = gpuvm_pool_names(pool, NULL);
    for (guint i = 0; names && i < names->len; i++) {
        const char *name = names->pdata[i];

        if (name && gpuvm_image_is_text(plan->vm->name, name) && !gpuvm_image_has_text(plan, name))
            g_ptr_array_add(dropped, names->pdata[i]);
    }
    gpuvm_images_remove(session, session->pool, dropped);
}

void
gpuvm_images_discard(gpuvm_session *session, gpuvm_draft *draft)
{
    gpuvm_images_remove(session, session->pool, draft->made);
    g_ptr_array_set_size(draft->made, 0);
}
