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
} gpuvm_definition;

void gpuvm_definition_free(gpuvm_definition *definition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_definition, gpuvm_definition_free)

/** The names of what is in @directory (char *, in order, owned by the array), "." and ".." too; NULL with errno. */
GPtrArray *gpuvm_load_names(const char *directory);

/**
 * The files that @paths name: a directory stands for every .yaml, .yml and .json file in it, at any depth, in
 * the order of names; "-" is standard input. What cannot be read is an error in @diags. Returns char *, owned
 * by the array.
 */
GPtrArray *gpuvm_load_files(char **paths, gpuvm_diags *diags);

/* The text of @file ("-": standard input), at most one byte more than a definition may have; NULL: see @diags. */
gpuvm_source *gpuvm_load_source(const char *file, gpuvm_diags *diags);

/** The same of a file that decides what others may do; @ret_absent as gpuvm_guard_open has it. */
gpuvm_source *gpuvm_load_guarded(const char *file, gpuvm_guard guard, bool *ret_absent, gpuvm_diags *diags);

/* Whether there is certainly no @file: one that cannot be looked at, and a link to nothing, are not absent. */
bool gpuvm_load_is_absent(const char *file);

/** The definitions in @file that are right (gpuvm_definition); the rest is in @diags. @kind as in gpuvm_spec_parse. */
GPtrArray *gpuvm_load_file(const char *file, const char *kind, gpuvm_diags *diags);

/** The same for all the files that @paths name, of any kind. */
GPtrArray *gpuvm_load_paths(char **paths, gpuvm_diags *diags);
