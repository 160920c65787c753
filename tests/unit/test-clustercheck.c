/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clustercheck.h"
#include "model/tables.h"

#define SET(name, value) "<nvpair name='" name "' value='" value "'/>"
#define NODE(name, more)                                                                                     \
    "<node id='" name "' uname='" name "'><utilization>" SET("gpu_10de_2330", "8") SET("memory_mb", "9")     \
        SET("cpu", "9") "</utilization>" more "</node>"
#define ALL_ATTRIBUTES(version, definitions)                                                                 \
    "<instance_attributes>" SET("gpuvm-version", version) SET("gpuvm-policy", "p")                           \
        SET("gpuvm-definitions", definitions) "</instance_attributes>"
#define ATTRIBUTES(version) ALL_ATTRIBUTES(version, "d")
#define STATE(name, history)                                                                                 \
    "<node_state id='" name                                                                                  \
    "' in_ccm='true' crmd='online' join='member' expected='member'><lrm><lrm_resources>" history             \
    "</lrm_resources></lrm></node_state>"
#define RUNS(id)                                                                                             \
    "<lrm_resource id='" id                                                                                  \
    "'><lrm_rsc_op operation='start' call-id='1' rc-code='0' op-status='0'/></lrm_resource>"
#define POWER "<primitive id='power' class='stonith' type='fence_x'/>"
#define DEVICE(parameters, meta, value)                                                                      \
    "<primitive id='power' class='stonith' type='fence_x'><instance_attributes>" parameters                  \
    "</instance_attributes><meta_attributes>" SET(meta, value) "</meta_attributes></primitive>"
#define NONE_OF(primitive)                                                                                   \
    "<clone id='none'><meta_attributes>" SET("globally-unique", "true")                                      \
        SET("clone-max", "0") "</meta_attributes>" primitive "</clone>"
#define HOSTS                                                                                                \
    "<clone id='gpuvm-hosts'><primitive id='gpuvm-host' class='ocf' provider='gpuvm' type='host'/></clone>"
#define VM(stickiness)                                                                                       \
    "<primitive id='a' class='ocf' provider='gpuvm' type='vm'><meta_attributes>" SET(                        \
        "resource-stickiness", stickiness) "</meta_attributes></primitive>"
#define ONE NODE("n1", ATTRIBUTES("1"))
#define THREE ONE NODE("n2", ATTRIBUTES("1")) NODE("n3", ATTRIBUTES("1"))
#define THREE_UP                                                                                             \
    STATE("n1", RUNS("gpuvm-host") RUNS("power"))                                                            \
    STATE("n2", RUNS("gpuvm-host")) STATE("n3", RUNS("gpuvm-host"))
#define BALANCED SET("placement-strategy", "balanced")

typedef struct check_case {
    const char *name, *options, *nodes, *resources, *status;
    int quorum_device;
    const char *topic;
    gpuvm_verdict verdict;
    const char *evidence; /* a part of it */
} check_case;

static const check_case cases[] = {
    {"fencing", "", THREE, POWER, THREE_UP, 0, "fencing", GPUVM_PASS, "by power"},
    {"no device", "", THREE, "", THREE_UP, 0, "fencing", GPUVM_FAIL, "there is no fence device"},
    {"fencing is off", SET("stonith-enabled", "false"), THREE, POWER, THREE_UP, 0, "fencing", GPUVM_FAIL,
     "would run twice"},
    {"no device runs", "", ONE, POWER, "", 0, "fencing", GPUVM_WARN, "power: not started"},
    {"a device that is disabled", "", ONE, DEVICE("", "target-role", "Stopped"), THREE_UP, 0, "fencing",
     GPUVM_FAIL, "no fence device is for n1"},
    {"a device of other nodes", "", THREE, DEVICE(SET("pcmk_host_list", "n1,N2 n4"), "x", "y"), THREE_UP, 0,
     "fencing", GPUVM_FAIL, "no fence device is for n3"},
    {"a device with plugs of all", "", THREE, DEVICE(SET("pcmk_host_map", "n1:7;n2:8 n3=9"), "x", "y"),
     THREE_UP, 0, "fencing", GPUVM_PASS, "by power"},
    {"a device that knows its nodes itself", "", THREE,
     DEVICE(SET("pcmk_host_list", "n1") SET("pcmk_host_check", "none"), "x", "y"), THREE_UP, 0, "fencing",
     GPUVM_PASS, "by power"},
    {"a device that failed", "", ONE, POWER,
     STATE(
         "n1",
         "<lrm_resource id='power'><lrm_rsc_op operation='start' call-id='1' rc-code='1' op-status='0'/></lrm_resource>"),
     0, "fencing", GPUVM_WARN, "power: not started"},
    {"a clone of no device", "", ONE, NONE_OF(POWER), "", 0, "fencing", GPUVM_FAIL,
     "no fence device is for n1"},
    {"a watchdog", SET("have-watchdog", "true"), ONE, "", "", 0, "fencing", GPUVM_CANNOT_SEE, "a watchdog"},
    {"fencing is off, by its new name", SET("fencing-enabled", "no") SET("stonith-enabled", "true"), THREE,
     POWER, THREE_UP, 0, "fencing", GPUVM_FAIL, "fencing-enabled is false"},
    {"quorum is ignored in capitals", SET("no-quorum-policy", "Ignore"), ONE, "", "", 0, "no-quorum-policy",
     GPUVM_FAIL, "ignore"},
    {"a strategy that there is not", SET("placement-strategy", "balancd"), ONE, "", "", 0,
     "placement-strategy", GPUVM_FAIL, "balancd"},
    {"a clone that runs nowhere", "", ONE,
     NONE_OF("<primitive id='h' class='ocf' provider='gpuvm' type='host'/>"), STATE("n1", ""), 0, "capacity",
     GPUVM_FAIL, "does not run on n1"},
    {"CPUs are not published", "",
     "<node id='n1' uname='n1'><utilization>" SET("memory_mb", "9") "</utilization></node>", HOSTS,
     STATE("n1", RUNS("gpuvm-host")), 0, "capacity", GPUVM_FAIL, "not published of n1"},
    {"three nodes", "", THREE, "", "", 0, "quorum", GPUVM_PASS, "3 nodes"},
    {"a quorum device", "", ONE, "", "", 1, "quorum", GPUVM_PASS, "a quorum device"},
    {"no quorum device", "", ONE, "", "", 0, "quorum", GPUVM_FAIL, "no quorum device"},
    {"nobody knows", "", ONE, "", "", GPUVM_UNKNOWN, "quorum", GPUVM_CANNOT_SEE, "corosync.conf"},
    {"quorum is ignored", SET("no-quorum-policy", "ignore"), ONE, "", "", 0, "no-quorum-policy", GPUVM_FAIL,
     "ignore"},
    {"quorum is not", "", ONE, "", "", 0, "no-quorum-policy", GPUVM_PASS, "stop"},
    {"cards are counted", BALANCED, ONE, "", "", 0, "placement-strategy", GPUVM_PASS, "balanced"},
    {"cards are not counted", "", ONE, "", "", 0, "placement-strategy", GPUVM_FAIL, "default"},
    {"VMs stay", "", ONE, VM("1"), "", 0, "stickiness", GPUVM_PASS, "1 resource"},
    {"VMs do not stay", "", ONE, VM("0"), "", 0, "stickiness", GPUVM_WARN, "a: without"},
    {"nobody publishes", "", ONE, "", "", 0, "capacity", GPUVM_FAIL, "there is no clone gpuvm-hosts"},
    {"all are published", "", THREE, HOSTS, THREE_UP, 0, "capacity", GPUVM_PASS, "3 nodes"},
    {"one is not", "", THREE, HOSTS, STATE("n1", RUNS("gpuvm-host")) STATE("n2", ""), 0, "capacity",
     GPUVM_FAIL, "gpuvm-hosts does not run on n2:"},
    {"one has nothing", "", "<node id='n1' uname='n1'/>", HOSTS, STATE("n1", RUNS("gpuvm-host")), 0,
     "capacity", GPUVM_FAIL, "not published of n1"},
    {"the same version", "", THREE, "", "", 0, "gpuvm", GPUVM_PASS, "the same on all nodes: 1"},
    {"another version", "", ONE NODE("n2", ATTRIBUTES("2")), "", "", 0, "gpuvm", GPUVM_FAIL,
     "n2 differs from n1"},
    {"no version", "", ONE NODE("n2", ""), "", "", 0, "gpuvm", GPUVM_CANNOT_SEE, "not published of n2"},
    {"the same definitions", "", THREE, "", "", 0, "definitions", GPUVM_PASS, "the same on all nodes: d"},
    {"a node without definitions", "", ONE NODE("n2", ALL_ATTRIBUTES("1", "none")), "", "", 0, "definitions",
     GPUVM_FAIL, "n2 differs from n1"},
    {"no definitions anywhere", "", NODE("n1", ALL_ATTRIBUTES("1", "none")), "", "", 0, "definitions",
     GPUVM_FAIL, "no node has any"},
    {"no version at all", "", NODE("n1", ""), "", "", 0, "policy", GPUVM_CANNOT_SEE, "any node"},
};

static gpuvm_cluster *
parse(const check_case *c)
{
    g_autofree char *xml = g_strdup_printf(
        "<cib have-quorum='1'><configuration><crm_config><cluster_property_set>%s</cluster_property_set></crm_config>"
        "<nodes>%s</nodes><resources>%s</resources></configuration><status>%s</status></cib>",
        c->options, c->nodes, c->resources, c->status);

    return gpuvm_cluster_parse(xml, strlen(xml), "cib", NULL);
}

/* The first of @findings of @topic. */
static const gpuvm_finding *
find(const GPtrArray *findings, const char *topic)
{
    for (guint i = 0; i < findings->len; i++) {
        if (strcmp(((const gpuvm_finding *)findings->pdata[i])->topic, topic) == 0)
            return findings->pdata[i];
    }
    return NULL;
}

static void
topics_are_judged(void **state G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    const gpuvm_cluster_files files = {.unread = none, .unpinned = none, .written = none};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const check_case *c = &cases[i];
        g_autoptr(gpuvm_cluster) cluster = parse(c);
        const gpuvm_clustercheck_input input = {
            .cluster = cluster, .quorum_device = c->quorum_device, .files = &files};
        g_autoptr(GPtrArray) findings = gpuvm_clustercheck(&input);
        const gpuvm_finding *finding = find(findings, c->topic);

        if (!finding || finding->verdict != c->verdict || !strstr(finding->evidence, c->evidence))
            fail_msg("%s: %s %s", c->name, finding ? gpuvm_verdict_names[finding->verdict] : "-",
                     finding ? finding->evidence : "-");
    }
}

/* Only answers pass, and only those that have nothing. */
static void
answers_are_judged(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *error, *persistent, *autostart;
        gpuvm_verdict verdict;
        const char *evidence;
    } answers[] = {
        {NULL, NULL, NULL, GPUVM_PASS, "no node"},
        {"no route", NULL, NULL, GPUVM_CANNOT_SEE, "n1: no route"},
        {NULL, "a", NULL, GPUVM_FAIL, "n1 has definitions of its own of a"},
        {NULL, "a", "a", GPUVM_FAIL, "n1 starts a by itself"},
    };
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    const gpuvm_cluster_files files = {.unread = none, .unpinned = none, .written = none};
    g_autoptr(gpuvm_cluster) cluster = parse(&cases[0]);

    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_autoptr(GPtrArray) persistent = g_ptr_array_new(), autostart = g_ptr_array_new(),
                             all = g_ptr_array_new();
        gpuvm_node_answer answer = {(char *)"n1", (char *)answers[i].error, persistent, autostart};
        const gpuvm_clustercheck_input input = {.cluster = cluster, .answers = all, .files = &files};
        g_autoptr(GPtrArray) findings = NULL;
        const gpuvm_finding *finding;

        if (answers[i].persistent)
            g_ptr_array_add(persistent, (char *)answers[i].persistent);
        if (answers[i].autostart)
            g_ptr_array_add(autostart, (char *)answers[i].autostart);
        g_ptr_array_add(all, &answer);
        findings = gpuvm_clustercheck(&input);
        finding = find(findings, "libvirt");
        assert_int_equal(finding->verdict, answers[i].verdict);
        assert_non_null(strstr(finding->evidence, answers[i].evidence));
    }
}

static bool
is_on_srv(const char *path)
{
    return g_str_has_prefix(path, "/srv/");
}

static void
files_are_judged(void **state G_GNUC_UNUSED)
{
#define SUM "checksum: 'sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
    static const struct {
        const char *definition, *unpinned, *written; /* NULL: nothing */
    } vms[] = {
        {"name: a", NULL, NULL},
        {"name: a\nrootfs: {url: 'https://x/y', " SUM "}", NULL, NULL},
        {"name: a\nrootfs: {url: 'https://x/y'}", "f: rootfs", NULL},
        {"name: a\nkernel: {path: /boot/k}\ninitramfs: {path: /i, " SUM "}", "f: kernel", NULL},
        {"name: a\ndisks: [{name: d, size_gb: 1}]", NULL, "f: disk d"},
        {"name: a\ndisks: [{name: d, source: /var/d.raw}]", NULL, "f: disk d"},
        {"name: a\ndisks: [{name: d, source: /srv/d.raw}]", NULL, NULL},
        {"name: a\ndisks: [{name: d, source: /var/d.raw, readonly: true}]", "f: disk d", NULL},
        {"name: a\ndisks: [{name: d, source: /srv/d.raw, readonly: true}]", NULL, NULL},
        {"name: a\ndisks: [{name: d, source: 'https://x/y', " SUM "}]", NULL, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(vms); i++) {
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(gpuvm_source) source =
            gpuvm_source_new("f", g_strdup(vms[i].definition), strlen(vms[i].definition));
        g_autoptr(gpuvm_spec) spec = gpuvm_spec_parse_one(source, GPUVM_KIND_VM, diags);
        g_autoptr(GPtrArray) unpinned = g_ptr_array_new_with_free_func(g_free),
                             written = g_ptr_array_new_with_free_func(g_free);
        gpuvm_cluster_files files = {.unpinned = unpinned, .written = written};

        if (!spec)
            fail_msg("%s: %s", vms[i].definition, ((const gpuvm_diag *)diags->items->pdata[0])->message);
        gpuvm_clustercheck_files(spec->vm, "f", is_on_srv, &files);
        if (unpinned->len != (vms[i].unpinned != NULL) || written->len != (vms[i].written != NULL) ||
            (unpinned->len && strcmp(unpinned->pdata[0], vms[i].unpinned) != 0) ||
            (written->len && strcmp(written->pdata[0], vms[i].written) != 0))
            fail_msg("%s: %s %s", vms[i].definition, unpinned->len ? (char *)unpinned->pdata[0] : "-",
                     written->len ? (char *)written->pdata[0] : "-");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_are_judged),
        cmocka_unit_test(answers_are_judged),
        cmocka_unit_test(files_are_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
