/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/disk.h"

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

void
gpuvm_disk_plan(gpuvm_plan *plan)
{
    const GPtrArray *disks = plan->vm->body.disks;
    unsigned next_virtio = 0, next_sata = 0;

    for (guint i = 0; i < disks->len; i++) {
        const gpuvm_disk *disk = disks->pdata[i];
        gpuvm_plan_disk *planned = g_new0(gpuvm_plan_disk, 1);

        g_ptr_array_add(plan->disks, planned);
        planned->name = disk->name;
        planned->source = g_canonicalize_filename(disk->source, plan->directory);
        planned->block = g_str_has_prefix(planned->source, "/dev/");
        planned->cdrom = g_str_has_suffix(planned->source, ".iso");
        planned->qcow2 = disk->format == GPUVM_DISK_QCOW2 ||
                         (disk->format == GPUVM_DISK_AUTO && g_str_has_suffix(planned->source, ".qcow2"));
        planned->readonly = disk->readonly || planned->cdrom;
        if (disk->target)
            planned->target = g_strdup(disk->target);
        else if (planned->cdrom)
            planned->target = next_target(disks, "sd", &next_sata);
        else
            planned->target = next_target(disks, "vd", &next_virtio);
    }
}
