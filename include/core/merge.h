/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * merge.h: a VM laid over the plugin that it names, and these over the host's defaults
 *
 * The values above take the place of those below one by one: mappings are merged key by key, but for those that say
 * what a thing is (gpuvm_table.whole_keys), and lists are replaced. A list that narrows (the allowlist) is not merged:
 * the plugin's is looked at beside the VM's. Every value keeps the place in the file that it comes from.
 *
 * What the defaults say of booting a kernel (kernel, kernel_cmdline, initramfs) is for a VM that needs one and has none, and
 * no other: it would keep all that boot from a disk from doing so.
 */
#pragma once

#include "doc/build.h"
#include "model/spec.h"

/**
 * A document of the mapping at @over's root laid over the one at @base's, both decoded by @table before. @foreign:
 * @base is of another kind, whose keys that are not in @table, and lists that narrow, stay with it.
 */
gpuvm_doc *gpuvm_merge_docs(const gpuvm_table *table, gpuvm_doc *base, gpuvm_doc *over, bool foreign);

/**
 * The VM that @vm, @plugin and the host's @defaults make together, each of which may be NULL but @vm, with references of
 * them as its base and host_defaults; NULL: see @diags.
 */
gpuvm_spec *gpuvm_merge(const gpuvm_spec *vm, gpuvm_spec *plugin, gpuvm_spec *defaults, gpuvm_diags *diags);

/** One value of a definition, and where it comes from. */
typedef struct gpuvm_origin {
    char *key;   /* "resources.memory_mb" */
    char *value; /* for people: long texts and lists are cut, secrets are hidden */
    gpuvm_mark mark;
} gpuvm_origin;

/** "FILE:LINE", or what else gave it: "--cpu". g_malloc. */
char *gpuvm_origin_place(const gpuvm_origin *origin);

/** The values of @vm as its documents have them, in their order (gpuvm_origin, owned by the array). */
GPtrArray *gpuvm_merge_origins(const gpuvm_spec *vm);
