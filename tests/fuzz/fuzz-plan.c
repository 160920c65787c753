/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-plan.c: any bytes as choices that make a host, policies and a definition: what is planned keeps to the rules
 *
 * What is made is text (facts-builder.h), so that a finding can be read: FUZZ_SHOW=1 in the environment prints it.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "core/domxml.h"
#include "core/permit.h"
#include "core/record.h"
#include "core/template.h"
#include "../unit/facts-builder.h"
#include "fuzz.h"
#include "host/claims.h"

#define MAX_DEVICES 12

/** The bytes that are left: each choice takes one. */
typedef struct choices {
    const uint8_t *data;
    size_t size;
} choices;

/** A number below @n; 0 when nothing is left. */
static unsigned
choose(choices *from, unsigned n)
{
    unsigned choice = 0;

    if (from->size > 0) {
        choice = *from->data++ % n;
        from->size--;
    }
    return choice;
}

#define CHOOSE(from, words) ((words)[choose((from), G_N_ELEMENTS(words))])

/** What was made: lines of a host, items of a definition. */
typedef struct world {
    GPtrArray *devices; /* lines, owned */
    GPtrArray *host;    /* further lines, owned: their order counts */
    GPtrArray *named;   /* of pci_passthrough, owned */
    GString *keys;      /* the rest of the definition */
    const char *policies[2];
    char addresses[MAX_DEVICES][GPUVM_PCI_ADDR_SIZE];
    unsigned n;
} world;

static world *
world_new(void)
{
    world *made = g_new0(world, 1);

    made->devices = g_ptr_array_new_with_free_func(g_free);
    made->host = g_ptr_array_new_with_free_func(g_free);
    made->named = g_ptr_array_new_with_free_func(g_free);
    made->keys = g_string_new(NULL);
    return made;
}

static void
world_free(world *made)
{
    g_ptr_array_unref(made->devices);
    g_ptr_array_unref(made->host);
    g_ptr_array_unref(made->named);
    g_string_free(made->keys, TRUE);
    g_free(made);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(world, world_free)

static void
add(GPtrArray *lines, char *line)
{
    g_ptr_array_add(lines, line);
}

static void
make_device(choices *from, world *made)
{
    static const char *const classes[] = {"030000", "040300", "030200", "120000",
                                          "020000", "010802", "0c0330"};
    static const char *const ids[] = {"10de:2204", "10de:1aef", "1002:740f", "8086:1533"};
    static const char *const drivers[] = {"", " driver=nvidia", " driver=vfio-pci", " driver=pci-stub",
                                          " driver=igb"};
    static const char *const groups[] = {" group=1", " group=2", " group=3", " group=4", ""};
    static const char *const nodes[] = {"", " numa=0", " numa=1", " numa=7"};
    static const char *const displays[] = {"", " boot=0", "", " boot=1"};
    char *address = made->addresses[made->n++];
    unsigned sort;

    g_snprintf(address, GPUVM_PCI_ADDR_SIZE, "%s:%02x:%02x.%u", choose(from, 8) == 7 ? "10000" : "0000",
               choose(from, 3), choose(from, 2), choose(from, 8));
    for (unsigned i = 0; i + 1 < made->n; i++) {
        if (g_str_equal(made->addresses[i], address)) {
            made->n--;
            return;
        }
    }
    sort = choose(from, 8);
    g_autoptr(GString) line = g_string_new(address);
    g_string_append_printf(line, " %s %s%s%s%s%s", sort == 7 ? "060400" : CHOOSE(from, classes),
                           CHOOSE(from, ids), CHOOSE(from, drivers), CHOOSE(from, groups),
                           CHOOSE(from, nodes), CHOOSE(from, displays));
    if (sort == 7)
        g_string_append(line, " bridge");
    if (sort == 6 && made->n > 1)
        g_string_append_printf(line, " vf=%s", made->addresses[choose(from, made->n - 1)]);
    add(made->devices, g_strdup(line->str));
}

static void
make_host(choices *from, world *made)
{
    static const char *const machines[] = {"host cpus=8 memory=8192 type=qemu", "host cpus=1 memory=512",
                                           "host cpus=8 type=test emulator=/bin/qemu"};
    static const char *const cells[] = {"cell 0 cpus=0-3 memory=4096 2M=1024",
                                        "cell 0 cpus=0-3 memory=4096\ncell 1 cpus=4-7 memory=2048 1G=1"};
    unsigned n = 1 + choose(from, MAX_DEVICES), claims = choose(from, 3);

    for (unsigned i = 0; i < n; i++)
        make_device(from, made);
    if (choose(from, 8) == 7)
        add(made->devices, g_strdup_printf("unknown 0000:09:00.0 group=%u", 1 + choose(from, 4)));
    for (unsigned i = 0; i < claims; i++) {
        const char *word = choose(from, 2) ? " active" : "";

        add(made->host,
            g_strdup_printf("domain other%u%s %s", i, word, made->addresses[choose(from, made->n)]));
    }
    add(made->host, g_strdup(CHOOSE(from, machines)));
    if (choose(from, 2))
        add(made->host, g_strdup(CHOOSE(from, cells)));
}

static void
make_named(choices *from, world *made)
{
    static const char *const options[] = {"", ", rom_bar: false", ", rom_file: vbios.rom"};
    unsigned n = choose(from, 5);

    for (unsigned i = 0; i < n; i++) {
        char *address = made->addresses[choose(from, made->n)];
        bool card = choose(from, 3) == 2;

        add(made->named, g_strdup_printf("{address: '%.*s'%s}", (int)(strlen(address) - (card ? 2 : 0)),
                                         address, CHOOSE(from, options)));
    }
}

static void
make_definition(choices *from, world *made)
{
    static const char *const modes[] = {"", ", iommu_group: include", ", iommu_group: detach"};
    static const char *const lists[] = {"", ", allowlist: ['10de:*']", ", allowlist: [{class: '03'}]",
                                        ", allowlist: [{address: '00:00'}, '*:740f']"};
    static const char *const selectors[] = {"", ", gpus: [{count: 1}]",
                                            ", gpus: [{count: 2}, {id: '10de:*'}]",
                                            ", gpus: [{class: '02', numa_node: 1}]"};
    static const char *const resources[] = {
        "", "resources: {cpu_cores: 4, memory_mb: 2048, cpu_pinning: shared}\n",
        "resources: {cpu_cores: 2, memory_mb: 2048, hugepages: 1G}\n",
        "resources: {cpu_cores: 16, memory_mb: 65536, numa: none}\n",
        "resources: {cpu_cores: 5, memory_mb: 2049, numa: split, cpu_pinning: dedicated, hugepages: any}\n"};
    static const char *const others[] = {"", "network: {mode: none}\n",
                                         "firmware: bios\ndisks: [{source: a.iso}]\n",
                                         "kernel: vmlinuz\ninitramfs: initrd\nlabels: {'a<': '&b'}\n"};

    make_named(from, made);
    g_string_append_printf(made->keys, "%s%s%s%s", choose(from, 3) == 2 ? ", functions: requested" : "",
                           CHOOSE(from, modes), CHOOSE(from, lists), CHOOSE(from, selectors));
    g_string_append_printf(made->keys, "}\n%s%s", CHOOSE(from, resources), CHOOSE(from, others));
}

static void
make_policies(choices *from, world *made)
{
    static const char *const policies[] = {
        gpuvm_policy_builtin,
        "allowlist: ['*:*']\nallow_host_display: true\n",
        "allowlist: ['10de:*', '1002:740f']\n",
        "allowlist: ['*:*']\ndenylist: [{class: '02'}, '10de:1aef']\n",
        "allowlist: []\n",
    };

    made->policies[0] = CHOOSE(from, policies);
    made->policies[1] = choose(from, 4) == 3 ? CHOOSE(from, policies) : NULL;
}

/** @lines, each with @end; from the last to the first when @backwards. */
static char *
join(const GPtrArray *lines, const char *end, bool backwards)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < lines->len; i++)
        g_string_append_printf(text, "%s%s", (char *)lines->pdata[backwards ? lines->len - 1 - i : i], end);
    return g_string_free(text, FALSE);
}

/** The plan of what was made, in either order of what has none; NULL when the definition is invalid. */
static plan_scene *
make_scene(const world *made, bool backwards)
{
    g_autofree char *devices = join(made->devices, "\n", backwards), *host = join(made->host, "\n", false);
    g_autofree char *lines = g_strconcat(devices, host, NULL), *named = join(made->named, ", ", backwards);
    g_autofree char *definition =
        g_strdup_printf("devices: {pci_passthrough: [%s]%s", named, made->keys->str);
    g_autofree char *whole = g_strconcat("name: vm\n", definition, NULL);
    g_autoptr(gpuvm_source) source = gpuvm_source_new("vm.yaml", g_strdup(whole), strlen(whole));
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) specs = gpuvm_spec_parse(source, "vm", diags);
    plan_scene *scene;

    if (g_getenv("FUZZ_SHOW"))
        printf("%s%s%s%s\n", lines, whole, made->policies[0], made->policies[1] ? made->policies[1] : "");
    if (specs->len == 0)
        return NULL; /* a device is named twice */
    scene = scene_new(lines, definition, made->policies[0], made->policies[1]);
    scene_plan(scene);
    fuzz_check_diags(scene->diags);
    return scene;
}

static const gpuvm_plan_function *
find(const gpuvm_plan *plan, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (gpuvm_pci_addr_equal(&function->device->addr, addr))
            return function;
    }
    return NULL;
}

/** No function twice in the host, nor in the guest, where every slot has a function 0. */
static void
check_layout(const gpuvm_plan *plan)
{
    unsigned functions_of[2 * MAX_DEVICES + 1] = {
        0}; /* of each port, a bit each; two cards may share a switch */

    FUZZ_REQUIRE(plan->controllers->len <= 2 * MAX_DEVICES);
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        FUZZ_REQUIRE(find(plan, &function->device->addr) == function);
        if (function->role == GPUVM_ROLE_DETACHED)
            continue;
        FUZZ_REQUIRE(function->guest.bus >= 1 && function->guest.bus <= plan->controllers->len);
        FUZZ_REQUIRE(!(functions_of[function->guest.bus] & 1U << function->guest.function));
        functions_of[function->guest.bus] |= 1U << function->guest.function;
    }
    for (unsigned port = 1; port <= plan->controllers->len; port++)
        FUZZ_REQUIRE(functions_of[port] == 0 || functions_of[port] & 1);
}

static bool
card_is_allowed(const plan_scene *scene, const gpuvm_device *device)
{
    const gpuvm_admission permit = {.policies = &scene->policies,
                                    .vm_allowlist = scene->vm->vm->body.devices->allowlist};

    for (guint i = 0; i < scene->plan->functions->len; i++) {
        const gpuvm_device *other = ((const gpuvm_plan_function *)scene->plan->functions->pdata[i])->device;

        if (gpuvm_pci_addr_same_slot(&other->addr, &device->addr) && gpuvm_permit_device(&permit, other))
            return true;
    }
    return false;
}

static bool
may_stay(const gpuvm_device *member)
{
    return member && (member->bridge || !member->driver || g_str_equal(member->driver, "vfio-pci") ||
                      g_str_equal(member->driver, "pci-stub"));
}

/** Nothing but what is allowed, no bridge, and every member of its group that would stand in the way. */
static void
check_function(const plan_scene *scene, const gpuvm_plan_function *function)
{
    const gpuvm_device *device = function->device;

    FUZZ_REQUIRE(!device->bridge && device->iommu_group != GPUVM_UNKNOWN);
    FUZZ_REQUIRE(card_is_allowed(scene, device));
    for (guint i = 0; i < device->group_members->len; i++) {
        const gpuvm_pci_addr *member = &g_array_index(device->group_members, gpuvm_pci_addr, i);

        FUZZ_REQUIRE(find(scene->plan, member) || may_stay(gpuvm_facts_device(scene->facts, member)));
    }
}

/** What was planned may start, when nothing has changed and nobody runs who has it. */
static void
check_start(const plan_scene *scene, const gpuvm_claim *claim, const gpuvm_record *record)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));
    gpuvm_admission admission = scene_admission(scene, GPUVM_START, functions);

    admission.absent = absent;
    admission.group_mode = GPUVM_GROUP_REFUSE;
    admission.record = record;
    admission.diags = diags;
    for (guint i = 0; i < scene->facts->claims->len; i++)
        g_array_set_size(((gpuvm_claim *)scene->facts->claims->pdata[i])->now, 0);
    gpuvm_admission_name_hostdevs(&admission, claim->next);
    gpuvm_admit(&admission);
    fuzz_check_diags(diags);
    FUZZ_REQUIRE(diags->errors == 0);
}

/** The XML has the plan's functions, as hostdevs and as the record. */
static void
check_xml(const plan_scene *scene)
{
    g_autofree char *xml =
        gpuvm_domxml_make(scene->plan, gpuvm_template_domain, "template", NULL, scene->diags);
    g_autoptr(gpuvm_claim) claim = gpuvm_claim_parse(xml, NULL);

    FUZZ_REQUIRE(claim && claim->metadata && claim->next->len == scene->plan->functions->len);
    g_autoptr(gpuvm_record) record = gpuvm_record_parse(claim->metadata, NULL);
    FUZZ_REQUIRE(record && record->devices->len == scene->plan->functions->len);
    for (guint i = 0; i < record->devices->len; i++)
        FUZZ_REQUIRE(find(scene->plan, &g_array_index(record->devices, gpuvm_record_device, i).addr));
    for (guint i = 0; i < claim->next->len; i++)
        FUZZ_REQUIRE(find(scene->plan, &g_array_index(claim->next, gpuvm_pci_addr, i)));
    check_start(scene, claim, record);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    choices from = {data, size};
    g_autoptr(world) made = world_new();

    make_policies(&from, made);
    make_host(&from, made);
    make_definition(&from, made);

    g_autoptr(plan_scene) scene = make_scene(made, false);
    if (!scene)
        return 0;
    g_autoptr(plan_scene) other = make_scene(made, true);
    g_autofree char *functions = functions_text(scene->plan->functions);
    g_autofree char *others = functions_text(other->plan->functions);

    FUZZ_REQUIRE(g_str_equal(functions, others) && scene->diags->errors == other->diags->errors);
    check_layout(scene->plan);
    if (scene->diags->errors > 0)
        return 0;
    for (guint i = 0; i < scene->plan->functions->len; i++)
        check_function(scene, scene->plan->functions->pdata[i]);
    check_xml(scene);
    return 0;
}
