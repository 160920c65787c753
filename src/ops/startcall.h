/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* startcall.h: libvirt's call by which a domain starts, which may last or never return: to be made aside (host/aside.h) */
#pragma once

#include "ops/session.h"

/* Its thread's until it has returned. */
typedef struct gpuvm_startcall {
    gpuvm_domain *domain; /* NULL: it is not created yet, or could not be */
    bool started;
    GError *error;

    char *xml;                    /* of one that is to be created; NULL */
    gpuvm_connection *connection; /* for that */
    bool apart;                   /* it is the call's own */
} gpuvm_startcall;

/* Of @domain (taken). */
gpuvm_startcall *gpuvm_startcall_start(const gpuvm_session *session, gpuvm_domain *domain);

/* Of a transient domain that is to be made of @xml. */
gpuvm_startcall *gpuvm_startcall_create(const gpuvm_session *session, const char *xml);

void gpuvm_startcall_make(gpointer call);
void gpuvm_startcall_free(gpointer call);
