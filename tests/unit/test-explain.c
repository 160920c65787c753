/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>
#include <unistd.h>

#include "core/domxml.h"
#include "core/explain.h"
#include "core/verdict.h"
#include "model/tables.h"
#include "ops/draft.h"

#define CARD "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia\n"
#define AUDIO "0000:01:00.1 040300 10de:1aef group=14 driver=snd_hda_intel\n"
#define OTHER "0000:02:00.0 030000 10de:2204 group=15 driver=nvidia\n"
#define NIC "0000:03:00.0 020000 8086:1533 group=16 driver=igb\n"

/* A template that lacks all that gpuvm can add. */
#define BARE "<domain/>"

/* --- the golden cases */

/* How often each rule explained something, and gave a reason of the plan's. */
static unsigned used[64], reasoned[64];

/* The files of the case at hand: definitions, with what goes along in a session's settings. */
static GPtrArray *
read_case(gpuvm_session *session)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(".", 0, NULL);

    for (const char *name; (name = g_dir_read_name(dir));) {
        if (g_str_equal(name, "policy.yaml"))
            session->policy_file = "policy.yaml";
        else if (g_str_equal(name, "defaults.yaml"))
            session->defaults_file = "defaults.yaml";
        else if (g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml") ||
                 g_str_has_suffix(name, ".json"))
            g_ptr_array_add(files, g_strdup(name));
    }
    g_ptr_array_add(files, NULL);
    return files;
}

static void
explain_with(const char *name, const gpuvm_draft *draft, const char *template)
{
    gpuvm_plan *plan = draft->plan;
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(xmlDoc) doc = gpuvm_domxml_template(plan, template, "template.xml", NULL, diags);
    g_autoptr(GPtrArray) all = NULL;

    assert_non_null(doc);
    /* what no host file of a made-up machine says: the UUID of a domain, and whose processor it is */
    if (!plan->uuid)
        plan->uuid = g_strdup("c7a5fdbd-edaf-9455-926a-d65c16db1809");
    plan->place.topoext = plan->place.threads > 1;
    all = gpuvm_explain_plan(plan, draft->definition->spec, doc);
    for (guint i = 0; i < all->len; i++) {
        const gpuvm_explanation *of = all->pdata[i];

        if (!of->rule && of->from != GPUVM_FROM_TEMPLATE)
            fail_msg("%s: nothing explains <%s>", name, of->path);
        if (!of->why || (of->from <= GPUVM_FROM_DEFAULTS && !of->file))
            fail_msg("%s: <%s> comes from nowhere", name, of->path);
        if (of->rule)
            used[of->rule - gpuvm_explain_rules]++;
        if (of->rule && of->rule->reason &&
            (strlen(of->why) > strlen(of->rule->why) || (of->file && of->column > 0)))
            reasoned[of->rule - gpuvm_explain_rules]++;
    }
}

/* What passes a plan is refused by no rule. */
static void
judge(const char *name, const gpuvm_draft *draft, const gpuvm_session *session)
{
    const gpuvm_admission admission =
        gpuvm_planner_admission(draft->plan, false, session->facts, &session->policies);

    for (guint i = 0; i < draft->plan->functions->len; i++) {
        const gpuvm_plan_function *function = draft->plan->functions->pdata[i];
        const gpuvm_pci_ref ref = {.addr = function->device->addr};
        g_autoptr(GArray) subject = gpuvm_verdict_subject(session->facts, draft->plan->functions, &ref);
        g_autoptr(GPtrArray) verdicts = gpuvm_verdicts(&admission, subject);

        if (!gpuvm_verdicts_pass(verdicts))
            fail_msg("%s: %s is planned, and refused", name, GPUVM_PCI(&ref.addr));
    }
}

static unsigned
explain_case(const char *name, const char *host)
{
    g_autoptr(gpuvm_session) session = gpuvm_session_new();
    g_autoptr(GPtrArray) files = read_case(session), drafts = NULL;
    unsigned explained = 0;

    session->host_file = host;
    session->plugin_dir = "plugins";
    drafts = gpuvm_plan_files(session, (char **)files->pdata);
    for (guint i = 0; drafts && i < drafts->len; i++) {
        const gpuvm_draft *draft = drafts->pdata[i];
        g_autoptr(gpuvm_source) template = draft->xml ? gpuvm_draft_template(session, draft) : NULL;

        if (!template)
            continue;
        explain_with(name, draft, template->text);
        explain_with(name, draft, BARE);
        if (session->diags->errors == 0) /* a replica's card may be another one's, too */
            judge(name, draft, session);
        explained++;
    }
    return explained;
}

static void
every_element_of_every_golden_domain(void **state G_GNUC_UNUSED)
{
    const char *source = g_getenv("top_srcdir");
    g_autofree char *top = source ? g_canonicalize_filename(source, NULL) : NULL;
    g_autofree char *cases = source ? g_build_filename(top, "tests", "cases", NULL) : NULL;
    g_autofree char *back = g_get_current_dir();
    g_autoptr(GDir) dir = NULL;
    unsigned explained = 0;

    if (!source)
        skip();
    dir = g_dir_open(cases, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *path = g_build_filename(cases, name, NULL), *host = NULL, *file = NULL;

        if (chdir(path) != 0 || !g_file_get_contents("host", &host, NULL, NULL))
            continue;
        file = g_strdup_printf("%s/examples/hosts/%s.xml", top, g_strstrip(host));
        explained += explain_case(name, file);
    }
    assert_int_equal(chdir(back), 0);
    assert_true(explained > 90);
    for (size_t i = 0; gpuvm_explain_rules[i].path; i++) {
        assert_true(i < G_N_ELEMENTS(used));
        if (used[i] == 0)
            fail_msg("no golden domain has what the rule on <%s> makes", gpuvm_explain_rules[i].path);
        if (gpuvm_explain_rules[i].reason && reasoned[i] == 0)
            fail_msg("no plan has a reason for <%s>", gpuvm_explain_rules[i].path);
    }
}

static void
each_rule_names_keys_that_there_are(void **state G_GNUC_UNUSED)
{
    for (const gpuvm_explain_rule *rule = gpuvm_explain_rules; rule->path; rule++) {
        g_auto(GStrv) keys = g_strsplit(rule->keys ? rule->keys : "", " ", -1);

        for (char **key = keys; *key; key++) {
            g_auto(GStrv) names = g_strsplit(*key, ".", -1);
            const gpuvm_table *table = &gpuvm_vm_table;

            for (char **name = names; *name; name++) {
                const gpuvm_field *field = table ? gpuvm_table_field(table, *name) : NULL;

                if (!field)
                    fail_msg("<%s>: there is no key %s", rule->path, *key);
                table = field->table;
            }
        }
    }
}

/* --- domains of libvirt's */

#define OWN RECORDED "template: /t.xml\n"
#define OWN_TEMPLATE                                                                                         \
    "<domain><title>a</title>\n<clock offset='localtime'/>\n<resource><partition>/a</partition></resource>"  \
    "<devices><sound model='ich9'/></devices></domain>"
#define RECORDED "name: vm\nresources:\n  memory_mb: 4096\ndisks:\n- /data.raw\n"

static const struct {
    const char *name, *definition, *xml, *path;
    int drifted;
    gpuvm_explain_from from;
    const char *says;
    unsigned line;
    const char *template;
} domains[] = {
    {"a key", RECORDED, "<memory unit='MiB'>4096</memory>", "memory", 0, GPUVM_FROM_DEFINITION,
     "the guest's memory", 3},
    {"a default", RECORDED, "<vcpu>2</vcpu>", "vcpu", 0, GPUVM_FROM_UNSAID, "which means 2"},
    {"a key of nothing that is recorded", NULL, "<memory unit='MiB'>4096</memory>", "memory", 0,
     GPUVM_FROM_UNSAID, "the guest's memory"},
    {"a value that is another one", RECORDED, "<memory unit='MiB'>8192</memory>", "memory", 1,
     GPUVM_FROM_OUTSIDE, "it was 4096"},
    {"a default that is another one", RECORDED, "<vcpu>8</vcpu>", "vcpu", 1, GPUVM_FROM_OUTSIDE, "it was 2"},
    {"a value that is still the same", RECORDED, "<memory unit='KiB'>4194304</memory>", "memory", 1,
     GPUVM_FROM_DEFINITION, "the guest's memory", 3},
    {"a text that ends in a new line", RECORDED "description: |\n  a\n  b\n",
     "<description>a\nb</description>", "description", 1, GPUVM_FROM_DEFINITION, "the description", 6},
    {"what gpuvm adds to", RECORDED "kernel_cmdline: quiet\n",
     "<os><cmdline>console=ttyS0 quiet</cmdline></os>", "os/cmdline", 1, GPUVM_FROM_DEFINITION,
     "the kernel's arguments", 6},
    {"the template's", RECORDED, "<clock offset='utc'/>", "clock", 1, GPUVM_FROM_TEMPLATE,
     "gpuvm's own template"},
    {"other than the template's", RECORDED, "<clock offset='localtime'/>", "clock", 1, GPUVM_FROM_OUTSIDE,
     "added outside gpuvm"},
    {"of a template of its own", OWN, "<clock offset='localtime'/>", "clock", 1, GPUVM_FROM_TEMPLATE,
     "the VM's template", 2, OWN_TEMPLATE},
    {"of one that cannot be read", OWN, "<clock offset='localtime'/>", "clock", 1, GPUVM_FROM_LIBVIRT,
     "or of the VM's template"},
    {"other than a template of its own", OWN, "<clock offset='utc'/>", "clock", 1, GPUVM_FROM_LIBVIRT,
     "other than the VM's template has it", 0, OWN_TEMPLATE},
    {"in something other than a template of its own has", OWN,
     "<devices><sound model='ac97'><codec type='duplex'/></sound></devices>", "sound/codec", 1,
     GPUVM_FROM_LIBVIRT, "other than the VM's template has it", 0, OWN_TEMPLATE},
    {"another text than a template of its own has", OWN, "<resource><partition>/b</partition></resource>",
     "resource/partition", 0, GPUVM_FROM_LIBVIRT, "other than the VM's template has it", 0, OWN_TEMPLATE},
    {"the text that a template of its own has", OWN, "<resource><partition>/a</partition></resource>",
     "resource/partition", 0, GPUVM_FROM_TEMPLATE, "the VM's template", 3, OWN_TEMPLATE},
    {"a title that only a template of its own has", OWN, "<title>a</title>", "title", 0, GPUVM_FROM_TEMPLATE,
     "the VM's template", 1, OWN_TEMPLATE},
    {"one that the definition has, too", OWN "title: a\n", "<title>a</title>", "title", 0,
     GPUVM_FROM_DEFINITION, "the title", 7, OWN_TEMPLATE},
    {"what a template of its own lacks", OWN, "<devices><graphics type='vnc'/></devices>", "devices/graphics",
     1, GPUVM_FROM_OUTSIDE, "added outside gpuvm", 0, OWN_TEMPLATE},
    {"what libvirt adds to a template of its own", OWN, "<seclabel type='dynamic'/>", "seclabel", 1,
     GPUVM_FROM_LIBVIRT, "libvirt's own addition", 0, OWN_TEMPLATE},
    {"the built-in template, whatever is there", RECORDED, "<clock offset='utc'/>", "clock", 1,
     GPUVM_FROM_TEMPLATE, "gpuvm's own template", 0, OWN_TEMPLATE},
    {"libvirt's", RECORDED, "<memory>4194304</memory><currentMemory>4194304</currentMemory>", "currentMemory",
     1, GPUVM_FROM_LIBVIRT, "libvirt's own addition"},
    {"what nobody knows to be added", RECORDED, "<devices><graphics type='vnc'/></devices>",
     "devices/graphics", -1, GPUVM_FROM_LIBVIRT, "whether it was is not known"},
    {"what was added", RECORDED, "<devices><graphics type='vnc'/></devices>", "devices/graphics", 1,
     GPUVM_FROM_OUTSIDE, "added outside gpuvm"},
    {"a disk of the definition", RECORDED, "<devices><disk><source file='/data.raw'/></disk></devices>",
     "devices/disk/source", 1, GPUVM_FROM_DEFINITION, "a disk", 4},
    {"another disk", RECORDED, "<devices><disk><source file='/other.raw'/></disk></devices>", "devices/disk",
     1, GPUVM_FROM_OUTSIDE, "added outside gpuvm"},
    {"a recorded function", RECORDED,
     "<devices><hostdev type='pci'><source><address bus='1' slot='0' function='0'/></source></hostdev></devices>",
     "devices/hostdev/source/address", 1, GPUVM_FROM_UNSAID, "a function that is passed"},
    {"another function", RECORDED,
     "<devices><hostdev type='pci'><source><address bus='2' slot='0' function='0'/></source></hostdev></devices>",
     "devices/hostdev", 1, GPUVM_FROM_OUTSIDE, "added outside gpuvm"},
    {"the port above a recorded function", RECORDED,
     "<devices><controller type='pci' index='1'/><controller type='pci' index='2'><address bus='1'/></controller>"
     "<hostdev type='pci'><source><address bus='1' slot='0' function='0'/></source><address bus='2'/></hostdev>"
     "</devices>",
     "devices/controller", 0, GPUVM_FROM_UNSAID, "leads"},
    {"ports in a ring", RECORDED,
     "<devices><controller type='pci' index='1'/><controller type='pci' index='2'><address bus='2'/></controller>"
     "<hostdev type='pci'><source><address bus='1' slot='0' function='0'/></source><address bus='2'/></hostdev>"
     "</devices>",
     "devices/controller", 0, GPUVM_FROM_LIBVIRT, "libvirt's own addition"},
};

static const gpuvm_explanation *
find_first(const GPtrArray *all, const char *path)
{
    g_autoptr(GPtrArray) found = gpuvm_explain_find(all, path);

    return found->len > 0 ? found->pdata[0] : NULL;
}

static void
explains_domains_of_libvirt(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(domains); i++) {
        g_autofree char *xml = g_strdup_printf("<domain type='kvm'>%s</domain>", domains[i].xml);
        g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);
        const char *own = domains[i].template;
        g_autoptr(xmlDoc) template = own ? gpuvm_xml_parse(own, strlen(own), "/t.xml", NULL) : NULL;
        g_autoptr(gpuvm_record) record = build_record("0000:01:00.0 10de:2204 requested");
        g_autoptr(GPtrArray) all = NULL;
        const gpuvm_explanation *of;

        record->definition = g_strdup(domains[i].definition);
        all = gpuvm_explain_domain(record, domains[i].drifted, template, doc);
        of = find_first(all, domains[i].path);
        assert_non_null(of);
        if (of->from != domains[i].from || !strstr(of->why, domains[i].says) ||
            (domains[i].line > 0 && of->line != domains[i].line))
            fail_msg("%s: it is from %s, line %u: %s", domains[i].name, gpuvm_explain_from_names[of->from],
                     of->line, of->why);
    }
}

/* --- which elements are meant */

static void
finds_elements_by_the_ends_of_their_paths(void **state G_GNUC_UNUSED)
{
    static const char xml[] =
        "<domain><cputune><vcpupin/><vcpupin/></cputune><devices><pin/></devices></domain>";
    static const struct {
        const char *what;
        unsigned found;
        const char *nearest;
    } cases[] = {{"vcpupin", 2, "vcpupin"}, {"cputune/vcpupin", 2, "cputune/vcpupin"},
                 {"pin", 1, "pin"},         {"domain", 1, "domain"},
                 {"vcpupni", 0, "vcpupin"}, {"", 0, NULL},
                 {"/vcpupin", 0, NULL},     {"cputune/vcpupn", 0, "cputune/vcpupin"},
                 {"zzzzzz", 0, NULL}};
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);
    g_autoptr(gpuvm_record) record = gpuvm_record_new();
    g_autoptr(GPtrArray) all = gpuvm_explain_domain(record, 0, NULL, doc);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) found = gpuvm_explain_find(all, cases[i].what);

        assert_int_equal(found->len, cases[i].found);
        if (cases[i].nearest)
            expect_text(cases[i].what, gpuvm_explain_nearest(all, cases[i].what), cases[i].nearest);
    }
    expect_text("hugepages", gpuvm_explain_keys("memoryBacking/hugepages"), "resources.hugepages");
    expect_text("memoryBacking", gpuvm_explain_keys("memoryBacking"), "resources.hugepages");
    assert_null(gpuvm_explain_keys("zzzzzz"));
    assert_null(gpuvm_explain_keys(""));
}

/* --- verdicts */

static const struct {
    const char *name, *facts, *definition, *ref, *policy;
    const char *rule; /* that refuses; NULL: none does */
    const char *drawn;
} verdicts[] = {
    {"a card that it has", CARD AUDIO, "devices: {pci_passthrough: ['01:00.0']}", "01:00.0",
     .drawn = "0000:01:00.1, same card as 0000:01:00.0"},
    {"what it draws in is judged with it", CARD AUDIO, "devices: {pci_passthrough: ['01:00.0']}", "01:00.1",
     .drawn = "0000:01:00.1, same card as 0000:01:00.0"},
    {"a card that it does not have", CARD AUDIO OTHER, "devices: {pci_passthrough: ['01:00.0']}", "02:00.0"},
    {"a whole card", CARD AUDIO, "", "01:00"},
    {"a function without its card", CARD AUDIO, "devices: {functions: requested}", "01:00.0",
     .rule = "group"},
    {"… which the VM has beside it", CARD AUDIO,
     "devices: {functions: requested, pci_passthrough: ['01:00.0', '01:00.1']}", "01:00.0"},
    {"one that no policy allows", CARD NIC, "devices: {pci_passthrough: ['01:00.0']}", "03:00.0",
     .rule = "permit"},
    {"beside one that none allows", CARD NIC, "devices: {pci_passthrough: ['03:00.0']}", "01:00.0"},
    {"one that is not there", CARD, "devices: {pci_passthrough: ['01:00.0']}", "7f:00.0", .rule = "present"},
    {"beside one that is not there", CARD, "devices: {pci_passthrough: ['7f:00.0']}", "01:00.0"},
};

static void
judges_cards_alone(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++) {
        g_autoptr(plan_scene) scene =
            scene_new(verdicts[i].facts, verdicts[i].definition, verdicts[i].policy, NULL);
        g_autoptr(GPtrArray) all = NULL;
        g_autoptr(GArray) subject = NULL;
        const char *rule = NULL, *drawn = NULL;
        gpuvm_admission admission;
        gpuvm_pci_ref ref;
        unsigned rules = 0;

        scene_plan(scene);
        assert_true(gpuvm_pci_ref_parse(verdicts[i].ref, &ref, NULL, NULL));
        admission = gpuvm_planner_admission(scene->plan, false, scene->facts, &scene->policies);
        subject = gpuvm_verdict_subject(scene->facts, scene->plan->functions, &ref);
        all = gpuvm_verdicts(&admission, subject);
        for (guint k = 0; k < all->len; k++) {
            const gpuvm_verdict *verdict = all->pdata[k];

            rule = verdict->judgement == GPUVM_REFUSES && !rule ? verdict->rule->name : rule;
            drawn = verdict->drawn->len > 0 ? verdict->drawn->pdata[0] : drawn;
            if (!(verdict->rule->occasions & GPUVM_PLAN))
                assert_int_equal(verdict->judgement, GPUVM_NOT_ASKED);
        }
        while (gpuvm_admit_rules[rules].name)
            rules++;
        assert_int_equal(all->len, rules);
        expect_text(verdicts[i].name, rule ? rule : "none", verdicts[i].rule ? verdicts[i].rule : "none");
        expect_text(verdicts[i].name, drawn ? drawn : "none", verdicts[i].drawn ? verdicts[i].drawn : "none");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_of_every_golden_domain),
        cmocka_unit_test(each_rule_names_keys_that_there_are),
        cmocka_unit_test(explains_domains_of_libvirt),
        cmocka_unit_test(finds_elements_by_the_ends_of_their_paths),
        cmocka_unit_test(judges_cards_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
