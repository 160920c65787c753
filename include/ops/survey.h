/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * survey.h: what else is known of VMs that were looked at: how their cards are called, and which addresses they have
 */
#pragma once

#include "ops/lifecycle.h"

/**
 * The functions that @instances (gpuvm_instance) have, or of those that are off, will have: each is asked for once, and nothing
 * besides. NULL: see the diagnostics.
 */
gpuvm_facts *gpuvm_survey_devices(gpuvm_session *session, const GPtrArray *instances);

/**
 * The addresses of @instance (char *, owned by the array; may be empty), as far as the leases of libvirt's networks or the host's
 * neighbours tell; nobody is asked for one that is off or has no interface, nor is its agent, which may hang.
 */
GPtrArray *gpuvm_survey_addresses(gpuvm_session *session, const gpuvm_instance *instance);
