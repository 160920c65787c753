/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtual.h: SR-IOV virtual functions go away when their physical function is passed
 */
#pragma once

#include "core/admission.h"

/**
 * A virtual function and its physical one together are an error (exit code 5); a physical one that has some is a
 * warning, and not to be chosen.
 */
void gpuvm_virtual_rule(const gpuvm_admission *admission);
