/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kube_vm.h: the manifest of one VM while it is made, for the files that make its parts
 */
#pragma once

#include "core/kube.h"

/** A VM, and the parts of its manifest. */
typedef struct gpuvm_kube_vm {
    gpuvm_kube *kube;
    const gpuvm_spec *spec;
    const gpuvm_body *body;
    const char *name;              /* there */
    bool pool;                     /* it is the template of one */
    gpuvm_kube_manifest *manifest; /* borrowed, as all that follows */
    JsonObject *machine;           /* the VirtualMachineSpec */
    JsonObject *instance;          /* the VirtualMachineInstanceSpec in it */
    JsonObject *domain, *devices;  /* of the latter */
} gpuvm_kube_vm;

/** The object at @path ("cpu.numa") below @object, which is made when it is not there. Borrowed. */
JsonObject *gpuvm_kube_at(JsonObject *object, const char *path);

/** A new object at the end of the list @member of @object; @name (NULL: none) is its name. Borrowed. */
JsonObject *gpuvm_kube_item(JsonObject *object, const char *member, const char *name);

/** @text as a Kubernetes name: small letters, digits and '-', the first 63 of them (RFC 1123, 2.1). g_malloc. */
char *gpuvm_kube_name(const char *text);

/**
 * A new resource, which is borrowed, at the end of the manifests. That there is a @kind with that @name already is an error at @mark.
 */
gpuvm_kube_manifest *gpuvm_kube_manifest_add(gpuvm_kube *kube, const char *api, const char *kind,
                                             const char *name, const gpuvm_mark *mark);

/** Adds an error at @mark when there is a @kind with that @name already. */
void gpuvm_kube_claim(gpuvm_kube *kube, const char *kind, const char *name, const gpuvm_mark *mark);

/** Says in @manifest, and in the diagnostics, that @key, which stands at @mark, is lost. */
void gpuvm_kube_lose(gpuvm_kube *kube, gpuvm_kube_manifest *manifest, const char *key, const gpuvm_mark *mark,
                     const char *why);

/** The same of @key of @object, whose key in the definition is @path. */
void gpuvm_kube_vm_lose(const gpuvm_kube_vm *vm, const char *path, const gpuvm_object *object,
                        const char *key, const char *why);

/** Adds a comment to @manifest. */
void gpuvm_kube_comment(gpuvm_kube_manifest *manifest, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** A name for a volume of @vm's that no other of its has. g_malloc. */
char *gpuvm_kube_volume_name(const gpuvm_kube_vm *vm, const char *wanted);

/** A new Secret, of which everybody is told that it has @what; its stringData. Borrowed. */
JsonObject *
gpuvm_kube_secret_add(gpuvm_kube *kube, const char *name, const gpuvm_mark *mark, const char *what);

/** Adds the disks of @vm, and their volumes. */
void gpuvm_kube_disks_add(const gpuvm_kube_vm *vm);

/** Adds its cards, and has the cluster permit them. */
void gpuvm_kube_cards_add(const gpuvm_kube_vm *vm);

/** Adds its network interface. */
void gpuvm_kube_network_add(const gpuvm_kube_vm *vm);

/** Adds what cloud-init tells the guest, and what it is asked for its health. */
void gpuvm_kube_guest_add(const gpuvm_kube_vm *vm);
