/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict.h: what each rule of the table (core/admit.h) says of one card, whether a VM names it or not
 */
#pragma once

#include "core/admit.h"

typedef enum gpuvm_judgement {
    GPUVM_NOT_ASKED, /* the rule is of another occasion, or there is no such device */
    GPUVM_PASSES,
    GPUVM_NOTES,
    GPUVM_WARNS,
    GPUVM_REFUSES,
} gpuvm_judgement;

/** "does not apply", "passes", "notes", "warns", "refuses", NULL. */
extern const char *const gpuvm_judgement_names[];

typedef struct gpuvm_verdict {
    const gpuvm_admit_rule *rule;
    gpuvm_judgement judgement;
    gpuvm_diags *diags; /* owned: what it says, without places */
    GPtrArray *drawn;   /* char *, owned: "0000:01:00.1, same card as 0000:01:00.0", which it has go along */
} gpuvm_verdict;

/**
 * The functions (gpuvm_pci_addr, owned by the array) whose admission decides about the card or function at @ref: what the plan's @functions
 * have named for it, where it was drawn in, else itself, or its card.
 */
GArray *gpuvm_verdict_subject(const gpuvm_facts *facts, const GPtrArray *functions, const gpuvm_pci_ref *ref);

/**
 * The verdict of every rule (gpuvm_verdict, owned by the array, in the order of the table) on the functions at @subject, as they would be
 * had beside those of @admission's that were requested. What @admission itself has is left alone.
 */
GPtrArray *gpuvm_verdicts(const gpuvm_admission *admission, const GArray *subject);

/** Whether none of @verdicts refuses. */
bool gpuvm_verdicts_pass(const GPtrArray *verdicts);
