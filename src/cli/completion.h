/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * completion.h: the scripts of completions/, as the build put them into the program
 */
#pragma once

/* What `gpuvm completion SHELL` prints. */
extern const char gpuvm_completion_bash[], gpuvm_completion_zsh[], gpuvm_completion_fish[];
