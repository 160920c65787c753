/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * completion.h: completions/gpuvm, as the build put it into the program
 */
#pragma once

/* A bash script, what `gpuvm completion bash` prints. */
extern const char gpuvm_completion_bash[];
