/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * target.h: the VMs that are meant where they are not named
 */
#pragma once

#include "ops/lifecycle.h"

/**
 * The VMs (char *, owned by the array, in the order given) that the definitions of @paths are of; replicas are VMs. A VM that was
 * defined otherwise is a note. NULL: see the diagnostics.
 */
GPtrArray *gpuvm_target_files(gpuvm_session *session, char **paths);

/** Every VM of gpuvm's that is @active, or off (char *, by name, owned by the array). NULL: see the diagnostics. */
GPtrArray *gpuvm_target_all(gpuvm_session *session, bool active);
