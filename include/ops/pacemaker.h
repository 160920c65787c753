/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pacemaker.h: definition files → what Pacemaker is told to run
 */
#pragma once

#include "ops/session.h"

/** What it is told by. */
typedef enum gpuvm_pacemaker_form {
    GPUVM_PACEMAKER_XML,
    GPUVM_PACEMAKER_CRM,
    GPUVM_PACEMAKER_PCS
} gpuvm_pacemaker_form;

/**
 * The resources of a cluster for the definitions of @paths (NULL-terminated); @hosts: a directory with the nodes' captured host files,
 * NULL; @bindings: as gpuvm_cib_input has them. NULL: see the session's diagnostics. g_malloc.
 */
char *gpuvm_pacemaker_export(gpuvm_session *session, char **paths, const char *hosts, char *const *bindings,
                             gpuvm_pacemaker_form form);
