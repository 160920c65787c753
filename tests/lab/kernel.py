#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kernel.py: the kernel's side of driver binding and of resets in the lab's /sys.

Answers what is written to drivers/*/unbind, drivers/*/bind, drivers_probe, rescan, and a function's reset, remove and rescan, which are
FIFOs here. A function that lib.sh has silenced answers again after what it waits for, or what is stronger. While it has
read a write and not yet done it, it holds a lock on its lock file: preload.c waits for that, so that libvirtd sees
its writes done when they return, as on a real /sys.
"""
import fcntl
import os
import re
import select
import shutil
import time

PCI = "/sys/bus/pci"
LAB = "/run/lab"
REMOVED = "/sys/.removed"
FORCES = ("reset", "bus", "rescan", "never")
ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


def link_name(path):
    return os.path.basename(os.readlink(path)) if os.path.islink(path) else None


def driver(address):
    return link_name(f"{PCI}/devices/{address}/driver")


def names(file, address):
    """Whether the file in the lab's directory is there and names the function."""
    try:
        with open(f"{LAB}/{file}", encoding="ascii") as text:
            return address in text.read().split()
    except FileNotFoundError:
        return False


def is_vfio(name):
    return name.endswith(("vfio-pci", "vfio_pci"))


def is_silent(address):
    return os.path.exists(f"{LAB}/silent/{address}.until")


def wake(address, force):
    """A silent function answers again, if that is enough for it."""
    if not is_silent(address):
        return
    with open(f"{LAB}/silent/{address}.until", encoding="ascii") as until:
        wanted = until.read().strip()
    if FORCES.index(force) >= FORCES.index(wanted):
        shutil.copyfile(f"{LAB}/silent/{address}.config", f"{PCI}/devices/{address}/config")
        os.unlink(f"{LAB}/silent/{address}.until")


class Kernel:
    def __init__(self):
        self.natural = {address: driver(address) for address in os.listdir(f"{PCI}/devices")}
        self.paths = {address: os.path.realpath(f"{PCI}/devices/{address}") for address in self.natural}
        self.fifos = {}
        # When more than one has something to read, the earlier are answered first.
        drivers = os.listdir(f"{PCI}/drivers")
        for name in drivers:
            self.listen(f"{PCI}/drivers/{name}/unbind", self.each(lambda address, frm=name: self.unbind(address, frm)))
        for name in drivers:
            self.listen(f"{PCI}/drivers/{name}/bind", self.each(lambda address, to=name: self.bind(address, to)))
        self.listen(f"{PCI}/drivers_probe", self.each(self.probe))
        self.listen(f"{PCI}/rescan", lambda _: self.rescan())
        for address, path in self.paths.items():
            if os.path.exists(f"{path}/reset"):
                self.listen(f"{path}/reset", lambda _, which=address: self.reset(which))
            self.listen(f"{path}/remove", lambda _, which=address: self.remove(which))
            self.listen(f"{path}/rescan", lambda _: self.rescan())

    def listen(self, path, action):
        os.unlink(path)
        os.mkfifo(path)
        # Open for both, so that it is never at its end between two writers.
        self.fifos[os.open(path, os.O_RDWR | os.O_NONBLOCK)] = action

    @staticmethod
    def each(action):
        """Of what is written, each address of a function that is there."""
        def act(text):
            for address in ADDRESS.findall(text):
                if os.path.exists(f"{PCI}/devices/{address}"):
                    action(address)
        return act

    @staticmethod
    def reset(address):
        """By the first method that it has now; one that is "bus" is of every function there."""
        with open(f"{PCI}/devices/{address}/reset_method", encoding="ascii") as file:
            method = file.read().split()[0]
        for other in os.listdir(f"{PCI}/devices") if method == "bus" else [address]:
            if other[:-4] == address[:-4]:
                wake(other, "bus" if method == "bus" else "reset")

    def remove(self, address):
        if driver(address):
            self.unbind(address, driver(address))
        os.makedirs(REMOVED, exist_ok=True)
        os.rename(self.paths[address], f"{REMOVED}/{address}")
        os.unlink(f"{PCI}/devices/{address}")

    def rescan(self):
        """What never answers is not found."""
        for address in os.listdir(REMOVED) if os.path.isdir(REMOVED) else []:
            os.rename(f"{REMOVED}/{address}", self.paths[address])
            os.symlink(self.paths[address], f"{PCI}/devices/{address}")
            wake(address, "rescan")
            if is_silent(address):
                self.remove(address)
            else:
                with open(f"{self.paths[address]}/driver_override", "w", encoding="ascii") as file:
                    file.write("(null)\n")
                self.probe(address)

    def wanted(self, address):
        """The driver that would take an unbound function: its driver_override, else the one it came with."""
        with open(f"{PCI}/devices/{address}/driver_override", encoding="ascii") as file:
            override = file.read().strip()
        return override if override not in ("", "(null)") else self.natural.get(address)

    def probe(self, address):
        wanted = self.wanted(address)
        if wanted == self.natural.get(address) and names("forgets", address):
            os.unlink(f"{LAB}/forgets")
        elif wanted and not driver(address) and (is_vfio(wanted) or not is_silent(address)):
            device = os.path.realpath(f"{PCI}/devices/{address}")
            os.symlink(os.path.relpath(f"{PCI}/drivers/{wanted}", device), f"{device}/driver")
            os.symlink(device, f"{PCI}/drivers/{wanted}/{address}")
            if is_vfio(wanted):
                os.mkdir(f"{device}/vfio-dev")

    def bind(self, address, to):
        if self.wanted(address) == to:
            self.probe(address)

    @staticmethod
    def unbind(address, frm):
        while names("holds", address):
            time.sleep(0.05)
        if driver(address) == frm:
            os.unlink(f"{PCI}/devices/{address}/driver")
            os.unlink(f"{PCI}/drivers/{frm}/{address}")
            if os.path.isdir(f"{PCI}/devices/{address}/vfio-dev"):
                os.rmdir(f"{PCI}/devices/{address}/vfio-dev")

    def run(self, lock):
        while True:
            ready, _, _ = select.select(list(self.fifos), [], [])
            fcntl.flock(lock, fcntl.LOCK_EX)
            for fifo in ready:
                self.fifos[fifo](os.read(fifo, 65536).decode("ascii", "replace"))
            fcntl.flock(lock, fcntl.LOCK_UN)


def main():
    if not os.path.exists("/sys/.fake"):
        raise SystemExit("kernel.py: refusing to serve a /sys that is not the lab's")
    with open(f"{LAB}/kernel.lock", "w", encoding="ascii") as lock:
        kernel = Kernel()
        with open(f"{LAB}/kernel.ready", "w", encoding="ascii"):
            pass
        kernel.run(lock)


main()
