/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nearest.h: did you mean …?
 */
#pragma once

#include <stddef.h>

/**
 * The nearest of @n words to @word, when it is near enough to be meant; NULL. Case, '-' and '_' do not count; else a slip
 * or two (a letter too many, too few, wrong, or two swapped), or one being the beginning of the other.
 */
const char *gpuvm_nearest(const char *word, const char *const *words, size_t n);
