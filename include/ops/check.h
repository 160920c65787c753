/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check.h: is the session's host fit to pass GPUs?
 */
#pragma once

#include "core/fitness.h"
#include "ops/session.h"

/**
 * The findings (gpuvm_finding, owned by the array), and in *@ret_summary what gpuvm_fitness_summary makes of them; a FAIL there is an
 * error in the diagnostics, too (exit code 5). NULL: the host cannot be asked, see there.
 */
GPtrArray *gpuvm_check_host(gpuvm_session *session, GPtrArray **ret_summary);

/** Makes the FAILs among @findings, which are shown, one error in the diagnostics. */
void gpuvm_check_judge(gpuvm_session *session, const GPtrArray *findings);
