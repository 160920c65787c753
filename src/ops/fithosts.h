/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fithosts.h: the captured hosts of a directory, and what the definitions are on each
 */
#pragma once

#include "ops/fit.h"

/* Calls @call with each of the hosts, in as many threads as there are processors. */
void gpuvm_fit_each_host(gpuvm_fit *fit, void (*call)(gpuvm_fit *fit, gpuvm_fit_host *host));

/* The hosts of @directory, and the VMs of @paths, not planned yet; what is wrong is in @session's diagnostics. */
gpuvm_fit *gpuvm_fit_load(gpuvm_session *session, const char *directory, char **paths);

/* Moves what the hosts' sessions have found to @session's diagnostics, in the order of hosts; what several say, once. */
void gpuvm_fit_collect(gpuvm_session *session, const gpuvm_fit *fit);
