/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kubevirt.h: definitions → manifests for KubeVirt
 */
#pragma once

#include "core/kube.h"
#include "ops/session.h"

/**
 * The manifests of the definitions that @paths name, each with what its plugin and the host's defaults give, under the session's
 * policies; no host is asked but a machine in a file. @strict as in gpuvm_kube. NULL: see the diagnostics.
 */
gpuvm_kube *gpuvm_kubevirt(gpuvm_session *session, char **paths, bool strict);
