/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * png.h: a picture as Portable Network Graphics, painted by cairo, which is loaded when it is first needed
 */
#pragma once

#include "model/picture.h"

/** Twice as many pixels as the picture has, for sharp texts; @dark: on a dark ground. NULL: see @error (GPUVM_EXIT_FAILED). */
GBytes *gpuvm_png_paint(const gpuvm_box *picture, bool dark, GError **error);
