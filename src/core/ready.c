/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/ready.h"

static gpuvm_diag *G_GNUC_PRINTF(2, 3) report(const gpuvm_admission *admission, const char *format, ...)
{
    const gpuvm_mark *mark = &((const gpuvm_plan_function *)admission->functions->pdata[0])->mark;
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    return admission->occasion == GPUVM_START
               ? gpuvm_diags_error(admission->diags, GPUVM_EXIT_HOST, mark, "%s", message)
               : gpuvm_diags_warning(admission->diags, mark, "%s", message);
}

void
gpuvm_ready_rule(const gpuvm_admission *admission)
{
    const gpuvm_host *host = &admission->facts->host;
    gpuvm_diag *diag = NULL;

    if (admission->functions->len == 0)
        return;
    if (host->vfio_node == 0)
        diag = report(admission, "VFIO is not available: there is no /dev/vfio/vfio");
    else if (host->interrupt_remapping == 0 && host->unsafe_interrupts != 1)
        diag = report(admission, "the host has no interrupt remapping: the kernel refuses to pass devices");
    if (diag)
        gpuvm_diag_hint(diag, "gpuvm check says what to do");
}

#define BESIDES_KIB (UINT64_C(1) << 20) /* libvirt's src/qemu/qemu_domain.c: qemuDomainGetMemLockLimitBytes */

/* The libvirt of an ordinary user cannot raise the limit that it was started with. */
static void
check_limit(const gpuvm_admission *admission)
{
    const gpuvm_host *host = &admission->facts->host;
    uint64_t needed = admission->pinned_kib + BESIDES_KIB;

    if (host->session == 1 && host->memlock != GPUVM_UNKNOWN && admission->pinned_kib > 0 &&
        needed > (uint64_t)host->memlock / 1024)
        gpuvm_diag_hint(report(admission,
                               "the VM locks %" G_GUINT64_FORMAT
                               " MiB of memory, and this user's libvirt may "
                               "lock %" G_GINT64_FORMAT " MiB (memlock)",
                               needed / 1024, host->memlock / 1024 / 1024),
                        "gpuvm check says how to raise it; or use the system's libvirt: -c qemu:///system");
}

void
gpuvm_ready_memory_rule(const gpuvm_admission *admission)
{
    int64_t available = admission->facts->host.available_kib;
    gpuvm_diag *diag;

    if (admission->functions->len == 0)
        return;
    check_limit(admission);
    if (available == GPUVM_UNKNOWN || admission->pinned_kib <= (uint64_t)available)
        return;
    diag = report(admission,
                  "the VM takes %" G_GUINT64_FORMAT " MiB, and %" G_GINT64_FORMAT
                  " MiB of the host's memory are available now",
                  admission->pinned_kib / 1024, available / 1024);
    gpuvm_diag_hint(diag, "stop something else, or give the VM less: a guest with passed devices has all its "
                          "memory pinned from the start");
}
