/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/waits.h"

#define SET(name, value) "<nvpair name='" name "' value='" value "'/>"
#define UP "in_ccm='true' crmd='online' join='member' expected='member'"
#define DOWN "in_ccm='false' crmd='offline' join='down' expected='down'"
#define LOST "in_ccm='false' crmd='offline' join='down' expected='member'"

/* A node with 4 cards and its state, of which @transient and @history are parts. */
#define NODE(name, more)                                                                                     \
    "<node id='" name "' uname='" name "'><utilization>" SET("gpu_10de_2330", "4") "</utilization>" more     \
                                                                                   "</node>"
#define STATE(name, state, transient, history)                                                               \
    "<node_state id='" name "' uname='" name "' " state                                                      \
    "><transient_attributes><instance_attributes>" transient                                                 \
    "</instance_attributes></transient_attributes><lrm><lrm_resources>" history                              \
    "</lrm_resources></lrm></node_state>"
#define HISTORY(id, operations) "<lrm_resource id='" id "'>" operations "</lrm_resource>"
#define OP(call, name, interval, rc) OP_BECAUSE(call, name, interval, rc, "")
#define OP_BECAUSE(call, name, interval, rc, reason)                                                         \
    "<lrm_rsc_op operation='" name "' interval='" interval "' call-id='" call "' rc-code='" rc               \
    "' op-status='0' exit-reason='" reason "'/>"
#define PENDING(name)                                                                                        \
    "<lrm_rsc_op operation='" name "' interval='0' call-id='-1' rc-code='-1' op-status='-1'/>"
#define RUNS(id) HISTORY(id, OP("5", "start", "0", "0") OP("6", "monitor", "10000", "0"))

#define META(pairs) "<meta_attributes>" pairs "</meta_attributes>"
#define VM(id, cards, more)                                                                                  \
    "<primitive id='" id "' class='ocf' provider='gpuvm' type='vm'><utilization>" SET(                       \
        "gpu_10de_2330", cards) "</utilization>" more "</primitive>"
#define FENCE "<primitive id='power' class='stonith' type='fence_x'/>"
#define DEPLOYMENT(n)                                                                                        \
    "<clone id='d-clone'>" META(SET("globally-unique", "true") SET("clone-max", n)                           \
                                    SET("clone-node-max", "64")) VM("d", "2", "") "</clone>"
#define BALANCED SET("placement-strategy", "balanced")

typedef struct wait_case {
    const char *name, *options, *nodes, *resources, *constraints, *status;
    const char *vm;       /* an instance, as Pacemaker calls it */
    const char *expected; /* its state and nodes, or why it waits: "NODE: REASON; …" */
} wait_case;

#define TWO NODE("n1", "") NODE("n2", "")
#define BOTH STATE("n1", UP, "", "") STATE("n2", UP, "", "")

static const wait_case cases[] = {
    {"runs", BALANCED, TWO, FENCE VM("a", "2", ""), "",
     STATE("n1", UP, "", RUNS("a")) STATE("n2", UP, "", ""), "a", "running n1"},
    {"of Pacemaker 3: times", BALANCED, NODE("n1", ""), FENCE VM("a", "2", ""), "",
     STATE("n1", "in_ccm='1795853190' crmd='1795853191' join='member' expected='member'", "", RUNS("a")), "a",
     "running n1"},
    {"another one is stopping", BALANCED, TWO, FENCE VM("a", "1", "") VM("b", "1", "") VM("c", "1", ""), "",
     STATE("n1", UP, "", HISTORY("a", PENDING("start")))
         STATE("n2", UP, "", HISTORY("b", OP("5", "start", "0", "0") PENDING("stop"))),
     "c",
     "n1: nothing is in the way: Pacemaker waits until b has stopped on n2; n2: nothing is in the way: Pacemaker "
     "waits until b has stopped on n2"},
    {"another one is starting", BALANCED, NODE("n1", ""), FENCE VM("a", "1", "") VM("c", "1", ""), "",
     STATE("n1", UP, "", HISTORY("a", PENDING("start"))), "c",
     "n1: nothing is in the way: Pacemaker waits until a has started on n1"},
    {"too few cards", BALANCED, TWO, FENCE VM("a", "2", "") VM("b", "3", ""), "",
     STATE("n1", UP, "", RUNS("a")) STATE("n2", DOWN, "", ""), "b",
     "n1: 2 of 4 gpu_10de_2330 free, 3 wanted; n2: offline"},
    {"more cards than there are", BALANCED, NODE("n1", ""), FENCE VM("a", "2", "") VM("b", "5", ""), "",
     STATE("n1", UP, "", RUNS("a")), "b", "n1: only 4 gpu_10de_2330, 5 wanted"},
    {"as a template says", BALANCED, NODE("n1", ""),
     FENCE "<template id='t' class='ocf' provider='gpuvm' type='vm'><utilization>" SET("gpu_10de_2330", "5")
         SET("cpu", "1") "</utilization></template><primitive id='a' template='t'><utilization>" SET(
             "cpu", "0") "</utilization></primitive>",
     "", STATE("n1", UP, "", ""), "a", "n1: only 4 gpu_10de_2330, 5 wanted"},
    {"more than Pacemaker counts with", BALANCED, NODE("n1", ""), FENCE VM("a", "25000000000000000000", ""),
     "", STATE("n1", UP, "", ""), "a", "n1: only 4 gpu_10de_2330, 2147483647 wanted"},
    {"cards are not counted", "", TWO, FENCE VM("b", "9", ""), "", BOTH, "b",
     "n1: nothing is in the way: Pacemaker has yet to act; n2: nothing is in the way: Pacemaker has yet to act"},
    {"no such cards", BALANCED, "<node id='n1' uname='n1'/>", FENCE VM("b", "1", ""), "",
     STATE("n1", UP, "", ""), "b", "n1: no gpu_10de_2330, 1 wanted"},
    {"replicas", BALANCED, NODE("n1", ""), FENCE DEPLOYMENT("3"), "",
     STATE("n1", UP, "", RUNS("d:0") RUNS("d:1")), "d:2", "n1: 0 of 4 gpu_10de_2330 free, 2 wanted"},
    {"a replica too many", BALANCED, NODE("n1", ""), FENCE DEPLOYMENT("1"), "",
     STATE("n1", UP, "", RUNS("d:7")), "d:7", "running n1"},
    {"a node in standby", "",
     NODE("n1", "<instance_attributes>" SET("standby", "on") "</instance_attributes>"),
     FENCE VM("a", "1", ""), "", STATE("n1", UP, "", ""), "a", "n1: standby"},
    {"a node in maintenance", "",
     NODE("n1", "<instance_attributes>" SET("maintenance", "true") "</instance_attributes>"),
     FENCE VM("a", "1", ""), "", STATE("n1", UP, "", ""), "a", "n1: in maintenance"},
    {"a node that leaves", "", NODE("n1", ""), FENCE VM("a", "1", ""), "",
     STATE("n1", UP, SET("shutdown", "17"), ""), "a", "n1: leaving"},
    {"a node that joins", "", NODE("n1", ""), FENCE VM("a", "1", ""), "",
     STATE("n1", "in_ccm='true' crmd='online' join='down' expected='member'", "", ""), "a", "n1: joining"},
    {"a node to be fenced", "", TWO, FENCE VM("a", "1", ""), "",
     STATE("n1", UP, "", "") STATE("n2", LOST, "", ""), "a",
     "waits for fencing of n2: nobody knows what runs there; n2: unclean"},
    {"what ran there", "", TWO, FENCE VM("a", "1", ""), "",
     STATE("n1", UP, "", "") STATE("n2", LOST, "", RUNS("a")), "a", "unknown n2"},
    {"a node never seen", "", TWO, FENCE VM("a", "1", ""), "", STATE("n1", DOWN, "", ""), "a",
     "waits for fencing of n2: nobody knows what runs there; n1: offline; n2: unclean"},
    {"no fencing: it is just offline", SET("stonith-enabled", "false"), NODE("n1", ""), VM("a", "1", ""), "",
     STATE("n1", LOST, "", ""), "a", "n1: offline"},
    {"no fence device", "", NODE("n1", ""), VM("a", "1", ""), "", STATE("n1", DOWN, "", ""), "a",
     "stonith-enabled is on, and there is no fence device: Pacemaker starts nothing; n1: offline"},
    {"maintenance mode", SET("maintenance-mode", "true"), NODE("n1", ""), FENCE VM("a", "1", ""), "",
     STATE("n1", UP, "", ""), "a", "maintenance-mode is on: Pacemaker starts and stops nothing"},
    {"told to stop", "", NODE("n1", ""), FENCE VM("a", "1", META(SET("target-role", "Stopped"))), "",
     STATE("n1", UP, "", ""), "a", "target-role is Stopped"},
    {"unmanaged", "", NODE("n1", ""), FENCE VM("a", "1", META(SET("is-managed", "false"))), "",
     STATE("n1", UP, "", ""), "a", "unmanaged: Pacemaker leaves it alone"},
    {"banned", "", TWO, FENCE VM("a", "1", ""),
     "<rsc_location id='ban' rsc='a' node='n1' score='-INFINITY'/><rsc_location id='other' rsc='b' node='n2' score='-INFINITY'/>",
     STATE("n1", UP, "", "") STATE("n2", DOWN, "", ""), "a", "n1: banned by constraint ban; n2: offline"},
    {"banned as a deployment", "", NODE("n1", ""), FENCE DEPLOYMENT("1"),
     "<rsc_location id='ban' rsc='d-clone' node='n1' score='-INFINITY'/>", STATE("n1", UP, "", ""), "d:0",
     "n1: banned by constraint ban"},
    {"banned by pattern", "", NODE("n1", ""), FENCE VM("abc", "1", ""),
     "<rsc_location id='ban' rsc-pattern='^a' node='n1' score='-INFINITY'/>", STATE("n1", UP, "", ""), "abc",
     "n1: banned by constraint ban"},
    {"bound to a node by rule", "", TWO, FENCE VM("a", "1", ""),
     "<rsc_location id='bound' rsc='a'><rule score='-INFINITY'><expression attribute='#uname' operation='ne' value='n2'/>"
     "</rule></rsc_location>",
     STATE("n1", UP, "", "") STATE("n2", DOWN, "", ""), "a", "n1: banned by constraint bound; n2: offline"},
    {"only where it is wanted", SET("symmetric-cluster", "false"), TWO, FENCE VM("a", "1", ""),
     "<rsc_location id='good' rsc='a' node='n2' score='10'/>",
     STATE("n1", UP, "", "") STATE("n2", DOWN, "", ""), "a",
     "n1: symmetric-cluster is off, and no constraint lets it run here; n2: offline"},
    {"apart from another", "", NODE("n1", ""), FENCE VM("a", "1", "") VM("b", "1", ""),
     "<rsc_colocation id='apart' rsc='a' with-rsc='b' score='-INFINITY'/>", STATE("n1", UP, "", RUNS("b")),
     "a", "n1: b runs here (constraint apart)"},
    {"together with another", "", NODE("n1", ""), FENCE VM("a", "1", "") VM("b", "1", ""),
     "<rsc_colocation id='both' rsc='a' with-rsc='b' score='INFINITY'/>", STATE("n1", UP, "", ""), "a",
     "n1: b does not run here (constraint both)"},
    {"after another", "", NODE("n1", ""), FENCE VM("a", "1", "") VM("b", "1", ""),
     "<rsc_order id='then' first='b' then='a'/>", STATE("n1", UP, "", ""), "a",
     "b does not run (constraint then)"},
    {"failed to start", "", NODE("n1", ""), FENCE VM("a", "1", ""), "",
     STATE("n1", UP, SET("fail-count-a#start_0", "INFINITY"),
           HISTORY("a", OP("8", "stop", "0", "0") OP_BECAUSE("7", "start", "0", "1", "no room"))),
     "a", "n1: failed to start here: no room"},
    {"failed some times", "", NODE("n1", ""), FENCE VM("a", "1", META(SET("migration-threshold", "3"))), "",
     STATE("n1", UP, SET("fail-count-a#monitor_10000", "3"),
           HISTORY("a", OP("8", "stop", "0", "0") OP("7", "monitor", "10000", "7"))),
     "a", "n1: failed to stay healthy here 3 times: found not running"},
    {"failed not often enough", "", NODE("n1", ""), FENCE VM("a", "1", META(SET("migration-threshold", "3"))),
     "",
     STATE("n1", UP, SET("fail-count-a#monitor_10000", "2"),
           HISTORY("a", OP("8", "stop", "0", "0") OP("7", "monitor", "10000", "7"))),
     "a", "n1: nothing is in the way: Pacemaker has yet to act"},
    {"not permitted there", "", NODE("n1", ""), FENCE VM("a", "1", ""), "",
     STATE("n1", UP, "",
           HISTORY("a", OP("8", "stop", "0", "0") OP_BECAUSE("7", "start", "0", "4", "refused by policy"))),
     "a", "n1: failed to start here: refused by policy"},
    {"not configured anywhere", "", TWO, FENCE VM("a", "1", ""), "",
     STATE("n1", UP, "",
           HISTORY("a", OP("8", "stop", "0", "0") OP_BECAUSE("7", "start", "0", "6", "no such key")))
         STATE("n2", UP, "", ""),
     "a", "failed to start on n1, and is tried nowhere: no such key"},
    {"failed, and not stopped yet", "", NODE("n1", ""), FENCE VM("a", "1", ""), "",
     STATE("n1", UP, "", HISTORY("a", OP("7", "start", "0", "1"))), "a", "failed n1"},
    {"on its way up", "", NODE("n1", ""), FENCE VM("a", "1", ""), "",
     STATE("n1", UP, "",
           HISTORY("a", "<lrm_rsc_op operation='start' call-id='-1' rc-code='193' op-status='-1'/>" OP(
                            "3", "monitor", "0", "7"))),
     "a", "starting n1"},
    {"found by a look", "", NODE("n1", ""), FENCE VM("a", "1", ""), "",
     STATE("n1", UP, "", HISTORY("a", OP("3", "monitor", "0", "0"))), "a", "running n1"},
    {"found well again by the monitor that had failed", "", NODE("n1", ""), FENCE VM("a", "1", ""), "",
     STATE("n1", UP, "",
           HISTORY("a", OP("5", "start", "0",
                           "0") "<lrm_rsc_op operation='monitor' interval='10000' call-id='6' rc-code='0' "
                                "op-status='0' last-rc-change='200'/>"
                                "<lrm_rsc_op operation='monitor' interval='10000' call-id='6' rc-code='1' "
                                "op-status='0' last-rc-change='100'/>")),
     "a", "running n1"},
    {"fencing is off, as Pacemaker 3.0.2 calls it",
     SET("fencing-enabled", "false") SET("stonith-enabled", "true"), NODE("n1", ""), VM("a", "1", ""), "",
     STATE("n1", LOST, "", ""), "a", "n1: offline"},
    {"a watchdog is as good as a fence device", SET("have-watchdog", "true"), NODE("n1", ""),
     VM("a", "1", ""), "", STATE("n1", DOWN, "", ""), "a", "n1: offline"},
    {"a strategy that Pacemaker does not know", SET("placement-strategy", "balancd"), NODE("n1", ""),
     FENCE VM("b", "9", ""), "", STATE("n1", UP, "", ""), "b",
     "n1: nothing is in the way: Pacemaker has yet to act"},
    {"banned by the pattern of a clone", "", NODE("n1", ""), FENCE DEPLOYMENT("1"),
     "<rsc_location id='ban' rsc-pattern='^d-clone$' node='n1' score='-INFINITY'/>", STATE("n1", UP, "", ""),
     "d:0", "n1: banned by constraint ban"},
    {"banned by what a pattern does not fit", "", NODE("n1", ""), FENCE VM("a", "1", "") VM("b", "1", ""),
     "<rsc_location id='ban' rsc-pattern='!^b' node='n1' score='-INFINITY'/>"
     "<rsc_location id='none' rsc-pattern='!^a' node='n1' score='-INFINITY'/>",
     STATE("n1", UP, "", ""), "a", "n1: banned by constraint ban"},
    {"unwanted", "", NODE("n1", ""), FENCE VM("a", "1", ""),
     "<rsc_location id='good' rsc='a' node='n1' score='10'/><rsc_location id='bad' rsc='a' node='n1' score='-11'/>",
     STATE("n1", UP, "", ""), "a", "n1: unwanted by constraint bad: the score is -1"},
    {"wanted in all", "", NODE("n1", ""), FENCE VM("a", "1", ""),
     "<rsc_location id='good' rsc='a' node='n1' score='11'/><rsc_location id='bad' rsc='a' node='n1' score='-11'/>",
     STATE("n1", UP, "", ""), "a", "n1: nothing is in the way: Pacemaker has yet to act"},
    {"a node's name in capitals", "", NODE("n1", ""), FENCE VM("a", "1", ""),
     "<rsc_location id='bound' rsc='a'><rule score='-INFINITY'><expression attribute='#uname' operation='ne' value='N1'/>"
     "</rule></rsc_location>",
     STATE("n1", UP, "", ""), "a", "n1: nothing is in the way: Pacemaker has yet to act"},
    {"by the number that a node's attribute is", "",
     NODE("n1", "<instance_attributes>" SET("disks", "9") "</instance_attributes>") NODE("n2", ""),
     FENCE VM("a", "1", ""),
     "<rsc_location id='few' rsc='a'><rule score='-INFINITY'><expression attribute='disks' operation='lt' value='10'/>"
     "</rule></rsc_location>",
     STATE("n1", UP, "", "") STATE("n2", DOWN, "", ""), "a", "n1: banned by constraint few; n2: offline"},
    {"as many replicas as a node may have", "", NODE("n1", ""),
     FENCE "<clone id='d-clone'>" META(SET("globally-unique", "true") SET("clone-max", "2"))
         VM("d", "1", "") "</clone>",
     "", STATE("n1", UP, "", RUNS("d:0")), "d:1", "n1: runs 1 of them, and clone-node-max is 1"},
    {"on two nodes", "", TWO, FENCE VM("a", "1", ""), "",
     STATE("n1", UP, "", RUNS("a")) STATE("n2", UP, "", RUNS("a")), "a", "running n1 n2"},
};

static const gpuvm_cluster_instance *
find(const gpuvm_cluster *cluster, const char *id)
{
    for (guint i = 0; i < cluster->resources->len; i++) {
        const gpuvm_cluster_resource *resource = cluster->resources->pdata[i];

        for (guint n = 0; n < resource->instances->len; n++) {
            if (strcmp(((const gpuvm_cluster_instance *)resource->instances->pdata[n])->id, id) == 0)
                return resource->instances->pdata[n];
        }
    }
    fail_msg("no instance %s", id);
    return NULL;
}

static char *
text_of(const gpuvm_cluster *cluster, const gpuvm_cluster_instance *instance)
{
    const gpuvm_presence *where = gpuvm_cluster_where(instance);
    g_autoptr(GPtrArray) waits = where ? g_ptr_array_new() : gpuvm_waits(cluster, instance);
    GString *text = g_string_new(where ? gpuvm_run_state_names[where->state] : "");

    for (guint i = 0; where && i < instance->presences->len; i++)
        g_string_append_printf(text, " %s",
                               ((const gpuvm_presence *)instance->presences->pdata[i])->node->name);
    for (guint i = 0; i < waits->len; i++) {
        const gpuvm_wait *wait = waits->pdata[i];

        g_string_append_printf(text, "%s%s%s%s", i > 0 ? "; " : "", wait->node ? wait->node->name : "",
                               wait->node ? ": " : "", wait->reason);
    }
    return g_string_free(text, FALSE);
}

static void
reasons_are_found(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const wait_case *c = &cases[i];
        g_autofree char *xml = g_strdup_printf(
            "<cib have-quorum='1'><configuration><crm_config><cluster_property_set>%s</cluster_property_set></crm_config>"
            "<nodes>%s</nodes><resources>%s</resources><constraints>%s</constraints></configuration><status>%s</status></cib>",
            c->options, c->nodes, c->resources, c->constraints, c->status);
        g_autoptr(GError) error = NULL;
        g_autoptr(gpuvm_cluster) cluster = gpuvm_cluster_parse(xml, strlen(xml), "cib", &error);
        g_autofree char *text = NULL;

        if (!cluster)
            fail_msg("%s: %s", c->name, error->message);
        text = text_of(cluster, find(cluster, c->vm));
        if (strcmp(text, c->expected) != 0)
            fail_msg("%s: '%s', not '%s'", c->name, text, c->expected);
    }
}

static void
quorum_is_asked_for(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *cib;
        guint troubles;
    } quorums[] = {
        {"<cib have-quorum='1'>", 0},
        {"<cib have-quorum='true'>", 0},
        {"<cib have-quorum='0'>", 1},
        {"<cib>", 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(quorums); i++) {
        g_autofree char *xml = g_strconcat(
            quorums[i].cib, "<configuration><resources>" FENCE "</resources></configuration></cib>", NULL);
        g_autoptr(gpuvm_cluster) cluster = gpuvm_cluster_parse(xml, strlen(xml), "cib", NULL);
        g_autoptr(GPtrArray) troubles = gpuvm_cluster_troubles(cluster);

        assert_int_equal(troubles->len, quorums[i].troubles);
    }
}

/* What is none, and what means nothing, is an error or left out. */
static void
anything_is_survived(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *xml;
        bool right;
    } texts[] = {
        {"", false},
        {"<cib/>", false},
        {"<other><configuration/></other>", false},
        {"<cib><configuration/></cib>", true},
        {"<!DOCTYPE cib><cib><configuration/></cib>", false},
        {"<cib><configuration><nodes><node/><node id='1'/><node uname='a'/><node id='1' uname='r' type='remote'/></nodes>"
         "<resources><primitive/><clone/><group/><clone id='c'><group id='g'><primitive id='p'/></group></clone>"
         "<clone><primitive id='x'/></clone></resources><constraints><rsc_location/><rsc_colocation/><rsc_order first='a'/>"
         "<rsc_location id='l' rsc-pattern='('/></constraints></configuration><status><node_state/><node_state id='9'/>"
         "</status></cib>",
         true},
        {"<cib><configuration><nodes><node id='1' uname='n1'/></nodes><resources>" DEPLOYMENT("99999999999")
             VM("v", "-3", "") VM("w", "many", "") "</resources></configuration><status>" STATE(
                 "1", UP, SET("fail-count-v#start_0", "many") SET("fail-count-", ""),
                 HISTORY("d:1:2", "") HISTORY("d:", "") HISTORY(":", "") HISTORY("d:4294967296", "")
                     HISTORY("v", "<lrm_rsc_op/>" OP("x", "start", "-1", "z"))) "</status></cib>",
         true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(gpuvm_cluster) cluster =
            gpuvm_cluster_parse(texts[i].xml, strlen(texts[i].xml), "cib", &error);

        if ((cluster != NULL) != texts[i].right)
            fail_msg("%s: %s", texts[i].xml, error ? error->message : "no error");
        for (guint r = 0; cluster && r < cluster->resources->len; r++) {
            const gpuvm_cluster_resource *resource = cluster->resources->pdata[r];

            for (guint n = 0; n < resource->instances->len; n++)
                g_free(text_of(cluster, resource->instances->pdata[n]));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_are_found),
        cmocka_unit_test(quorum_is_asked_for),
        cmocka_unit_test(anything_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
