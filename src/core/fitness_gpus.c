/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/fitness_gpus.h"

#include "base/text.h"
#include "core/group.h"
#include "core/habits.h"

static GPtrArray *
find_gpus(const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    GPtrArray *gpus = g_ptr_array_new();

    for (guint i = 0; i < devices->len; i++) {
        if (gpuvm_device_is_gpu(devices->pdata[i]))
            g_ptr_array_add(gpus, devices->pdata[i]);
    }
    return gpus;
}

/* Whether @gpu is the boot display, and stays with the host, which has another one for VMs. */
static bool
stays(const gpuvm_device *gpu, const GPtrArray *gpus)
{
    return gpu->boot_vga == 1 && gpus->len > 1 && !gpuvm_driver_is_vfio(gpu->driver);
}

void
gpuvm_fitness_gpus(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    g_autoptr(GPtrArray) gpus = find_gpus(input->facts);
    guint n = g_hash_table_size(input->facts->devices);
    g_autofree char *counted = gpuvm_text_count(n, "PCI device");

    if (n == 0) /* without libvirt; no machine has none */
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "no device could be looked at");
    else if (gpus->len == 0)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL,
                          "lspci -nn -d ::03xx; is the card seated and powered, and its slot enabled?",
                          "no GPU among %s", counted);
    for (guint i = 0; i < gpus->len; i++) {
        const gpuvm_device *gpu = gpus->pdata[i];
        const char *driver = gpu->driver ? gpu->driver : "none";
        g_autofree char *what = gpuvm_device_describe(gpu), *name = gpuvm_device_name(gpu);

        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s %s, driver %s", GPUVM_PCI(&gpu->addr), what,
                          driver)
            ->each = g_strdup_printf("%s, driver %s", name, driver);
    }
}

static void
add_state(const gpuvm_device *gpu, const gpuvm_facts *facts, const char *topic, GPtrArray *findings)
{
    const char *address = GPUVM_PCI(&gpu->addr), *hint = NULL, *habit = gpuvm_habits_of(gpu, facts, &hint);
    g_autofree char *reset =
        !gpu->reset_method
            ? g_strdup("")
            : g_strconcat(", and is reset by ", *gpu->reset_method ? gpu->reset_method : "bus", NULL);
    g_autofree char *release = g_strdup_printf("sudo gpuvm release %s", address);

    if (gpu->silent)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, release,
                          "%s does not answer: its configuration space reads 0xff", address);
    else if (habit)
        gpuvm_finding_add(findings, topic, GPUVM_WARN, hint, "%s %s", address, habit)->each = g_strdup(habit);
    else
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s answers%s", address, reset)->each =
            g_strdup_printf("each answers%s", reset);
}

void
gpuvm_fitness_state(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    g_autoptr(GPtrArray) gpus = find_gpus(input->facts);

    if (!input->facts->local && gpus->len > 0)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "the host's /sys is out of sight");
    for (guint i = 0; input->facts->local && i < gpus->len; i++) {
        if (!stays(gpus->pdata[i], gpus))
            add_state(gpus->pdata[i], input->facts, topic, findings);
    }
}

/* The members of @gpu's group that are neither of its card nor bridges, as text. */
static char *
describe_company(const gpuvm_device *gpu, const gpuvm_facts *facts)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint m = 0; m < gpu->group_members->len; m++) {
        const gpuvm_pci_addr *addr = &g_array_index(gpu->group_members, gpuvm_pci_addr, m);
        const gpuvm_device *member = gpuvm_facts_device(facts, addr);

        if (gpuvm_pci_addr_same_slot(addr, &gpu->addr) || (member && member->bridge))
            continue;
        g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", GPUVM_PCI(addr));
        if (member)
            g_string_append_printf(text, " (%s, driver %s)", gpuvm_pci_class_name(member->class_code),
                                   member->driver ? member->driver : "none");
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

void
gpuvm_fitness_groups(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    g_autoptr(GPtrArray) gpus = find_gpus(input->facts);

    for (guint i = 0; i < gpus->len; i++) {
        const gpuvm_device *gpu = gpus->pdata[i];
        g_autofree char *company = describe_company(gpu, input->facts);

        if (gpu->iommu_group == GPUVM_UNKNOWN)
            gpuvm_finding_add(findings, topic, GPUVM_FAIL, NULL, "%s has none", GPUVM_PCI(&gpu->addr))->each =
                g_strdup("none has one");
        else if (gpu->reserved && !stays(gpu, gpus))
            gpuvm_finding_add(
                findings, topic, GPUVM_FAIL, GPUVM_GROUP_FREE,
                "%s: the firmware wants memory mapped for group %d, which the kernel does not pass",
                GPUVM_PCI(&gpu->addr), gpu->iommu_group);
        else if (*company)
            gpuvm_finding_add(findings, topic, GPUVM_WARN,
                              "move the card to another slot, or use 'iommu_group: include' or 'detach'",
                              "%s shares group %d with %s", GPUVM_PCI(&gpu->addr), gpu->iommu_group, company);
        else
            gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s has group %d to itself",
                              GPUVM_PCI(&gpu->addr), gpu->iommu_group)
                ->each = g_strdup("each has its group to itself");
    }
}

void
gpuvm_fitness_display(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    g_autoptr(GPtrArray) gpus = find_gpus(input->facts);
    const gpuvm_device *display = NULL;

    for (guint i = 0; i < gpus->len && !display; i++) {
        const gpuvm_device *gpu = gpus->pdata[i];
        display = gpu->boot_vga == 1 ? gpu : NULL;
    }
    if (!input->facts->local)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL,
                          "which GPU is the boot display is out of sight");
    else if (!display)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "no GPU is the host's boot display");
    else if (gpus->len == 1)
        gpuvm_finding_add(findings, topic, GPUVM_WARN,
                          "on a host that is used over the network, set 'allow_host_display: true' in "
                          "/etc/gpuvm/policy.yaml",
                          "the only GPU, %s, is the host's boot display", GPUVM_PCI(&display->addr));
    else
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL,
                          "%s is the host's boot display and stays with the host", GPUVM_PCI(&display->addr));
}

static void
add_link(GPtrArray *findings, const char *topic, const gpuvm_device *gpu)
{
    const char *address = GPUVM_PCI(&gpu->addr);

    if (gpu->link_width < gpu->link_max_width)
        gpuvm_finding_add(findings, topic, GPUVM_WARN,
                          "move the card to a slot with more lanes; clean its contacts and reseat it",
                          "%s runs with %d of %d lanes", address, gpu->link_width, gpu->link_max_width)
            ->each = g_strdup_printf("%d of %d lanes", gpu->link_width, gpu->link_max_width);
    else if (gpu->link_speed < gpu->link_max_speed)
        gpuvm_finding_add(
            findings, topic, GPUVM_PASS, NULL,
            "%s runs at %g of %g GT/s with all %d lanes: an idle card slows down, look again under load",
            address, gpu->link_speed, gpu->link_max_speed, gpu->link_width)
            ->each = g_strdup_printf("all %d lanes, at %g of %g GT/s, as idle cards are", gpu->link_width,
                                     gpu->link_speed, gpu->link_max_speed);
    else
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s runs at %g GT/s with %d lanes, all it can",
                          address, gpu->link_speed, gpu->link_width)
            ->each = g_strdup_printf("all %d lanes, at %g GT/s", gpu->link_width, gpu->link_speed);
}

void
gpuvm_fitness_links(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    g_autoptr(GPtrArray) gpus = find_gpus(input->facts);

    for (guint i = 0; i < gpus->len; i++) {
        const gpuvm_device *gpu = gpus->pdata[i];

        if (gpu->link_max_width > 0)
            add_link(findings, topic, gpu);
    }
}
