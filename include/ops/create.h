/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * create.h: a definition from a command line
 */
#pragma once

#include "ops/load.h"
#include "ops/session.h"

/** One flag that gives a field its value. */
typedef struct gpuvm_flag {
    const char *name; /* "--cpu": what errors call it */
    const char *path; /* of the field: "resources.cpu_cores" */
    bool list;        /* the value is one more item */
    const char *item; /* … this key of it; NULL: the whole of it */
    const char *of;   /* the key that "TEXT=" before the value gives a value; NULL: none */
    const char
        *size; /* the key that a number gives a value, of an item that is named data, data2, …; NULL: none */
    bool
        media; /* a path, from the working directory, or a URL: path is the mapping that has either, or a list */
} gpuvm_flag;

/** --replicas of a deployment. */
extern const gpuvm_flag gpuvm_replicas_flag;

/** A flag as it was given. */
typedef struct gpuvm_flag_value {
    const gpuvm_flag *flag;
    const char *text;
} gpuvm_flag_value;

/**
 * The definition of the VM, or deployment, @name that @values (gpuvm_flag_value, in the order given; NULL: none) make, on top of the
 * one in the file @config (NULL: none), which need have no name; NULL: see the session's diagnostics, where what is wrong with
 * a flag has its name for a place.
 */
gpuvm_definition *gpuvm_create_definition(gpuvm_session *session, gpuvm_kind kind, const char *name,
                                          const char *config, const GPtrArray *values);

/** Lays @values, at least one, over @definition; false: see the diagnostics. */
bool gpuvm_create_over(gpuvm_session *session, gpuvm_definition *definition, const GPtrArray *values);

/* The same on top of the text @config (NULL: none), whose relative paths start from @directory. */
gpuvm_definition *gpuvm_create_from(gpuvm_session *session, gpuvm_kind kind, const char *name,
                                    gpuvm_source *config, const char *directory, const GPtrArray *values);
