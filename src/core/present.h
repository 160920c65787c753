/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * present.h: the devices are there, answer, and are what they were
 */
#pragma once

#include "core/admission.h"

/** What was named is in the host; else an error (exit code 5). */
void gpuvm_present_rule(const gpuvm_admission *admission);

/** Each function, also one that was drawn in, answers; else an error for its card (exit code 5). */
void gpuvm_answers_rule(const gpuvm_admission *admission);

/** What was recorded at define is the same now, as far as that was recorded (core/cardid.h) (exit code 5); the rest is noted. */
void gpuvm_identity_rule(const gpuvm_admission *admission);

/** The domain has every device that was recorded at define (exit code 5): a VM does not start without its GPU. */
void gpuvm_whole_rule(const gpuvm_admission *admission);
