/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cibcards.h: the cards of a VM as numbers of models
 */
#pragma once

#include "core/cib.h"

/** How many of one model. */
typedef struct gpuvm_cib_cards {
    uint16_t vendor, device;
    uint64_t count;
} gpuvm_cib_cards;

/**
 * What @vm's selectors ask for, and the cards at the addresses that it names on @node (NULL: there are none, or an error was said), as
 * models (gpuvm_cib_cards), in the order in which they come up. @nodes: as gpuvm_cib_input has them.
 */
GArray *gpuvm_cib_cards_of(const gpuvm_vm *vm, const GPtrArray *nodes, const gpuvm_cib_node *node,
                           gpuvm_diags *diags);
