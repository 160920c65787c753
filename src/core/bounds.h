/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bounds.h: what a domain's XML may hold, so that nothing of the host gets into a guest past the rules about it
 *
 * One table of what may stand in <domain>, <os> and <devices>, and of what attributes and texts that name something of
 * the host may say: emulated devices, and whatever tunes a guest; no command line of QEMU's, no host device but a PCI
 * function (which core/admit.h judges), no directory, character device or socket of the host, no NVRAM, log or socket of another
 * VM. Names are those of libvirt's domain XML (https://libvirt.org/formatdomain.html); what is not known is refused.
 */
#pragma once

#include "base/diag.h"
#include "base/xml.h"

typedef enum gpuvm_bounds {
    GPUVM_BOUNDS_TEMPLATE = 1 << 0, /* what a definition's `template` names: no devices and kernels either */
    GPUVM_BOUNDS_DOMAIN = 1 << 1,   /* what libvirt has, before it is started */
} gpuvm_bounds;

/**
 * Adds an error at @mark for each part of @domain that may not be there, as @what it is: GPUVM_EXIT_INVALID of a template,
 * GPUVM_EXIT_REFUSED of a domain. @name: the VM's; @former: one that it had, and nobody has now; NULL.
 */
void gpuvm_bounds_check(const xmlNode *domain, gpuvm_bounds what, const char *name, const char *former,
                        const gpuvm_mark *mark, gpuvm_diags *diags);

/** Adds an error at @mark (GPUVM_EXIT_REFUSED) when a domain may not have libvirt's own emulator, which is at @path. */
void gpuvm_bounds_check_emulator(const char *path, const gpuvm_mark *mark, gpuvm_diags *diags);
