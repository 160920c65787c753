/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * imagefetch.h: an image from its URL into the storage pool
 *
 * Who fetches one holds a lock of its name, on this machine; processes on other machines that use the same pool are seen
 * by what libvirt says of the volume.
 */
#pragma once

#include "host/volume.h"
#include "model/plan.h"
#include "ops/session.h"

/*
 * Makes @image of @plan a whole volume of @pool, and @plan know it. *@ret_base is that volume. False: see the
 * session's diagnostics.
 */
bool gpuvm_image_obtain(gpuvm_session *session, gpuvm_pool *pool, gpuvm_plan *plan, gpuvm_plan_image *image,
                        gpuvm_volume **ret_base);
