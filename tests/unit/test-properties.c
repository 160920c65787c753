/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What holds for every plan, on small random hosts with random definitions and policies.
 *
 * GPUVM_TEST_SEED takes the place of the first seed, and then only that one is run: a failure prints it.
 */
#include <config.h>

#include "facts-builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/xml.h"
#include "core/domxml.h"
#include "core/permit.h"
#include "core/template.h"

#define FIRST_SEED 1
#define MIN_RUNS 200
#define MAX_RUNS 3000
#define TIME_LIMIT (2 * G_USEC_PER_SEC)

/** One random host with what is asked of it, as the texts of facts-builder.h. */
typedef struct sample {
    guint32 seed;
    GPtrArray *devices;    /* lines of devices */
    GString *others;       /* the other lines of the host, in order */
    GPtrArray *addresses;  /* of all devices */
    GPtrArray *items;      /* of pci_passthrough */
    GString *devices_yaml; /* what else is in `devices` */
    char *policy;          /* NULL: the built-in one */
} sample;

static bool
chance(GRand *rand, int percent)
{
    return g_rand_int_range(rand, 0, 100) < percent;
}

static const char *
pick(GRand *rand, const char *const *words, int n)
{
    return words[g_rand_int_range(rand, 0, n)];
}

#define PICK(rand, ...)                                                                                      \
    pick(rand, (const char *const[]){__VA_ARGS__}, G_N_ELEMENTS(((const char *const[]){__VA_ARGS__})))

static void
add_function(sample *s, GRand *rand, unsigned bus, unsigned function, int group)
{
    GString *line = g_string_new(NULL);
    bool bridge = chance(rand, 8);
    const char *kind = bridge ? "060400 8086:1901"
                              : PICK(rand, "030000 10de:2204", "030200 10de:2330", "040300 10de:1aef",
                                     "020000 8086:1533", "120000 1002:74a1", "010802 144d:a808");
    const char *driver =
        PICK(rand, "", "", " driver=vfio-pci", " driver=pci-stub", " driver=busy", " driver=busy");

    g_ptr_array_add(s->addresses, g_strdup_printf("0000:%02x:00.%u", bus, function));
    g_string_append_printf(line, "0000:%02x:00.%u %s%s%s", bus, function, kind, driver,
                           bridge ? " bridge" : "");
    if (!chance(rand, 4))
        g_string_append_printf(line, " group=%d", group);
    if (chance(rand, 70))
        g_string_append_printf(line, " numa=%d", g_rand_int_range(rand, 0, 2));
    if (chance(rand, 3))
        g_string_append(line, " boot=1");
    if (function >= 4)
        g_string_append_printf(line, " vf=0000:%02x:00.0", bus);
    g_ptr_array_add(s->devices, g_string_free(line, FALSE));
}

static void
make_host(sample *s, GRand *rand)
{
    int slots = g_rand_int_range(rand, 1, 5);

    for (int slot = 0; slot < slots; slot++) {
        int group = chance(rand, 70) ? slot : g_rand_int_range(rand, 0, slots);
        bool virtual_functions = chance(rand, 15);

        for (unsigned function = 0; function < (virtual_functions ? 6u : 4u); function++) {
            if (chance(rand, function == 0 ? 90 : 40))
                add_function(s, rand, (unsigned)slot + 1, function,
                             chance(rand, 85) ? group : g_rand_int_range(rand, 0, slots + 2));
        }
    }
    if (chance(rand, 8))
        g_string_append_printf(s->others, "unknown 0000:0f:00.0 group=%d\n",
                               g_rand_int_range(rand, 0, slots));
    for (int i = 0; i < 2 && s->addresses->len > 0; i++) {
        if (chance(rand, 30))
            g_string_append_printf(
                s->others, "domain other%d %s%s\n", i, chance(rand, 50) ? "active " : "",
                (const char *)s->addresses->pdata[g_rand_int_range(rand, 0, (gint32)s->addresses->len)]);
    }
}

/** Names some functions, cards and absent devices, none of them twice. */
static void
make_definition(sample *s, GRand *rand)
{
    for (unsigned bus = 1; bus <= 5; bus++) {
        if (chance(rand, 10)) {
            g_ptr_array_add(s->items, g_strdup_printf("'%02x:00'", bus));
            continue;
        }
        for (guint i = 0; i < s->addresses->len; i++) {
            const char *address = s->addresses->pdata[i];

            if (strtoul(address + 5, NULL, 16) == bus && chance(rand, 15))
                g_ptr_array_add(s->items, g_strdup_printf("'%s'", address));
        }
    }
    if (chance(rand, 30))
        g_string_append_printf(s->devices_yaml, ", gpus: [{count: %d}%s]", g_rand_int_range(rand, 1, 4),
                               chance(rand, 30) ? ", '10de:*'" : "");
    g_string_append_printf(s->devices_yaml, ", functions: %s, iommu_group: %s",
                           chance(rand, 75) ? "all" : "requested", PICK(rand, "refuse", "include", "detach"));
    if (chance(rand, 20))
        g_string_append_printf(s->devices_yaml, ", allowlist: [%s]",
                               PICK(rand, "'10de:*'", "'10de:2204', {class: '04'}", "{class: '02'}"));
    if (chance(rand, 70))
        s->policy =
            g_strdup_printf("{allowlist: [%s], denylist: [%s], allow_host_display: %s}",
                            PICK(rand, "'*:*'", "'*:*'", "'10de:*', '8086:*'", "{class: '03'}", ""),
                            PICK(rand, "", "", "'10de:1aef'", "{address: '02:00'}"), PICK(rand, "yes", "no"));
}

static sample *
sample_new(guint32 seed)
{
    sample *s = g_new0(sample, 1);
    GRand *rand = g_rand_new_with_seed(seed);

    s->seed = seed;
    s->devices = g_ptr_array_new_with_free_func(g_free);
    s->others = g_string_new(NULL);
    s->addresses = g_ptr_array_new_with_free_func(g_free);
    s->items = g_ptr_array_new_with_free_func(g_free);
    s->devices_yaml = g_string_new(NULL);
    make_host(s, rand);
    make_definition(s, rand);
    g_rand_free(rand);
    return s;
}

static void
sample_free(sample *s)
{
    g_ptr_array_unref(s->devices);
    g_string_free(s->others, TRUE);
    g_ptr_array_unref(s->addresses);
    g_ptr_array_unref(s->items);
    g_string_free(s->devices_yaml, TRUE);
    g_free(s->policy);
    g_free(s);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sample, sample_free)

/** @strings in order or backwards, with @separator between them. g_malloc. */
static char *
join(const GPtrArray *strings, bool backwards, const char *separator)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < strings->len; i++) {
        const char *string = strings->pdata[backwards ? strings->len - 1 - i : i];
        g_string_append_printf(text, "%s%s", i > 0 ? separator : "", string);
    }
    return g_strdup(text->str);
}

/** The plan of @s, its devices and what it names given in order or backwards. */
static plan_scene *
plan_sample(const sample *s, bool backwards)
{
    g_autofree char *lines = join(s->devices, backwards, "\n"), *items = join(s->items, backwards, ", ");
    g_autofree char *host = g_strdup_printf("%s\n%s", lines, s->others->str);
    g_autofree char *definition =
        g_strdup_printf("devices: {pci_passthrough: [%s]%s}\n", items, s->devices_yaml->str);
    plan_scene *scene = scene_new(host, definition, s->policy, NULL);

    scene_plan(scene);
    return scene;
}

static void G_GNUC_NORETURN
broken(const sample *s, const plan_scene *scene, const char *property)
{
    g_autofree char *lines = join(s->devices, false, "\n"), *items = join(s->items, false, ", ");
    g_autofree char *functions = functions_text(scene->plan->functions);

    fail_msg("%s\nGPUVM_TEST_SEED=%u\n%s\n%spci_passthrough: [%s]%s\npolicy: %s\nfunctions: %s", property,
             s->seed, lines, s->others->str, items, s->devices_yaml->str, s->policy ? s->policy : "built-in",
             functions);
    abort();
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

static void
no_function_twice(const sample *s, const plan_scene *scene)
{
    for (guint i = 0; i < scene->plan->functions->len; i++) {
        const gpuvm_plan_function *function = scene->plan->functions->pdata[i];

        if (find(scene->plan, &function->device->addr) != function)
            broken(s, scene, "a function is there twice");
        if (!function->why || !*function->why)
            broken(s, scene, "a function has no reason");
    }
}

/** As VFIO has it: each member is passed, or a bridge, or has no driver, or one of VFIO's. */
static void
groups_are_viable(const sample *s, const plan_scene *scene)
{
    for (guint i = 0; i < scene->plan->functions->len; i++) {
        const gpuvm_device *device = ((const gpuvm_plan_function *)scene->plan->functions->pdata[i])->device;

        if (device->iommu_group == GPUVM_UNKNOWN)
            broken(s, scene, "a function has no group");
        for (guint m = 0; m < device->group_members->len; m++) {
            const gpuvm_pci_addr *addr = &g_array_index(device->group_members, gpuvm_pci_addr, m);
            const gpuvm_device *member = gpuvm_facts_device(scene->facts, addr);

            if (find(scene->plan, addr))
                continue;
            if (!member || (!member->bridge && g_strcmp0(member->driver, "busy") == 0))
                broken(s, scene, "a group is not viable");
        }
    }
}

static void
guest_addresses_make_sense(const sample *s, const plan_scene *scene)
{
    unsigned seen[256][8] = {{0}};
    const gpuvm_plan *plan = scene->plan;

    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (function->role == GPUVM_ROLE_DETACHED)
            continue;
        if (function->guest.bus < 1 || function->guest.bus > plan->controllers->len ||
            function->guest.function > 7)
            broken(s, scene, "a function is behind no port");
        if (seen[function->guest.bus][function->guest.function]++)
            broken(s, scene, "two functions have one guest address");
    }
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (function->role != GPUVM_ROLE_DETACHED && !seen[function->guest.bus][0])
            broken(s, scene, "a guest slot has no function 0");
    }
}

/** Whether a function of @device's card that is passed is allowed by itself. */
static bool
card_allowed(const gpuvm_admission *permit, const gpuvm_plan *plan, const gpuvm_device *device)
{
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *other = plan->functions->pdata[i];

        if (!other->device->virtual_function && other->role <= GPUVM_ROLE_CARD &&
            gpuvm_pci_addr_same_slot(&other->device->addr, &device->addr) &&
            gpuvm_permit_device(permit, other->device))
            return true;
    }
    return false;
}

static void
only_what_is_permitted(const sample *s, const plan_scene *scene)
{
    const gpuvm_admission permit = {.policies = &scene->policies,
                                    .vm_allowlist = scene->vm->vm->body.devices->allowlist};
    const gpuvm_policy *policy = scene->policies.of[0].spec->policy;

    for (guint i = 0; i < scene->plan->functions->len; i++) {
        const gpuvm_plan_function *function = scene->plan->functions->pdata[i];
        const gpuvm_device *device = function->device;
        bool rides = !device->virtual_function && function->role <= GPUVM_ROLE_CARD &&
                     card_allowed(&permit, scene->plan, device);

        if (device->bridge)
            broken(s, scene, "a bridge is passed");
        if (device->boot_vga == 1 && !policy->allow_host_display)
            broken(s, scene, "the boot display is passed");
        if (!gpuvm_permit_device(&permit, device) && !rides)
            broken(s, scene, "something not permitted is passed");
        for (guint k = 0; k < policy->denylist->len; k++) {
            if (gpuvm_rule_match(policy->denylist->pdata[k], device))
                broken(s, scene, "something denied is passed");
        }
    }
}

static void
whole_cards(const sample *s, const plan_scene *scene)
{
    for (guint i = 0; i < scene->plan->functions->len; i++) {
        const gpuvm_plan_function *function = scene->plan->functions->pdata[i];
        g_autoptr(GPtrArray) slot = gpuvm_facts_slot(scene->facts, &function->device->addr);

        for (guint k = 0; k < slot->len; k++) {
            const gpuvm_device *sibling = slot->pdata[k];

            if (function->role <= GPUVM_ROLE_CARD && !function->device->virtual_function &&
                !sibling->virtual_function && !find(scene->plan, &sibling->addr))
                broken(s, scene, "a card is not whole");
        }
    }
}

static void
errors_have_exit_codes(const sample *s, const plan_scene *scene)
{
    for (guint i = 0; i < scene->diags->items->len; i++) {
        const gpuvm_diag *diag = scene->diags->items->pdata[i];

        if ((diag->severity == GPUVM_DIAG_ERROR) != (diag->exit != GPUVM_EXIT_OK))
            broken(s, scene, "an error has no exit code");
        if (!diag->mark.source || diag->mark.line == 0)
            broken(s, scene, "a diagnostic has no place");
    }
}

/** The hostdevs of the domain XML are the plan's functions, in order. */
static void
renders(const sample *s, const plan_scene *scene)
{
    g_autofree char *xml =
        gpuvm_domxml_make(scene->plan, gpuvm_template_domain, "template", NULL, scene->diags);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), "made", NULL) : NULL;
    const xmlNode *node;
    guint n = 0;

    if (!doc)
        broken(s, scene, "the domain XML does not parse");
    node = gpuvm_xml_child(gpuvm_xml_child(xmlDocGetRootElement(doc), "devices"), "hostdev");
    for (; node; node = gpuvm_xml_next(node), n++) {
        const xmlNode *source = gpuvm_xml_child(gpuvm_xml_child(node, "source"), "address");
        bool detached = gpuvm_xml_attr_is(gpuvm_xml_child(node, "address"), "type", "unassigned");
        const gpuvm_plan_function *function;
        uint64_t bus = 0, number = 0;

        if (n >= scene->plan->functions->len)
            broken(s, scene, "the domain XML has more hostdevs");
        function = scene->plan->functions->pdata[n];
        gpuvm_xml_number(source, "bus", 255, &bus, NULL);
        gpuvm_xml_number(source, "function", 7, &number, NULL);
        if (bus != function->device->addr.bus || number != function->device->addr.function ||
            detached != (function->role == GPUVM_ROLE_DETACHED))
            broken(s, scene, "the domain XML has another hostdev");
    }
    if (n != scene->plan->functions->len)
        broken(s, scene, "the domain XML has fewer hostdevs");
}

static int
compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** All that was decided and said, but for the places and the order of what was said. g_malloc. */
static char *
outcome(const plan_scene *scene)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *functions = functions_text(scene->plan->functions), *all = NULL;

    for (guint i = 0; i < scene->diags->items->len; i++) {
        const gpuvm_diag *diag = scene->diags->items->pdata[i];
        g_ptr_array_add(lines, g_strdup_printf("%d %s (%s)", diag->exit, diag->message, diag->hint));
    }
    for (guint i = 0; i < scene->plan->functions->len; i++)
        g_ptr_array_add(lines,
                        g_strdup(((const gpuvm_plan_function *)scene->plan->functions->pdata[i])->why));
    g_ptr_array_sort(lines, compare_lines);
    all = join(lines, false, "\n");
    return g_strdup_printf("%s\n%s", functions, all);
}

static void
order_does_not_count(const sample *s, const plan_scene *scene)
{
    g_autoptr(plan_scene) backwards = plan_sample(s, true);
    g_autofree char *one = outcome(scene), *other = outcome(backwards);

    if (strcmp(one, other) != 0) {
        print_error("in order:\n%s\nbackwards:\n%s\n", one, other);
        broken(s, scene, "the result depends on the order");
    }
}

/** Checks one sample; returns whether its plan was good. */
static bool
check(guint32 seed)
{
    g_autoptr(sample) s = sample_new(seed);
    g_autoptr(plan_scene) scene = plan_sample(s, false);

    no_function_twice(s, scene);
    guest_addresses_make_sense(s, scene);
    errors_have_exit_codes(s, scene);
    order_does_not_count(s, scene);
    if (scene->diags->errors > 0)
        return false;
    groups_are_viable(s, scene);
    only_what_is_permitted(s, scene);
    if (scene->vm->vm->body.devices->functions == GPUVM_FUNCTIONS_ALL)
        whole_cards(s, scene);
    renders(s, scene);
    return scene->plan->functions->len > 0;
}

static void
hold_on_random_hosts(void **state G_GNUC_UNUSED)
{
    const char *seed = g_getenv("GPUVM_TEST_SEED");
    gint64 until = g_get_monotonic_time() + TIME_LIMIT;
    unsigned runs = 0, good = 0;

    if (seed) {
        check((guint32)strtoul(seed, NULL, 10));
        return;
    }
    for (; runs < MIN_RUNS || (runs < MAX_RUNS && g_get_monotonic_time() < until); runs++)
        good += check(FIRST_SEED + runs);
    print_message("# %u hosts, %u with a good plan\n", runs, good);
    assert_true(good > runs / 20); /* else the samples say nothing about good plans */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hold_on_random_hosts),
    };

    return cmocka_run_group_tests_name("properties", tests, NULL, NULL);
}
