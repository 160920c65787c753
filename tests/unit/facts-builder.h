/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts-builder.h: hosts, definitions and policies as short texts, so that a test of a rule is a row of a table
 *
 * A host is lines of words. Later words may be in any order:
 *
 *   0000:01:00.0 030000 10de:2204 group=14 driver=nvidia numa=0 boot=1 bridge vf=0000:01:00.0
 *   … reset=flr,bus silent reserved
 *   … serial=S1 path=0000:00:01.0/00.0 slot=4 subsystem=104387af
 *   … link=16x16/2.5x8                         GT/s x lanes that it is able to / that it runs at
 *   … below=0000:00:01.0 bars=16M,128Gp,32Mp   the bridge above; memory BARs, prefetchable ones of 64 bits with a p
 *   unknown 0000:05:00.0 group=14              a member of the group of which nothing else is known
 *   domain NAME [active] 0000:01:00.0 …        what another domain names, and has when it is active
 *   domain NAME active now ADDRESS… next ADDRESS…   what it has, and what it names for its next start
 *   … managed left                             gpuvm manages it; a power cut left it
 *   … cpus=4                                   that it runs with
 *   … pins=0-3 memory=MIB node=0               the CPUs of the host that it has for itself; what it has of a cell's memory
 *   cell 0 cpus=0-3,8 memory=MIB threads=2 L3=4 2M=PAGES 1G=FREE/PAGES
 *                                              neighbours are threads of a core, and share a cache
 *   host cpus=8 memory=MIB type=qemu emulator=PATH kernel=PATH isolated=0-1 vendor=AuthenticAMD arch=x86_64
 *   host framebuffer=0000:01:00.0              who has the boot framebuffer in a BAR
 *   host hugetlbfs=2048,1048576                hugepages that are mounted, KiB
 *   host bits=46                               of physical addresses; local, so that the BARs are known
 *
 * The host itself uses none of its devices, as far as anybody could see.
 *
 * A text that is wrong ends the test program: it is the test's fault.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/admit.h"
#include "core/planner.h"
#include "model/spec.h"

/** In place of a policy: there is none at all. */
#define NO_POLICY "none"

gpuvm_pci_addr build_addr(const char *text);
gpuvm_facts *build_facts(const char *lines);
gpuvm_spec *build_spec(const char *yaml, const char *kind);

/** What define recorded: lines of "0000:01:00.0 10de:2204 requested". */
gpuvm_record *build_record(const char *lines);

/** Everything that one plan is made from, and the plan. Owned. */
typedef struct plan_scene {
    gpuvm_facts *facts;
    gpuvm_spec *vm;
    gpuvm_policies policies; /* called "the policy" and "the second policy" */
    gpuvm_record *record;
    const char *uuid, *mac; /* borrowed */
    GBytes *key;            /* NULL */
    bool transient;
    gpuvm_diags *diags;
    gpuvm_plan *plan; /* NULL before scene_plan */
} plan_scene;

/**
 * A VM "vm" whose further keys are @definition, on a host. @policy is YAML, NO_POLICY, or NULL for the
 * built-in one; @second_policy may be NULL.
 */
plan_scene *
scene_new(const char *facts, const char *definition, const char *policy, const char *second_policy);
void scene_plan(plan_scene *scene);

/** What @scene's VM may have, of @functions, on @occasion; its domain is "vm", with the scene's record. */
gpuvm_admission scene_admission(const plan_scene *scene, gpuvm_occasion occasion, GPtrArray *functions);

/** Judges a start of the scene's VM with @hostdevs ("0000:01:00.0 …"), against the scene's record. */
void scene_start(plan_scene *scene, const char *hostdevs, uint64_t pinned_kib);
void scene_free(plan_scene *scene);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(plan_scene, scene_free)

/** "0000:01:00.0 requested 1.0+, 0000:02:00.0 detached": guest bus and function, + for multifunction. */
char *functions_text(const GPtrArray *functions);

/**
 * Fails the test, which is about @name, unless @diags has exactly the @expected (NULL-terminated) ones of
 * @severity, in any order. Each is "EXIT PART :: PART …" for an error, "PART :: PART …" for another: every part is
 * in the message or the hint.
 */
void expect_diags(const char *name, const gpuvm_diags *diags, gpuvm_severity severity,
                  const char *const *expected);

/** Fails the test, which is about @name, unless @actual is @expected. */
void expect_text(const char *name, const char *actual, const char *expected);

/** One row of a table: what a plan is made from, and what it must be. */
typedef struct plan_case {
    const char *name;
    const char *facts, *definition, *policy, *second_policy;
    const char *record;      /* lines for build_record; NULL */
    const char *functions;   /* as functions_text; NULL: not looked at */
    const char *errors[5];   /* as expect_diags */
    const char *notes[4];    /* likewise */
    const char *warnings[2]; /* likewise */
} plan_case;

void run_plan_cases(const plan_case *cases, size_t n);
