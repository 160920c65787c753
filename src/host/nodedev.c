/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/nodedev.h"

#include <string.h>

#include "base/text.h"
#include "model/identity.h"
#include "model/pcixml.h"

/* the <capability type=@type> below @parent */
static const xmlNode *
find_capability(const xmlNode *parent, const char *type)
{
    for (const xmlNode *node = gpuvm_xml_child(parent, "capability"); node; node = gpuvm_xml_next(node))
        if (gpuvm_xml_attr_is(node, "type", type))
            return node;
    return NULL;
}

/* here the address is in elements: <domain>0</domain><bus>1</bus>… */
static bool
parse_addr(const xmlNode *pci, gpuvm_pci_addr *ret_addr, GError **error)
{
    static const struct {
        const char *name;
        uint64_t max;
    } parts[] = {{"domain", UINT32_MAX}, {"bus", UINT8_MAX}, {"slot", 0x1f}, {"function", 7}};
    uint64_t values[G_N_ELEMENTS(parts)];

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        const xmlNode *node = gpuvm_xml_child(pci, parts[i].name);

        values[i] = UINT64_MAX;
        if (node && !gpuvm_xml_number(node, NULL, parts[i].max, &values[i], error))
            return false;
        if (values[i] == UINT64_MAX)
            return gpuvm_xml_fail(pci, error, "a PCI device without <%s>", parts[i].name);
    }
    *ret_addr =
        (gpuvm_pci_addr){(uint32_t)values[0], (uint8_t)values[1], (uint8_t)values[2], (uint8_t)values[3]};
    return true;
}

static bool
parse_identity(const xmlNode *pci, gpuvm_device *device, GError **error)
{
    const xmlNode *vendor = gpuvm_xml_child(pci, "vendor"), *product = gpuvm_xml_child(pci, "product");
    uint64_t class_code = 0, vendor_id = 0, device_id = 0;

    if (!gpuvm_xml_number(gpuvm_xml_child(pci, "class"), NULL, 0xffffff, &class_code, error) ||
        !gpuvm_xml_number(vendor, "id", UINT16_MAX, &vendor_id, error) ||
        !gpuvm_xml_number(product, "id", UINT16_MAX, &device_id, error))
        return false;
    device->class_code = (uint32_t)class_code;
    device->vendor_id = (uint16_t)vendor_id;
    device->device_id = (uint16_t)device_id;
    device->vendor = gpuvm_xml_text(vendor);
    device->product = gpuvm_xml_text(product);
    device->bridge = class_code >> 8 == 0x0604 || find_capability(pci, "pci-bridge") ||
                     find_capability(pci, "cardbus-bridge");
    return true;
}

static bool
parse_group(const xmlNode *pci, gpuvm_device *device, GError **error)
{
    const xmlNode *group = gpuvm_xml_child(pci, "iommuGroup");
    uint64_t number = UINT64_MAX;

    if (!group)
        return true;
    if (!gpuvm_xml_number(group, "number", G_MAXINT, &number, error))
        return false;
    if (number == UINT64_MAX)
        return gpuvm_xml_fail(group, error, "<iommuGroup> without a number");
    device->iommu_group = (int)number;
    return gpuvm_xml_addresses(group, device->group_members, error);
}

static bool
parse_virtual_functions(const xmlNode *pci, gpuvm_device *device, GError **error)
{
    const xmlNode *of = gpuvm_xml_child(find_capability(pci, "phys_function"), "address");

    device->virtual_function = of != NULL;
    return (!of || gpuvm_xml_address(of, &device->physical_function, error)) &&
           gpuvm_xml_addresses(find_capability(pci, "virt_functions"), device->virtual_functions, error);
}

static bool
parse_numa(const xmlNode *pci, gpuvm_device *device, GError **error)
{
    const xmlNode *numa = gpuvm_xml_child(pci, "numa");
    uint64_t node = UINT64_MAX;

    if (gpuvm_xml_attr_is(numa, "node", "-1"))
        return true; /* the kernel's "none", which libvirt leaves out */
    if (!gpuvm_xml_number(numa, "node", G_MAXINT, &node, error))
        return false;
    if (node != UINT64_MAX)
        device->numa_node = (int)node;
    return true;
}

static bool
parse_link(const xmlNode *link, double *speed, int *width, GError **error)
{
    g_autofree char *text = gpuvm_xml_attr(link, "speed");
    uint64_t lanes = 0;
    char *end = NULL;

    if (text) {
        *speed = g_ascii_strtod(text, &end);
        if (end == text || *end || !(*speed >= 0 && *speed < 1e6))
            return gpuvm_xml_fail(link, error, "attribute speed of <link> is not a speed in GT/s: '%s'",
                                  text);
    }
    if (!gpuvm_xml_number(link, "width", 64, &lanes, error))
        return false;
    *width = (int)lanes;
    return true;
}

static bool
parse_links(const xmlNode *pci, gpuvm_device *device, GError **error)
{
    const xmlNode *link = gpuvm_xml_child(gpuvm_xml_child(pci, "pci-express"), "link");

    for (; link; link = gpuvm_xml_next(link)) {
        bool right = true;

        if (gpuvm_xml_attr_is(link, "validity", "cap"))
            right = parse_link(link, &device->link_max_speed, &device->link_max_width, error);
        else if (gpuvm_xml_attr_is(link, "validity", "sta"))
            right = parse_link(link, &device->link_speed, &device->link_width, error);
        if (!right)
            return false;
    }
    return true;
}

/* That of a root port is no function, but the root of all. */
static void
parse_parent(const xmlNode *element, gpuvm_device *device)
{
    g_autofree char *name = gpuvm_xml_text(gpuvm_xml_child(element, "parent"));

    device->below = name && gpuvm_pci_addr_parse(name, &device->parent, NULL, NULL);
}

/* Anybody's words: whoever made the card wrote them into it. */
static char *
read_serial(const xmlNode *pci)
{
    const xmlNode *vpd = find_capability(pci, "vpd"), *fields = gpuvm_xml_child(vpd, "fields");
    g_autofree char *serial = NULL;

    while (fields && !gpuvm_xml_attr_is(fields, "access", "readonly"))
        fields = gpuvm_xml_next(fields);
    serial = gpuvm_xml_text(gpuvm_xml_child(fields, "serial_number"));
    return serial && *g_strstrip(serial) ? gpuvm_text_printable(serial) : NULL;
}

gpuvm_device *
gpuvm_nodedev_from_element(const xmlNode *element, GError **error)
{
    const xmlNode *pci = find_capability(element, "pci");
    g_autofree char *path = gpuvm_xml_text(gpuvm_xml_child(element, "path"));
    g_autoptr(gpuvm_device) device = NULL;
    gpuvm_pci_addr addr;

    if (!pci || !parse_addr(pci, &addr, error))
        return NULL;
    device = gpuvm_device_new(&addr);
    device->driver = gpuvm_xml_text(gpuvm_xml_child(gpuvm_xml_child(element, "driver"), "name"));
    device->path = path ? gpuvm_identity_path(path) : NULL;
    device->serial = read_serial(pci);
    parse_parent(element, device);
    if (!parse_identity(pci, device, error) || !parse_group(pci, device, error) ||
        !parse_virtual_functions(pci, device, error) || !parse_numa(pci, device, error) ||
        !parse_links(pci, device, error))
        return NULL;
    return g_steal_pointer(&device);
}

gpuvm_device *
gpuvm_nodedev_parse(const char *xml, GError **error)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "node device", error);

    return doc ? gpuvm_nodedev_from_element(xmlDocGetRootElement(doc), error) : NULL;
}
