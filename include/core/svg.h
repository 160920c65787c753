/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svg.h: a picture as Scalable Vector Graphics 1.1, whose texts are texts, and whose boxes are groups in groups
 */
#pragma once

#include "model/picture.h"

/** On a light ground or, where the reader prefers that, a dark one; always that when @dark. g_malloc. */
char *gpuvm_svg_print(const gpuvm_box *picture, bool dark);
