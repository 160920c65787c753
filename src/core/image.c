/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/image.h"

#include <string.h>

#include "base/url.h"
#include "core/secret.h"
#include "model/scalars.h"

#define BLANK ".disk-"
#define SCRATCH ".run-"
#define SCRATCH_BLANK SCRATCH "disk-"

char *
gpuvm_image_volume(const char *checksum)
{
    return g_strdelimit(g_strdup(checksum), ":", '-');
}

char *
gpuvm_image_checksum(const char *volume)
{
    return g_strdelimit(g_strdup(volume), "-", ':');
}

char *
gpuvm_image_title(const gpuvm_plan_image *image)
{
    bool by_target = image->disk && image->what == image->disk->target;

    return g_strconcat(by_target ? "disk " : "the ", image->what, NULL);
}

static bool
is_fetched(const gpuvm_media *media)
{
    return media && (media->url || media->checksum);
}

bool
gpuvm_image_fetches(const gpuvm_vm *vm)
{
    const gpuvm_body *body = &vm->body;
    bool fetches = is_fetched(body->kernel) || is_fetched(body->initramfs) || is_fetched(body->rootfs);

    for (guint i = 0; !fetches && i < body->disks->len; i++) {
        const gpuvm_disk *disk = body->disks->pdata[i];

        fetches = disk->checksum || (disk->source && gpuvm_url_is(disk->source));
    }
    return fetches;
}

bool
gpuvm_image_needs_pool(const gpuvm_vm *vm)
{
    const gpuvm_body *body = &vm->body;
    bool blank = false;

    for (guint i = 0; i < body->disks->len; i++)
        blank = blank || !((const gpuvm_disk *)body->disks->pdata[i])->source;
    return blank || body->rootfs || body->cloud_init || body->workload || body->verify ||
           body->devices->topology == GPUVM_TOPOLOGY_NCCL || gpuvm_image_fetches(vm);
}

bool
gpuvm_image_is_blank(const gpuvm_plan_image *image)
{
    return !image->path && !image->url;
}

/* Sets what @plan says of the file behind @image. */
static void
place(gpuvm_plan *plan, const gpuvm_plan_image *image)
{
    const char *volume = image->overlay ? image->overlay : image->volume;
    g_autofree char *unknown = g_strconcat("not-fetched-yet.", image->what, NULL);
    char **path = g_str_equal(image->what, "kernel") ? &plan->kernel : &plan->initrd;

    if (image->disk)
        path = &image->disk->source;
    g_free(*path);
    *path = g_build_filename(plan->pool_path, volume ? volume : unknown, NULL);
}

static gpuvm_plan_image *
add(gpuvm_plan *plan, const char *what, const char *path, const char *url, const char *checksum,
    gpuvm_mark mark)
{
    gpuvm_plan_image *image = g_new0(gpuvm_plan_image, 1);

    image->what = what;
    image->mark = mark;
    image->checksum = checksum;
    image->volume = checksum ? gpuvm_image_volume(checksum) : NULL;
    if (url)
        image->url = g_strdup(url);
    else if (checksum)
        image->url = gpuvm_file_url(path);
    else
        image->path = g_strdup(path);
    g_ptr_array_add(plan->images, image);
    return image;
}

static char *
absolute(const gpuvm_plan *plan, const char *path)
{
    return path ? g_canonicalize_filename(path, plan->directory) : NULL;
}

static void
plan_boot(gpuvm_plan *plan, const gpuvm_media *media, const char *what, char **path)
{
    if (!media)
        return;
    *path = absolute(plan, media->path);
    if (is_fetched(media))
        place(plan, add(plan, what, *path, media->url, media->checksum,
                        gpuvm_object_mark(&media->object, media->url ? "url" : "path")));
}

void
gpuvm_image_plan(gpuvm_plan *plan)
{
    plan_boot(plan, plan->vm->body.kernel, "kernel", &plan->kernel);
    plan_boot(plan, plan->vm->body.initramfs, "initramfs", &plan->initrd);
}

gpuvm_plan_image *
gpuvm_image_add_disk(gpuvm_plan *plan, gpuvm_plan_disk *disk, const char *what, const char *path,
                     const char *url, const char *checksum, int format, gpuvm_mark mark)
{
    gpuvm_plan_image *image = add(plan, what, path, url, checksum, mark);

    image->disk = disk;
    image->format = format;
    disk->block = false;
    if (!disk->readonly) {
        image->overlay =
            g_strdup_printf("%s%s%s.qcow2", plan->vm->name, plan->transient ? SCRATCH : ".", what);
        disk->qcow2 = true;
    }
    place(plan, image);
    return image;
}

void
gpuvm_image_add_blank(gpuvm_plan *plan, gpuvm_plan_disk *disk, uint64_t size)
{
    gpuvm_plan_image *image = add(plan, disk->target, NULL, NULL, NULL, disk->mark);

    image->disk = disk;
    image->size = size;
    image->overlay = g_strconcat(plan->vm->name, plan->transient ? SCRATCH_BLANK : BLANK, disk->name,
                                 disk->qcow2 ? ".qcow2" : ".raw", NULL);
    place(plan, image);
}

void
gpuvm_image_check(const gpuvm_plan *plan, const gpuvm_policies *policies, gpuvm_diags *diags)
{
    const char *policy = gpuvm_policies_want_checksum(policies);

    for (guint i = 0; policy && i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];
        g_autofree char *title = gpuvm_image_title(image);
        gpuvm_diag *diag;

        if (!image->url || image->checksum)
            continue;
        diag = gpuvm_diags_error(diags, GPUVM_EXIT_REFUSED, &image->mark,
                                 "%s comes from a URL without a checksum, which %s requires", title, policy);
        gpuvm_diag_hint(diag, "add `checksum: sha256:…`, as its publisher says, or as sha256sum does");
    }
}

void
gpuvm_image_note_unknown(const gpuvm_plan *plan, gpuvm_diags *diags)
{
    for (guint i = 0; i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];
        g_autofree char *title = gpuvm_image_title(image);
        gpuvm_diag *diag;

        if (image->path || image->volume || gpuvm_image_is_blank(image))
            continue;
        diag = gpuvm_diags_note(diags, &image->mark,
                                "the digest of %s, which names its volume, is not known until it is fetched",
                                title);
        gpuvm_diag_hint(diag, "gpuvm define fetches it, and prints the checksum to put here");
    }
}

#define TEXT_DIGITS 12 /* of the digest, enough to tell a VM's own apart */

static const char *const text_ends[][2] = {
    [GPUVM_IMAGE_SEED] = {".seed", ".iso"}, [GPUVM_IMAGE_MANIFEST] = {".manifest", ".json"}};

char *
gpuvm_image_text_volume(const gpuvm_plan *plan, gpuvm_image_text text, const char *digest)
{
    g_autofree char *shown = plan->secrets ? gpuvm_secret_seal(plan->key, digest) : g_strdup(digest);

    return g_strdup_printf("%s%s-%.*s%s", plan->vm->name, text_ends[text][0], TEXT_DIGITS, shown,
                           text_ends[text][1]);
}

/* What is behind the name of VM @vm in @volume's; "" when that does not begin with it. */
static const char *
rest_of(const char *vm, const char *volume)
{
    return g_str_has_prefix(volume, vm) ? volume + strlen(vm) : "";
}

bool
gpuvm_image_is_text(const char *vm, const char *volume)
{
    const char *rest = rest_of(vm, volume);

    for (size_t i = 0; i < G_N_ELEMENTS(text_ends); i++) {
        const char *end = rest + strlen(text_ends[i][0]);

        if (!g_str_has_prefix(rest, text_ends[i][0]))
            continue;
        if (*end == '-' && strspn(end + 1, "0123456789abcdef") == TEXT_DIGITS)
            end += 1 + TEXT_DIGITS; /* gpuvm 0.1.0 had no digest there */
        if (g_str_equal(end, text_ends[i][1]))
            return true;
    }
    return false;
}

bool
gpuvm_image_is_own(const char *vm, const char *volume)
{
    const char *rest = rest_of(vm, volume);
    const char *end = *rest == '.' && rest[1] != '.' ? strchr(rest + 1, '.') : NULL;

    return gpuvm_image_is_text(vm, volume) || g_strcmp0(end, ".qcow2") == 0 ||
           (g_strcmp0(end, ".raw") == 0 &&
            (g_str_has_prefix(rest, BLANK) || g_str_has_prefix(rest, SCRATCH_BLANK)));
}

bool
gpuvm_image_is_scratch(const char *vm, const char *volume)
{
    return gpuvm_image_is_text(vm, volume) ||
           (gpuvm_image_is_own(vm, volume) && g_str_has_prefix(rest_of(vm, volume), SCRATCH));
}

char *
gpuvm_image_owner(const char *volume)
{
    for (const char *end = volume + strlen(volume); end > volume; end--) {
        g_autofree char *vm = *end == '.' ? g_strndup(volume, (gsize)(end - volume)) : NULL;

        if (vm && gpuvm_image_is_own(vm, volume))
            return g_steal_pointer(&vm);
    }
    return NULL;
}

bool
gpuvm_image_has_text(const gpuvm_plan *plan, const char *volume)
{
    return (plan->seed && g_str_equal(plan->seed->volume, volume)) ||
           g_strcmp0(plan->manifest_volume, volume) == 0;
}

/* Texts that a VM has no use for are removed, in its pool (ops/images.h). */
static bool
stays(const gpuvm_plan *plan, const char *pool, const char *name)
{
    bool has = gpuvm_image_is_text(plan->vm->name, name);

    for (guint i = 0; i < plan->images->len; i++)
        has = has || g_strcmp0(((const gpuvm_plan_image *)plan->images->pdata[i])->overlay, name) == 0;
    return !has || g_strcmp0(plan->pool, pool) != 0;
}

void
gpuvm_image_note_dropped(const gpuvm_plan *plan, const gpuvm_record *record, gpuvm_diags *diags)
{
    for (guint i = 0; i < record->volumes->len; i++) {
        const char *name = record->volumes->pdata[i];
        gpuvm_diag *diag;

        if (!stays(plan, record->pool, name))
            continue;
        diag = gpuvm_diags_note(
            diags, NULL, "VM '%s' has no use for volume '%s' any more, which stays in storage pool '%s'",
            plan->vm->name, name, record->pool);
        gpuvm_diag_hint(diag, "if it is of no use to you either: virsh vol-delete --pool %s %s", record->pool,
                        name);
    }
}

void
gpuvm_image_learn(gpuvm_plan *plan, gpuvm_plan_image *image, const char *volume, bool qcow2)
{
    g_autofree char *before = g_steal_pointer(&image->volume);

    image->volume = g_strdup(volume);
    if (image->disk && !image->overlay)
        image->disk->qcow2 = qcow2;
    place(plan, image);
}
