/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * askguest.h: a guest asks itself
 */
#pragma once

#include "host/domain.h"
#include "model/answer.h"

/**
 * Has @domain's guest ask @url for @limit_ms, and hardly longer. What keeps it from asking, such as GPUVM_HEALTH_NO_AGENT, is an
 * error.
 */
bool gpuvm_askguest(gpuvm_domain *domain, const char *url, uint32_t limit_ms, gpuvm_answer *ret_answer,
                    GError **error);
