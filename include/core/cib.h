/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cib.h: definitions → what Pacemaker is told to run
 *
 * A VM is a resource of the agent ocf:gpuvm:vm, a deployment a globally unique clone of one, and the clone gpuvm-hosts (ocf:gpuvm:host)
 * publishes what each node has. How many VMs a node takes is a matter of utilization, which is integers by name: cards by model
 * (gpu_10de_2330), memory_mb, cpu. What cannot be said by these is an error. Pacemaker Explained, "Utilization and Placement Strategy".
 */
#pragma once

#include "core/policies.h"
#include "model/facts.h"
#include "model/spec.h"

/** A captured host of the cluster; all borrowed. */
typedef struct gpuvm_cib_node {
    const char *name;
    const gpuvm_facts *facts; /* with all devices */
    const gpuvm_policies *policies;
} gpuvm_cib_node;

/** What is to run; all borrowed. */
typedef struct gpuvm_cib_vm {
    const gpuvm_spec *spec; /* a VM; of a deployment, its first replica */
    char *file;             /* the absolute path of its definition */
} gpuvm_cib_vm;

typedef struct gpuvm_cib_input {
    const GPtrArray *vms;   /* gpuvm_cib_vm */
    const GPtrArray *nodes; /* gpuvm_cib_node; NULL: the nodes are not known */
    char *const *bindings;  /* "NODE", of VMs that name devices, and "VM=NODE"; NULL: none */
    const char *uri;        /* of each node's libvirt */
    const char *
        definitions; /* the absolute paths of files and directories that must be the same on all nodes, with blanks between */
} gpuvm_cib_input;

typedef struct gpuvm_cib_operation {
    const char *name;
    unsigned interval, timeout; /* seconds */
    const char *on_fail;        /* NULL: as Pacemaker has it */
} gpuvm_cib_operation;

typedef struct gpuvm_cib_resource {
    char *id;
    char *clone;                         /* the id of the clone of it; NULL: it is none */
    const char *agent;                   /* "ocf:gpuvm:" and this */
    GPtrArray *attributes, *utilization; /* gpuvm_pair, owned */
    GPtrArray *meta;                     /* the same; of the clone, if it is one */
    gpuvm_cib_operation operations[3];
    char *node; /* the only one that it runs on; NULL: any */
} gpuvm_cib_resource;

/**
 * The resources (gpuvm_cib_resource, owned by the array) of @input, gpuvm-hosts first, the others by id. What Pacemaker cannot be told,
 * and what cannot be right on several nodes, is an error (exit code 3; 5 when it is for what the nodes have), what does not move with a
 * VM a note. NULL: see @diags.
 */
GPtrArray *gpuvm_cib_make(const gpuvm_cib_input *input, gpuvm_diags *diags);

/** Whether @text can be given to all of cibadmin, crmsh, pcs and a shell: it is printable UTF-8 without blanks, quotes and backslashes. */
bool gpuvm_cib_is_plain(const char *text);

/** What cibadmin --modify --allow-create --xml-pipe makes of @resources; NULL: two things would have one id, see @diags. g_malloc. */
char *gpuvm_cib_print_xml(const GPtrArray *resources, gpuvm_diags *diags);

/** The same for crm configure load update, and as commands of pcs. g_malloc. */
char *gpuvm_cib_print_crm(const GPtrArray *resources);
char *gpuvm_cib_print_pcs(const GPtrArray *resources);
