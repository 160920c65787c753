/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * export.h: domains → definitions
 */
#pragma once

#include "ops/session.h"

/**
 * The definition of domain @name as YAML (g_malloc), after comments that say where it comes from: of one that gpuvm defined, the
 * one that was applied, and the keys whose secrets are not kept; of another one, as much as a definition says of it, and what
 * that leaves out. NULL: see the diagnostics.
 */
char *gpuvm_export(gpuvm_session *session, const char *name);
