/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/boot.h"

#include "core/workload.h"

#define OTHERS                                                                                               \
    "kernel in the definition, its plugin or the host's /etc/gpuvm/defaults.yaml, or gpuvm create --kernel FILE"

bool
gpuvm_boot_needs_kernel(const gpuvm_node *definition)
{
    return gpuvm_node_get(definition, "initramfs") && !gpuvm_node_get(definition, "kernel");
}

void
gpuvm_boot_kernel(gpuvm_plan *plan, const gpuvm_host *host, gpuvm_diags *diags)
{
    const gpuvm_vm *vm = plan->vm;
    const gpuvm_object *object = &vm->body.object;
    bool needs = gpuvm_boot_needs_kernel(object->node);
    gpuvm_mark mark = gpuvm_object_mark(object, needs ? "initramfs" : "kernel_cmdline");

    if (!needs && !plan->kernel && vm->body.kernel_cmdline) {
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "kernel_cmdline is of no use without a kernel");
    } else if (needs && host->kernel_image) {
        plan->kernel = g_strdup(host->kernel_image);
        gpuvm_diag_hint(gpuvm_diags_note(diags, &mark, "VM '%s' boots with the host's newest kernel, %s",
                                         vm->name, plan->kernel),
                        "another one: " OTHERS);
    } else if (needs) {
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &mark,
                                          "VM '%s' has no kernel to boot, and none of the host's is known",
                                          vm->name),
                        "give it one: " OTHERS);
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
    const char *own = plan->vm->body.kernel_cmdline;
    g_autoptr(GStrvBuilder) parts = g_strv_builder_new();

    if (!plan->kernel)
        return;
    if (!says(own, "console="))
        g_strv_builder_add(parts, "console=ttyS0");
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
