/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/sysfs.h"

#include <stdio.h>

/* linux/ioport.h: IORESOURCE_MEM, the kind of a BAR in the flags of `resource` */
#define RESOURCE_MEM UINT64_C(0x200)
/* the lines of `resource` that are BARs: PCI_STD_NUM_BARS; the ROM and a bridge's windows follow */
#define BARS 6

static char *
read_attr(const char *root, const gpuvm_device *device, const char *name)
{
    g_autofree char *path =
        g_strdup_printf("%s/sys/bus/pci/devices/%s/%s", root, GPUVM_PCI(&device->addr), name);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? g_strstrip(text) : NULL;
}

static uint64_t
sum_memory(const char *resource)
{
    g_auto(GStrv) lines = g_strsplit(resource, "\n", BARS + 1);
    uint64_t sum = 0;

    for (int i = 0; i < BARS && lines[i]; i++) {
        unsigned long long start, end, flags;

        if (sscanf(lines[i], "%llx %llx %llx", &start, &end, &flags) == 3 && flags & RESOURCE_MEM &&
            end > start)
            sum += end - start + 1;
    }
    return sum;
}

void
gpuvm_sysfs_fill(const char *root, gpuvm_device *device)
{
    g_autofree char *boot_vga = read_attr(root, device, "boot_vga");
    g_autofree char *resource = read_attr(root, device, "resource");

    if (boot_vga)
        device->boot_vga = g_str_equal(boot_vga, "1");
    if (resource)
        device->memory_size = sum_memory(resource);
    g_free(device->reset_method);
    device->reset_method = read_attr(root, device, "reset_method");
}

char *
gpuvm_sysfs_driver(const char *root, const gpuvm_pci_addr *addr)
{
    g_autofree char *path = g_strdup_printf("%s/sys/bus/pci/devices/%s/driver", root, GPUVM_PCI(addr));
    g_autofree char *target = g_file_read_link(path, NULL);

    return target ? g_path_get_basename(target) : NULL;
}
