/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/unsaid.h"

#include <string.h>

#include "base/text.h"
#include "core/reporter.h"
#include "model/plan.h"

#define MOST_CHARACTERS 100 /* of an element that is quoted */

/* What a definition says, or any domain has. An element that has no row here, or none that fits, is unsaid. */
static const struct {
    const char *path;      /* below <domain>; one that ends in '/' is looked into */
    const char *attribute; /* NULL: any; "": the text */
    const char *values;    /* patterns of what it may say, with blanks between; NULL: it may not be there */
} known[] = {
    {"name"},
    {"uuid"},
    {"title"},
    {"description"},
    {"metadata/"},
    {"memory"},
    {"currentMemory"}, /* sketch_resources */
    {"memoryBacking/"},
    {"memoryBacking/hugepages"},
    {"vcpu", "cpuset", NULL},
    {"resource"},
    {"os/"},
    {"os/type", "machine", "q35 pc-q35-*"},
    {"os/firmware"},
    {"os/loader"}, /* sketch_boot */
    {"os/nvram"},
    {"os/boot", "dev", "hd"},
    {"os/kernel"},
    {"os/initrd"},
    {"os/cmdline"},
    {"features/"},
    {"features/acpi"},
    {"features/apic"},
    {"features/smm", "state", "off"},
    {"cpu", "mode", "host-passthrough maximum"},
    {"clock", "offset", "utc"},
    {"on_poweroff", "", "destroy"},
    {"on_reboot", "", "restart"},
    {"on_crash", "", "destroy"},
    {"pm"},
    {"devices/"},
    {"devices/emulator", "", "/usr/*"},
    {"devices/disk"},
    {"devices/interface"},
    {"devices/hostdev"},
    {"devices/vsock"},
    {"devices/watchdog", "model", "itco"}, /* q35 has one, which libvirt 9.1 and newer say */
    {"devices/controller", "type", "pci sata virtio-serial"},
    {"devices/controller", "model", "none"},
    {"devices/serial", "type", "pty"},
    {"devices/console", "type", "pty"},
    {"devices/channel/"},
    {"devices/channel/source"},
    {"devices/channel/target", "name", "org.qemu.guest_agent.0 " GPUVM_REPORTER_CHANNEL},
    {"devices/channel/alias"},
    {"devices/channel/address"},
    {"devices/input", "bus", "ps2"},
    {"devices/audio", "type", "none"},
    {"devices/memballoon", "model", "none"},
    {"devices/rng", "model", "virtio"},
    {"seclabel", "type", "dynamic"},
};

static bool
fits(const xmlNode *node, const char *attribute, const char *values)
{
    g_autofree char *value = !attribute   ? NULL
                             : *attribute ? gpuvm_xml_attr(node, attribute)
                                          : gpuvm_xml_text(node);

    return !attribute || (values ? value && gpuvm_text_fits(values, value) : !value);
}

/* Whether @node, at @path, is known; *@ret_inside: it is to be looked into. */
static bool
is_known(const xmlNode *node, const char *path, bool *ret_inside)
{
    g_autofree char *container = g_strconcat(path, "/", NULL);
    bool is = false;

    *ret_inside = false;
    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        *ret_inside |= g_str_equal(known[i].path, container);
        is |= g_str_equal(known[i].path, path) && fits(node, known[i].attribute, known[i].values);
    }
    return is || *ret_inside;
}

static void
look(const xmlNode *parent, const char *path, GPtrArray *unsaid)
{
    for (const xmlNode *node = parent->children; node; node = node->next) {
        g_autofree char *inner = g_strconcat(path, (const char *)node->name, NULL);
        bool inside;

        if (node->type != XML_ELEMENT_NODE || (node->ns && g_str_equal(node->ns->href, GPUVM_METADATA_NS)))
            continue;
        if (node->ns || !is_known(node, inner, &inside)) {
            g_ptr_array_add(unsaid, gpuvm_unsaid_quote(node));
        } else if (inside) {
            g_autofree char *below = g_strconcat(inner, "/", NULL);
            look(node, below, unsaid);
        }
    }
}

void
gpuvm_unsaid_find(const xmlNode *domain, GPtrArray *unsaid)
{
    look(domain, "", unsaid);
}

char *
gpuvm_unsaid_quote(const xmlNode *node)
{
    g_autoptr(GString) text = g_string_new("<");
    g_autofree char *content = gpuvm_xml_text(node);

    g_string_append(text, (const char *)node->name);
    for (const xmlAttr *attr = node->properties; attr; attr = attr->next) {
        g_autofree char *value = gpuvm_xml_attr(node, (const char *)attr->name);
        g_string_append_printf(text, " %s='%s'", (const char *)attr->name, value ? value : "");
    }
    g_string_append(text, ">");
    if (content && !xmlFirstElementChild((xmlNode *)node))
        g_string_append(text, content);
    if (g_utf8_strlen(text->str, -1) <= MOST_CHARACTERS)
        return g_strdup(text->str);
    g_autofree char *begin = g_utf8_substring(text->str, 0, MOST_CHARACTERS);
    return g_strconcat(begin, "…", NULL);
}
