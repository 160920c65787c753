/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#define GPU "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia\n"
#define AUDIO "0000:01:00.1 040300 10de:1aef group=14 driver=snd_hda_intel\n"
#define NIC "0000:02:00.0 020000 8086:1533 group=14 driver=igb\n"
#define BOOT_GPU "0000:02:00.0 030000 10de:2204 group=14 driver=nvidia boot=1\n"

#define PASS "devices: {pci_passthrough: ['01:00.0']}\n"
#define INCLUDE "devices: {pci_passthrough: ['01:00.0'], iommu_group: include}\n"
#define DETACH "devices: {pci_passthrough: ['01:00.0'], iommu_group: detach}\n"
#define ANY "allowlist: ['*:*']"
#define PROTECT(words) "{" ANY ", protect: [" words "]}"

/** A use that the host has of @addr. */
static void
use(plan_scene *made, const char *addr, gpuvm_use_kind kind, bool root, const char *what, const char *remedy)
{
    gpuvm_pci_addr at = build_addr(addr);

    gpuvm_facts_add_use(made->facts, &at, kind, root, what, remedy);
}

/* Every policy there can be, one for each set of words, and one that says nothing of it. */
#define WORDS 5
#define POLICIES ((1u << WORDS) + 1)

static char *
policy_text(unsigned set)
{
    g_autoptr(GString) text = g_string_new("{" ANY);

    if (set < 1u << WORDS)
        g_string_append(text, ", protect: [");
    for (unsigned word = 0; set < 1u << WORDS && word < WORDS; word++) {
        if (set & 1u << word)
            g_string_append_printf(text, "%s, ", gpuvm_protect_names[word]);
    }
    g_string_append(text, set < 1u << WORDS ? "]}" : "}");
    return g_strdup(text->str);
}

/* Each use × each policy × each way in which a device comes to a VM: refused exactly when the policy protects it. */
static void
every_use_policy_and_role(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *addr, *facts, *definition;
    } roles[] = {
        {"0000:01:00.0", GPU, PASS},
        {"0000:01:00.1", GPU AUDIO, PASS},
        {"0000:02:00.0", GPU NIC, INCLUDE},
        {"0000:02:00.0", GPU NIC, DETACH},
    };
    static const struct {
        gpuvm_use_kind kind;
        bool root;
        const char *error;
    } uses[] = {
        {GPUVM_USE_STORAGE, true, "4 is in use by the host: it is needed"},
        {GPUVM_USE_STORAGE, false, "4 is in use by the host: it is needed :: to free it: let go"},
        {GPUVM_USE_NETWORK, false, "4 is in use by the host: it is needed :: to free it: let go"},
        {GPUVM_USE_ADDRESS, false, "4 is in use by the host: it is needed :: to free it: let go"},
        {GPUVM_USE_HOLDER, false, "5 is in use by the host: it is needed :: to free it: let go"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(roles) * G_N_ELEMENTS(uses) * POLICIES; i++) {
        unsigned set = i % POLICIES;
        size_t u = i / POLICIES % G_N_ELEMENTS(uses), r = i / POLICIES / G_N_ELEMENTS(uses);
        bool protects = uses[u].root || set == 1u << WORDS || set & 1u << uses[u].kind;
        g_autofree char *policy = policy_text(set);
        g_autofree char *name = g_strdup_printf("role %zu, use %zu, policy %s", r, u, policy);
        g_autofree char *error = g_strdup_printf("%s :: device %s", uses[u].error, roles[r].addr);
        g_autoptr(plan_scene) made = scene_new(roles[r].facts, roles[r].definition, policy, NULL);

        use(made, roles[r].addr, uses[u].kind, uses[u].root, "is needed", uses[u].root ? NULL : "let go");
        scene_plan(made);
        expect_diags(name, made->diags, GPUVM_DIAG_ERROR, (const char *[]){protects ? error : NULL, NULL});
        expect_diags(name, made->diags, GPUVM_DIAG_NOTE, (const char *[]){NULL});
    }
}

#define HELD "5 device 0000:01:00.0 is in use by the host: it is open"
#define ROUTED "4 device 0000:02:00.0 is in use by the host: it carries the default route"
#define DARK(addr) "4 device " addr " is the host's boot display :: allow_host_display"

static void
one_by_one(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *facts, *definition, *policy, *second_policy;
        const char *errors[4];
    } cases[] = {
        {"the built-in policy protects", GPU AUDIO, PASS, NULL, NULL, {HELD}},
        {"all that is wrong is said", GPU NIC, INCLUDE, ANY, NULL, {HELD, ROUTED}},
        {"a device that stays does not matter",
         GPU "0000:02:00.0 020000 8086:1533 group=20\n",
         PASS,
         PROTECT("network"),
         NULL,
         {NULL}},
        {"what no policy allows is still said to be in use",
         GPU NIC,
         DETACH,
         "allowlist: ['10de:*']",
         NULL,
         {"4 device 0000:02:00.0 (8086:1533) not in allowlist", HELD, ROUTED}},
        {"a second policy cannot give up what the first protects", GPU, PASS, ANY, PROTECT(""), {HELD}},
        {"nor the first what the second does", GPU, PASS, PROTECT("storage"), PROTECT("holders"), {HELD}},
        {"both give it up", GPU, PASS, PROTECT("storage"), PROTECT("network"), {NULL}},
        {"the boot display, drawn in", GPU BOOT_GPU, INCLUDE, PROTECT(""), NULL, {DARK("0000:02:00.0")}},
        {"the boot display, detached", GPU BOOT_GPU, DETACH, PROTECT(""), NULL, {DARK("0000:02:00.0")}},
        {"to give up the display is to give up nothing else",
         GPU BOOT_GPU,
         DETACH,
         "{" ANY ", allow_host_display: true}",
         NULL,
         {HELD, ROUTED}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) made =
            scene_new(cases[i].facts, cases[i].definition, cases[i].policy, cases[i].second_policy);

        use(made, "0000:01:00.0", GPUVM_USE_HOLDER, false, "is open", NULL);
        use(made, "0000:02:00.0", GPUVM_USE_NETWORK, false, "carries the default route", NULL);
        scene_plan(made);
        expect_diags(cases[i].name, made->diags, GPUVM_DIAG_ERROR, cases[i].errors);
    }
}

/* What could not be seen of a host, and what is said of it. */
static const struct sight {
    bool looked, hidden;
    const char *says; /* NULL: nothing */
} sights[] = {
    {true, false, NULL},
    {true, true,
     "whether processes have these devices open cannot be seen: some are hidden :: as root (sudo)"},
    {false, false,
     "whether the host uses these devices itself cannot be seen from here :: on the host itself"},
};

/* Who asks for devices alone is told the same, and whether a start would be refused. */
static void
check_shown(const char *name, const plan_scene *made, gpuvm_severity severity, const char *says)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    const char *unseen = gpuvm_admit_unseen(made->facts, &made->policies, diags);

    expect_diags(name, diags, severity, (const char *[]){says, NULL});
    assert_int_equal(unseen != NULL, says && severity == GPUVM_DIAG_WARNING);
}

/* Plans the VM, or starts it: what could not be seen is said with @severity, and nothing else. */
static void
check_sight(const char *name, plan_scene *made, const struct sight *sight, bool start,
            gpuvm_severity severity)
{
    g_autofree char *says = sight->says && severity == GPUVM_DIAG_ERROR
                                ? g_strdup_printf("4 %s :: leaves 'unseen' out", sight->says)
                                : g_strdup(sight->says);

    gpuvm_facts_looked_for_uses(made->facts);
    if (!sight->looked)
        g_clear_pointer(&made->facts->uses, g_hash_table_unref);
    made->facts->processes_hidden = sight->hidden;
    made->record = build_record("0000:01:00.0 10de:2204 requested");
    if (start)
        scene_start(made, "0000:01:00.0", 0);
    else
        scene_plan(made);
    for (gpuvm_severity each = GPUVM_DIAG_NOTE; each <= GPUVM_DIAG_ERROR; each++)
        expect_diags(name, made->diags, each, (const char *[]){each == severity ? says : NULL, NULL});
    if (!start)
        check_shown(name, made, severity, says);
}

/* What cannot be seen is refused when a VM starts, and foretold when it is planned, unless no policy protects it. */
static void
what_cannot_be_seen(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *policy, *second_policy;
        bool protects;
    } cases[] = {
        {"the built-in policy", NULL, NULL, true},
        {"a policy without the key", ANY, NULL, true},
        {"one that lists it", PROTECT("unseen"), NULL, true},
        {"the second one", PROTECT(""), PROTECT("unseen"), true},
        {"the second one, without the key", PROTECT(""), ANY, true},
        {"it is given up", PROTECT("storage, network, addresses, holders"), NULL, false},
        {"with everything", PROTECT(""), NULL, false},
        {"by both", PROTECT(""), PROTECT("holders"), false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(sights) * 2; i++) {
        size_t c = i / 2 % G_N_ELEMENTS(cases), sight = i / 2 / G_N_ELEMENTS(cases);
        bool start = i % 2;
        gpuvm_severity refusal = start ? GPUVM_DIAG_ERROR : GPUVM_DIAG_WARNING;
        g_autofree char *name =
            g_strdup_printf("%s, sight %zu, %s", cases[c].name, sight, start ? "start" : "plan");
        g_autoptr(plan_scene) made = scene_new(GPU, PASS, cases[c].policy, cases[c].second_policy);

        check_sight(name, made, &sights[sight], start, cases[c].protects ? refusal : GPUVM_DIAG_NOTE);
    }
}

/* A VM without devices takes nothing from the host. */
static void
nothing_passed(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) made = scene_new(GPU, "", NULL, NULL);

    g_clear_pointer(&made->facts->uses, g_hash_table_unref);
    made->facts->processes_hidden = true;
    scene_plan(made);
    assert_int_equal(made->diags->items->len, 0);
}

/* A device with several uses: each is named, but those that the policy gives up. */
static void
several_uses_of_one(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) made = scene_new(GPU, PASS, PROTECT("storage"), NULL);

    use(made, "0000:01:00.0", GPUVM_USE_STORAGE, true, "holds the file system mounted at /", NULL);
    use(made, "0000:01:00.0", GPUVM_USE_STORAGE, false, "holds the file system mounted at /srv", "umount");
    use(made, "0000:01:00.0", GPUVM_USE_STORAGE, false, "holds the file system mounted at /srv", "umount");
    use(made, "0000:01:00.0", GPUVM_USE_HOLDER, false, "is open", NULL);
    scene_plan(made);
    expect_diags(
        "several uses", made->diags, GPUVM_DIAG_ERROR,
        (const char *[]){"4 it holds the file system mounted at /", "4 mounted at /srv :: umount", NULL});
}

/* A physical function takes its virtual functions along, and with them what the host does with these. */
static void
virtual_function_of_one(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) made = scene_new(
        GPU "0000:01:10.0 020000 8086:1520 group=30 driver=igbvf vf=0000:01:00.0\n", PASS, ANY, NULL);

    use(made, "0000:01:10.0", GPUVM_USE_NETWORK, false, "carries the default route", "ip link");
    scene_plan(made);
    expect_diags(
        "virtual function", made->diags, GPUVM_DIAG_ERROR,
        (const char *[]){"4 device 0000:01:10.0, a virtual function of 0000:01:00.0, is in use by the host: "
                         "it carries the default route :: ip link",
                         NULL});
}

/* The same at start, where the domain's own XML says what is passed. */
static void
at_start(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) made = scene_new(GPU NIC, PASS, ANY, NULL);
    made->record = build_record("0000:01:00.0 10de:2204 requested\n0000:02:00.0 8086:1533 detached\n");
    use(made, "0000:02:00.0", GPUVM_USE_NETWORK, false, "carries the default route", NULL);
    scene_start(made, "0000:01:00.0 0000:02:00.0", 0);
    expect_diags("at start", made->diags, GPUVM_DIAG_ERROR, (const char *[]){ROUTED, NULL});
}

/* What does not answer is to be reset: what the host does with any function of the card is in the way, whatever a policy says. */
static void
at_release(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *gpu, *errors[2];
    } rows[] = {
        {"it answers", GPU, {NULL}},
        {"it does not",
         "0000:01:00.0 030000 10de:2204 group=14 silent\n",
         {"4 device 0000:01:00.1 is in use by the host: it has an address"}},
        {"it is the boot display, too",
         "0000:01:00.0 030000 10de:2204 group=14 silent boot=1\n",
         {"4 device 0000:01:00.0 is the host's boot display",
          "4 device 0000:01:00.1 is in use by the host: it has an address"}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *facts = g_strconcat(rows[i].gpu, AUDIO, NULL);
        g_autoptr(plan_scene) made = scene_new(facts, "", PROTECT(""), NULL);
        g_autoptr(GPtrArray) functions = gpuvm_functions_new();
        g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));
        gpuvm_admission admission = scene_admission(made, GPUVM_RELEASE, functions);
        const gpuvm_pci_addr addr = build_addr("0000:01:00.0");

        admission.absent = absent;
        use(made, "0000:01:00.1", GPUVM_USE_ADDRESS, false, "has an address", NULL);
        gpuvm_admission_name_card(&admission, &addr, &(gpuvm_mark){0}, NULL);
        gpuvm_admit(&admission);
        expect_diags(rows[i].name, made->diags, GPUVM_DIAG_ERROR,
                     (const char *[]){rows[i].errors[0], rows[i].errors[0] ? rows[i].errors[1] : NULL, NULL});
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_use_policy_and_role),
        cmocka_unit_test(one_by_one),
        cmocka_unit_test(what_cannot_be_seen),
        cmocka_unit_test(nothing_passed),
        cmocka_unit_test(several_uses_of_one),
        cmocka_unit_test(virtual_function_of_one),
        cmocka_unit_test(at_start),
        cmocka_unit_test(at_release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
