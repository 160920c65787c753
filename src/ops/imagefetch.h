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

/* Makes @image, which has a URL, a whole volume of @pool, and returns that; NULL: see the session's diagnostics. */
gpuvm_volume *gpuvm_image_obtain(gpuvm_session *session, gpuvm_pool *pool, const gpuvm_plan_image *image);
