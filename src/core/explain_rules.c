/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain_rules.c: the table of what makes which element */
#include <config.h>

#include "core/explain.h"

#include <string.h>

#include "core/reporter.h"
#include "model/pcixml.h"

/* --- what a plan says */

static char *
why_memory(const gpuvm_plan *plan, const xmlNode *element, gpuvm_mark *mark, const char **keys)
{
    (void)element, (void)mark, (void)keys;
    return g_strdup(plan->place.why);
}

static char *
why_cpus(const gpuvm_plan *plan, const xmlNode *element, gpuvm_mark *mark, const char **keys)
{
    (void)element, (void)mark, (void)keys;
    return g_strdup(plan->place.cpus_why);
}

/* The decision that begins with @what. */
static char *
decided(const gpuvm_plan *plan, const char *what)
{
    for (guint i = 0; i < plan->decisions->len; i++) {
        const gpuvm_decision *decision = plan->decisions->pdata[i];

        if (g_str_has_prefix(decision->what, what))
            return g_strdup_printf("%s: %s", decision->what, decision->why);
    }
    return NULL;
}

static char *
why_window(const gpuvm_plan *plan, const xmlNode *element, gpuvm_mark *mark, const char **keys)
{
    (void)element, (void)mark, (void)keys;
    return decided(plan, "a 64-bit PCI window");
}

static char *
why_clique(const gpuvm_plan *plan, const xmlNode *element, gpuvm_mark *mark, const char **keys)
{
    (void)element, (void)mark, (void)keys;
    return decided(plan, "GPUDirect clique");
}

static char *
why_function(const gpuvm_plan *plan, const xmlNode *element, gpuvm_mark *mark, const char **keys)
{
    const xmlNode *source = gpuvm_xml_child(gpuvm_xml_child(element, "source"), "address");
    const gpuvm_plan_function *function;
    gpuvm_pci_addr addr;

    (void)keys;
    if (!source || !gpuvm_xml_address(source, &addr, NULL))
        return NULL;
    function = gpuvm_functions_find(plan->functions, &addr);
    if (!function)
        return NULL;
    *mark = function->mark;
    return g_strdup_printf("%s, %s: %s", GPUVM_PCI(&addr), gpuvm_role_names[function->role], function->why);
}

/* Its place is that of the function that has it. */
static char *
why_rom(const gpuvm_plan *plan, const xmlNode *element, gpuvm_mark *mark, const char **keys)
{
    g_free(why_function(plan, element->parent, mark, keys));
    return NULL;
}

static char *
why_disk(const gpuvm_plan *plan, const xmlNode *element, gpuvm_mark *mark, const char **keys)
{
    const xmlNode *target = gpuvm_xml_child(element, "target");

    for (guint i = 0; i < plan->disks->len; i++) {
        const gpuvm_plan_disk *disk = plan->disks->pdata[i];

        if (!gpuvm_xml_attr_is(target, "dev", disk->target))
            continue;
        *mark = disk->mark;
        if (disk->seed)
            *keys = "cloud_init workload verify devices.topology";
        else if (plan->vm->body.rootfs && i == 0)
            *keys = "rootfs image";
        return g_strdup(disk->seed ? "what cloud-init in the guest reads"
                        : disk->guessed && !disk->cdrom
                            ? "the format is by the name of the file, since the definition does not say it"
                            : NULL);
    }
    return NULL;
}

/* Whether the guest's controller at @index is @at, or below it. */
static bool
is_below(const gpuvm_plan *plan, unsigned index, unsigned at)
{
    while (index > at)
        index = ((const gpuvm_guest_controller *)plan->controllers->pdata[index - 1])->parent;
    return index == at;
}

static char *
why_controller(const gpuvm_plan *plan, const xmlNode *element, gpuvm_mark *mark, const char **keys)
{
    GString *text = g_string_new(NULL);
    uint64_t index = 0;

    (void)mark, (void)keys;
    gpuvm_xml_number(element, "index", UINT_MAX, &index, NULL);
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (function->role != GPUVM_ROLE_DETACHED && function->guest.function == 0 &&
            is_below(plan, function->guest.bus, (unsigned)index))
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
                                   GPUVM_PCI(&function->device->addr));
    }
    return g_string_free(text, text->len == 0);
}

/* --- what is recorded of a domain */

static bool
made_function(const gpuvm_record *record, const gpuvm_node *definition, const xmlNode *element)
{
    const xmlNode *source = gpuvm_xml_child(gpuvm_xml_child(element, "source"), "address");
    gpuvm_pci_addr addr;

    (void)definition;
    return gpuvm_xml_attr_is(element, "type", "pci") && source && gpuvm_xml_address(source, &addr, NULL) &&
           gpuvm_record_find(record, &addr);
}

/* The bus that @element is on. */
static uint64_t
bus_of(const xmlNode *element)
{
    uint64_t bus = 0;

    gpuvm_xml_number(gpuvm_xml_child(element, "address"), "bus", UINT_MAX, &bus, NULL);
    return bus;
}

static const xmlNode *
find_controller(const xmlNode *devices, uint64_t index)
{
    for (const xmlNode *node = gpuvm_xml_child(devices, "controller"); node; node = gpuvm_xml_next(node)) {
        uint64_t its = 0;

        if (gpuvm_xml_attr_is(node, "type", "pci") && gpuvm_xml_number(node, "index", UINT_MAX, &its, NULL) &&
            its == index)
            return node;
    }
    return NULL;
}

/* Whether a recorded function is below it. */
static bool
made_controller(const gpuvm_record *record, const gpuvm_node *definition, const xmlNode *element)
{
    uint64_t index = 0;

    if (!gpuvm_xml_attr_is(element, "type", "pci") ||
        !gpuvm_xml_number(element, "index", UINT_MAX, &index, NULL) || index == 0)
        return false;
    for (const xmlNode *node = gpuvm_xml_child(element->parent, "hostdev"); node;
         node = gpuvm_xml_next(node)) {
        uint64_t bus = bus_of(node);

        for (unsigned steps = 0; made_function(record, definition, node) && bus > 0 && steps < 256; steps++) {
            if (bus == index)
                return true;
            bus = bus_of(find_controller(element->parent, bus));
        }
    }
    return false;
}

/* Whether a scalar below @node is @text. */
static bool
says(const gpuvm_node *node, const char *text)
{
    bool is = node->type == GPUVM_NODE_SCALAR && g_str_equal(node->text, text);

    for (unsigned i = 0; !is && i < node->n; i++)
        is = says(node->values[i], text);
    return is;
}

static bool
made_disk(const gpuvm_record *record, const gpuvm_node *definition, const xmlNode *element)
{
    const xmlNode *source = gpuvm_xml_child(element, "source");
    g_autofree char *file = gpuvm_xml_attr(source, "file"), *dev = gpuvm_xml_attr(source, "dev");
    const char *path = file ? file : dev;
    g_autofree char *name = path ? g_path_get_basename(path) : NULL;
    bool made = path && definition && says(definition, path);

    for (guint i = 0; name && !made && i < record->volumes->len; i++)
        made = g_str_equal(record->volumes->pdata[i], name);
    for (guint i = 0; name && !made && i < record->images->len; i++)
        made = g_str_equal(((const gpuvm_record_image *)record->images->pdata[i])->volume, name);
    return made;
}

static bool
made_first(const gpuvm_record *record, const gpuvm_node *definition, const xmlNode *element)
{
    (void)record, (void)definition;
    return gpuvm_xml_child(element->parent, (const char *)element->name) == element;
}

static bool
made_port(const gpuvm_record *record, const gpuvm_node *definition, const xmlNode *element)
{
    (void)record, (void)definition;
    return gpuvm_xml_attr_is(gpuvm_xml_child(element, "target"), "name", GPUVM_REPORTER_CHANNEL);
}

/* clang-format off */
const gpuvm_explain_rule gpuvm_explain_rules[] = {
    {"", .from = GPUVM_FROM_HOST, .over = true, .why = "the type is what the host's libvirt runs guests with"},
    {"name", .keys = "name", .over = true, .why = "the VM's name"},
    {"uuid", .from = GPUVM_FROM_LIBVIRT, .over = true, .why = "libvirt gave it to the domain, which define keeps"},
    {"title", .keys = "title", .over = true, .why = "the title"},
    {"description", .keys = "description", .over = true, .why = "the description"},
    {"metadata", .from = GPUVM_FROM_GPUVM, .why = "holds what gpuvm remembers"},
    {"metadata/gpuvm:vm", "gpuvm:*", .from = GPUVM_FROM_GPUVM,
     .why = "what gpuvm remembers of the definition, without secrets, for diff, show and each start"},
    {"memory", .keys = "resources.memory_mb", .over = true, .why = "the guest's memory"},
    {"memoryBacking", "hugepages page", "resources.hugepages", .why = "the memory is of reserved hugepages"},
    {"numatune", "memory memnode", "resources.numa", .why = "where the memory comes from", .reason = why_memory},
    {"vcpu", .keys = "resources.cpu_cores", .over = true, .why = "the guest's CPUs", .reason = why_cpus},
    {"cputune", "vcpupin", "resources.cpu_pinning", .why = "which of the host's CPUs run which of the guest's", .reason = why_cpus},
    {"cputune/emulatorpin", .keys = "resources.cpu_pinning", .why = "where QEMU's own threads run, to leave the guest's CPUs alone"},
    {"sysinfo", "entry", "workload", .why = "hands the guest its manifest: what is to run in it"},
    {"os", "firmware feature", "firmware", .why = "the guest's firmware: UEFI without secure boot, or a BIOS"},
    {"os/type", .from = GPUVM_FROM_HOST, .over = true, .why = "the host's architecture; passed devices need PCI Express, which q35 has"},
    {"os/kernel", .keys = "kernel", .why = "the kernel that it boots; the host's own where none is named"},
    {"os/initrd", .keys = "initramfs", .why = "the initramfs that it boots with; the host's own where none is named"},
    {"os/cmdline", .keys = "kernel_cmdline",
     .why = "the kernel's arguments: of the definition, and what gpuvm adds of console, root file system and plugin"},
    {"features", "smm", "firmware", .why = "a card's own BIOS would write over SeaBIOS's code for that mode"},
    {"cpu", .from = GPUVM_FROM_HOST, .why = "the most that the host gives a guest"},
    {"cpu/maxphysaddr", .from = GPUVM_FROM_HOST, .why = "physical addresses as wide as the host's, to have room for the cards' memory"},
    {"cpu/topology", .keys = "resources.cpu_topology resources.cpu_pinning resources.cpu_cores", .over = true,
     .why = "the sockets, cores and threads that the guest sees"},
    {"cpu/feature", .from = GPUVM_FROM_HOST, .why = "by it a processor of AMD's tells that its CPUs are threads"},
    {"cpu/numa", "cell distances sibling", "resources.numa", .why = "the guest's own NUMA cells, as far apart as the host's",
     .reason = why_memory},
    {"devices", .from = GPUVM_FROM_GPUVM, .why = "holds the guest's devices"},
    {"devices/emulator", .from = GPUVM_FROM_HOST, .why = "the emulator that libvirt names"},
    {"devices/controller", "target node address", "devices.topology", .why = "leads the guest's PCI buses to its cards",
     .reason = why_controller, .made = made_controller},
    {"devices/disk", "driver source target boot readonly serial", "disks", .why = "a disk of the guest's", .reason = why_disk,
     .made = made_disk},
    {"devices/interface", "mac source model", "network.mode", .why = "the guest's network", .made = made_first},
    {"devices/vsock", "cid", "network.mode", .why = "a socket between host and guest, in place of a network"},
    {"devices/channel", "target", "verify", .why = "by it the guest says what it has, for gpuvm verify", .made = made_port},
    {"devices/hostdev", "driver source address alias", "devices.pci_passthrough devices.gpus", .why = "a function that is passed",
     .reason = why_function, .made = made_function},
    {"devices/hostdev/rom", .keys = "devices.pci_passthrough", .why = "what the guest sees of the card's option ROM", .reason = why_rom},
    {"devices/memballoon", .from = GPUVM_FROM_GPUVM,
     .why = "no balloon: a guest with passed devices has all its memory pinned, and none to give back"},
    {"qemu:commandline", "qemu:arg", .from = GPUVM_FROM_HOST, .why = "tells the firmware how much room the cards' memory needs",
     .reason = why_window},
    {"qemu:override", "qemu:device qemu:frontend qemu:property", "devices.p2p", .why = "tells NVIDIA's driver which GPUs reach each other",
     .reason = why_clique},
    {NULL},
};
/* clang-format on */
