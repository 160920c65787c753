/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/claim.h"
#include "core/group.h"

#define GPU "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia\n0000:01:00.1 040300 10de:1aef group=14\n"
#define SECOND "0000:02:00.0 030000 10de:2204 group=15\n0000:02:00.1 040300 10de:1aef group=15\n"
#define VIRTUAL                                                                                              \
    "0000:0a:00.0 030000 10de:2204 group=16\n"                                                               \
    "0000:01:00.0 030000 10de:2204 group=14 vf=0000:0a:00.0\n"
#define PHYSICAL                                                                                             \
    "0000:01:00.0 030000 10de:2204 group=14\n"                                                               \
    "0000:0a:00.0 030000 10de:2204 group=16 vf=0000:01:00.0\n"
#define MATE "0000:03:00.0 030000 10de:2204 group=14\n"

/** Checks what others hold of the host's cards 01 and 02. */
static void
check(const char *name, const char *host, bool starting, gpuvm_severity severity, const char *const *expected)
{
    g_autoptr(gpuvm_facts) facts = build_facts(host);
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    const gpuvm_admission admission = {.occasion = starting ? GPUVM_START : GPUVM_PLAN,
                                       .domain = "vm",
                                       .facts = facts,
                                       .functions = functions,
                                       .diags = diags};

    /* the order in which the planner takes them: what is named, then the other functions of the cards */
    for (const char *const *at = (const char *const[]){"0000:01:00.0", "0000:02:00.0", NULL}; *at; at++) {
        gpuvm_pci_addr addr = build_addr(*at);
        const gpuvm_device *device = gpuvm_facts_device(facts, &addr);

        if (device)
            gpuvm_functions_add(functions, device, GPUVM_ROLE_REQUESTED, &(gpuvm_mark){0}, NULL);
    }
    gpuvm_card_rule(&admission);
    gpuvm_claim_rule(&admission);
    expect_diags(name, diags, severity, expected);
    expect_diags(name, diags, severity == GPUVM_DIAG_NOTE ? GPUVM_DIAG_ERROR : GPUVM_DIAG_NOTE,
                 (const char *const[]){NULL});
}

static void
reports_what_others_hold(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host;
        bool starting;
        gpuvm_severity severity;
        const char *expected[4];
    } cases[] = {
        {"free", GPU "domain a 0000:09:00.0\n", true, GPUVM_DIAG_ERROR, {NULL}},
        {"its own", GPU "domain vm active 0000:01:00.0\n", true, GPUVM_DIAG_ERROR, {NULL}},
        {"defined, at define",
         GPU "domain a 0000:01:00.0\n",
         false,
         GPUVM_DIAG_NOTE,
         {"device 0000:01:00.0 is also named by domain 'a': the two cannot run together"}},
        {"defined, at start", GPU "domain a 0000:01:00.0\n", true, GPUVM_DIAG_NOTE, {NULL}},
        {"active, at define",
         GPU "domain a active 0000:01:00.0\n",
         false,
         GPUVM_DIAG_NOTE,
         {"device 0000:01:00.0 is also named by domain 'a', which is running: the two cannot run together"}},
        {"active, at start",
         GPU "domain a active 0000:01:00.0\n",
         true,
         GPUVM_DIAG_ERROR,
         {"5 device 0000:01:00.0 is in use by domain 'a', which is running :: virsh shutdown a"}},
        {"another function of the card",
         GPU "domain a active 0000:01:00.1\n",
         true,
         GPUVM_DIAG_ERROR,
         {"5 device 0000:01:00.1, in IOMMU group 14 with 0000:01:00.0, is in use by domain 'a'"}},
        {"a group-mate, at define",
         GPU MATE "domain a 0000:03:00.0\n",
         false,
         GPUVM_DIAG_NOTE,
         {"device 0000:03:00.0, in IOMMU group 14 with 0000:01:00.0, is also named by domain 'a'"}},
        {"a group-mate, at start",
         GPU MATE "domain a active 0000:03:00.0\n",
         true,
         GPUVM_DIAG_ERROR,
         {"5 device 0000:03:00.0, in IOMMU group 14 with 0000:01:00.0, is in use by domain 'a'"}},
        {"its physical function",
         VIRTUAL "domain a active 0000:0a:00.0\n",
         true,
         GPUVM_DIAG_ERROR,
         {"5 device 0000:0a:00.0, the physical function of 0000:01:00.0, is in use by domain 'a'"}},
        {"its virtual function",
         PHYSICAL "domain a active 0000:0a:00.0\n",
         true,
         GPUVM_DIAG_ERROR,
         {"5 device 0000:0a:00.0, a virtual function of 0000:01:00.0, is in use by domain 'a'"}},
        {"a sibling virtual function is another device",
         VIRTUAL "0000:0a:00.2 030000 10de:2204 group=17 vf=0000:0a:00.0\ndomain a active 0000:0a:00.2\n",
         true,
         GPUVM_DIAG_ERROR,
         {NULL}},
        {"several domains",
         GPU "domain a active 0000:01:00.0\ndomain b active 0000:01:00.1\n",
         true,
         GPUVM_DIAG_ERROR,
         {"5 0000:01:00.0 is in use by domain 'a'", "5 0000:01:00.1, in IOMMU group 14"}},
        {"once for a card",
         GPU "domain a active 0000:01:00.0 0000:01:00.1\n",
         true,
         GPUVM_DIAG_ERROR,
         {"5 device 0000:01:00.0 is in use"}},
        {"once for each card",
         GPU SECOND "domain a active 0000:01:00.0 0000:01:00.1 0000:02:00.0 0000:02:00.1\n",
         true,
         GPUVM_DIAG_ERROR,
         {"5 device 0000:01:00.0 is in use", "5 device 0000:02:00.0 is in use"}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        check(cases[i].name, cases[i].host, cases[i].starting, cases[i].severity, cases[i].expected);
}

/* Of a running domain that was defined anew: what it has is in use, what it names is named. */
static void
tells_now_from_next(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *host;
        const char *in_use[3], *named[3]; /* at start, at define */
    } cases[] = {
        {"has it, and names it",
         GPU "domain a active 0000:01:00.0\n",
         {"5 device 0000:01:00.0 is in use"},
         {"device 0000:01:00.0 is also named by domain 'a', which is running"}},
        {"only has it",
         GPU "domain a active now 0000:01:00.0 next 0000:09:00.0\n",
         {"5 device 0000:01:00.0 is in use"},
         {"device 0000:01:00.0 is also named"}},
        {"only names it",
         GPU "domain a active next 0000:01:00.0\n",
         {NULL},
         {"device 0000:01:00.0 is also named by domain 'a' for its next start: the two cannot run together"}},
        {"has one card, names the other",
         GPU SECOND "domain a active now 0000:02:00.0 next 0000:01:00.0\n",
         {"5 device 0000:02:00.0 is in use"},
         {"device 0000:01:00.0 is also named", "device 0000:02:00.0 is also named"}},
        {"has one function, names the other",
         GPU "domain a active now 0000:01:00.1 next 0000:01:00.0\n",
         {"5 device 0000:01:00.1, in IOMMU group 14 with 0000:01:00.0, is in use"},
         {"device 0000:01:00.0 is also named"}},
        {"names a group-mate",
         GPU MATE "domain a active next 0000:03:00.0\n",
         {NULL},
         {"device 0000:03:00.0, in IOMMU"}},
        {"one domain has it, another names it",
         GPU "domain a active next 0000:01:00.0\ndomain b active now 0000:01:00.0\n",
         {"5 device 0000:01:00.0 is in use by domain 'b'"},
         {"named by domains 'a' (next start) and 'b' (running): only one"}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        check(cases[i].name, cases[i].host, true, GPUVM_DIAG_ERROR, cases[i].in_use);
        check(cases[i].name, cases[i].host, false, GPUVM_DIAG_NOTE, cases[i].named);
    }
}

static void
one_active_one_defined(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene =
        scene_new(GPU "domain a active 0000:01:00.0\ndomain b 0000:01:00.0\ndomain vm 0000:01:00.0\n",
                  "devices: {pci_passthrough: ['01:00.0']}", NULL, NULL);

    scene_plan(scene);
    expect_diags("define", scene->diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
    expect_diags("define", scene->diags, GPUVM_DIAG_NOTE,
                 (const char *const[]){"named by domains 'a' (running) and 'b': only one", NULL});
}

/* A replica's device, which another one is planned to have, is an error, not a note; what that one still has is none. */
static void
keeps_replicas_apart(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *domains, *deployment; /* of the domain "a" */
        const char *errors[2], *notes[2];
    } cases[] = {
        {"of the deployment",
         "domain a 0000:01:00.0\n",
         "fleet",
         {"5 device 0000:01:00.0 is that of replica 'a': the two are to run together"},
         {NULL}},
        {"its function",
         "domain a 0000:01:00.1\n",
         "fleet",
         {"5 device 0000:01:00.1, in IOMMU group 14 with 0000:01:00.0, is that of replica 'a'"},
         {NULL}},
        {"its group",
         MATE "domain a 0000:03:00.0\n",
         "fleet",
         {"5 device 0000:03:00.0, in IOMMU group 14 with"},
         {NULL}},
        {"of another",
         "domain a 0000:01:00.0\n",
         "other",
         {NULL},
         {"device 0000:01:00.0 is also named by domain 'a'"}},
        {"of none",
         "domain a 0000:01:00.0\n",
         NULL,
         {NULL},
         {"device 0000:01:00.0 is also named by domain 'a'"}},
        {"that it has until then",
         "domain a active now 0000:01:00.0 next 0000:09:00.0\n",
         "fleet",
         {NULL},
         {"device 0000:01:00.0 is also named by domain 'a', which is running"}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *host = g_strconcat(GPU, cases[i].domains, NULL);
        g_autoptr(plan_scene) scene = scene_new(host, "", NULL, NULL);
        g_autoptr(GPtrArray) functions = gpuvm_functions_new();
        gpuvm_admission admission = scene_admission(scene, GPUVM_PLAN, functions);
        gpuvm_pci_addr addr = build_addr("0000:01:00.0");
        gpuvm_claim *claim = gpuvm_facts_take_claim(scene->facts, "a");

        claim->deployment = g_strdup(cases[i].deployment);
        gpuvm_facts_add_claim(scene->facts, claim);
        admission.deployment = "fleet";
        gpuvm_functions_add(functions, gpuvm_facts_device(scene->facts, &addr), GPUVM_ROLE_REQUESTED,
                            &(gpuvm_mark){0}, NULL);
        gpuvm_card_rule(&admission);
        gpuvm_claim_rule(&admission);
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_ERROR, cases[i].errors);
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_NOTE, cases[i].notes);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_replicas_apart),
        cmocka_unit_test(reports_what_others_hold),
        cmocka_unit_test(tells_now_from_next),
        cmocka_unit_test(one_active_one_defined),
    };

    return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
