/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kube.h: definitions → manifests for KubeVirt, the virtual machines of Kubernetes
 *
 * What a definition says is said by a manifest, too, or it is lost, and that is said: core/kube_fields.h has a row for each key.
 * Manifests are as KubeVirt's API has them: kubevirt.io/v1, pool.kubevirt.io/v1beta1; images are volumes of its importer's
 * (CDI, cdi.kubevirt.io), bridges networks of Multus (k8s.cni.cncf.io/v1).
 */
#pragma once

#include <json-glib/json-glib.h>

#include "core/policies.h"
#include "model/facts.h"

/** A resource of Kubernetes. */
typedef struct gpuvm_kube_manifest {
    JsonObject *json;
    GPtrArray *
        comments; /* char *, a line each, for who reads it: what is lost, and what to do before it is applied */
} gpuvm_kube_manifest;

/** What is made of definitions. */
typedef struct gpuvm_kube {
    const gpuvm_policies *policies; /* borrowed, as are facts and diags */
    const gpuvm_facts *facts;       /* of a host that has such cards; NULL: of none */
    gpuvm_diags *diags;
    bool strict;          /* what is lost is an error (exit code 2), not a warning */
    GPtrArray *manifests; /* gpuvm_kube_manifest, owned; first the cluster's own, if there are cards */
    gpuvm_kube_manifest
        *cluster; /* the one of KubeVirt itself, which permits the models of cards; NULL: there are none */
    GHashTable *names; /* char *: "KIND NAME" of each resource */
} gpuvm_kube;

gpuvm_kube *
gpuvm_kube_new(const gpuvm_policies *policies, const gpuvm_facts *facts, bool strict, gpuvm_diags *diags);
void gpuvm_kube_free(gpuvm_kube *kube);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_kube, gpuvm_kube_free)

/**
 * Adds the manifests of @vm, which is with what its plugin and the defaults give, or, when it is the template of the replicas of
 * @deployment (else NULL), of a pool of them. What is wrong is in the diagnostics: a model of cards that no policy allows (exit code
 * 4), a name that something else has there (3), and what a plan would find wrong with texts for the guest.
 */
void gpuvm_kube_add(gpuvm_kube *kube, const gpuvm_spec *vm, const gpuvm_spec *deployment);
