/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edit.h: a VM's definition in an editor
 */
#pragma once

#include "base/diag.h"
#include "ops/session.h"

typedef struct gpuvm_edit {
    char *name;          /* of the VM */
    char *xml;           /* of its domain, when it began */
    char *text;          /* the definition then */
    char *file;          /* where it is edited */
    gpuvm_source *saved; /* what was there when the editor ended; NULL: it did not yet */
} gpuvm_edit;

/** Writes the definition of the VM @name to a file that only the user reads; NULL: see the diagnostics. */
gpuvm_edit *gpuvm_edit_begin(gpuvm_session *session, const char *name);

/** Lets the user edit it; *@ret_changed: whether the text is another one than when it began. */
bool gpuvm_edit_run(gpuvm_session *session, gpuvm_edit *edit, bool *ret_changed);

/** The definition that was saved, whatever becomes of the file (gpuvm_definition, owned by the array); NULL: see the diagnostics. */
GPtrArray *gpuvm_edit_load(gpuvm_session *session, const gpuvm_edit *edit);

/** Removes the file, unless it is to be kept. */
void gpuvm_edit_end(gpuvm_edit *edit, bool keep);
