/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * emulator.h: whether the QEMU of a domain runs on this machine, when libvirt does not say
 *
 * libvirt's system daemon has /run/libvirt/qemu/NAME.pid as long as a domain runs, also while the daemon itself is stopped or gone,
 * and removes it when it sees the domain's end.
 */
#pragma once

typedef enum gpuvm_emulator {
    GPUVM_EMULATOR_RUNS,
    GPUVM_EMULATOR_GONE,   /* there is its file, and surely no such process: it ended when nobody saw that */
    GPUVM_EMULATOR_UNSEEN, /* there is no such file, or what became of the process cannot be seen */
} gpuvm_emulator;

/** Looks for the QEMU of domain @name, under @root ("": this machine); *@ret_pid is the process, when it runs. */
gpuvm_emulator gpuvm_emulator_look(const char *root, const char *name, int *ret_pid);
