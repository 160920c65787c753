/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inspect.h: what can be said of a device before anybody asks for it
 */
#pragma once

#include "ops/session.h"

/** Why @device, with its card, could not be started in a VM of its own now; NULL when it could. g_malloc. */
char *gpuvm_inspect_why_not(gpuvm_session *session, const gpuvm_device *device);
