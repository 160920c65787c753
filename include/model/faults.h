/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * faults.h: the known faults: what a line of a log means, and what to do
 *
 * The table is data/faults.yaml, which the build checks and makes C of.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** In the order in which rows are tried. */
typedef enum gpuvm_fault_severity {
    GPUVM_FAULT_FATAL,
    GPUVM_FAULT_WARNING,
    GPUVM_FAULT_BENIGN,
    GPUVM_FAULT_WRAPPER, /* passes on another's words: not a cause */
    GPUVM_FAULT_PHASE,   /* no fault: how far a start is */
} gpuvm_fault_severity;

typedef struct gpuvm_fault {
    const char *id, *where, *seen, *sure;
    gpuvm_fault_severity severity;
    int code;              /* virErrorNumber that an error must have; 0: any */
    int exit;              /* enum gpuvm_exit of such an error */
    bool tried;            /* the remedy */
    const char *signature; /* a regular expression; NULL: only an error is known by it, not a line */
    const char *example;   /* a line that has the signature */
    const char *meaning, *remedy, *source; /* each may be NULL, not both former */
} gpuvm_fault;

/** What a number of a driver's stands for. */
typedef struct gpuvm_fault_number {
    unsigned number;
    const char *name;
} gpuvm_fault_number;

extern const gpuvm_fault gpuvm_faults[];
extern const unsigned gpuvm_faults_count;
/* these end with a row without a name */
extern const gpuvm_fault_number gpuvm_xids[], gpuvm_rm_init[], gpuvm_nv_status[];

/**
 * The first row that @line, of a log, fits; NULL: none. @guest: the guest wrote it, which could say anything of the host: only rows of guests
 * count.
 */
const gpuvm_fault *gpuvm_fault_of_line(const char *line, bool guest);

/** The first row that an error of libvirt's with @code and @words fits, and that says more than the error; NULL: none. */
const gpuvm_fault *gpuvm_fault_of_error(int code, const char *words);

/** "MEANING: REMEDY", or the one there is. g_malloc. */
char *gpuvm_fault_text(const gpuvm_fault *fault);

/** How much is known of @fault: "seen in a log, sure: high; remedy not tried". g_malloc. */
char *gpuvm_fault_trust(const gpuvm_fault *fault);

/** What NVIDIA's numbers in @line stand for: "Xid 79: GPU_HAS_FALLEN_OFF_THE_BUS"; NULL: it has none. g_malloc. */
char *gpuvm_fault_decode(const char *line);

/** Whether @line, which fits no row, looks like an error that has to do with a VM or its devices. */
bool gpuvm_fault_suspected(const char *line, bool kernel);
