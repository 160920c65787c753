#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mkproc.py MACHINE DIRECTORY: what /proc says of a machine, as files in DIRECTORY."""
import os
import sys

from machine import Fault, Machine

KIB = 1024
# family, model, stepping, flags and the name that the kernel has for the vendor
VENDORS = {"Intel": ("GenuineIntel", 6, 106, 6, "fpu msr pae cx8 apic sse2 ht lm constant_tsc nx vmx ept", "Intel(R) Xeon(R)"),
           "AMD": ("AuthenticAMD", 25, 1, 1, "fpu msr pae cx8 apic sse2 ht lm constant_tsc nx svm npt", "AMD EPYC")}


def cpuinfo(machine):
    bits = machine.cpu.get("bits")
    sizes = f"address sizes\t: {bits} bits physical, 48 bits virtual\n" if bits else ""
    vendor, family, model, stepping, flags, name = VENDORS[machine.cpu["vendor"]]
    for cell in machine.cells:
        for cpu in cell.cpus:
            yield (f"processor\t: {cpu}\nvendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\n"
                   f"model name\t: {name}\nstepping\t: {stepping}\nmicrocode\t: 0x1\ncpu MHz\t\t: 3000.000\n"
                   f"physical id\t: {cell.id}\ncore id\t\t: {cell.core(cpu)}\nflags\t\t: {flags}\n{sizes}\n")


def meminfo(machine):
    total = sum(cell.memory for cell in machine.cells) // KIB
    pages = sum(size * count for cell in machine.cells for size, count in cell.pages.items()) // KIB
    for name, value in (("MemTotal", total), ("MemFree", (total - pages) // 2), ("MemAvailable", (total - pages) // 2),
                        ("Buffers", 0), ("Cached", 0), ("SwapTotal", 0), ("SwapFree", 0)):
        yield f"{name + ':':<15} {value:>10} kB\n"


def cmdline(machine):
    # the kernel uses AMD's IOMMU by itself
    asked = {("Intel", True): " intel_iommu=on", ("AMD", False): " amd_iommu=off"}
    yield f"BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet{asked.get((machine.cpu['vendor'], machine.iommu), '')}\n"


def interrupts(machine):
    cpus = sum(len(cell.cpus) for cell in machine.cells)
    yield " " * 11 + "".join(f"{'CPU' + str(cpu):<11}" for cpu in range(cpus)) + "\n"
    yield " 120:" + f"{0:>11}" * cpus + f"  {'IR-' if machine.iommu else ''}PCI-MSI 524288-edge      device\n"


def iomem(machine):
    yield "00001000-0009ffff : System RAM\n"
    yield "e0000000-efffffff : PCI Bus 0000:00\n"
    if machine.framebuffer:
        yield f"  e0000000-efffffff : {machine.framebuffer.address}\n    e0000000-e02fffff : BOOTFB\n"


def mounts(machine):
    for size in (page // KIB // KIB for page in machine.cells[0].pages):
        yield f"hugetlbfs /dev/hugepages{size}M hugetlbfs rw,relatime,pagesize={size}M 0 0\n"


def swaps(_):
    yield "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        machine = Machine(sys.argv[1])
    except (Fault, OSError) as fault:
        sys.exit(f"mkproc.py: {fault}")
    for make in (cpuinfo, meminfo, cmdline, interrupts, iomem, mounts, swaps):
        # written over, since it is mounted over the real one
        with open(os.path.join(sys.argv[2], make.__name__), "w", encoding="utf-8") as file:
            file.writelines(make(machine))


main()
