/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vmrow.h: a VM that was looked at as a row of JSON, the same in list and show
 */
#pragma once

#include "cli/output.h"
#include "ops/lifecycle.h"

/** @instance, whose functions are in @facts as far as they are known, with its @addresses (char *). */
JsonObject *
gpuvm_vm_row(const gpuvm_instance *instance, const gpuvm_facts *facts, const GPtrArray *addresses);

/** "32 GiB", "512 MiB" of its memory_kib; "2 × H100 SXM5 80GB" of its cards; what is said of changes; "-". g_malloc. */
char *gpuvm_vm_row_memory(JsonObject *row);
char *gpuvm_vm_row_cards(JsonObject *row);
char *gpuvm_vm_row_note(JsonObject *row);

/** "32 GiB". g_malloc. */
char *gpuvm_vm_format_memory(uint64_t kib);
