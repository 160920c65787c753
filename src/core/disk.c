/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/disk.h"

#include "base/url.h"
#include "core/image.h"

/* What names the disks whose target the definition does not say. */
typedef struct namer {
    GHashTable *taken; /* by those that say it; borrowed */
    unsigned next_virtio, next_sata;
} namer;

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
next_target(namer *names, bool sata)
{
    for (;;) {
        g_autofree char *target =
            sata ? target_name("sd", names->next_sata++) : target_name("vd", names->next_virtio++);

        if (!g_hash_table_contains(names->taken, target))
            return g_steal_pointer(&target);
    }
}

static void
add_seed(gpuvm_plan *plan, namer *names)
{
    gpuvm_plan_disk *planned = g_new0(gpuvm_plan_disk, 1);

    planned->source = g_build_filename(plan->pool_path, plan->seed->volume, NULL);
    planned->target = next_target(names, true);
    planned->cdrom = planned->readonly = planned->seed = true;
    g_ptr_array_add(plan->disks, planned);
}

/* The root file system is the first disk: the VM has an overlay of its own on the image. */
static void
plan_rootfs(gpuvm_plan *plan, namer *names)
{
    const gpuvm_media *rootfs = plan->vm->body.rootfs;
    gpuvm_plan_disk *planned = g_new0(gpuvm_plan_disk, 1);
    g_autofree char *path = rootfs->path ? g_canonicalize_filename(rootfs->path, plan->directory) : NULL;
    gpuvm_plan_image *image;

    g_ptr_array_add(plan->disks, planned);
    planned->target = next_target(names, false);
    image = gpuvm_image_add_disk(plan, planned, "rootfs", path, rootfs->url, rootfs->checksum,
                                 rootfs->format == GPUVM_DISK_EXT4 ? GPUVM_DISK_RAW : rootfs->format,
                                 gpuvm_object_mark(&rootfs->object, rootfs->url ? "url" : "path"));
    image->size = rootfs->size_gb << 30;
}

static bool
is_image(const gpuvm_disk *disk)
{
    return disk->checksum || gpuvm_url_is(disk->source);
}

static bool
is_cdrom(const gpuvm_disk *disk)
{
    return g_str_has_suffix(disk->source, ".iso");
}

bool
gpuvm_disk_is_written(const gpuvm_disk *disk)
{
    return disk->source && !disk->readonly && !is_image(disk) && !is_cdrom(disk);
}

static void
plan_blank(gpuvm_plan *plan, const gpuvm_disk *disk, namer *names)
{
    gpuvm_plan_disk *planned = g_new0(gpuvm_plan_disk, 1);

    g_ptr_array_add(plan->disks, planned);
    planned->name = disk->name;
    planned->mark = gpuvm_object_mark(&disk->object, "size_gb");
    planned->qcow2 = disk->format != GPUVM_DISK_RAW;
    planned->target = disk->target ? g_strdup(disk->target) : next_target(names, false);
    gpuvm_image_add_blank(plan, planned, disk->size_gb << 30);
}

static void
plan_disk(gpuvm_plan *plan, const gpuvm_disk *disk, namer *names)
{
    bool remote = gpuvm_url_is(disk->source);
    gpuvm_plan_disk *planned = g_new0(gpuvm_plan_disk, 1);

    g_ptr_array_add(plan->disks, planned);
    planned->name = disk->name;
    planned->mark = gpuvm_object_mark(&disk->object, "source");
    planned->source =
        remote ? g_strdup(disk->source) : g_canonicalize_filename(disk->source, plan->directory);
    planned->block = g_str_has_prefix(planned->source, "/dev/");
    planned->cdrom = is_cdrom(disk);
    planned->qcow2 = disk->format == GPUVM_DISK_QCOW2 ||
                     (disk->format == GPUVM_DISK_AUTO && g_str_has_suffix(planned->source, ".qcow2"));
    planned->guessed = disk->format == GPUVM_DISK_AUTO;
    planned->readonly = disk->readonly || planned->cdrom;
    planned->target = disk->target ? g_strdup(disk->target) : next_target(names, planned->cdrom);
    if (is_image(disk)) {
        g_autofree char *source = g_strdup(planned->source);

        gpuvm_image_add_disk(plan, planned, planned->target, remote ? NULL : source, remote ? source : NULL,
                             disk->checksum, disk->format, planned->mark);
    }
}

void
gpuvm_disk_plan(gpuvm_plan *plan)
{
    const GPtrArray *disks = plan->vm->body.disks;
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    namer names = {.taken = taken};

    for (guint i = 0; i < disks->len; i++) {
        const gpuvm_disk *disk = disks->pdata[i];

        if (disk->target)
            g_hash_table_add(taken, disk->target);
    }
    if (plan->vm->body.rootfs)
        plan_rootfs(plan, &names);
    for (guint i = 0; i < disks->len; i++) {
        const gpuvm_disk *disk = disks->pdata[i];

        (disk->source ? plan_disk : plan_blank)(plan, disk, &names);
    }
    if (plan->seed)
        add_seed(plan, &names);
}
