/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * runfile.h: which VM of a file is to be run
 */
#pragma once

#include "ops/draft.h"
#include "ops/run.h"

/*
 * The draft (gpuvm_draft, owned by the array, which has this one) of what @options mean of @file: of a VM that, called options->name,
 * or NAME-I, and of a deployment its replica I, which need not be among those that the file wants. NULL: see the diagnostics.
 */
GPtrArray *gpuvm_run_drafts(gpuvm_session *session, const char *file, const gpuvm_run_options *options);
