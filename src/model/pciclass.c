/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/pci.h"

/* PCI Code and ID Assignment Specification: base classes by number, and the subclasses that a host shows. */

static const char *const base_names[] = {
    "Unclassified device",
    "Mass storage controller",
    "Network controller",
    "Display controller",
    "Multimedia controller",
    "Memory controller",
    "Bridge",
    "Communication controller",
    "System peripheral",
    "Input device controller",
    "Docking station",
    "Processor",
    "Serial bus controller",
    "Wireless controller",
    "Intelligent controller",
    "Satellite communications controller",
    "Encryption controller",
    "Signal processing controller",
    "Processing accelerator",
    "Non-essential instrumentation",
};

static const struct {
    uint16_t code; /* base class and subclass */
    const char *name;
} subclasses[] = {
    {0x0001, "VGA-compatible unclassified device"},
    {0x0100, "SCSI storage controller"},
    {0x0101, "IDE interface"},
    {0x0104, "RAID bus controller"},
    {0x0105, "ATA controller"},
    {0x0106, "SATA controller"},
    {0x0107, "Serial attached SCSI controller"},
    {0x0108, "Non-volatile memory controller"},
    {0x0109, "Universal flash storage controller"},
    {0x0200, "Ethernet controller"},
    {0x0207, "InfiniBand controller"},
    {0x0208, "Fabric controller"},
    {0x0300, "VGA compatible controller"},
    {0x0301, "XGA compatible controller"},
    {0x0302, "3D controller"},
    {0x0400, "Multimedia video controller"},
    {0x0401, "Multimedia audio controller"},
    {0x0403, "Audio device"},
    {0x0500, "RAM memory"},
    {0x0501, "Flash memory"},
    {0x0502, "CXL memory device"},
    {0x0600, "Host bridge"},
    {0x0601, "ISA bridge"},
    {0x0604, "PCI bridge"},
    {0x0609, "Semi-transparent PCI bridge"},
    {0x0700, "Serial controller"},
    {0x0703, "Modem"},
    {0x0800, "Interrupt controller"},
    {0x0801, "DMA controller"},
    {0x0802, "Timer"},
    {0x0803, "Real-time clock"},
    {0x0805, "SD host controller"},
    {0x0806, "IOMMU"},
    {0x0b40, "Co-processor"},
    {0x0c00, "FireWire controller"},
    {0x0c03, "USB controller"},
    {0x0c05, "SMBus controller"},
    {0x0d11, "Bluetooth controller"},
    {0x0d80, "Wireless controller"},
    {0x1000, "Network and computing encryption device"},
    {0x1101, "Performance counters"},
    {0x1180, "Signal processing controller"},
};

const char *
gpuvm_pci_class_name(uint32_t class_code)
{
    uint32_t base = class_code >> 16 & 0xff, code = class_code >> 8 & 0xffff;

    for (size_t i = 0; i < G_N_ELEMENTS(subclasses); i++)
        if (subclasses[i].code == code)
            return subclasses[i].name;
    return base < G_N_ELEMENTS(base_names) ? base_names[base] : "Unassigned class";
}

bool
gpuvm_pci_class_match(const char *prefix, uint32_t class_code)
{
    for (int shift = 20; *prefix; prefix++, shift -= 4)
        if (shift < 0 || g_ascii_xdigit_value(*prefix) != (int)(class_code >> shift & 0xf))
            return false;
    return true;
}
