/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spec.h: one document of a definition file: a vm, a plugin, a deployment, a policy, a host's defaults or a lock
 *
 * The kind is the document's `kind`, else the one the caller expects. A document without either is a plugin
 * when it has both `runtime` and `workload` and no `plugin`, as plugin manifests do; else it is a vm.
 */
#pragma once

#include "model/lockfile.h"
#include "model/vm.h"

typedef enum gpuvm_kind {
    GPUVM_KIND_VM,
    GPUVM_KIND_PLUGIN,
    GPUVM_KIND_DEPLOYMENT,
    GPUVM_KIND_POLICY,
    GPUVM_KIND_DEFAULTS,
    GPUVM_KIND_LOCK
} gpuvm_kind;
#define GPUVM_KINDS 6

/** "vm", "plugin", "deployment", "policy", "defaults", "lock", NULL. */
extern const char *const gpuvm_kind_names[];

/** The table that decodes documents of a kind. */
const gpuvm_table *gpuvm_kind_table(gpuvm_kind kind);

/** Reference counted; threads may share it. */
typedef struct gpuvm_spec {
    int refs;
    gpuvm_kind kind;
    gpuvm_doc *doc;                   /* what the struct borrows from */
    struct gpuvm_spec *base;          /* of a VM that was laid over its plugin: that plugin; a reference */
    struct gpuvm_spec *host_defaults; /* the same of the host's defaults */
    gpuvm_deployed *deployed;         /* of a VM of a deployment; a reference; NULL */
    unsigned replica;                 /* which one of it */
    union {
        gpuvm_vm *vm;
        gpuvm_plugin *plugin;
        gpuvm_deployment *deployment;
        gpuvm_policy *policy;
        gpuvm_defaults *defaults;
        gpuvm_lockfile *lock;
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

/** The same of documents (gpuvm_doc) that were read already. */
GPtrArray *gpuvm_spec_decode(const GPtrArray *docs, const char *kind, gpuvm_diags *diags);

/**
 * Whether the document at @root may be meant as a definition (@kind as above), however wrong: a mapping with one of a
 * definition's keys, and without Kubernetes' own.
 */
bool gpuvm_spec_may_be(const gpuvm_node *root, const char *kind);

/** A key of the document at @root that may be one of a VM's or a deployment's, misspelt; NULL: there is none. Kubernetes' are none. */
const gpuvm_node *gpuvm_spec_find_slip(const gpuvm_node *root);

/** What a secret begins with that was printed by its digest (core/secret.h): no definition says that. */
#define GPUVM_SPEC_HIDDEN "(hidden) sha256:"

/** A value of that sort. */
typedef struct gpuvm_hidden {
    char *path; /* "workload.env.TOKEN" */
    const gpuvm_node *node;
} gpuvm_hidden;

/** Those below @root, in their order (gpuvm_hidden, owned by the array). */
GPtrArray *gpuvm_spec_hidden(const gpuvm_node *root);

/** Adds an error for each of them; whether there is none. gpuvm_spec_decode has done so. */
bool gpuvm_spec_check_hidden(const gpuvm_node *root, gpuvm_diags *diags);

/** The one document of @source, which must be right, and a @kind; NULL: see @diags. */
gpuvm_spec *gpuvm_spec_parse_one(gpuvm_source *source, gpuvm_kind kind, gpuvm_diags *diags);
gpuvm_spec *gpuvm_spec_ref(gpuvm_spec *spec);
void gpuvm_spec_free(gpuvm_spec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_spec, gpuvm_spec_free)

/** Whether it is a VM that was laid over something: its values are from several places. */
bool gpuvm_spec_is_merged(const gpuvm_spec *spec);

/** Its name; a policy, defaults and a lock have none: their kind. */
const char *gpuvm_spec_name(const gpuvm_spec *spec);
