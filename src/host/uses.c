/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/uses.h"

void
gpuvm_uses_read(const char *root, gpuvm_facts *facts)
{
    gpuvm_facts_looked_for_uses(facts);
    gpuvm_facts_looked_at_disks(facts);
    gpuvm_uses_read_storage(root, facts);
    gpuvm_uses_read_network(root, facts);
    gpuvm_uses_read_holders(root, facts);
}
