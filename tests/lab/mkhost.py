#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mkhost.py MACHINE: the host file (include/host/hostfile.h) of a machine, on standard output."""
import sys
import uuid
import xml.etree.ElementTree as ET

from machine import Fault, Machine, Names

KIB = 1024
SPACE = uuid.UUID("6f1d2c5e-0d5b-4c0c-8f43-0a3f6d1f9b7a")  # of the made-up UUIDs
NAMES = Names()


def sub(parent, tag, text=None, **attributes):
    """A child element; its attributes in the order given."""
    child = ET.SubElement(parent, tag, {key: str(value) for key, value in attributes.items()})
    if text is not None:
        child.text = str(text)
    return child


def address(parent, function):
    sub(parent, "address", domain=f"0x{function.domain:04x}", bus=f"0x{function.bus:02x}",
        slot=f"0x{function.slot:02x}", function=f"0x{function.function:x}")


def summary(root, machine):
    """What the test driver makes its own capabilities of."""
    first = machine.cells[0]
    cpu = sub(root, "cpu")
    for tag, text in (("mhz", 3000), ("model", "x86_64"), ("active", sum(len(c.cpus) for c in machine.cells)),
                      ("nodes", len(machine.cells)), ("sockets", 1), ("cores", first.cores),
                      ("threads", first.threads)):
        sub(cpu, tag, text)
    sub(root, "memory", sum(c.memory for c in machine.cells) // KIB)


def computer(root, machine):
    device = sub(root, "device")
    sub(device, "name", "computer")
    capability = sub(device, "capability", type="system")
    hardware = sub(capability, "hardware")
    sub(hardware, "vendor", "example")
    sub(hardware, "uuid", uuid.uuid5(SPACE, machine.name))
    sub(sub(capability, "firmware"), "vendor", "example")


def node_device(root, machine, function):
    """A function as libvirt's node-device driver shows it."""
    device = sub(root, "device")
    sub(device, "name", function.name)
    sub(device, "path", "/sys/" + function.path)
    sub(device, "parent", function.parent.name if function.parent else "computer")
    if machine.driver(function):
        sub(sub(device, "driver"), "name", machine.driver(function))
    pci = sub(device, "capability", type="pci")
    sub(pci, "class", f"0x{function.class_code:06x}")
    for tag in ("domain", "bus", "slot", "function"):
        sub(pci, tag, getattr(function, tag))
    sub(pci, "product", NAMES.product(function), id=f"0x{function.device:04x}")
    sub(pci, "vendor", NAMES.vendor(function), id=f"0x{function.vendor:04x}")
    if function.physical:
        address(sub(pci, "capability", type="phys_function"), machine.functions[function.physical])
    if function.max_vfs:
        virtual = sub(pci, "capability", type="virt_functions", maxCount=function.max_vfs)
        for member in function.virtual:
            address(virtual, member)
    if function.bridge:
        sub(pci, "capability", type="pci-bridge")
    if function.serial:
        vital = sub(pci, "capability", type="vpd")
        sub(vital, "name", NAMES.product(function))
        sub(sub(vital, "fields", access="readonly"), "serial_number", function.serial)
    if function.group is not None:
        group = sub(pci, "iommuGroup", number=function.group)
        for member in machine.groups[function.group]:
            address(group, member)
    if function.numa >= 0:
        sub(pci, "numa", node=function.numa)
    if function.link:
        express = sub(pci, "pci-express")
        for validity, (speed, width) in (("cap", function.link.able), ("sta", function.link.now)):
            port = {"port": 0} if validity == "cap" else {}
            sub(express, "link", validity=validity, **port, speed=f"{speed:g}", width=width)


def domain(root, claim):
    """A domain that holds devices. The test driver runs it unless its run state says that it is shut off."""
    element = sub(root, "domain", type="test")
    if not claim.active:
        element.set("xmlns:test", "http://libvirt.org/schemas/domain/test/1.0")
        sub(element, "test:runstate", 5)
    sub(element, "name", claim.name)
    sub(element, "uuid", uuid.uuid5(SPACE, claim.name))
    sub(element, "memory", 4194304, unit="KiB")
    sub(element, "vcpu", 4)
    sub(sub(element, "os"), "type", "hvm")
    devices = sub(element, "devices")
    for text in claim.addresses:
        hostdev = sub(devices, "hostdev", mode="subsystem", type="pci", managed="yes")
        sub(hostdev, "driver", name="vfio")
        sub(sub(hostdev, "source"), "address", **dict(zip(
            ("domain", "bus", "slot", "function"), ("0x" + part for part in text.replace(".", ":").split(":")))))


def numa_cell(cells, machine, cell):
    element = sub(cells, "cell", id=cell.id)
    sub(element, "memory", cell.memory // KIB, unit="KiB")
    hugepages = sum(page * count for page, count in cell.pages.items())
    sub(element, "pages", (cell.memory - hugepages) // (4 * KIB), unit="KiB", size=4)
    for page, count in sorted(cell.pages.items()):
        sub(element, "pages", count, unit="KiB", size=page // KIB)
    distances = sub(element, "distances")
    for other in machine.cells:
        sub(distances, "sibling", id=other.id, value=10 if other is cell else 21)
    cpus = sub(element, "cpus", num=len(cell.cpus))
    for cpu in cell.cpus:
        siblings = ",".join(map(str, cell.siblings(cpu)))
        sub(cpus, "cpu", id=cpu, socket_id=cell.id, die_id=0, core_id=cell.core(cpu), siblings=siblings)


def ranges(cpus):
    """As libvirt writes them."""
    begins = (cpu for cpu in cpus if cpu - 1 not in cpus)
    ends = (cpu for cpu in cpus if cpu + 1 not in cpus)
    return ",".join(f"{begin}-{end}" if end > begin else str(end) for begin, end in zip(begins, ends))


def capabilities(host, machine):
    """<capabilities> as the QEMU driver gives them on such a machine."""
    element = sub(host, "capabilities")
    physical = sub(element, "host")
    if machine.uuid:
        sub(physical, "uuid", machine.uuid)
    cpu = sub(physical, "cpu")
    sub(cpu, "arch", "x86_64")
    sub(cpu, "model", machine.cpu["model"])
    sub(cpu, "vendor", machine.cpu["vendor"])
    first = machine.cells[0]
    sub(cpu, "topology", sockets=1, dies=1, cores=first.cores, threads=first.threads)
    if "bits" in machine.cpu:
        sub(cpu, "maxphysaddr", mode="emulate", bits=machine.cpu["bits"])
    for page in (4 * KIB, *sorted(first.pages)):
        sub(cpu, "pages", unit="KiB", size=page // KIB)
    sub(physical, "iommu", support="yes" if machine.iommu else "no")
    cells = sub(sub(physical, "topology"), "cells", num=len(machine.cells))
    for cell in machine.cells:
        numa_cell(cells, machine, cell)
    caches = [cell.cache(cpu) for cell in machine.cells if cell.shared for cpu in cell.cpus]
    cache = sub(physical, "cache") if caches else None
    for first, sharers in sorted({cpus[0]: cpus for cpus in caches}.items()):
        sub(cache, "bank", id=first, level=3, type="both", size=32, unit="MiB", cpus=ranges(sharers))
    guest = sub(element, "guest")
    sub(guest, "os_type", "hvm")
    arch = sub(guest, "arch", name="x86_64")
    sub(arch, "wordsize", 64)
    sub(arch, "emulator", "/usr/bin/qemu-system-x86_64")
    sub(arch, "machine", "pc-q35-7.2", canonical="pc-q35-7.2", maxCpus=288)
    sub(arch, "domain", type="qemu")
    sub(arch, "domain", type="kvm")


def additions(root, machine):
    """What the test driver ignores: the host's capabilities, and what only sysfs says."""
    host = sub(root, "gpuvm:host")
    host.set("xmlns:gpuvm", "urn:gpuvm:host:1")
    capabilities(host, machine)
    if machine.framebuffer:
        sub(host, "gpuvm:fact", name="framebuffer", value=machine.framebuffer.address)
    for function in machine.functions.values():
        element = sub(host, "gpuvm:function", address=function.address)
        for key, value in (("driver", machine.driver(function)), ("boot_vga", function.boot_vga),
                           ("memory", function.memory or None), ("reset_method", function.reset),
                           ("subsystem", "1043:87af" if machine.uuid else None), ("slot", function.slot_label),
                           ("reserved", 1 if machine.reserved(function) else None)):
            if value is not None:
                element.set(key, str(value))
        for bar in function.bars:
            wide = int(bar.wide)
            child = sub(element, "gpuvm:bar", size=bar.size, wide=wide, prefetchable=wide)
            if bar.largest:
                child.set("largest", str(bar.largest))
        for use in function.uses:
            element = sub(host, "gpuvm:use", address=function.address, kind=use.kind)
            for key, value in (("root", "yes" if use.root else None), ("what", use.what), ("remedy", use.remedy)):
                if value is not None:
                    element.set(key, value)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        machine = Machine(sys.argv[1])
    except (Fault, OSError) as fault:
        sys.exit(f"mkhost.py: {fault}")
    root = ET.Element("node")
    summary(root, machine)
    computer(root, machine)
    for function in machine.functions.values():
        node_device(root, machine, function)
    for claim in machine.claims:
        domain(root, claim)
    additions(root, machine)
    ET.indent(root)
    print("<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->")
    print(f"<!-- {machine.title}: made by tests/lab/mkhost.py of tests/lab/machines/{machine.name}.machine -->")
    print(ET.tostring(root, encoding="unicode"))


main()
