/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * chain.h: the files that an image names, which QEMU opens with it: they are disks of the host, too
 *
 * A qcow2 image may have a file below it, or its content in another one. Whoever may write the image decides which: a guest,
 * when QEMU is to find out by itself what format its raw disk has. So the format is always said, and what an image names
 * lies beside it: in the directory that is trusted with it.
 */
#pragma once

#include "core/guestcheck.h"

/**
 * Adds to @guest what its disks name, of those from the @first on, which were looked at: as assets that are to be looked at,
 * as many as are new. Of an image that is told to be raw nothing is followed.
 */
void gpuvm_chain_follow(gpuvm_guest *guest, guint first);

/**
 * Judges the format of the disk @asset, and where it is when an image names it: an error, exit code 4, when that is outside
 * the image's directory, unless the image is an overlay that gpuvm made, or neither raw nor qcow2; or when a domain says no format.
 */
void gpuvm_chain_check(const gpuvm_guest_question *question, const gpuvm_asset *asset);
