/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seed.h: the texts of a cloud-init seed → an ISO 9660 image
 */
#pragma once

#include "model/plan.h"

/**
 * The image of a disk labelled CIDATA with @seed's texts as user-data, meta-data and network-config, under these names
 * by Rock Ridge and by Joliet, which is what cloud-init's NoCloud looks for. libarchive makes it. Everything in it that
 * depends on the time is set to one date, so the same texts give the same bytes. Fails with GPUVM_EXIT_FAILED.
 */
GByteArray *gpuvm_seed_make(const gpuvm_plan_seed *seed, GError **error);
