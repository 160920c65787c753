/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explained.h: why a VM is as it is: each element of its domain XML, or the admission of one card
 */
#pragma once

#include "core/explain.h"
#include "core/verdict.h"
#include "ops/draft.h"

/** A VM, and either its elements or its verdicts. */
typedef struct gpuvm_explained {
    char *name, *source; /* source: the file it came from; NULL: not known */
    xmlDoc *doc;
    GPtrArray *
        elements; /* gpuvm_explanation; NULL: a device was asked for, or there is no domain XML: see the diagnostics */
    GPtrArray *verdicts; /* gpuvm_verdict; NULL: none was */
    GArray *subject;     /* gpuvm_pci_addr, likewise: what was judged */
    bool starts;         /* it is defined, and was judged as for a start; else as for a plan */
    bool running;        /* it runs with the device */
    bool named;          /* it has the device, or what draws that in */
    char *why;           /* it does; NULL: not known */
    char *file;          /* where that is asked for; NULL: nowhere */
    unsigned line;
} gpuvm_explained;

/**
 * The VMs that the definitions in @file come to on this host (gpuvm_explained, owned by the array), in their order. @ref: the device; NULL:
 * the elements. NULL: nothing could be planned; what is wrong is in the session's diagnostics, as plan has it.
 */
GPtrArray *gpuvm_explain_file(gpuvm_session *session, char *file, const gpuvm_pci_ref *ref);

/** The same of the VM @name as libvirt has it defined, one alone. */
GPtrArray *gpuvm_explain_vm(gpuvm_session *session, const char *name, const gpuvm_pci_ref *ref);
