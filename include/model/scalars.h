/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scalars.h: the types of scalar that definitions are made of, beyond doc/schema.h's
 *
 * Values that may be absent are pointers, NULL when absent; they and strings are owned by the struct.
 */
#pragma once

#include "doc/schema.h"

#define GPUVM_NUMA_NODE_MAX 1023 /* the kernel's largest CONFIG_NODES_SHIFT is 10 */

extern const gpuvm_scalar gpuvm_scalar_name; /* char *: 1 to 63 of A-Z a-z 0-9 . _ -, the first no sign */
extern const gpuvm_scalar gpuvm_scalar_path; /* char *: absolute or relative, not looked up; no URL */
extern const gpuvm_scalar
    gpuvm_scalar_url; /* char *: http or https with a host, or file with a path; an absolute
                                               path becomes a file URL */
extern const gpuvm_scalar gpuvm_scalar_source; /* char *: a path or a URL, as above */
extern const gpuvm_scalar
    gpuvm_scalar_checksum; /* char *: "sha256:" or "sha512:" and lower-case hex digits; 64 hex
                                                  digits alone become the former */
extern const gpuvm_scalar gpuvm_scalar_mac;    /* char *: lower case, of one station */
extern const gpuvm_scalar gpuvm_scalar_bridge; /* char *: a network interface's name */
extern const gpuvm_scalar gpuvm_scalar_subnet; /* char *: "10.0.0.0/24", "fd00::/64" */
extern const gpuvm_scalar gpuvm_scalar_ip;     /* char *: IPv4 or IPv6 */
extern const gpuvm_scalar gpuvm_scalar_target; /* char *: "vda", "sdb" */

/** The file URL of @path, which is absolute. g_malloc. */
char *gpuvm_file_url(const char *path);

extern const gpuvm_scalar gpuvm_scalar_pci_ref;          /* gpuvm_pci_ref */
extern const gpuvm_scalar gpuvm_scalar_pci_ref_optional; /* gpuvm_pci_ref * */
extern const gpuvm_scalar gpuvm_scalar_pci_pattern;      /* gpuvm_pci_pattern * */
extern const gpuvm_scalar gpuvm_scalar_pci_class;        /* char *: 2, 4 or 6 lower-case hex digits */
extern const gpuvm_scalar gpuvm_scalar_numa_node;        /* uint64_t * */
extern const gpuvm_scalar gpuvm_scalar_cpuset;           /* GArray * of int, ascending */
