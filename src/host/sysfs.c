/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/sysfs.h"

#include <stdio.h>

#include "host/file.h"

/* linux/ioport.h: IORESOURCE_MEM, the kind of a BAR in the flags of `resource` */
#define RESOURCE_MEM UINT64_C(0x200)
/* the lines of `resource` that are BARs: PCI_STD_NUM_BARS; the ROM and a bridge's windows follow */
#define BARS 6

#define DEVICES "/sys/bus/pci/devices/"

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
    const char *address = GPUVM_PCI(&device->addr);
    g_autofree char *boot_vga = gpuvm_file_text(root, DEVICES "%s/boot_vga", address);
    g_autofree char *resource = gpuvm_file_text(root, DEVICES "%s/resource", address);

    if (boot_vga)
        device->boot_vga = g_str_equal(boot_vga, "1");
    if (resource)
        device->memory_size = sum_memory(resource);
    g_free(device->reset_method);
    device->reset_method = gpuvm_file_text(root, DEVICES "%s/reset_method", address);
}

char *
gpuvm_sysfs_driver(const char *root, const gpuvm_pci_addr *addr)
{
    return gpuvm_file_target(root, DEVICES "%s/driver", GPUVM_PCI(addr));
}
