/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * healthurl.h: what is asked for a VM's health
 */
#pragma once

#include "ops/lifecycle.h"

/*
 * The URL that was recorded for VM @name, with the secrets that were not, from its definition's file or its plugin when
 * either still says the same else; NULL: it has no health check. Without its secrets the URL is asked all the same, and a
 * note says so. g_malloc.
 */
char *gpuvm_health_url(gpuvm_session *session, const char *name, const gpuvm_record *record);
