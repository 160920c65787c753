/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kube_fields.h: how each key of a definition is said in a manifest for KubeVirt, or why it is lost
 */
#pragma once

#include "core/kube.h"

/** A key of a VM or a deployment, and all below it. */
typedef struct gpuvm_kube_field {
    const char *key;  /* "disks.size_gb"; items of lists have no number */
    const char *said; /* where; what of it depends on other keys is lost where that is made; NULL: nowhere */
    const char *lost; /* why; NULL: it is not */
    const char *fine; /* values, with blanks between them, that lose nothing; NULL: any does */
    bool noted;       /* it is for people and other programs: an annotation, gpuvm/KEY */
} gpuvm_kube_field;

/** A row for each key, ended by one without. */
extern const gpuvm_kube_field gpuvm_kube_fields[];

/** The row of @key; NULL. */
const gpuvm_kube_field *gpuvm_kube_field_find(const char *key);

/** Adds to @manifest what @vm, and the @deployment (NULL) that it is the template of, say for people, and what of it all is lost. */
void gpuvm_kube_fields_add(gpuvm_kube *kube, gpuvm_kube_manifest *manifest, const gpuvm_spec *vm,
                           const gpuvm_spec *deployment);
