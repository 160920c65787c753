/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/cib.h"

#define H100 "0000:01:00.0 030200 10de:2330 group=1\n0000:02:00.0 030200 10de:2330 group=2\n"
#define L40S "0000:01:00.0 030000 10de:26b9 group=1\n0000:01:00.1 040300 10de:22ba group=1\n"
#define DISPLAY "0000:08:00.0 030000 1a03:2000 group=8 boot=1\n"
#define MIXED H100 "0000:03:00.0 030200 10de:26b9 group=3\n"
#define NIC "0000:04:00.0 020000 15b3:101e group=4\n"
#define GPUS(selectors) "devices: {gpus: [" selectors "]}"
#define AT(addresses) "devices: {pci_passthrough: [" addresses "]}"

typedef struct cib_case {
    const char *name, *definition;
    const char *first, *second; /* the nodes "node1" and "node2"; NULL: not known */
    const char *bindings;       /* with blanks between */
    const char *resource;       /* as resource_text; NULL: there is none */
    const char *errors[3], *notes[3];
} cib_case;

static void
write_pairs(GString *text, const GPtrArray *pairs)
{
    for (guint i = 0; i < pairs->len; i++) {
        const gpuvm_pair *pair = pairs->pdata[i];

        g_string_append_printf(text, " %s=%s", pair->key, pair->value);
    }
}

/** "ID@NODE NAME=VALUE …; NAME=VALUE … start monitor": utilization and meta attributes, and seconds. */
static char *
resource_text(const gpuvm_cib_resource *resource)
{
    GString *text = g_string_new(resource->id);

    if (resource->node)
        g_string_append_printf(text, "@%s", resource->node);
    write_pairs(text, resource->utilization);
    g_string_append_c(text, ';');
    for (guint i = 0; i < resource->meta->len; i++) {
        const gpuvm_pair *pair = resource->meta->pdata[i];

        if (g_str_equal(pair->key, "priority") || g_str_equal(pair->key, "clone-max"))
            g_string_append_printf(text, " %s=%s", pair->key, pair->value);
    }
    g_string_append_printf(text, " %u %u", resource->operations[0].timeout, resource->operations[2].timeout);
    return g_string_free(text, FALSE);
}

static void
add_node(GPtrArray *nodes, const char *name, const plan_scene *scene)
{
    gpuvm_cib_node *node = g_new0(gpuvm_cib_node, 1);

    node->name = name;
    node->facts = scene->facts;
    node->policies = &scene->policies;
    g_ptr_array_add(nodes, node);
}

static void
run_case(const cib_case *c)
{
    g_autoptr(plan_scene) first = scene_new(c->first ? c->first : "", c->definition, NULL, NULL);
    g_autoptr(plan_scene) second = scene_new(c->second ? c->second : "", "", NULL, NULL);
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(g_free), vms = g_ptr_array_new(),
                         resources = NULL;
    g_auto(GStrv) bindings = c->bindings ? g_strsplit(c->bindings, " ", -1) : NULL;
    gpuvm_cib_vm vm = {first->vm, (char *)"/definitions/vm.yaml"};
    gpuvm_cib_input input = {
        .vms = vms, .bindings = bindings, .uri = "qemu:///system", .definitions = "/definitions"};
    g_autofree char *text = NULL;

    g_ptr_array_add(vms, &vm);
    add_node(nodes, "node1", first);
    if (c->second)
        add_node(nodes, "node2", second);
    input.nodes = c->first ? nodes : NULL;
    resources = gpuvm_cib_make(&input, first->diags);
    expect_diags(c->name, first->diags, GPUVM_DIAG_ERROR, c->errors);
    if (c->notes[0])
        expect_diags(c->name, first->diags, GPUVM_DIAG_NOTE, c->notes);
    if (resources)
        text = resource_text(resources->pdata[1]);
    expect_text(c->name, text ? text : "", c->resource ? c->resource : "");
}

#define FENCE "nothing starts before the cluster can fence its nodes"
#define SMALL " memory_mb=2048 cpu=2; "

static const cib_case cases[] = {
    {.name = "no cards", .definition = "", .resource = "vm" SMALL "priority=0 120 30", .notes = {FENCE}},
    {.name = "cards of a model",
     .definition = GPUS("{id: '10de:2330', count: 4}"),
     .resource = "vm gpu_10de_2330=4" SMALL "priority=4 120 30"},
    {.name = "of two, the same one twice",
     .definition = GPUS("'10de:2330', {id: '1002:74a1', count: 2}, '10de:2330'"),
     .resource = "vm gpu_10de_2330=2 gpu_1002_74a1=2" SMALL "priority=4 120 30"},
    {.name = "its class says nothing more",
     .definition = GPUS("{id: '10de:2330', class: '0302'}"),
     .resource = "vm gpu_10de_2330=1" SMALL "priority=1 120 30"},
    {.name = "any model of a vendor",
     .definition = GPUS("'10de:*'"),
     .errors = {"3 several models of cards may fit :: --hosts"}},
    {.name = "any at all", .definition = GPUS("{count: 2}"), .errors = {"3 several models"}},
    {.name = "the only model of a node",
     .definition = GPUS("{count: 2}"),
     .first = H100 DISPLAY NIC,
     .resource = "vm gpu_10de_2330=2" SMALL "priority=2 120 30"},
    {.name = "of two nodes",
     .definition = GPUS("'10de:*'"),
     .first = H100,
     .second = H100 DISPLAY,
     .resource = "vm gpu_10de_2330=1" SMALL "priority=1 120 30"},
    {.name = "of one of them",
     .definition = GPUS("{class: '0302'}"),
     .first = H100,
     .second = NIC,
     .resource = "vm gpu_10de_2330=1" SMALL "priority=1 120 30"},
    {.name = "a card that a domain has is offered",
     .definition = GPUS("{}"),
     .first = H100 "domain a active 0000:01:00.0\ndomain b active 0000:02:00.0\n",
     .resource = "vm gpu_10de_2330=1" SMALL "priority=1 120 30"},
    {.name = "nodes that are not alike",
     .definition = GPUS("'10de:*'"),
     .first = H100,
     .second = L40S,
     .errors = {"5 different models :: node1: 2 of 10de:2330 :: node2: 1 of 10de:26b9 :: id: \"10de:2330\""}},
    {.name = "nor is one with itself",
     .definition = GPUS("'10de:*'"),
     .first = MIXED,
     .errors = {"5 different models :: node1: 2 of 10de:2330, 1 of 10de:26b9"}},
    {.name = "its class tells them apart",
     .definition = GPUS("{class: '0300'}"),
     .first = H100,
     .second = L40S,
     .resource = "vm gpu_10de_26b9=1" SMALL "priority=1 120 30"},
    {.name = "on no node",
     .definition = GPUS("'1002:*'"),
     .first = H100,
     .second = DISPLAY,
     .errors = {"5 no node has a card :: node1: none :: node2: none"}},
    {.name = "a NUMA node",
     .definition = GPUS("{id: '10de:2330', numa_node: 1}"),
     .errors = {"3 which NUMA node"}},
    {.name = "no GPU",
     .definition = GPUS("{id: '15b3:101e', class: '02'}"),
     .errors = {"3 devices of class 02 are not counted"}},
    {.name = "devices by address",
     .definition = AT("'01:00.0'"),
     .errors = {"3 devices by address are those of one node :: --node vm=NODE"}},
    {.name = "no name of a node, before anything else",
     .definition = AT("'01:00.0'"),
     .bindings = "vm=-x",
     .first = H100,
     .errors = {"2 --node takes NODE or VM=NODE, not 'vm=-x'"}},
    {.name = "on a node that is not known",
     .definition = AT("'01:00.0'"),
     .bindings = "node9",
     .first = H100,
     .errors = {"5 not known which models :: capture -o DIR/node9.xml"}},
    {.name = "on one that is",
     .definition = AT("'01:00.0', '02:00'"),
     .bindings = "node1",
     .first = H100,
     .resource = "vm@node1 gpu_10de_2330=2" SMALL "priority=2 120 30"},
    {.name = "by its own name",
     .definition = AT("'01:00.0'"),
     .bindings = "node9 vm=node1",
     .first = H100,
     .resource = "vm@node1 gpu_10de_2330=1" SMALL "priority=1 120 30"},
    {.name = "the card of a function",
     .definition = AT("'01:00.1'"),
     .bindings = "node1",
     .first = L40S,
     .resource = "vm@node1 gpu_10de_26b9=1" SMALL "priority=1 120 30"},
    {.name = "both of them",
     .definition = AT("'01:00.0', '01:00.1'"),
     .bindings = "node1",
     .first = L40S,
     .resource = "vm@node1 gpu_10de_26b9=1" SMALL "priority=1 120 30"},
    {.name = "a function alone",
     .definition = "devices: {functions: requested, pci_passthrough: ['01:00.1']}",
     .bindings = "node1",
     .first = L40S,
     .resource = "vm@node1" SMALL "priority=0 120 30"},
    {.name = "beside chosen ones",
     .definition = "devices: {pci_passthrough: ['01:00.0'], gpus: ['10de:2330']}",
     .bindings = "node1",
     .first = H100,
     .resource = "vm@node1 gpu_10de_2330=2" SMALL "priority=2 120 30"},
    {.name = "an address where nothing is",
     .definition = AT("'09:00.0'"),
     .bindings = "node1",
     .first = H100,
     .errors = {"5 node node1 has no device 0000:09:00.0"}},
    {.name = "a function that is not there",
     .definition = AT("'01:00.1'"),
     .bindings = "node1",
     .first = H100,
     .errors = {"5 node node1 has no device 0000:01:00.1"}},
    {.name = "bound to a node for another reason",
     .definition = "disks: [/srv/data.raw]",
     .bindings = "vm=node1",
     .resource = "vm@node1" SMALL "priority=0 120 30",
     .notes = {FENCE}},
    {.name = "a binding of nothing",
     .definition = "",
     .bindings = "node1",
     .errors = {"2 --node node1: no VM names devices"}},
    {.name = "of another VM",
     .definition = "",
     .bindings = "v=node1",
     .errors = {"2 --node v=node1: there is no such VM"}},
    {.name = "to no node", .definition = "", .bindings = "vm=", .errors = {"2 --node takes NODE or VM=NODE"}},
    {.name = "to something else",
     .definition = "",
     .bindings = "vm=a'b",
     .errors = {"2 --node takes NODE or VM=NODE"}},
    {.name = "autostart",
     .definition = "autostart: true",
     .errors = {"3 libvirt would start VM 'vm' beside Pacemaker"}},
    {.name = "a disk on a host",
     .definition = "disks: [/srv/data.raw]",
     .resource = "vm" SMALL "priority=0 120 30",
     .notes = {FENCE, "VM 'vm' writes to this file :: --node vm=NODE"}},
    {.name = "a blank disk",
     .definition = "disks: [{name: data, size_gb: 1}]",
     .resource = "vm" SMALL "priority=0 120 30",
     .notes = {FENCE, "does not move with it"}},
    {.name = "one that is only read",
     .definition = "disks: [{source: /srv/data.raw, readonly: true}]",
     .resource = "vm" SMALL "priority=0 120 30",
     .notes = {FENCE}},
    {.name = "health",
     .definition = "workload: {base_url: 'http://127.0.0.1:80'}\n"
                   "health_check: {endpoint: /, timeout_ms: 90001}",
     .resource = "vm" SMALL "priority=0 211 60"},
    {.name = "much memory",
     .definition = "resources: {memory_mb: 1048576, cpu_cores: 64}",
     .resource = "vm memory_mb=1048576 cpu=64; priority=0 376 30"},
};

static void
counts(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        run_case(&cases[i]);
}

/** What VMs of @names (with blanks between) come to; @replicas > 0: they are the first of a deployment. */
static void
expect_names(const char *names, uint64_t replicas, const char *expected, const char *error)
{
    g_auto(GStrv) each = g_strsplit(names, " ", -1);
    g_autoptr(GPtrArray) vms = g_ptr_array_new_with_free_func(g_free),
                         specs = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_spec_free);
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    gpuvm_cib_input input = {.vms = vms, .uri = "qemu:///system", .definitions = "/definitions"};
    g_autoptr(GPtrArray) resources = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    const char *const errors[] = {error, NULL};

    for (char **name = each; *name; name++) {
        g_autofree char *yaml = g_strdup_printf("name: '%s'\n", *name);
        gpuvm_cib_vm *vm = g_new0(gpuvm_cib_vm, 1);
        gpuvm_spec *spec = build_spec(yaml, "vm");

        if (replicas > 0 && name == each) {
            spec->deployed = gpuvm_deployed_new();
            spec->deployed->name = g_strdup(*name);
            spec->deployed->replicas = replicas;
        }
        g_ptr_array_add(specs, spec);
        vm->spec = spec;
        vm->file = (char *)"/definitions/vm.yaml";
        g_ptr_array_add(vms, vm);
    }
    resources = gpuvm_cib_make(&input, diags);
    g_autofree char *xml = resources ? gpuvm_cib_print_xml(resources, diags) : NULL;
    expect_diags(names, diags, GPUVM_DIAG_ERROR, errors);
    assert_true((xml != NULL) == (error == NULL));
    for (guint i = 1; resources && i < resources->len; i++) {
        const gpuvm_cib_resource *resource = resources->pdata[i];

        g_string_append_printf(text, "%s%s%s%s", i > 1 ? " " : "", resource->id, resource->clone ? "/" : "",
                               resource->clone ? resource->clone : "");
    }
    if (expected)
        expect_text(names, text->str, expected);
}

static void
names_resources(void **state G_GNUC_UNUSED)
{
    expect_names("b a", 0, "a b", NULL);
    expect_names("3d", 0, "vm-3d", NULL);
    expect_names("inference", 3, "inference/inference-clone", NULL);
    expect_names("3d vm-3d", 0, NULL, "3 there is a resource 'vm-3d' already");
    expect_names("gpuvm-host", 0, NULL, "3 there is a resource 'gpuvm-host' already");
    expect_names("gpuvm-hosts", 0, NULL, "3 there is a resource 'gpuvm-hosts' already");
    expect_names("a a-clone", 1, NULL, "3 there is a resource 'a-clone' already");
    expect_names("a a-utilization-cpu", 0, NULL, "3 would have the id 'a-utilization-cpu'");
}

static void
takes_plain_words(void **state G_GNUC_UNUSED)
{
    static const char *const plain[] = {"/srv/vms/a.yaml", "/srv/ü.yaml", "qemu:///system", "a&b<c>;#"};
    static const char *const others[] = {"",     "/a b", "a'b",  "a\"b", "a\\b",    "a$b",
                                         "a`b`", "a\nb", "\xff", "a\tb", "a\u00a0b"};

    for (size_t i = 0; i < G_N_ELEMENTS(plain); i++)
        assert_true(gpuvm_cib_is_plain(plain[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        assert_false(gpuvm_cib_is_plain(others[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),
        cmocka_unit_test(names_resources),
        cmocka_unit_test(takes_plain_words),
    };

    return cmocka_run_group_tests_name("cib", tests, NULL, NULL);
}
