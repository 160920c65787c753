/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/sysfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "host/file.h"
#include "model/identity.h"

/* linux/pci_regs.h: PCI_HEADER_TYPE, and its bit that says that there are further functions */
#define HEADER_TYPE 0x0e
#define HEADER_MULTIFUNCTION 0x80

/* linux/ioport.h: IORESOURCE_MEM and others, what a BAR is in the flags of `resource` */
#define RESOURCE_MEM UINT64_C(0x200)
#define RESOURCE_PREFETCH UINT64_C(0x2000)
#define RESOURCE_MEM_64 UINT64_C(0x100000)
/* the lines of `resource` that are BARs: PCI_STD_NUM_BARS; the ROM and a bridge's windows follow */
#define BARS 6

/* the tag of vital product data that are only read */
#define VPD_READ_ONLY 0x90

#define DEVICES "/sys/bus/pci/devices/"
#define SLOTS "/sys/bus/pci/slots"

/* The most that BAR @number can be resized to: of the sizes of 1 MiB << n, `resourceN_resize` has the bits n. 0: not at all. */
static uint64_t
largest_size(const char *root, const char *address, int number)
{
    g_autofree char *text = gpuvm_file_text(root, DEVICES "%s/resource%d_resize", address, number);
    uint64_t sizes = text ? g_ascii_strtoull(text, NULL, 16) : 0;

    return sizes > 0 ? UINT64_C(1) << 20 << MIN(g_bit_storage(sizes) - 1, 43) : 0;
}

static void
read_bars(const char *root, const char *address, const char *resource, gpuvm_device *device)
{
    g_auto(GStrv) lines = g_strsplit(resource, "\n", BARS + 1);

    g_array_set_size(device->bars, 0);
    device->memory_size = 0;
    for (int i = 0; i < BARS && lines[i]; i++) {
        unsigned long long start, end, flags;

        if (sscanf(lines[i], "%llx %llx %llx", &start, &end, &flags) == 3 && flags & RESOURCE_MEM &&
            end > start)
            gpuvm_device_add_bar(device, &(gpuvm_bar){.size = end - start + 1,
                                                      .largest = largest_size(root, address, i),
                                                      .wide = flags & RESOURCE_MEM_64,
                                                      .prefetchable = flags & RESOURCE_PREFETCH});
    }
}

static bool
read_config(const char *root, const char *address, off_t offset, void *bytes, size_t n)
{
    g_autofree char *path = g_strdup_printf("%s" DEVICES "%s/config", root, address);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool seen = fd >= 0 && pread(fd, bytes, n, offset) == (ssize_t)n;

    if (fd >= 0)
        close(fd);
    return seen;
}

/*
 * A virtual function's ids read 0xffff (SR-IOV 1.1, 3.4.1.1 and 3.4.1.2), its command register does not. The kernel wakes what sleeps
 * without power for the read (drivers/pci/access.c, pci_config_pm_runtime_get), unless its driver, which VFIO's do not, has switched
 * it off by itself. One that is gone is in D3cold, too, as far as the kernel knows (drivers/pci/pci.c, pci_power_up).
 */
static bool
is_silent(const char *root, const char *address, const char *driver)
{
    g_autofree char *power = gpuvm_file_text(root, DEVICES "%s/power_state", address);
    g_autofree char *runtime = gpuvm_file_text(root, DEVICES "%s/power/runtime_status", address);
    bool asleep = g_strcmp0(runtime, "suspended") == 0 && (!power || g_str_equal(power, "D3cold"));
    uint64_t ids_and_command;

    return read_config(root, address, 0, &ids_and_command, sizeof(ids_and_command)) &&
           ids_and_command == UINT64_MAX && !(asleep && !gpuvm_driver_is_vfio(driver));
}

/* A function that cannot be reset has neither file. */
static char *
read_reset_method(const char *root, const char *address)
{
    char *methods = gpuvm_file_text(root, DEVICES "%s/reset_method", address);

    return !methods && gpuvm_file_exists(root, DEVICES "%s/config", address) &&
                   !gpuvm_file_exists(root, DEVICES "%s/reset", address)
               ? g_strdup("")
               : methods;
}

static uint32_t
read_subsystem(const char *root, const char *address)
{
    g_autofree char *vendor = gpuvm_file_text(root, DEVICES "%s/subsystem_vendor", address);
    g_autofree char *device = gpuvm_file_text(root, DEVICES "%s/subsystem_device", address);

    return vendor && device ? (uint32_t)(g_ascii_strtoull(vendor, NULL, 0) & UINT16_MAX) << 16 |
                                  (uint32_t)(g_ascii_strtoull(device, NULL, 0) & UINT16_MAX)
                            : 0;
}

void
gpuvm_sysfs_slots(const char *root, gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) slots = gpuvm_file_list(root, "", SLOTS);

    for (guint i = 0; i < slots->len; i++) {
        const char *label = slots->pdata[i];
        g_autofree char *address = gpuvm_file_text(root, SLOTS "/%s/address", label);
        gpuvm_pci_ref slot;

        if (!address || !gpuvm_pci_ref_parse(address, &slot, NULL, NULL))
            continue;
        for (; slot.addr.function <= GPUVM_PCI_FUNCTION_MAX; slot.addr.function++) {
            gpuvm_device *device = g_hash_table_lookup(facts->devices, &slot.addr);

            if (!device)
                continue;
            g_free(device->slot);
            device->slot = gpuvm_text_printable(label);
        }
    }
}

/*
 * A region that is "direct", from an RMRR of Intel's or an IVMD of AMD's, keeps the kernel from passing what is in the group; one that
 * is "direct-relaxable" does not (Documentation/ABI/testing/sysfs-kernel-iommu_groups).
 */
static bool
is_reserved(const char *root, const char *address)
{
    g_autofree char *regions = gpuvm_file_text(root, DEVICES "%s/iommu_group/reserved_regions", address);

    return regions && g_regex_match_simple(" direct$", regions, G_REGEX_MULTILINE, 0);
}

void
gpuvm_sysfs_fill(const char *root, gpuvm_device *device)
{
    const char *address = GPUVM_PCI(&device->addr);
    g_autofree char *boot_vga = gpuvm_file_text(root, DEVICES "%s/boot_vga", address);
    g_autofree char *resource = gpuvm_file_text(root, DEVICES "%s/resource", address);

    device->subsystem = read_subsystem(root, address);
    if (boot_vga)
        device->boot_vga = g_str_equal(boot_vga, "1");
    if (resource)
        read_bars(root, address, resource, device);
    g_free(device->reset_method);
    device->reset_method = read_reset_method(root, address);
    device->silent = is_silent(root, address, device->driver);
    device->reserved = is_reserved(root, address);
}

char *
gpuvm_sysfs_driver(const char *root, const gpuvm_pci_addr *addr)
{
    return gpuvm_file_target(root, DEVICES "%s/driver", GPUVM_PCI(addr));
}

/* Somebody has said by which driver. */
static bool
is_overridden(const char *root, const gpuvm_pci_addr *addr)
{
    g_autofree char *wanted = gpuvm_file_text(root, DEVICES "%s/driver_override", GPUVM_PCI(addr));

    return wanted && *wanted && !g_str_equal(wanted, "(null)");
}

bool
gpuvm_sysfs_lent(const char *root, const gpuvm_pci_addr *addr)
{
    return is_overridden(root, addr) && !gpuvm_file_exists(root, "/etc/driverctl.d/%s", GPUVM_PCI(addr));
}

char *
gpuvm_sysfs_module(const char *root, const gpuvm_pci_addr *addr)
{
    g_autofree char *modalias = gpuvm_file_text(root, DEVICES "%s/modalias", GPUVM_PCI(addr));
    g_auto(GStrv) lines = NULL;
    struct utsname kernel;

    if (!modalias || is_overridden(root, addr) || uname(&kernel) != 0)
        return NULL;
    lines = gpuvm_file_lines(root, "/lib/modules/%s/modules.alias", kernel.release);
    for (char **line = lines; line && *line; line++) {
        g_auto(GStrv) words = g_str_has_prefix(*line, "alias pci:") ? g_strsplit(*line, " ", -1) : NULL;

        if (words && words[2] && g_pattern_match_simple(words[1], modalias) &&
            gpuvm_file_exists(root, "/sys/module/%s", words[2]))
            return g_strdup(words[2]);
    }
    return NULL;
}

/* Reads a number, "0x10de" or "1". */
static bool
read_number(const char *root, const char *address, const char *file, uint64_t max, uint64_t *ret_number)
{
    g_autofree char *text = gpuvm_file_text(root, DEVICES "%s/%s", address, file);
    char *end = NULL;

    if (text)
        *ret_number = g_ascii_strtoull(text, &end, 0);
    return text && end > text && !*end && *ret_number <= max;
}

static bool
is_bridge(const char *root, const char *address)
{
    uint8_t type = 0;

    return read_config(root, address, HEADER_TYPE, &type, sizeof(type)) &&
           (type & ~HEADER_MULTIFUNCTION) != 0;
}

static void
read_group(const char *root, const char *address, gpuvm_device *device)
{
    g_autofree char *number = gpuvm_file_target(root, DEVICES "%s/iommu_group", address);
    g_autoptr(GPtrArray) names = gpuvm_file_list(root, "", DEVICES "%s/iommu_group/devices", address);
    guint64 group;

    if (number && g_ascii_string_to_unsigned(number, 10, 0, G_MAXINT, &group, NULL))
        device->iommu_group = (int)group;
    for (guint i = 0; i < names->len; i++) {
        gpuvm_pci_addr addr;

        if (gpuvm_pci_addr_parse(names->pdata[i], &addr, NULL, NULL))
            gpuvm_pci_addrs_add(device->group_members, &addr);
    }
}

static void
read_virtual_functions(const char *root, const char *address, gpuvm_device *device)
{
    g_autofree char *physical = gpuvm_file_target(root, DEVICES "%s/physfn", address);
    g_autoptr(GPtrArray) links = gpuvm_file_list(root, "virtfn", DEVICES "%s", address);

    device->virtual_function =
        physical && gpuvm_pci_addr_parse(physical, &device->physical_function, NULL, NULL);
    for (guint i = 0; i < links->len; i++) {
        g_autofree char *name =
            gpuvm_file_target(root, DEVICES "%s/%s", address, (const char *)links->pdata[i]);
        gpuvm_pci_addr addr;

        if (name && gpuvm_pci_addr_parse(name, &addr, NULL, NULL))
            gpuvm_pci_addrs_add(device->virtual_functions, &addr);
    }
}

static char *
read_path(const char *root, const char *address)
{
    g_autofree char *link = g_strdup_printf("%s" DEVICES "%s", root, address);
    g_autofree char *target = g_file_read_link(link, NULL);

    return target ? gpuvm_identity_path(target) : NULL;
}

/* Among the @size bytes of @fields, each two letters, a length and so many bytes. */
static char *
find_serial(const uint8_t *fields, gsize size)
{
    for (gsize at = 0; at + 3 <= size; at += 3u + fields[at + 2]) {
        g_autofree char *serial = NULL;

        if (memcmp(fields + at, "SN", 2) != 0 || at + 3 + fields[at + 2] > size)
            continue;
        serial = g_strstrip(g_strndup((const char *)fields + at + 3, fields[at + 2]));
        return *serial ? gpuvm_text_printable(serial) : NULL;
    }
    return NULL;
}

/* Of the vital product data: resources, each a tag, a length of two bytes, and so many. PCI Local Bus Specification 3.0, appendix I. */
static char *
read_serial(const char *root, const char *address)
{
    g_autofree char *path = g_strdup_printf("%s" DEVICES "%s/vpd", root, address), *data = NULL;
    gsize size = 0, length;

    if (!g_file_get_contents(path, &data, &size, NULL))
        return NULL;
    for (const uint8_t *at = (const uint8_t *)data, *end = at + size; end - at >= 3; at += 3 + length) {
        length = MIN((gsize)(at[1] | at[2] << 8), (gsize)(end - at - 3));
        if (at[0] == VPD_READ_ONLY)
            return find_serial(at + 3, length);
    }
    return NULL;
}

gpuvm_device *
gpuvm_sysfs_device(const char *root, const gpuvm_pci_addr *addr)
{
    const char *address = GPUVM_PCI(addr);
    g_autoptr(gpuvm_device) device = gpuvm_device_new(addr);
    uint64_t class_code, vendor, product, node;

    if (!read_number(root, address, "class", 0xffffff, &class_code) ||
        !read_number(root, address, "vendor", UINT16_MAX, &vendor) ||
        !read_number(root, address, "device", UINT16_MAX, &product))
        return NULL;
    device->class_code = (uint32_t)class_code;
    device->vendor_id = (uint16_t)vendor;
    device->device_id = (uint16_t)product;
    device->driver = gpuvm_sysfs_driver(root, addr);
    device->path = read_path(root, address);
    device->serial = read_serial(root, address);
    device->bridge = class_code >> 8 == 0x0604 || is_bridge(root, address);
    if (read_number(root, address, "numa_node", G_MAXINT, &node)) /* -1: none */
        device->numa_node = (int)node;
    read_group(root, address, device);
    read_virtual_functions(root, address, device);
    gpuvm_sysfs_fill(root, device);
    return g_steal_pointer(&device);
}
