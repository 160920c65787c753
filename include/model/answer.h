/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * answer.h: what came of one HTTP request for a VM's health
 */
#pragma once

#include <stdint.h>

typedef enum gpuvm_answer_kind {
    GPUVM_ANSWER_STATUS,      /* the guest answered */
    GPUVM_ANSWER_REFUSED,     /* nothing listens on the port */
    GPUVM_ANSWER_UNREACHABLE, /* no way to the address, or nobody has it */
    GPUVM_ANSWER_NONE,        /* not within the time */
    GPUVM_ANSWER_BROKEN,      /* something else; why says what */
} gpuvm_answer_kind;

typedef struct gpuvm_answer {
    gpuvm_answer_kind kind;
    int status; /* of HTTP; GPUVM_ANSWER_STATUS only */
    char why
        [160]; /* of GPUVM_ANSWER_BROKEN, in words, which may be the guest's; as much as there is room for */
    uint32_t taken_ms; /* from the request to the status line, or to giving up */
} gpuvm_answer;
