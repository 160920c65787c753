/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fits.h: which VMs fit on which hosts, as a table
 */
#pragma once

#include "cli/command.h"

/* Plans the VMs of @paths on the hosts of @directory, each by itself or, with @pack, all of them together, and shows the result. */
void gpuvm_fits_show(gpuvm_cli *cli, const char *directory, char **paths, bool pack);
