/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/domxml.h"

#include <string.h>

#include "core/bounds.h"
#include "core/drift.h"
#include "core/hostdevxml.h"
#include "core/placexml.h"
#include "core/record.h"
#include "core/reporter.h"
#include "core/workload.h"
#include "model/cpuset.h"
#include "model/guest.h"

/*
 * The child @name of @domain, made when the template has none. libvirt's schema lets them stand in any order, but libxml2, which libvirt
 * validates with, gets that wrong for some: a new one goes where libvirt itself would write it.
 */
static xmlNode *
ensure_part(xmlNode *domain, const char *name)
{
    static const char *const order[] = {
        "name",          "uuid",     "title", "description", "metadata", "memory",  "currentMemory",
        "memoryBacking", "numatune", "vcpu",  "iothreads",   "cputune",  "sysinfo", "os",
        "features",      "cpu",      "clock", "devices"};
    xmlNode *child = gpuvm_xml_child(domain, name), *before = NULL;

    if (child)
        return child;
    for (size_t i = 0; !g_str_equal(order[i], name); i++) {
        xmlNode *part = gpuvm_xml_child(domain, order[i]);
        before = part ? part : before;
    }
    if (!before)
        return gpuvm_xml_add_first(domain, name, NULL);
    return xmlAddNextSibling(before, xmlNewNode(NULL, (const xmlChar *)name));
}

static void
set_part(xmlNode *domain, const char *name, const char *text)
{
    if (text)
        gpuvm_xml_set_text(ensure_part(domain, name), text);
}

static void
set_child(xmlNode *parent, const char *name, const char *text)
{
    if (text)
        gpuvm_xml_set_text(gpuvm_xml_ensure(parent, name), text);
}

static void
patch_identity(const gpuvm_plan *plan, xmlNode *domain)
{
    const gpuvm_body *body = &plan->vm->body;

    gpuvm_xml_set(domain, "type", "%s", plan->domain_type);
    set_part(domain, "name", plan->vm->name);
    set_part(domain, "uuid", plan->uuid);
    set_part(domain, "title", body->title);
    set_part(domain, "description", body->description);
}

static void
patch_memory(const gpuvm_plan *plan, xmlNode *domain)
{
    const gpuvm_placement *place = &plan->place;
    g_autofree char *mib = g_strdup_printf("%" G_GUINT64_FORMAT, plan->vm->body.resources->memory_mb);
    xmlNode *memory = ensure_part(domain, "memory");

    gpuvm_xml_set(memory, "unit", "MiB");
    gpuvm_xml_set_text(memory, mib);
    if (place->numa_node != GPUVM_UNKNOWN || place->cells)
        gpuvm_placexml_numatune(place, ensure_part(domain, "numatune"));
    if (place->page_kib > 0) {
        xmlNode *page =
            gpuvm_xml_ensure(gpuvm_xml_ensure(ensure_part(domain, "memoryBacking"), "hugepages"), "page");

        gpuvm_xml_set(page, "size", "%" G_GUINT64_FORMAT, place->page_kib);
        gpuvm_xml_set(page, "unit", "KiB");
    }
}

static void
patch_cpus(const gpuvm_plan *plan, xmlNode *domain)
{
    const gpuvm_placement *place = &plan->place;
    g_autofree char *cores = g_strdup_printf("%" G_GUINT64_FORMAT, plan->vm->body.resources->cpu_cores);
    xmlNode *vcpu = ensure_part(domain, "vcpu"), *cpu = gpuvm_xml_child(domain, "cpu");
    bool physical =
        gpuvm_xml_attr_is(cpu, "mode", "host-passthrough") || gpuvm_xml_attr_is(cpu, "mode", "maximum");

    gpuvm_xml_set_text(vcpu, cores);
    if (place->cpus) {
        g_autofree char *cpus = gpuvm_cpuset_format(place->emulator ? place->emulator : place->cpus);

        gpuvm_xml_set(vcpu, "placement", "static");
        gpuvm_xml_set(vcpu, "cpuset", "%s", cpus);
    }
    if (place->pins)
        gpuvm_placexml_cputune(place, ensure_part(domain, "cputune"));
    /* QEMU's own emulation has no host CPU to pass through; libvirt then wants the most it can emulate */
    if (cpu && g_str_equal(plan->domain_type, "qemu")) {
        gpuvm_xml_remove(cpu);
        gpuvm_xml_set(ensure_part(domain, "cpu"), "mode", "maximum");
    } else if (physical && plan->address_bits && !gpuvm_xml_child(cpu, "maxphysaddr")) {
        gpuvm_xml_set(gpuvm_xml_add(cpu, "maxphysaddr", NULL), "mode", "passthrough");
    }
    gpuvm_placexml_cpu(place, ensure_part(domain, "cpu"));
}

/* All memory of a guest with devices is locked, so that there is none to give back; libvirt makes a balloon where none is said. */
static void
patch_balloon(const gpuvm_plan *plan, xmlNode *domain)
{
    xmlNode *devices = ensure_part(domain, "devices");

    if (plan->functions->len == 0 ||
        gpuvm_xml_attr_is(gpuvm_xml_child(devices, "memballoon"), "model", "none"))
        return;
    gpuvm_xml_remove(gpuvm_xml_child(devices, "memballoon"));
    gpuvm_xml_set(gpuvm_xml_add(devices, "memballoon", NULL), "model", "none");
}

/*
 * A graphics card's own BIOS writes to the VGA memory at 0xa0000, where QEMU has none for a passed card: what is there
 * is RAM, and SeaBIOS's code for the system management mode, which any later call of the BIOS from a boot ROM or a boot
 * loader may run. Without that mode, which only secure boot needs, SeaBIOS keeps no code there.
 */
static void
switch_smm_off(xmlNode *domain)
{
    xmlNode *features = ensure_part(domain, "features");

    if (!gpuvm_xml_child(features, "smm"))
        gpuvm_xml_set(gpuvm_xml_add(features, "smm", NULL), "state", "off");
}

static void
patch_boot(const gpuvm_plan *plan, xmlNode *domain)
{
    static const char *const efi_parts[] = {"firmware", "loader", "nvram"};
    const gpuvm_body *body = &plan->vm->body;
    xmlNode *os = ensure_part(domain, "os"), *type = gpuvm_xml_ensure(os, "type");

    gpuvm_xml_set(type, "arch", "%s", plan->arch);
    if (!type->children) {
        gpuvm_xml_set_text(type, "hvm");
        gpuvm_xml_set(type, "machine", "q35"); /* PCI Express root ports need it */
    }
    if (body->firmware == GPUVM_FIRMWARE_BIOS) {
        xmlUnsetProp(os, (const xmlChar *)"firmware");
        for (size_t i = 0; i < G_N_ELEMENTS(efi_parts); i++)
            gpuvm_xml_remove(gpuvm_xml_child(os, efi_parts[i]));
        if (g_str_equal(plan->arch, "x86_64"))
            switch_smm_off(domain);
    } else if (!gpuvm_xml_child(os, "loader") && !xmlHasProp(os, (const xmlChar *)"firmware")) {
        xmlNode *feature = gpuvm_xml_ensure(gpuvm_xml_ensure(os, "firmware"), "feature");

        /* a template without firmware; one may also name the firmware's file itself */
        gpuvm_xml_set(os, "firmware", "efi");
        gpuvm_xml_set(feature, "enabled", "no");
        gpuvm_xml_set(feature, "name", "secure-boot");
    }
    set_child(os, "kernel", plan->kernel);
    set_child(os, "initrd", plan->initrd);
    set_child(os, "cmdline", plan->cmdline);
}

/* @order: which of the disks it boots from, from 1; 0: none of them, or as the template says. */
static void
add_disk(const gpuvm_plan_disk *disk, unsigned order, xmlNode *devices)
{
    xmlNode *node = gpuvm_xml_add(devices, "disk", NULL), *child;

    gpuvm_xml_set(node, "type", disk->block ? "block" : "file");
    gpuvm_xml_set(node, "device", disk->cdrom ? "cdrom" : "disk");
    child = gpuvm_xml_add(node, "driver", NULL);
    gpuvm_xml_set(child, "name", "qemu");
    gpuvm_xml_set(child, "type", disk->qcow2 ? "qcow2" : "raw");
    gpuvm_xml_set(gpuvm_xml_add(node, "source", NULL), disk->block ? "dev" : "file", "%s", disk->source);
    child = gpuvm_xml_add(node, "target", NULL);
    gpuvm_xml_set(child, "dev", "%s", disk->target);
    gpuvm_xml_set(child, "bus", g_str_has_prefix(disk->target, "sd") ? "sata" : "virtio");
    if (order > 0)
        gpuvm_xml_set(gpuvm_xml_add(node, "boot", NULL), "order", "%u", order);
    if (disk->readonly)
        gpuvm_xml_add(node, "readonly", NULL);
    if (disk->name)
        gpuvm_xml_add(node, "serial", disk->name);
}

/* The <sysinfo> for the guest's firmware configuration, which stands beside one for SMBIOS. */
static xmlNode *
ensure_fwcfg(xmlNode *domain)
{
    xmlNode *first = gpuvm_xml_child(domain, "sysinfo"), *node = first;

    while (node && !gpuvm_xml_attr_is(node, "type", "fwcfg"))
        node = gpuvm_xml_next(node);
    if (node)
        return node;
    node = first ? xmlAddNextSibling(first, xmlNewNode(NULL, (const xmlChar *)"sysinfo"))
                 : ensure_part(domain, "sysinfo");
    gpuvm_xml_set(node, "type", "fwcfg");
    return node;
}

static void
patch_manifest(const gpuvm_plan *plan, xmlNode *domain)
{
    g_autofree char *file = NULL;
    xmlNode *fwcfg, *entry;

    if (!plan->manifest)
        return;
    fwcfg = ensure_fwcfg(domain);
    for (entry = gpuvm_xml_child(fwcfg, "entry"); entry; entry = gpuvm_xml_next(entry)) {
        if (gpuvm_xml_attr_is(entry, "name", GPUVM_WORKLOAD_MANIFEST))
            break; /* the template may be the XML of a domain that gpuvm defined */
    }
    gpuvm_xml_remove(entry);
    entry = gpuvm_xml_add(fwcfg, "entry", NULL);
    file = g_build_filename(plan->pool_path, plan->manifest_volume, NULL);
    gpuvm_xml_set(entry, "name", "%s", GPUVM_WORKLOAD_MANIFEST);
    gpuvm_xml_set(entry, "file", "%s", file);
}

static void
add_vsock(xmlNode *devices)
{
    xmlNode *node = gpuvm_xml_add(devices, "vsock", NULL);

    gpuvm_xml_set(node, "model", "virtio");
    gpuvm_xml_set(gpuvm_xml_add(node, "cid", NULL), "auto", "yes");
}

static void
add_interface(const gpuvm_plan *plan, const char *type, const char *source, xmlNode *devices)
{
    xmlNode *node = gpuvm_xml_add(devices, "interface", NULL);

    gpuvm_xml_set(node, "type", "%s", type);
    if (plan->mac)
        gpuvm_xml_set(gpuvm_xml_add(node, "mac", NULL), "address", "%s", plan->mac);
    gpuvm_xml_set(gpuvm_xml_add(node, "source", NULL), type, "%s", source);
    gpuvm_xml_set(gpuvm_xml_add(node, "model", NULL), "type", "virtio");
}

static void
add_network(const gpuvm_plan *plan, xmlNode *devices)
{
    const gpuvm_network *network = plan->vm->body.network;

    switch (network->mode) {
    case GPUVM_NET_NONE:
        break;
    case GPUVM_NET_VSOCK:
        if (!gpuvm_xml_child(devices, "vsock")) /* a domain has one */
            add_vsock(devices);
        break;
    default: /* nat has no bridge, bridged has one, dhcp may have one */
        if (network->bridge)
            add_interface(plan, "bridge", network->bridge, devices);
        else
            add_interface(plan, "network", network->network, devices);
    }
}

/* libvirt gives it a socket of its own choice. */
static void
add_port(const char *name, xmlNode *devices)
{
    xmlNode *node = gpuvm_xml_add(devices, "channel", NULL), *target;

    gpuvm_xml_set(node, "type", "unix");
    target = gpuvm_xml_add(node, "target", NULL);
    gpuvm_xml_set(target, "type", "virtio");
    gpuvm_xml_set(target, "name", "%s", name);
}

/* Whether it runs with libvirt's own. */
static bool
lacks_emulator(const gpuvm_plan *plan, const xmlNode *domain)
{
    return plan->emulator && !gpuvm_xml_child(gpuvm_xml_child(domain, "devices"), "emulator");
}

static void
patch_devices(const gpuvm_plan *plan, xmlNode *domain)
{
    xmlNode *devices = ensure_part(domain, "devices");
    bool boots =
        !gpuvm_xml_child(gpuvm_xml_child(domain, "os"), "boot"); /* libvirt takes one way or the other */

    if (lacks_emulator(plan, domain))
        gpuvm_xml_add_first(devices, "emulator", plan->emulator);
    gpuvm_hostdevxml_controllers(plan, devices);
    for (guint i = 0; i < plan->disks->len; i++) {
        const gpuvm_plan_disk *disk = plan->disks->pdata[i];

        add_disk(disk, boots && !disk->seed ? i + 1 : 0, devices);
    }
    add_network(plan, devices);
    if (plan->vm->body.verify && !gpuvm_guest_port(domain, GPUVM_REPORTER_CHANNEL))
        add_port(GPUVM_REPORTER_CHANNEL, devices);
    gpuvm_hostdevxml_functions(plan, devices);
}

static void
record(const gpuvm_plan *plan, xmlNode *domain)
{
    xmlNode *metadata = ensure_part(domain, "metadata");
    g_autofree char *made = gpuvm_drift_digest_made(domain);

    gpuvm_record_write(plan, made, metadata);
}

xmlDoc *
gpuvm_domxml_template(const gpuvm_plan *plan, const char *template, const char *name, const gpuvm_mark *mark,
                      gpuvm_diags *diags)
{
    unsigned errors = diags->errors;
    g_autoptr(xmlDoc) doc = NULL;
    GError *error = NULL;

    doc = gpuvm_xml_parse(template, strlen(template), name, &error);
    if (!doc) {
        gpuvm_diags_fail(diags, mark, error);
        return NULL;
    }

    xmlNode *domain = xmlDocGetRootElement(doc);
    if (gpuvm_xml_is(domain, "domain"))
        gpuvm_bounds_check(domain, GPUVM_BOUNDS_TEMPLATE, plan->vm->name, NULL, mark, diags);
    else
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, mark, "%s: the template is a <%s>, not a <domain>", name,
                          (const char *)domain->name);
    if (lacks_emulator(plan, domain))
        gpuvm_bounds_check_emulator(plan->emulator, mark, diags);
    return diags->errors == errors ? g_steal_pointer(&doc) : NULL;
}

void
gpuvm_domxml_patch(const gpuvm_plan *plan, xmlDoc *template)
{
    xmlNode *domain = xmlDocGetRootElement(template);

    patch_identity(plan, domain);
    patch_memory(plan, domain);
    patch_cpus(plan, domain);
    patch_balloon(plan, domain);
    patch_boot(plan, domain);
    patch_manifest(plan, domain);
    patch_devices(plan, domain);
    gpuvm_hostdevxml_qemu(plan, domain);
    record(plan, domain);
}

char *
gpuvm_domxml_make(const gpuvm_plan *plan, const char *template, const char *name, const gpuvm_mark *mark,
                  gpuvm_diags *diags)
{
    g_autoptr(xmlDoc) doc = gpuvm_domxml_template(plan, template, name, mark, diags);

    if (!doc)
        return NULL;
    gpuvm_domxml_patch(plan, doc);
    /* the root alone: what is around it says nothing to libvirt */
    g_autofree char *text = gpuvm_xml_print(xmlDocGetRootElement(doc));
    return g_strconcat(text, "\n", NULL);
}
