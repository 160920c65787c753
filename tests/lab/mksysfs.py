#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mksysfs.py MACHINE [DIRECTORY]: the sysfs of a machine below DIRECTORY (/sys), which must hold the lab's marker."""
import os
import struct
import sys

from machine import Fault, Machine

KIB = 1024
SPEEDS = {2.5: 1, 5: 2, 8: 3, 16: 4, 32: 5}  # Link Capabilities, Max Link Speed
PM, EXPRESS, ACS = 0x60, 0x78, 0x100  # where a configuration space has its capabilities
ENDPOINT, ROOT_PORT, UPSTREAM, DOWNSTREAM = 0, 4, 5, 6  # PCI Express Capabilities, Device/Port Type
MEMORY, PREFETCH, WIDE, IO = 0x40200, 0x2000, 0x100000, 0x40101  # flags of a resource, as <linux/ioport.h> has them
DEVICE_FILES = {"revision": "0xa1", "irq": "16", "enable": "1", "power_state": "D0", "d3cold_allowed": "1",
                "subsystem_vendor": "0x1043", "subsystem_device": "0x87af", "remove": "", "rescan": ""}


def cpu_mask(cpus):
    """As the kernel prints it: groups of 32 bits."""
    mask = sum(1 << cpu for cpu in cpus)
    groups = []
    while mask or not groups:
        groups.insert(0, f"{mask & 0xffffffff:08x}")
        mask >>= 32
    return ",".join(groups)


def listed(numbers):
    return ",".join(str(number) for number in numbers)


class Tree:
    """Files and links below a root."""

    def __init__(self, root):
        if not os.path.exists(os.path.join(root, ".fake")):
            raise Fault(f"{root} is not the lab's: it has no .fake")
        self.root = root

    def directory(self, path):
        os.makedirs(os.path.join(self.root, path), exist_ok=True)

    def write(self, path, content):
        self.directory(os.path.dirname(path))
        data = content if isinstance(content, bytes) else f"{content}\n".encode()
        with open(os.path.join(self.root, path), "wb") as file:
            file.write(data)

    def link(self, path, target):
        self.directory(os.path.dirname(path))
        os.symlink(os.path.relpath(target, os.path.dirname(path)), os.path.join(self.root, path))


def port_type(function):
    if not function.bridge:
        return ENDPOINT
    if not function.parent:
        return ROOT_PORT
    return DOWNSTREAM if port_type(function.parent) == UPSTREAM else UPSTREAM


def config_space(machine, function):
    """PCI 3.0 6.1 and PCI Express 7.8: what libvirt reads of it. Only PCI Express has more than 256 bytes."""
    space = bytearray(4096 if function.link else 256)
    siblings = [f for f in machine.functions.values() if f.card == function.card]
    struct.pack_into("<HHHHI", space, 0, function.vendor, function.device, 0x0406, 0x0010,
                     function.class_code << 8 | 0xa1)
    space[0x0e] = (0x80 if len(siblings) > 1 else 0) | (1 if function.bridge else 0)
    if function.bridge:
        space[0x18:0x1b] = bytes((function.bus, function.secondary or 0, function.secondary or 0))
    space[0x34] = PM
    space[PM] = 1
    if function.link:
        space[PM + 1] = EXPRESS
        express(space, function)
        if port_type(function) == DOWNSTREAM:
            struct.pack_into("<IHH", space, ACS, 0x0d | 1 << 16, 0x1d, 0x1d)
    return bytes(space)


def express(space, function):
    resets = "flr" in function.reset.split()
    struct.pack_into("<HHI", space, EXPRESS, 0x10, 2 | port_type(function) << 4, 1 << 28 if resets else 0)
    for offset, layout, (speed, width) in ((0x0c, "<I", function.link.able), (0x12, "<H", function.link.now)):
        struct.pack_into(layout, space, EXPRESS + offset, SPEEDS[speed] | width << 4)


def vital_product_data(name, serial):
    """PCI 3.0, appendix I: the name, and of what is only read the serial number and a checksum."""
    number = b"SN" + bytes([len(serial)]) + serial.encode()
    data = struct.pack("<BH", 0x82, len(name)) + name.encode() + struct.pack("<BH", 0x90, len(number) + 4) + number + b"RV\1"
    return data + bytes([-sum(data) & 0xff]) + b"\x78"


def numbered(function):
    """The BARs with their numbers: a wide one takes two."""
    number = 0
    for bar in function.bars:
        yield number, bar
        number += 2 if bar.wide else 1


def resources(index, function):
    """The BARs, an I/O BAR behind them and the ROM for a VGA controller: the two that do not count as memory."""
    lines = [(0, 0, 0)] * 13
    base = 0x200000000000 + (index << 40)
    for number, bar in numbered(function):
        lines[number] = (base, base + bar.size - 1, MEMORY | (PREFETCH | WIDE if bar.wide else 0))
        base += max(bar.size, 1 << 30)
    if function.boot_vga is not None:
        lines[5] = (0xe000, 0xe07f, IO)
        lines[6] = (0xc0000, 0xdffff, 0x46200)
    return "\n".join(f"0x{start:016x} 0x{end:016x} 0x{flags:016x}" for start, end, flags in lines)


def device(tree, machine, index, function):
    path = function.path
    code, ids = function.class_code, f"{function.vendor:04X}:{function.device:04X}"
    modalias = (f"pci:v{function.vendor:08X}d{function.device:08X}sv00001043sd000087AF"
                f"bc{code >> 16:02X}sc{code >> 8 & 255:02X}i{code & 255:02X}")
    driver = f"DRIVER={function.driver}\n" if function.driver else ""
    tree.write(f"{path}/uevent", f"{driver}PCI_CLASS={code:X}\nPCI_ID={ids}\nPCI_SUBSYS_ID=1043:87AF\n"
                                 f"PCI_SLOT_NAME={function.address}\nMODALIAS={modalias}")
    files = dict(DEVICE_FILES, vendor=f"0x{function.vendor:04x}", device=f"0x{function.device:04x}",
                 numa_node=function.numa, modalias=modalias, driver_override="(null)",
                 resource=resources(index, function))
    files["class"] = f"0x{code:06x}"
    if function.boot_vga is not None:
        files["boot_vga"] = function.boot_vga
    for number, bar in numbered(function):
        if bar.largest:  # any power of two that is not larger, from 1 MiB on
            files[f"resource{number}_resize"] = f"{(bar.largest >> 19) - 1:016x}"
    if function.reset:
        files["reset_method"] = function.reset
        files["reset"] = ""
    if function.link:
        for word, (speed, width) in (("max", function.link.able), ("current", function.link.now)):
            files[f"{word}_link_speed"] = f"{speed:.1f} GT/s PCIe"
            files[f"{word}_link_width"] = width
    for name, content in files.items():
        tree.write(f"{path}/{name}", content)
    tree.write(f"{path}/config", config_space(machine, function))
    if function.serial:
        tree.write(f"{path}/vpd", vital_product_data("card", function.serial))
    if function.slot_label:
        tree.write(f"bus/pci/slots/{function.slot_label}/address", function.card)
    tree.link(f"{path}/subsystem", "bus/pci")
    tree.link(f"bus/pci/devices/{function.address}", path)
    if function.driver:
        tree.link(f"{path}/driver", f"bus/pci/drivers/{function.driver}")
        tree.link(f"bus/pci/drivers/{function.driver}/{function.address}", path)
    if function.group is not None:
        group = f"kernel/iommu_groups/{function.group}"
        tree.link(f"{group}/devices/{function.address}", path)
        tree.link(f"{path}/iommu_group", group)
        regions = ["0x00000000fee00000 0x00000000feefffff msi"]
        if machine.reserved(function):
            regions.insert(0, "0x00000000bf800000 0x00000000bfffffff direct")
        tree.write(f"{group}/reserved_regions", "\n".join(regions))


def virtual_functions(tree, function):
    if function.max_vfs:
        tree.write(f"{function.path}/sriov_totalvfs", function.max_vfs)
        tree.write(f"{function.path}/sriov_numvfs", len(function.virtual))
    for number, virtual in enumerate(function.virtual):
        tree.link(f"{function.path}/virtfn{number}", virtual.path)
        tree.link(f"{virtual.path}/physfn", function.path)


def pci(tree, machine):
    for directory in ("devices", "slots", "drivers"):
        tree.directory(f"bus/pci/{directory}")
    for name in ("drivers_probe", "uevent", "rescan"):
        tree.write(f"bus/pci/{name}", "")
    tree.write("bus/pci/drivers_autoprobe", 1)
    for driver in {"vfio-pci", "pci-stub"} | {f.driver for f in machine.functions.values() if f.driver}:
        for name in ("bind", "unbind", "new_id", "remove_id", "uevent"):
            tree.write(f"bus/pci/drivers/{driver}/{name}", "")
    for index, function in enumerate(machine.functions.values()):
        if not function.parent:
            tree.write(f"{os.path.dirname(function.path)}/uevent", "")
        device(tree, machine, index, function)
    for function in machine.functions.values():
        virtual_functions(tree, function)


def displays(tree, machine):
    """The node in /dev/dri of each display controller, in the order of their addresses."""
    found = [function for function in machine.functions.values() if function.class_code >> 16 == 3]
    for number, function in enumerate(found):
        tree.write(f"{function.path}/drm/card{number}/dev", f"226:{number}")
        tree.link(f"class/drm/card{number}", f"{function.path}/drm/card{number}")


def cells(tree, machine):
    node, cpus = "devices/system/node", "devices/system/cpu"
    for name in ("online", "possible", "present"):
        tree.write(f"{cpus}/{name}", listed(sorted(cpu for cell in machine.cells for cpu in cell.cpus)))
    for name in ("online", "possible", "has_cpu", "has_memory", "has_normal_memory"):
        tree.write(f"{node}/{name}", listed(cell.id for cell in machine.cells))
    for cell in machine.cells:
        path = f"{node}/node{cell.id}"
        total = cell.memory // KIB
        tree.write(f"{path}/meminfo", f"Node {cell.id} MemTotal: {total} kB\nNode {cell.id} MemFree: {total // 2} kB")
        tree.write(f"{path}/cpulist", listed(cell.cpus))
        tree.write(f"{path}/cpumap", cpu_mask(cell.cpus))
        tree.write(f"{path}/distance", " ".join("10" if c is cell else "21" for c in machine.cells))
        for page, count in cell.pages.items():
            pages = f"{path}/hugepages/hugepages-{page // KIB}kB"
            for name, value in (("nr", count), ("free", count), ("surplus", 0)):
                tree.write(f"{pages}/{name}_hugepages", value)
        for cpu in cell.cpus:
            processor(tree, cell, cpu)


def processor(tree, cell, cpu):
    path, node = f"devices/system/cpu/cpu{cpu}", f"devices/system/node/node{cell.id}"
    tree.write(f"{path}/online", 1)
    for name, value in (("physical_package_id", cell.id), ("core_id", cell.core(cpu)), ("die_id", 0),
                        ("thread_siblings_list", listed(cell.siblings(cpu))),
                        ("thread_siblings", cpu_mask(cell.siblings(cpu))),
                        ("core_siblings_list", listed(cell.cpus))):
        tree.write(f"{path}/topology/{name}", value)
    if cell.shared:
        sharers = cell.cache(cpu)
        for name, value in (("id", sharers[0]), ("level", 3), ("type", "Unified"), ("size", "32768K"),
                            ("shared_cpu_list", listed(sharers))):
            tree.write(f"{path}/cache/index3/{name}", value)
    tree.link(f"{path}/node{cell.id}", node)
    tree.link(f"{node}/cpu{cpu}", path)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        machine = Machine(sys.argv[1])
        tree = Tree(sys.argv[2] if len(sys.argv) == 3 else "/sys")
    except (Fault, OSError) as fault:
        sys.exit(f"mksysfs.py: {fault}")
    pci(tree, machine)
    displays(tree, machine)
    cells(tree, machine)
    for directory in ("class", "block", "module", "firmware", "fs/cgroup", "devices/virtual"):
        tree.directory(directory)
    if machine.uuid:
        tree.write("devices/virtual/dmi/id/product_uuid", machine.uuid)
    for page in machine.cells[0].pages:
        for name in ("nr", "free"):
            tree.write(f"kernel/mm/hugepages/hugepages-{page // KIB}kB/{name}_hugepages",
                       sum(cell.pages.get(page, 0) for cell in machine.cells))


main()
