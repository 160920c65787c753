# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine as a small text file describes it: read once here, for mkhost.py, mksysfs.py and the lab.

README.md says what the lines mean. Everything that a file leaves out is filled in here, so that a host file
and a fake sysfs of the same machine cannot differ.
"""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
ADDRESS = re.compile(r"([0-9a-f]{4,8}):([0-9a-f]{2}):([01][0-9a-f])\.([0-7])$")
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


class Fault(Exception):
    """What is wrong with a machine file."""


def size(text):
    """Bytes of "256", "512K", "16M", "64G", "1T"."""
    digits = text.rstrip("KMGT")
    return int(digits) * UNITS[text[len(digits):]]


def cpu_list(text):
    """[0, 1, 2, 8] of "0-2,8"."""
    cpus = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        cpus += range(int(first), int(last or first) + 1)
    return cpus


class Cell:
    """A NUMA node: id, memory in bytes, cpus, pages {size in bytes: count}, threads per core, cores per L3 cache (0: it has none)."""

    def __init__(self, number, options):
        self.id = int(number)
        self.memory = size(options.pop("memory"))
        self.cpus = cpu_list(options.pop("cpus"))
        self.threads = int(options.pop("threads", "2"))
        self.cores = len(self.cpus) // self.threads
        self.shared = int(options.pop("L3", "0"))
        pages = options.pop("pages", "2M:0,1G:0")
        self.pages = {size(p): int(n) for p, n in (item.split(":") for item in pages.split(","))}

    def core(self, cpu):
        """Which core of the cell a cpu is a thread of: second threads are numbered after all first ones."""
        return self.cpus.index(cpu) % self.cores

    def siblings(self, cpu):
        return [c for c in self.cpus if self.core(c) == self.core(cpu)]

    def cache(self, cpu):
        """All that share the L3 cache of a cpu."""
        return [c for c in self.cpus if self.core(c) // self.shared == self.core(cpu) // self.shared]


class Link:
    """A PCI Express link: what it can do and what it does now, each (GT/s, lanes)."""

    def __init__(self, text):
        able, _, now = text.partition("/")
        self.able = self.pair(able)
        self.now = self.pair(now or able)

    @staticmethod
    def pair(text):
        speed, width = text.split("x")
        return float(speed), int(width)


class Bar:
    """A memory BAR: "16M", prefetchable and 64 bits wide "32Gp", resizable "256Mp/8G"."""

    def __init__(self, text):
        now, _, largest = text.partition("/")
        self.wide = now.endswith("p")
        self.size = size(now.rstrip("p"))
        self.largest = size(largest) if largest else 0


class Use:
    """What the host does with a function: "root", "storage:/srv", "network:eth0", "addresses:eth1"."""

    WORDS = {
        "storage": ("holds the file system mounted at {}", "sudo umount {}"),
        "network": ("carries the default route (interface {})", "let another network card carry the default route"),
        "addresses": ("has an address (interface {})", "sudo ip link set {} down"),
    }

    def __init__(self, text):
        self.root = text == "root"
        self.kind, _, name = "storage:/".partition(":") if self.root else text.partition(":")
        what, remedy = self.WORDS[self.kind]
        self.what = what.format(name)
        self.remedy = None if self.root else remedy.format(name)


class Function:
    """One PCI function."""

    def __init__(self, address, ident, options, parent):
        self.address = address
        self.domain, self.bus, self.slot, self.function = (int(x, 16) for x in ADDRESS.match(address).groups())
        self.vendor, self.device = (int(x, 16) for x in ident.split(":"))
        self.parent = parent
        code = options.pop("class")
        self.class_code = int(code.ljust(6, "0"), 16)
        self.bridge = code.startswith("0604")
        self.driver = options.pop("driver", "pcieport" if self.bridge else None)
        self.link = Link(options.pop("link")) if "link" in options else None
        self.bars = [Bar(b) for b in options.pop("bars").split(",")] if "bars" in options else []
        self.reset = options.pop("reset", "").replace(",", " ")
        display = code.startswith("0300")
        self.boot_vga = int(options.pop("boot_vga", "0")) if display else None
        self.numa = int(options.pop("numa", parent.numa if parent else "-1"))
        self.group = int(options.pop("group")) if "group" in options else None
        self.physical = options.pop("of", None)
        self.max_vfs = int(options.pop("vfs", "0"))
        self.reserved = options.pop("reserved", "0") == "1"
        self.virtual = []
        self.uses = []
        self.secondary = int(options.pop("bus"), 16) if "bus" in options else None
        self.serial = options.pop("serial", None)
        self.slot_label = options.pop("slot", None)

    @property
    def card(self):
        return self.address[:-2]

    @property
    def path(self):
        """Where it is below /sys."""
        above = self.parent.path if self.parent else f"devices/pci{self.domain:04x}:{self.bus:02x}"
        return f"{above}/{self.address}"

    @property
    def name(self):
        """libvirt's name of it."""
        return "pci_" + re.sub("[:.]", "_", self.address)

    @property
    def memory(self):
        return sum(bar.size for bar in self.bars)


class Claim:
    """A domain of the host that names some of its functions."""

    def __init__(self, name, state, addresses):
        if state not in ("active", "inactive"):
            raise Fault(f"a domain is active or inactive, not '{state}'")
        self.name = name
        self.active = state == "active"
        self.addresses = addresses


class Machine:
    """cpu {}, cells [], functions {address: Function} in address order, claims [], iommu, groups {number: []}."""

    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.title = ""
        self.uuid = None
        self.cpu = {}
        self.cells = []
        self.functions = {}
        self.claims = []
        self.iommu = True
        self.framebuffer = None
        self.read(path)
        self.functions = dict(sorted(self.functions.items()))
        self.complete()

    def read(self, path):
        above = []
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    self.line(line, above, os.path.dirname(path))
                except (Fault, KeyError, ValueError, IndexError) as fault:
                    raise Fault(f"{path}:{number}: {fault!r}") from fault

    def line(self, line, above, directory):
        """One line; @above are the functions of the lines above it, by indentation."""
        words = line.split("#")[0].split()
        if not words:
            return
        if ADDRESS.match(words[0]):
            depth = len(line) - len(line.lstrip(" "))
            del above[depth // 2:]
            if depth != 2 * len(above) or (above and not above[-1].bridge):
                raise Fault("indented below something that is no bridge")
            options = dict(word.split("=", 1) for word in words[2:])
            function = Function(words[0], words[1], options, above[-1] if above else None)
            self.add(function, options)
            above.append(function)
            return
        getattr(self, "line_" + words[0], self.unknown)(words[1:], directory)

    def unknown(self, *_):
        raise Fault("neither an address nor a word that is known")

    def line_include(self, words, directory):
        self.read(os.path.join(directory, words[0] + ".machine"))

    def line_title(self, words, _):
        self.title = " ".join(words)

    def line_uuid(self, words, _):
        self.uuid = words[0]

    def line_cpu(self, words, _):
        self.cpu = dict(word.split("=", 1) for word in words)

    def line_cell(self, words, _):
        options = dict(word.split("=", 1) for word in words[1:])
        self.cells.append(Cell(words[0], options))
        if options:
            raise Fault(f"unknown: {' '.join(options)}")

    def line_iommu(self, words, _):
        self.iommu = {"on": True, "off": False}[words[0]]

    def line_domain(self, words, _):
        self.claims.append(Claim(words[0], words[1], words[2:]))

    def line_framebuffer(self, words, _):
        self.framebuffer = self.functions[words[0]]

    def line_use(self, words, _):
        self.functions[words[0]].uses += [Use(text) for text in words[1:]]

    def add(self, function, unknown):
        if unknown:
            raise Fault(f"unknown: {' '.join(unknown)}")
        if function.address in self.functions:
            raise Fault(f"{function.address} twice")
        self.functions[function.address] = function

    def complete(self):
        """What no line says: secondary buses, virtual functions, groups."""
        for function in self.functions.values():
            if function.parent:
                function.parent.secondary = function.bus
            if function.physical:
                self.functions[function.physical].virtual.append(function)
        for claim in self.claims:
            for address in claim.addresses:
                if address not in self.functions:
                    raise Fault(f"domain {claim.name} names {address}, which is not there")
        self.groups = {}
        if self.iommu:
            self.number_groups()
        else:
            for function in self.functions.values():
                function.group = None

    def number_groups(self):
        """Without group=, bridges and virtual functions stand alone and the functions of a slot belong together."""
        taken = {f.group for f in self.functions.values()}
        fresh = (n for n in range(len(self.functions) * 2) if n not in taken)
        shared = {}
        for function in self.functions.values():
            if function.group is None:
                alone = function.bridge or function.physical
                key = function.address if alone else function.card
                if key not in shared:
                    shared[key] = next(fresh)
                function.group = shared[key]
            self.groups.setdefault(function.group, []).append(function)

    def reserved(self, function):
        """Whether the firmware wants memory mapped for a function's group."""
        return any(member.reserved for member in self.groups.get(function.group, []))

    def driver(self, function):
        """What a function is bound to while the machine's active domains run."""
        held = any(claim.active and function.address in claim.addresses for claim in self.claims)
        return "vfio-pci" if held else function.driver


class Names:
    """Vendor and product names: pci.ids beside this file, in the PCI ID database's own format."""

    PATH = os.path.join(HERE, "pci.ids")

    def __init__(self):
        self.vendors, self.products = {}, {}
        vendor = None
        with open(self.PATH, encoding="utf-8") as file:
            for line in file:
                ident, _, name = line.strip().partition("  ")
                if line.startswith("\t"):
                    self.products[vendor, int(ident, 16)] = name
                elif name and not line.startswith("#"):
                    vendor = int(ident, 16)
                    self.vendors[vendor] = name

    def vendor(self, function):
        return self.vendors.get(function.vendor)

    def product(self, function):
        return self.products.get((function.vendor, function.device))
