#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""compare.py HOSTFILE: what libvirtd says of its PCI functions and cells is what the host file says; exits with 1 if not."""
import subprocess
import sys
import xml.etree.ElementTree as ET

IGNORED = {"port": "the number that a port gives its link, which the machine files do not have",
           "cluster_id": "of a CPU, which libvirt 9 does not say"}


def virsh(*arguments, stdin=None):
    return subprocess.run(["virsh", "-q", *arguments], input=stdin, capture_output=True, text=True, check=True).stdout


def normal(element):
    """Text of an element that does not depend on the order of group members or on white space."""
    for parent in element.iter():
        parent.tail = None
        parent.text = (parent.text or "").strip() or None
        for name in IGNORED:
            parent.attrib.pop(name, None)
        if parent.tag in ("iommuGroup", "capability"):
            parent[:] = sorted(parent, key=lambda child: ET.tostring(child) if child.tag == "address" else b"")
    return ET.canonicalize(ET.tostring(element))


def differences(wanted, found):
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            yield f"{name}\n  host file: {wanted.get(name)}\n  libvirt:   {found.get(name)}"


def live_devices():
    names = virsh("nodedev-list", "--cap", "pci").split()
    dumps = virsh(stdin="".join(f"nodedev-dumpxml {name}\n" for name in names))
    return ET.fromstring(f"<all>{dumps}</all>")


def by_name(devices):
    return {d.findtext("name"): normal(d) for d in devices if d.find("capability[@type='pci']") is not None}


def main():
    root = ET.parse(sys.argv[1]).getroot()
    capabilities = ET.fromstring(virsh("capabilities"))
    cells = "host/topology/cells"
    wanted = by_name(root.findall("device"))
    found = by_name(live_devices())
    wanted["cells"] = normal(root.find(f"{{urn:gpuvm:host:1}}host/capabilities/{cells}"))
    found["cells"] = normal(capabilities.find(cells))
    for host, said in ((root.find("{urn:gpuvm:host:1}host/capabilities/host/cache"), wanted),
                       (capabilities.find("host/cache"), found)):
        if host is not None:
            said["cache"] = normal(host)
    wanted["iommu"] = normal(root.find("{urn:gpuvm:host:1}host/capabilities/host/iommu"))
    found["iommu"] = normal(capabilities.find("host/iommu"))
    different = list(differences(wanted, found))
    print("\n".join(different))
    sys.exit(1 if different else 0)


main()
