/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/disk.h"

#include "base/url.h"
#include "core/image.h"

static bool
target_taken(const GPtrArray *disks, const char *target)
{
    for (guint i = 0; i < disks->len; i++) {
        const gpuvm_disk *disk = disks->pdata[i];

        if (g_strcmp0(disk->target, target) == 0)
            return true;
    }
    return false;
}

/* "vda" for 0, "vdz" for 25, "vdaa" for 26, as the kernel counts disks. */
static char *
target_name(const char *prefix, unsigned index)
{
    g_autoptr(GString) letters = g_string_new(NULL);

    for (unsigned n = index + 1; n > 0; n = (n - 1) / 26)
        g_string_prepend_c(letters, (char)('a' + (n - 1) % 26));
    return g_strconcat(prefix, letters->str, NULL);
}

/* The next name that no disk of the definition has. */
static char *
next_target(const GPtrArray *disks, const char *prefix, unsigned *index)
{
    for (;;) {
        g_autofree char *target = target_name(prefix, (*index)++);

        if (!target_taken(disks, target))
            return g_steal_pointer(&target);
    }
}

static void
add_seed(gpuvm_plan *plan, unsigned *next_sata)
{
    gpuvm_plan_disk *planned = g_new0(gpuvm_plan_disk, 1);

    planned->source = g_build_filename(plan->pool_path, plan->seed->volume, NULL);
    planned->target = next_target(plan->vm->body.disks, "sd", next_sata);
    planned->cdrom = planned->readonly = planned->seed = true;
    g_ptr_array_add(plan->disks, planned);
}

/* The root file system is the first disk: the VM has an overlay of its own on the image. */
static void
plan_rootfs(gpuvm_plan *plan, unsigned *next)
{
    const gpuvm_media *rootfs = plan->vm->body.rootfs;
    gpuvm_plan_disk *planned = g_new0(gpuvm_plan_disk, 1);
    g_autofree char *path = rootfs->path ? g_canonicalize_filename(rootfs->path, plan->directory) : NULL;
    gpuvm_plan_image *image;

    g_ptr_array_add(plan->disks, planned);
    planned->target = next_target(plan->vm->body.disks, "vd", next);
    image = gpuvm_image_add_disk(plan, planned, "rootfs", path, rootfs->url, rootfs->checksum, rootfs->format,
                                 gpuvm_object_mark(&rootfs->object, rootfs->url ? "url" : "path"));
    image->size = rootfs->size_gb << 30;
}

static void
plan_disk(gpuvm_plan *plan, const gpuvm_disk *disk, unsigned *next_virtio, unsigned *next_sata)
{
    const GPtrArray *disks = plan->vm->body.disks;
    bool remote = gpuvm_url_is(disk->source);
    gpuvm_plan_disk *planned = g_new0(gpuvm_plan_disk, 1);

    g_ptr_array_add(plan->disks, planned);
    planned->name = disk->name;
    planned->mark = gpuvm_object_mark(&disk->object, "source");
    planned->source =
        remote ? g_strdup(disk->source) : g_canonicalize_filename(disk->source, plan->directory);
    planned->block = g_str_has_prefix(planned->source, "/dev/");
    planned->cdrom = g_str_has_suffix(planned->source, ".iso");
    planned->qcow2 = disk->format == GPUVM_DISK_QCOW2 ||
                     (disk->format == GPUVM_DISK_AUTO && g_str_has_suffix(planned->source, ".qcow2"));
    planned->readonly = disk->readonly || planned->cdrom;
    if (disk->target)
        planned->target = g_strdup(disk->target);
    else
        planned->target =
            planned->cdrom ? next_target(disks, "sd", next_sata) : next_target(disks, "vd", next_virtio);
    if (remote || disk->checksum) {
        g_autofree char *source = g_strdup(planned->source);

        gpuvm_image_add_disk(plan, planned, planned->target, remote ? NULL : source, remote ? source : NULL,
                             disk->checksum, disk->format, planned->mark);
    }
}

void
gpuvm_disk_plan(gpuvm_plan *plan)
{
    const GPtrArray *disks = plan->vm->body.disks;
    unsigned next_virtio = 0, next_sata = 0;

    if (plan->vm->body.rootfs)
        plan_rootfs(plan, &next_virtio);
    for (guint i = 0; i < disks->len; i++)
        plan_disk(plan, disks->pdata[i], &next_virtio, &next_sata);
    if (plan->seed)
        add_seed(plan, &next_sata);
}
