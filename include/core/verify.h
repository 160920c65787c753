/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verify.h: whether a guest shows what its domain promises it
 */
#pragma once

#include "base/xml.h"
#include "core/guestexec.h"
#include "core/inside.h"

/** One thing that is promised, and what the guest shows. */
typedef struct gpuvm_promise {
    char *device; /* the function that it is about, by the host's address; NULL: none */
    char *guest;  /* its address in the guest; NULL: it is not there */
    char *what;   /* "CPUs", "place", "BARs" … */
    char *planned;
    char *seen; /* NULL: nothing */
    bool equal;
} gpuvm_promise;

void gpuvm_promise_free(gpuvm_promise *promise);

/**
 * Compares the running @domain (<domain>, as libvirt tells it) with what its guest shows. What @facts do not know of a function
 * of the host is not compared. Returns gpuvm_promise, owned by the array; NULL: see @error, as base/xml.h says.
 *
 * A function is looked for where the domain's controllers put it (a function of a bridge of a root bus), since buses have numbers
 * of the guest's choice. Memory may be less by what a kernel keeps for itself. Each function needs a driver, but for those
 * that a GPU has beside itself.
 */
GPtrArray *gpuvm_verify_compare(const xmlNode *domain, const gpuvm_facts *facts, const gpuvm_inside *inside,
                                GError **error);

/** Whether @process, a command of the user's that was given @seconds, ended well. */
gpuvm_promise *gpuvm_verify_command(const gpuvm_guestexec *process, unsigned seconds);
