/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/guest.h"

#include <string.h>

#include "model/host.h"
#include "model/pcixml.h"

gpuvm_asset *
gpuvm_asset_new(gpuvm_asset_kind kind, char *what, const char *name)
{
    gpuvm_asset *asset = g_new0(gpuvm_asset, 1);

    asset->kind = kind;
    asset->what = what;
    asset->name = g_strdup(name);
    asset->exists = asset->active = asset->passes_devices = asset->claimed = GPUVM_UNKNOWN;
    return asset;
}

/* What was seen of it. */
static void
forget(gpuvm_asset *asset)
{
    asset->exists = asset->active = asset->passes_devices = asset->claimed = GPUVM_UNKNOWN;
    asset->passes_pci = asset->unseen = false;
    asset->failed = 0;
    g_clear_pointer(&asset->path, g_free);
    g_clear_pointer(&asset->identity, g_free);
    g_clear_pointer(&asset->below, g_ptr_array_unref);
    g_clear_pointer(&asset->paths, g_ptr_array_unref);
    g_clear_pointer(&asset->head, g_bytes_unref);
}

void
gpuvm_asset_free(gpuvm_asset *asset)
{
    forget(asset);
    g_free(asset->what);
    g_free(asset->name);
    g_free(asset->format);
    g_free(asset->above);
    g_free(asset->image);
    g_free(asset->beside);
    g_free(asset);
}

void
gpuvm_guest_forget(gpuvm_guest *guest)
{
    for (guint i = guest->assets->len; i-- > 0;) {
        gpuvm_asset *asset = guest->assets->pdata[i];

        if (asset->above)
            g_ptr_array_remove_index(guest->assets, i);
        else
            forget(asset);
    }
}

bool
gpuvm_guest_has_disks(const gpuvm_guest *guest)
{
    for (guint i = 0; i < guest->assets->len; i++) {
        if (((const gpuvm_asset *)guest->assets->pdata[i])->disk)
            return true;
    }
    return false;
}

void
gpuvm_guest_free(gpuvm_guest *guest)
{
    if (!guest)
        return;
    g_ptr_array_unref(guest->assets);
    xmlFreeDoc(guest->doc);
    g_free(guest);
}

/* @name, which is taken, of what is called @what; NULL: there is none. Returns it, to be filled further. */
static gpuvm_asset *
add(gpuvm_guest *guest, gpuvm_asset_kind kind, const char *what, char *name)
{
    g_autofree char *taken = name;
    gpuvm_asset *asset = name ? gpuvm_asset_new(kind, g_strdup(what), name) : NULL;

    if (asset)
        g_ptr_array_add(guest->assets, asset);
    return asset;
}

static void
add_os(gpuvm_guest *guest, const xmlNode *os)
{
    static const struct {
        const char *element, *what;
    } files[] = {
        {"loader", "firmware"}, {"kernel", "kernel"}, {"initrd", "initramfs"}, {"dtb", "device tree"}};

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
        add(guest, GPUVM_ASSET_FILE, files[i].what, gpuvm_xml_text(gpuvm_xml_child(os, files[i].element)));
}

/* What QEMU's firmware configuration device gives to the guest. */
static void
add_fwcfg(gpuvm_guest *guest, const xmlNode *domain)
{
    for (const xmlNode *node = gpuvm_xml_child(domain, "sysinfo"); node; node = gpuvm_xml_next(node)) {
        for (const xmlNode *entry = gpuvm_xml_child(node, "entry"); entry; entry = gpuvm_xml_next(entry))
            add(guest, GPUVM_ASSET_FILE, "firmware configuration", gpuvm_xml_attr(entry, "file"));
    }
}

static void
add_disk(gpuvm_guest *guest, const xmlNode *disk)
{
    static const char *const attributes[] = {"file", "dev", "dir"};
    const xmlNode *source = gpuvm_xml_child(disk, "source");
    g_autofree char *target = gpuvm_xml_attr(gpuvm_xml_child(disk, "target"), "dev");
    g_autofree char *pool = gpuvm_xml_attr(source, "pool"), *volume = gpuvm_xml_attr(source, "volume");
    g_autofree char *what = g_strconcat("disk ", target, NULL);
    gpuvm_asset *asset = NULL;

    if (pool && volume)
        asset = add(guest, GPUVM_ASSET_VOLUME, what, g_strconcat(pool, "/", volume, NULL));
    for (size_t i = 0; !asset && i < G_N_ELEMENTS(attributes); i++)
        asset = add(guest, GPUVM_ASSET_FILE, what, gpuvm_xml_attr(source, attributes[i]));
    if (!asset)
        return;
    asset->disk = true;
    asset->block = gpuvm_xml_attr_is(disk, "type", "block");
    asset->format = gpuvm_xml_attr(gpuvm_xml_child(disk, "driver"), "type");
    asset->optional = gpuvm_xml_attr_is(source, "startupPolicy", "optional");
    asset->readonly = gpuvm_xml_child(disk, "readonly") != NULL;
    asset->shareable = gpuvm_xml_child(disk, "shareable") != NULL;
}

static void
add_interface(gpuvm_guest *guest, const xmlNode *interface)
{
    static const struct {
        const char *type, *attribute, *what;
        gpuvm_asset_kind kind;
    } kinds[] = {{"network", "network", "network", GPUVM_ASSET_NETWORK},
                 {"bridge", "bridge", "bridge", GPUVM_ASSET_INTERFACE},
                 {"direct", "dev", "interface", GPUVM_ASSET_INTERFACE}};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (gpuvm_xml_attr_is(interface, "type", kinds[i].type))
            add(guest, kinds[i].kind, kinds[i].what,
                gpuvm_xml_attr(gpuvm_xml_child(interface, "source"), kinds[i].attribute));
    }
}

static void
add_rom(gpuvm_guest *guest, const xmlNode *hostdev)
{
    const xmlNode *address = gpuvm_xml_child(gpuvm_xml_child(hostdev, "source"), "address");
    g_autofree char *what = NULL;
    gpuvm_pci_addr addr;

    if (!address || !gpuvm_xml_address(address, &addr, NULL))
        return;
    what = g_strconcat("ROM of device ", GPUVM_PCI(&addr), NULL);
    add(guest, GPUVM_ASSET_FILE, what, gpuvm_xml_attr(gpuvm_xml_child(hostdev, "rom"), "file"));
}

/*
 * Domain NAME's own log is NAME.log; that of a character device is NAME-serial0.log, say, which is the own one of domain
 * NAME-serial0. Either may be another domain.
 */
static void
add_log(gpuvm_guest *guest, const xmlNode *device, const char *domain)
{
    g_autofree char *path = gpuvm_xml_attr(gpuvm_xml_child(device, "log"), "file");
    g_autofree char *what = g_strdup_printf("the log of <%s>", device->name);
    g_autoptr(GRegex) pattern = NULL;
    g_autoptr(GMatchInfo) match = NULL;

    if (!path)
        return;
    pattern =
        g_regex_new("^/var/log/libvirt/qemu/((?:([^/]+)[.-](?:serial|parallel|console|channel)[0-9]*)|[^/]+)"
                    "\\.log$",
                    G_REGEX_DOLLAR_ENDONLY | G_REGEX_DOTALL, 0, NULL);
    g_regex_match(pattern, path, 0, &match);
    for (int i = 1; i < g_match_info_get_match_count(match); i++) {
        g_autofree char *owner = g_match_info_fetch(match, i);

        if (g_strcmp0(owner, domain) != 0)
            add(guest, GPUVM_ASSET_DOMAIN, what, g_steal_pointer(&owner));
    }
}

/* libvirt itself always writes KiB, gpuvm MiB. */
uint64_t
gpuvm_guest_cpus(const xmlNode *element)
{
    const xmlNode *vcpu = gpuvm_xml_child(element, "vcpu");
    g_autofree char *current = gpuvm_xml_attr(vcpu, "current"), *all = gpuvm_xml_text(vcpu);

    return g_ascii_strtoull(current ? current : all ? all : "0", NULL, 10);
}

bool
gpuvm_guest_memory(const xmlNode *element, uint64_t *ret_kib, GError **error)
{
    const xmlNode *memory = gpuvm_xml_child(element, "memory");
    uint64_t unit = gpuvm_xml_attr_is(memory, "unit", "MiB") ? 1024 : 1;

    if (!gpuvm_xml_number(memory, NULL, UINT64_MAX / 1024 / unit, ret_kib, error))
        return false;
    *ret_kib *= unit;
    return true;
}

/* Whether the guest has a device that <boot dev=@sort> means: one of @element that is of @type, with something in it. */
static bool
has_device(const xmlNode *devices, const char *element, const char *type)
{
    for (const xmlNode *node = gpuvm_xml_child(devices, element); node; node = gpuvm_xml_next(node)) {
        g_autofree char *device = gpuvm_xml_attr(node, "device");

        if (!type || (g_str_equal(device ? device : "disk", type) && gpuvm_xml_child(node, "source")))
            return true;
    }
    return false;
}

static bool
boots_from(const xmlNode *devices, const char *sort)
{
    static const struct {
        const char *sort, *element, *type;
    } sorts[] = {{"hd", "disk", "disk"},
                 {"cdrom", "disk", "cdrom"},
                 {"fd", "disk", "floppy"},
                 {"network", "interface", NULL}};

    for (size_t i = 0; i < G_N_ELEMENTS(sorts); i++) {
        if (g_str_equal(sorts[i].sort, sort) && has_device(devices, sorts[i].element, sorts[i].type))
            return true;
    }
    return false;
}

/* Libvirt's rules: a kernel, the devices with a <boot> of their own, or those that the <os> means, which are disks unless it says. */
static bool
boots(const xmlNode *os, const xmlNode *devices)
{
    const xmlNode *boot = gpuvm_xml_child(os, "boot");

    if (gpuvm_xml_child(os, "kernel"))
        return true;
    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        if (gpuvm_xml_child(node, "boot"))
            return true;
    }
    if (!boot)
        return boots_from(devices, "hd");
    for (; boot; boot = gpuvm_xml_next(boot)) {
        g_autofree char *sort = gpuvm_xml_attr(boot, "dev");

        if (sort && boots_from(devices, sort))
            return true;
    }
    return false;
}

const xmlNode *
gpuvm_guest_port(const xmlNode *element, const char *name)
{
    const xmlNode *channel = gpuvm_xml_child(gpuvm_xml_child(element, "devices"), "channel");

    while (channel && !gpuvm_xml_attr_is(gpuvm_xml_child(channel, "target"), "name", name))
        channel = gpuvm_xml_next(channel);
    return gpuvm_xml_child(channel, "target");
}

gpuvm_guest *
gpuvm_guest_from_element(const xmlNode *element, GError **error)
{
    g_autoptr(gpuvm_guest) guest = g_new0(gpuvm_guest, 1);
    const xmlNode *devices = gpuvm_xml_child(element, "devices");
    g_autofree char *name = gpuvm_xml_text(gpuvm_xml_child(element, "name"));

    guest->assets = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_asset_free);
    if (!gpuvm_guest_memory(element, &guest->memory_kib, error))
        return NULL;
    guest->emulated = gpuvm_xml_attr_is(element, "type", "qemu");
    guest->boots = boots(gpuvm_xml_child(element, "os"), devices);
    add_os(guest, gpuvm_xml_child(element, "os"));
    add_fwcfg(guest, element);
    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        if (gpuvm_xml_is(node, "disk"))
            add_disk(guest, node);
        else if (gpuvm_xml_is(node, "interface"))
            add_interface(guest, node);
        else if (gpuvm_xml_is(node, "hostdev"))
            add_rom(guest, node);
        else
            add_log(guest, node, name);
    }
    return g_steal_pointer(&guest);
}

gpuvm_guest *
gpuvm_guest_parse(const char *xml, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", error);
    gpuvm_guest *guest = doc ? gpuvm_guest_from_element(xmlDocGetRootElement(doc), error) : NULL;

    if (guest)
        guest->doc = g_steal_pointer(&doc);
    return guest;
}

void
gpuvm_asset_learn_network(gpuvm_asset *asset, const xmlNode *network)
{
    const xmlNode *forward = gpuvm_xml_child(network, "forward");

    asset->passes_pci = !network || gpuvm_xml_attr_is(forward, "mode", "hostdev");
    asset->passes_devices = asset->passes_pci || gpuvm_xml_attr_is(forward, "mode", "passthrough");
}
