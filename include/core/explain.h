/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explain.h: each element of a domain's XML → the rule that made it, and the place that this follows from
 *
 * The rules are one table. What is true of a plan (why these CPUs, why this function) is the reason that the plan carries; where a key was
 * written, the definition's tree of nodes knows, whoever wrote it. Which elements are the template's is seen while the plan is put into it.
 */
#pragma once

#include "base/xml.h"
#include "model/plan.h"
#include "model/spec.h"

typedef enum gpuvm_explain_from {
    GPUVM_FROM_DEFINITION,
    GPUVM_FROM_PLUGIN,
    GPUVM_FROM_DEFAULTS, /* the host's */
    GPUVM_FROM_UNSAID,   /* nobody says it: gpuvm's default */
    GPUVM_FROM_TEMPLATE,
    GPUVM_FROM_HOST, /* a fact of it */
    GPUVM_FROM_GPUVM,
    GPUVM_FROM_LIBVIRT, /* it adds such an element to any domain */
    GPUVM_FROM_OUTSIDE, /* neither gpuvm nor libvirt made it, or what it is now */
} gpuvm_explain_from;

/** "definition", "plugin", "defaults", "default", "template", "host", "gpuvm", "libvirt", "outside", NULL. */
extern const char *const gpuvm_explain_from_names[];

typedef struct gpuvm_explain_rule {
    const char *path; /* below <domain>: "cputune/vcpupin"; "": itself */
    const char *
        parts; /* the names of the elements in it, at any depth, that have no rule of their own; blanks between; NULL: none */
    const char *
        keys; /* of the language, with blanks between: it follows from the first that is written; NULL: from none */
    gpuvm_explain_from from; /* without keys */
    bool over;               /* gpuvm writes it whatever the template has, as the key says */
    const char *why;
    /**
     * What the plan says of the element (g_malloc; NULL: nothing). *@mark, without a place, and *@keys may be set to those of this one.
     * NULL: why says it all.
     */
    char *(*reason)(const gpuvm_plan *plan, const xmlNode *element, gpuvm_mark *mark, const char **keys);
    /**
     * Whether the element of a domain of libvirt's is of that sort, by what is recorded, and the @definition in that (NULL: it is not known).
     * NULL: any is.
     */
    bool (*made)(const gpuvm_record *record, const gpuvm_node *definition, const xmlNode *element);
} gpuvm_explain_rule;

/** The last row has no path. */
extern const gpuvm_explain_rule gpuvm_explain_rules[];

typedef struct gpuvm_explanation {
    xmlNode *element;               /* borrowed */
    char *path;                     /* "devices/hostdev/source"; "domain": the root */
    const gpuvm_explain_rule *rule; /* NULL: none */
    char *why;
    gpuvm_explain_from from;
    char *key;             /* that it follows from; NULL */
    char *file;            /* where that, or the template's element, is written; NULL: nowhere */
    unsigned line, column; /* 0: not known */
} gpuvm_explanation;

/**
 * Explains the domain that @plan, of the definition @vm, comes to on top of @template, in the order of its XML (gpuvm_explanation, owned by
 * the array). @template is as gpuvm_domxml_template has it; afterwards it is that domain.
 */
GPtrArray *gpuvm_explain_plan(const gpuvm_plan *plan, const gpuvm_spec *vm, xmlDoc *template);

/**
 * Explains a domain of libvirt's by what was recorded of it. @drifted: whether it was changed outside gpuvm, as gpuvm_drift_look.
 * @template: what the definition names as such; NULL: nothing, or it cannot be read.
 */
GPtrArray *gpuvm_explain_domain(const gpuvm_record *record, int drifted, xmlDoc *template, xmlDoc *domain);

/**
 * Those of @all whose path is @what, or ends in it: "vcpupin", "cputune/vcpupin"; where none does, those that follow from the key @what, or
 * from one in it: "resources.memory_mb", "workload". Borrowed, free the array only.
 */
GPtrArray *gpuvm_explain_find(const GPtrArray *all, const char *what);

/** Whether @what is a key of the language, as "resources.memory_mb". */
bool gpuvm_explain_is_key(const char *what);

/** The element name or path, or the key, of @all that @what may be a slip of; NULL. Borrowed. */
const char *gpuvm_explain_nearest(const GPtrArray *all, const char *what);

/** The keys that would make an element that ends in @what; NULL: none does. */
const char *gpuvm_explain_keys(const char *what);
