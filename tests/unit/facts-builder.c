/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <stdio.h>
#include <string.h>

#include "model/cpuset.h"

gpuvm_pci_addr
build_addr(const char *text)
{
    gpuvm_pci_addr addr;

    if (!gpuvm_pci_addr_parse(text, &addr, NULL, NULL))
        g_error("the test's address is wrong: %s", text);
    return addr;
}

/** The value of @word when it is "KEY=VALUE"; NULL. */
static const char *
value_of(const char *word, const char *key)
{
    size_t length = strlen(key);

    return strncmp(word, key, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static uint64_t
number(const char *text)
{
    return g_ascii_strtoull(text, NULL, 10);
}

static void
set_bars(gpuvm_device *device, const char *list)
{
    g_auto(GStrv) bars = g_strsplit(list, ",", -1);

    for (char **bar = bars; *bar; bar++) {
        char *unit = NULL;
        uint64_t number = g_ascii_strtoull(*bar, &unit, 10), size = number << (*unit == 'G' ? 30 : 20);
        bool prefetchable = g_str_has_suffix(unit, "p");

        gpuvm_device_add_bar(device,
                             &(gpuvm_bar){.size = size, .wide = prefetchable, .prefetchable = prefetchable});
    }
}

static void
set_device(gpuvm_device *device, const char *word)
{
    const char *value;

    if ((value = value_of(word, "group")))
        device->iommu_group = (int)number(value);
    else if ((value = value_of(word, "driver")))
        device->driver = g_strdup(value);
    else if ((value = value_of(word, "numa")))
        device->numa_node = (int)number(value);
    else if ((value = value_of(word, "boot")))
        device->boot_vga = (int)number(value);
    else if (g_str_equal(word, "bridge"))
        device->bridge = true;
    else if (g_str_equal(word, "silent"))
        device->silent = true;
    else if (g_str_equal(word, "reserved"))
        device->reserved = true;
    else if ((value = value_of(word, "reset")))
        device->reset_method = g_strdelimit(g_strdup(value), ",", ' ');
    else if ((value = value_of(word, "serial")))
        device->serial = g_strdup(value);
    else if ((value = value_of(word, "path")))
        device->path = g_strdup(value);
    else if ((value = value_of(word, "slot")))
        device->slot = g_strdup(value);
    else if ((value = value_of(word, "subsystem")))
        device->subsystem = (uint32_t)g_ascii_strtoull(value, NULL, 16);
    else if ((value = value_of(word, "below"))) {
        device->below = true;
        device->parent = build_addr(value);
    } else if ((value = value_of(word, "bars")))
        set_bars(device, value);
    else if ((value = value_of(word, "link")) &&
             sscanf(value, "%lfx%d/%lfx%d", &device->link_max_speed, &device->link_max_width,
                    &device->link_speed, &device->link_width) == 4)
        return;
    else if ((value = value_of(word, "vf"))) {
        device->virtual_function = true;
        device->physical_function = build_addr(value);
    } else
        g_error("the test's device has a wrong word: %s", word);
}

static void
add_device(gpuvm_facts *facts, char **words)
{
    gpuvm_pci_addr addr = build_addr(words[0]);
    gpuvm_device *device = gpuvm_device_new(&addr);
    gpuvm_pci_pattern id;

    if (!gpuvm_pci_pattern_parse(words[2], &id, NULL, NULL))
        g_error("the test's device id is wrong: %s", words[2]);
    device->class_code = (uint32_t)g_ascii_strtoull(words[1], NULL, 16);
    device->vendor_id = (uint16_t)id.vendor;
    device->device_id = (uint16_t)id.device;
    for (char **word = words + 3; *word; word++)
        set_device(device, *word);
    gpuvm_facts_add_device(facts, device);
}

static void
add_claim(gpuvm_facts *facts, char **words)
{
    gpuvm_claim *claim = gpuvm_claim_new(words[1], "e1e4ee3c-8cc5-4b4c-9a8a-3bd9cb5bd2f0");
    bool now = true, next = true;

    for (char **word = words + 2; *word; word++) {
        if (g_str_equal(*word, "active")) {
            claim->active = true;
        } else if (value_of(*word, "pins")) {
            g_autoptr(GArray) pins = gpuvm_cpuset_parse(value_of(*word, "pins"));

            g_array_append_vals(claim->pins, pins->data, pins->len);
            if (claim->active)
                g_array_append_vals(claim->pins_now, pins->data, pins->len);
        } else if (value_of(*word, "memory")) {
            claim->memory_now_kib = number(value_of(*word, "memory")) * 1024;
            claim->memory_live_kib = claim->memory_now_kib;
        } else if (value_of(*word, "cpus")) {
            claim->cpus_now = number(value_of(*word, "cpus"));
        } else if (g_str_equal(*word, "managed")) {
            claim->metadata = g_strdup("<vm/>");
        } else if (g_str_equal(*word, "left")) {
            claim->left = true;
        } else if (value_of(*word, "node")) {
            int node = (int)number(value_of(*word, "node"));

            g_array_append_val(claim->nodes, node);
        } else if (g_str_equal(*word, "now") || g_str_equal(*word, "next")) {
            now = g_str_equal(*word, "now");
            next = !now;
        } else {
            gpuvm_pci_addr addr = build_addr(*word);

            if (claim->active && now)
                g_array_append_val(claim->now, addr);
            if (next)
                g_array_append_val(claim->next, addr);
        }
    }
    gpuvm_facts_add_claim(facts, claim);
}

static void
add_cpus(gpuvm_cell *cell, const char *text)
{
    g_autoptr(GArray) cpus = gpuvm_cpuset_parse(text);

    for (guint i = 0; i < cpus->len; i++) {
        int id = g_array_index(cpus, int, i);
        const gpuvm_cpu cpu = {id, id, GPUVM_UNKNOWN};

        g_array_append_val(cell->cpus, cpu);
    }
}

/** "TOTAL", "FREE/TOTAL" */
static void
add_pages(gpuvm_cell *cell, uint64_t size_kib, const char *text)
{
    const char *slash = strchr(text, '/');
    const gpuvm_pages pages = {size_kib, number(slash ? slash + 1 : text),
                               slash ? number(text) : GPUVM_PAGES_UNKNOWN};

    g_array_append_val(cell->pages, pages);
}

/** Neighbours are threads of a core, and share a cache; no @cache is one that nobody knows. */
static void
set_topology(gpuvm_cell *cell, guint threads, guint cache)
{
    for (guint i = 0; i < cell->cpus->len; i++) {
        gpuvm_cpu *cpu = &g_array_index(cell->cpus, gpuvm_cpu, i);

        cpu->core = g_array_index(cell->cpus, gpuvm_cpu, i - i % threads).id;
        if (cache > 0)
            cpu->cache = g_array_index(cell->cpus, gpuvm_cpu, i - i % cache).id;
    }
}

static void
add_cell(gpuvm_facts *facts, char **words)
{
    gpuvm_cell *cell = gpuvm_cell_new((int)number(words[1]));
    guint threads = 1, cache = 0;

    for (char **word = words + 2; *word; word++) {
        const char *cpus = value_of(*word, "cpus"), *memory = value_of(*word, "memory"),
                   *small = value_of(*word, "2M"), *large = value_of(*word, "1G"),
                   *siblings = value_of(*word, "threads"), *shared = value_of(*word, "L3");

        if (cpus)
            add_cpus(cell, cpus);
        else if (siblings)
            threads = (guint)number(siblings);
        else if (shared)
            cache = (guint)number(shared);
        else if (memory)
            cell->memory_kib = number(memory) * 1024;
        else
            add_pages(cell, small ? 2048 : 1048576, small ? small : large);
    }
    set_topology(cell, threads, cache);
    g_ptr_array_add(facts->cells, cell);
}

static void
set_host(gpuvm_facts *facts, char **words)
{
    for (char **word = words + 1; *word; word++) {
        const char *value;

        if ((value = value_of(*word, "cpus")))
            facts->cpus = (unsigned)number(value);
        else if ((value = value_of(*word, "memory")))
            facts->memory_kib = number(value) * 1024;
        else if ((value = value_of(*word, "type")))
            facts->domain_type = g_strdup(value);
        else if ((value = value_of(*word, "emulator")))
            facts->emulator = g_strdup(value);
        else if ((value = value_of(*word, "vendor")))
            facts->host.cpu_vendor = g_strdup(value);
        else if ((value = value_of(*word, "isolated")))
            facts->host.isolated_cpus = g_strdup(value);
        else if ((value = value_of(*word, "hugetlbfs")))
            facts->host.hugetlbfs = g_strdelimit(g_strdup(value), ",", ' ');
        else if ((value = value_of(*word, "framebuffer")))
            facts->host.framebuffer = g_strdup(value);
        else if ((value = value_of(*word, "kernel")))
            facts->host.kernel_image = g_strdup(value);
        else if ((value = value_of(*word, "arch")))
            facts->arch = g_strdup(value);
        else if ((value = value_of(*word, "bits"))) {
            facts->address_bits = number(value);
            facts->local = true;
        } else
            g_error("the test's host has a wrong word: %s", *word);
    }
}

static int
compare_addresses(gconstpointer a, gconstpointer b)
{
    return gpuvm_pci_addr_compare(a, b);
}

/** Gives each device the addresses of its group; @unknown has "unknown ADDRESS group=N" as words. */
static void
fill_groups(gpuvm_facts *facts, const GPtrArray *unknown)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);

    for (guint i = 0; i < devices->len; i++) {
        gpuvm_device *device = devices->pdata[i];

        for (guint k = 0; k < devices->len && device->iommu_group != GPUVM_UNKNOWN; k++) {
            const gpuvm_device *member = devices->pdata[k];

            if (member->iommu_group == device->iommu_group)
                g_array_append_val(device->group_members, member->addr);
        }
        for (guint k = 0; k < unknown->len; k++) {
            char **words = unknown->pdata[k];
            gpuvm_pci_addr addr = build_addr(words[1]);

            if ((int)number(value_of(words[2], "group")) == device->iommu_group)
                g_array_append_val(device->group_members, addr);
        }
        g_array_sort(device->group_members, compare_addresses);
        for (guint k = 0; k < devices->len; k++) {
            const gpuvm_device *vf = devices->pdata[k];

            if (vf->virtual_function && gpuvm_pci_addr_equal(&vf->physical_function, &device->addr))
                g_array_append_val(device->virtual_functions, vf->addr);
        }
    }
}

gpuvm_facts *
build_facts(const char *text)
{
    gpuvm_facts *facts = gpuvm_facts_new();
    g_autoptr(GPtrArray) unknown = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", -1);

        if (!words[0])
            continue;
        if (g_str_equal(words[0], "unknown"))
            g_ptr_array_add(unknown, g_steal_pointer(&words));
        else if (g_str_equal(words[0], "domain"))
            add_claim(facts, words);
        else if (g_str_equal(words[0], "cell"))
            add_cell(facts, words);
        else if (g_str_equal(words[0], "host"))
            set_host(facts, words);
        else
            add_device(facts, words);
    }
    fill_groups(facts, unknown);
    gpuvm_facts_looked_for_uses(facts);
    return facts;
}

gpuvm_spec *
build_spec(const char *yaml, const char *kind)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new("test.yaml", g_strdup(yaml), strlen(yaml));
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) specs = gpuvm_spec_parse(source, kind, diags);

    if (specs->len != 1 || diags->errors > 0) {
        g_autofree char *message =
            diags->items->len > 0 ? gpuvm_diag_format(diags->items->pdata[0], false) : NULL;
        g_error("the test's %s is wrong: %s\n%s", kind, message, yaml);
    }
    return g_ptr_array_steal_index(specs, 0);
}

gpuvm_record *
build_record(const char *text)
{
    gpuvm_record *record = gpuvm_record_new();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, " ", -1);
        gpuvm_record_device device = {0};
        gpuvm_pci_pattern id;

        if (!words[0])
            continue;
        device.addr = build_addr(words[0]);
        if (!gpuvm_pci_pattern_parse(words[1], &id, NULL, NULL))
            g_error("the test's device id is wrong: %s", words[1]);
        device.identity.vendor_id = (uint16_t)id.vendor;
        device.identity.device_id = (uint16_t)id.device;
        while (!g_str_equal(gpuvm_role_names[device.role], words[2]))
            device.role++;
        g_array_append_val(record->devices, device);
    }
    return record;
}

plan_scene *
scene_new(const char *facts, const char *definition, const char *policy, const char *second_policy)
{
    plan_scene *made = g_new0(plan_scene, 1);
    g_autofree char *yaml = g_strdup_printf("name: vm\n%s", definition);

    made->facts = build_facts(facts);
    made->vm = build_spec(yaml, "vm");
    if (g_strcmp0(policy, NO_POLICY) != 0)
        gpuvm_policies_add(&made->policies, "the policy",
                           build_spec(policy ? policy : gpuvm_policy_builtin, "policy"));
    if (second_policy)
        gpuvm_policies_add(&made->policies, "the second policy", build_spec(second_policy, "policy"));
    made->diags = gpuvm_diags_new();
    return made;
}

void
scene_plan(plan_scene *scene)
{
    const gpuvm_plan_input input = {
        .vm = scene->vm->vm,
        .source = "vm.yaml",
        .directory = "/definitions",
        .facts = scene->facts,
        .policies = &scene->policies,
        .pool = "gpuvm",
        .pool_path = "/pool",
        .key = scene->key,
        .transient = scene->transient,
        .uuid = scene->uuid,
        .mac = scene->mac,
        .record = scene->record,
    };

    scene->plan = gpuvm_planner_make(&input, scene->diags);
}

gpuvm_admission
scene_admission(const plan_scene *scene, gpuvm_occasion occasion, GPtrArray *functions)
{
    const gpuvm_devices *devices = scene->vm->vm->body.devices;

    return (gpuvm_admission){.occasion = occasion,
                             .domain = "vm",
                             .facts = scene->facts,
                             .policies = &scene->policies,
                             .vm_allowlist = devices->allowlist,
                             .functions_mode = devices->functions,
                             .group_mode = devices->iommu_group,
                             .record = scene->record,
                             .functions = functions,
                             .diags = scene->diags};
}

void
scene_start(plan_scene *scene, const char *hostdevs, uint64_t pinned_kib)
{
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));
    g_autoptr(GArray) addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    g_auto(GStrv) addresses = g_strsplit(hostdevs, " ", -1);
    gpuvm_admission admission = scene_admission(scene, GPUVM_START, functions);

    for (char **address = addresses; *address; address++) {
        gpuvm_pci_addr addr = build_addr(*address);
        g_array_append_val(addrs, addr);
    }
    admission.absent = absent;
    admission.pinned_kib = pinned_kib;
    admission.functions_mode = GPUVM_FUNCTIONS_REQUESTED;
    admission.group_mode = GPUVM_GROUP_REFUSE;
    gpuvm_admission_name_hostdevs(&admission, addrs);
    gpuvm_admit(&admission);
}

void
scene_free(plan_scene *scene)
{
    if (!scene)
        return;
    gpuvm_plan_free(scene->plan);
    gpuvm_diags_free(scene->diags);
    gpuvm_record_free(scene->record);
    g_clear_pointer(&scene->key, g_bytes_unref);
    gpuvm_spec_free(scene->vm);
    gpuvm_policies_clear(&scene->policies);
    gpuvm_facts_free(scene->facts);
    g_free(scene);
}

char *
functions_text(const GPtrArray *functions)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];

        g_string_append_printf(text, "%s%s %s", i > 0 ? ", " : "", GPUVM_PCI(&function->device->addr),
                               gpuvm_role_names[function->role]);
        if (function->role != GPUVM_ROLE_DETACHED)
            g_string_append_printf(text, " %u.%u%s", function->guest.bus, function->guest.function,
                                   function->guest.multifunction ? "+" : "");
    }
    return g_strdup(text->str);
}

void
expect_text(const char *name, const char *actual, const char *expected)
{
    if (g_strcmp0(actual, expected) != 0)
        fail_msg("%s:\nexpected: %s\nactual:   %s", name, expected, actual);
}

/** Whether @diag is what @expected says. */
static bool
is_expected(const gpuvm_diag *diag, const char *expected)
{
    bool errored = diag->severity == GPUVM_DIAG_ERROR;
    g_auto(GStrv) parts = g_strsplit(errored ? expected + 2 : expected, " :: ", -1);

    if (errored && (enum gpuvm_exit)(expected[0] - '0') != diag->exit)
        return false;
    for (char **part = parts; *part; part++)
        if (!strstr(diag->message, *part) && !(diag->hint && strstr(diag->hint, *part)))
            return false;
    return true;
}

/** All of @diags with their exit codes. */
static char *
diags_text(const gpuvm_diags *diags)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < diags->items->len; i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];
        g_autofree char *formatted = gpuvm_diag_format(diag, false);

        g_string_append_printf(text, "(exit %d) %s", diag->exit, formatted);
    }
    return g_strdup(text->str);
}

void
expect_diags(const char *name, const gpuvm_diags *diags, gpuvm_severity severity, const char *const *expected)
{
    g_autofree char *text = diags_text(diags);
    guint n_expected = 0, n = 0;

    for (guint i = 0; i < diags->items->len; i++)
        n += ((const gpuvm_diag *)diags->items->pdata[i])->severity == severity;
    for (; expected[n_expected]; n_expected++) {
        bool found = false;

        for (guint i = 0; i < diags->items->len && !found; i++) {
            const gpuvm_diag *diag = diags->items->pdata[i];
            found = diag->severity == severity && is_expected(diag, expected[n_expected]);
        }
        if (!found)
            fail_msg("%s: nothing says '%s':\n%s", name, expected[n_expected], text);
    }
    if (n != n_expected)
        fail_msg("%s: %u of severity %d in place of %u:\n%s", name, n, severity, n_expected, text);
}

void
run_plan_cases(const plan_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const plan_case *c = &cases[i];
        g_autoptr(plan_scene) made = scene_new(c->facts, c->definition, c->policy, c->second_policy);
        g_autofree char *functions = NULL;

        made->record = c->record ? build_record(c->record) : NULL;
        scene_plan(made);
        functions = functions_text(made->plan->functions);
        if (c->functions)
            expect_text(c->name, functions, c->functions);
        expect_diags(c->name, made->diags, GPUVM_DIAG_ERROR, c->errors);
        expect_diags(c->name, made->diags, GPUVM_DIAG_WARNING, c->warnings);
        expect_diags(c->name, made->diags, GPUVM_DIAG_NOTE, c->notes);
    }
}
