/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clustercheck.h: is a Pacemaker cluster fit to run GPU VMs, and if not, what to type?
 *
 * As core/fitness.h of a host. A topic is a row of the table in clustercheck.c.
 */
#pragma once

#include "core/fitness.h"
#include "model/cluster.h"

/** What the libvirt of a node has under the names of the cluster's VMs. */
typedef struct gpuvm_node_answer {
    char *node;
    char *error;           /* why it was not to be asked; NULL: it was */
    GPtrArray *persistent; /* char *, owned: those that have a definition there */
    GPtrArray *autostart;  /* likewise: those of them that libvirt starts by itself */
} gpuvm_node_answer;

void gpuvm_node_answer_free(gpuvm_node_answer *answer);

/** What the definitions name that the cluster's resources name (char *, owned: "FILE: the rootfs …"). */
typedef struct gpuvm_cluster_files {
    GPtrArray *unread;    /* definitions that cannot be read here, and why */
    GPtrArray *unpinned;  /* images without a checksum */
    GPtrArray *written;   /* disks whose content is on one node alone */
    unsigned definitions; /* that were read */
} gpuvm_cluster_files;

typedef struct gpuvm_clustercheck_input {
    const gpuvm_cluster *cluster;
    int quorum_device;        /* 1, 0, GPUVM_UNKNOWN */
    const GPtrArray *answers; /* gpuvm_node_answer; NULL: nobody was asked */
    const gpuvm_cluster_files *files;
} gpuvm_clustercheck_input;

/** The findings (gpuvm_finding, owned by the array), in the order in which remedying them makes sense. */
GPtrArray *gpuvm_clustercheck(const gpuvm_clustercheck_input *input);

/**
 * Adds what of @vm's files is not the same on each node to @files; @file is its definition. @is_shared: whether a path is on storage
 * that nodes share.
 */
void gpuvm_clustercheck_files(const gpuvm_vm *vm, const char *file, bool (*is_shared)(const char *path),
                              gpuvm_cluster_files *files);
