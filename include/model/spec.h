/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spec.h: one document of a definition file: a vm, a plugin, a deployment or a policy
 *
 * The kind is the document's `kind`, else the one the caller expects. A document without either is a plugin
 * when it has both `runtime` and `workload` and no `plugin`, as plugin manifests do; else it is a vm.
 */
#pragma once

#include "model/vm.h"

typedef enum gpuvm_kind {
    GPUVM_KIND_VM,
    GPUVM_KIND_PLUGIN,
    GPUVM_KIND_DEPLOYMENT,
    GPUVM_KIND_POLICY
} gpuvm_kind;
#define GPUVM_KINDS 4

/** "vm", "plugin", "deployment", "policy", NULL. */
extern const char *const gpuvm_kind_names[];

/** The table that decodes documents of a kind. */
const gpuvm_table *gpuvm_kind_table(gpuvm_kind kind);

/** Reference counted. */
typedef struct gpuvm_spec {
    int refs;
    gpuvm_kind kind;
    gpuvm_doc *doc;           /* what the struct borrows from */
    struct gpuvm_spec *base;  /* of a VM that was laid over its plugin: that plugin; a reference */
    gpuvm_deployed *deployed; /* of a VM of a deployment; a reference; NULL */
    unsigned replica;         /* which one of it */
    union {
        gpuvm_vm *vm;
        gpuvm_plugin *plugin;
        gpuvm_deployment *deployment;
        gpuvm_policy *policy;
        void *object;
    };
} gpuvm_spec;

/** A spec of @object, decoded from @doc by @kind's table; @object is taken, @doc referenced. */
gpuvm_spec *gpuvm_spec_new(gpuvm_kind kind, gpuvm_doc *doc, void *object);

/**
 * Decodes every document of @source. @kind is the kind that the caller expects, as text: a document of
 * another kind is an error (exit code 3), as is one that has the kind and name of an earlier one; that there
 * is no such @kind is another (exit code 2). NULL: any kind. Returns those that are right (gpuvm_spec, owned by the
 * array).
 */
GPtrArray *gpuvm_spec_parse(gpuvm_source *source, const char *kind, gpuvm_diags *diags);

/** The one document of @source, which must be right, and a @kind; NULL: see @diags. */
gpuvm_spec *gpuvm_spec_parse_one(gpuvm_source *source, gpuvm_kind kind, gpuvm_diags *diags);
gpuvm_spec *gpuvm_spec_ref(gpuvm_spec *spec);
void gpuvm_spec_free(gpuvm_spec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_spec, gpuvm_spec_free)

/** Its name; a policy has none ("policy"). */
const char *gpuvm_spec_name(const gpuvm_spec *spec);
