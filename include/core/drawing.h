/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * drawing.h: a topology as a picture: where each box is
 */
#pragma once

#include "core/topology.h"
#include "model/picture.h"

/** @host, and @guest (NULL: none) beside it, with what the colours mean and why devices are not passable below them. */
gpuvm_box *gpuvm_drawing_make(const gpuvm_branch *host, const gpuvm_branch *guest);
