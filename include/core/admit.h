/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * admit.h: may these devices be passed? Every rule about it, in one table
 *
 * Plans, selectors, `devices`, the check before a start and `release` apply the same table, each the rows of its occasion.
 */
#pragma once

#include "core/admission.h"

typedef struct gpuvm_admit_rule {
    const char *name;
    unsigned occasions; /* of gpuvm_occasion */
    void (*apply)(const gpuvm_admission *admission);
    const char *asks; /* "whether …", "what …": what it looks at, for who wants to know why */
} gpuvm_admit_rule;

/** In the order in which they are applied; the last row has no name. */
extern const gpuvm_admit_rule gpuvm_admit_rules[];

/** Applies the rules of @admission's occasion. */
void gpuvm_admit(const gpuvm_admission *admission);

/** What a start of @claim's domain is judged with, as below, without functions, absent ones and diagnostics. All borrowed. */
gpuvm_admission gpuvm_admit_of_start(const gpuvm_facts *facts, const gpuvm_policies *policies,
                                     const gpuvm_claim *claim, const gpuvm_record *record);

/**
 * Judges a start of @claim's domain with what its definition names, which is added to @functions (gpuvm_plan_function), whatever
 * has changed since define. @record is what was recorded then; NULL: the domain is not gpuvm's.
 */
void gpuvm_admit_start(const gpuvm_facts *facts, const gpuvm_policies *policies, const gpuvm_claim *claim,
                       const gpuvm_record *record, GPtrArray *functions, gpuvm_diags *diags);

/**
 * Adds to @diags what a plan says of what cannot be seen of the host's use of devices. Returns that, borrowed, when a start would be
 * refused for it; else NULL.
 */
const char *gpuvm_admit_unseen(const gpuvm_facts *facts, const gpuvm_policies *policies, gpuvm_diags *diags);

/**
 * The first reason why @device, with what it draws in, may not be had on the occasion of @admission, whose own functions
 * and diagnostics are left alone; NULL: it may. g_malloc.
 */
char *gpuvm_admit_why_not(const gpuvm_admission *admission, const gpuvm_device *device);

/** @reason without the words for the device at @address that it is about: for where these stand beside it. g_malloc. */
char *gpuvm_admit_about(const char *reason, const char *address);
