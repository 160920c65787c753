/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load.h: definition files → specs
 */
#pragma once

#include "host/guard.h"
#include "model/spec.h"

/** One document of a file, and where it is from. */
typedef struct gpuvm_definition {
    gpuvm_spec *spec;
    char *source;    /* the file, as given */
    char *directory; /* of the file, absolute: what its relative paths start from */
    bool found;      /* it is in a directory that was named: it need not be of use */
} gpuvm_definition;

void gpuvm_definition_free(gpuvm_definition *definition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_definition, gpuvm_definition_free)

/** The names of what is in @directory (char *, in order, owned by the array), "." and ".." too; NULL with errno. */
GPtrArray *gpuvm_load_names(const char *directory);

/* The text of @file ("-": standard input), at most one byte more than a definition may have; NULL: see @diags. */
gpuvm_source *gpuvm_load_source(const char *file, gpuvm_diags *diags);

/* The same of a file that nobody named, but that is beside one: it is a regular file, and no link to one elsewhere. */
gpuvm_source *gpuvm_load_regular(const char *file, gpuvm_diags *diags);

/** The same of a file that decides what others may do; @ret_absent as gpuvm_guard_open has it. */
gpuvm_source *gpuvm_load_guarded(const char *file, gpuvm_guard guard, bool *ret_absent, gpuvm_diags *diags);

/* Whether there is certainly no @file: one that cannot be looked at, and a link to nothing, are not absent. */
bool gpuvm_load_is_absent(const char *file);

/** The definitions in @file that are right (gpuvm_definition); the rest is in @diags. @kind as in gpuvm_spec_parse. */
GPtrArray *gpuvm_load_file(const char *file, const char *kind, gpuvm_diags *diags);

/** The same of @source, whose name stands for a file. */
GPtrArray *gpuvm_load_text(gpuvm_source *source, const char *kind, gpuvm_diags *diags);

/**
 * The same for all that @paths name, from *@ret_files files (may be NULL): a directory stands for the .yaml, .yml and .json
 * files in it, at any depth (ops/directory.h). What is none of a definition there is left out: texts for cloud-init, files that
 * a definition there names, and, with a note, what has none of a definition's keys; @strict: when one of its keys may be one that
 * is misspelt, that is an error.
 */
GPtrArray *
gpuvm_load_paths(char **paths, const char *kind, bool strict, guint *ret_files, gpuvm_diags *diags);
