/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/boot.h"

#include "core/workload.h"

#define OTHERS                                                                                               \
    "kernel in the definition, its plugin or the host's /etc/gpuvm/defaults.yaml, or gpuvm create --kernel FILE"

static bool
is_bare(const gpuvm_node *rootfs)
{
    const gpuvm_node *format = gpuvm_node_get(rootfs, "format");

    return format && g_strcmp0(format->text, "ext4") == 0;
}

bool
gpuvm_boot_needs_kernel(const gpuvm_node *definition)
{
    return !gpuvm_node_get(definition, "kernel") &&
           (gpuvm_node_get(definition, "initramfs") || is_bare(gpuvm_node_get(definition, "rootfs")));
}

/* What the image is for is only a guess: something else may be there to boot. */
static void
check_image(const gpuvm_body *body, gpuvm_diags *diags)
{
    gpuvm_mark mark = gpuvm_object_mark(&body->object, "image");

    if (body->image && !body->rootfs && !body->initramfs && !body->kernel && body->disks->len == 0)
        gpuvm_diag_hint(
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark,
                              "a container image is nothing to boot from: %s", body->image),
            "make a root file system of it, and name that by rootfs: examples/guest/README.md says how");
}

void
gpuvm_boot_kernel(gpuvm_plan *plan, const gpuvm_host *host, gpuvm_diags *diags)
{
    const gpuvm_vm *vm = plan->vm;
    const gpuvm_object *object = &vm->body.object;
    bool needs = gpuvm_boot_needs_kernel(object->node), initramfs = vm->body.initramfs != NULL;
    gpuvm_mark mark = gpuvm_object_mark(object, !needs      ? "kernel_cmdline"
                                                : initramfs ? "initramfs"
                                                            : "rootfs");
    gpuvm_diag *diag;

    check_image(&vm->body, diags);
    if (!needs && !plan->kernel && vm->body.kernel_cmdline) {
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "kernel_cmdline is of no use without a kernel");
    } else if (needs && initramfs && host->kernel_image) {
        plan->kernel = g_strdup(host->kernel_image);
        gpuvm_diag_hint(gpuvm_diags_note(diags, &mark, "VM '%s' boots with the host's newest kernel, %s",
                                         vm->name, plan->kernel),
                        "another one: " OTHERS);
    } else if (needs) {
        diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &mark, "VM '%s' has no kernel to boot%s", vm->name,
                                 initramfs ? ", and none of the host's is known" : "");
        gpuvm_diag_hint(diag, "give it one: " OTHERS);
        if (!initramfs)
            gpuvm_diag_hint(diag, "with an initramfs, unless virtio_blk and ext4 are built into it");
    }
}

/* Whether a word of the command line @own begins with @begin. */
static bool
says(const char *own, const char *begin)
{
    g_auto(GStrv) words = g_strsplit(own ? own : "", " ", -1);
    char **word = words;

    while (*word && !g_str_has_prefix(*word, begin))
        word++;
    return *word != NULL;
}

void
gpuvm_boot_cmdline(gpuvm_plan *plan)
{
    const gpuvm_node *rootfs = gpuvm_node_get(plan->vm->body.object.node, "rootfs");
    const char *own = plan->vm->body.kernel_cmdline;
    g_autoptr(GStrvBuilder) parts = g_strv_builder_new();

    if (!plan->kernel)
        return;
    if (!says(own, "console="))
        g_strv_builder_add(parts, "console=ttyS0");
    if (is_bare(rootfs) && !says(own, "root=")) {
        const gpuvm_plan_disk *disk = plan->disks->pdata[0];
        g_autofree char *root = g_strdup_printf("root=/dev/%s rw", disk->target);
        g_strv_builder_add(parts, root);
    }
    if (own)
        g_strv_builder_add(parts, own);
    if (plan->plugin) {
        g_autofree char *told = g_strdup_printf("gpuvm.plugin=%s gpuvm.runtime=%s", plan->plugin->name,
                                                gpuvm_workload_runtime(plan));
        g_strv_builder_add(parts, told);
    }
    g_auto(GStrv) all = g_strv_builder_end(parts);
    plan->cmdline = g_strjoinv(" ", all);
}
