#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kernel.py: the kernel's side of driver binding in the lab's /sys.

Answers what is written to drivers/*/unbind, drivers/*/bind and drivers_probe, which are FIFOs here. While it has
read a write and not yet done it, it holds a lock on its lock file: preload.c waits for that, so that libvirtd sees
its writes done when they return, as on a real /sys.
"""
import fcntl
import os
import re
import select
import time

PCI = "/sys/bus/pci"
LAB = "/run/lab"
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


class Kernel:
    def __init__(self):
        self.natural = {address: driver(address) for address in os.listdir(f"{PCI}/devices")}
        self.fifos = {}
        # When more than one has something to read, the earlier are answered first.
        drivers = os.listdir(f"{PCI}/drivers")
        for name in drivers:
            self.listen(f"{PCI}/drivers/{name}/unbind", lambda address, frm=name: self.unbind(address, frm))
        for name in drivers:
            self.listen(f"{PCI}/drivers/{name}/bind", lambda address, to=name: self.bind(address, to))
        self.listen(f"{PCI}/drivers_probe", self.probe)

    def listen(self, path, action):
        os.unlink(path)
        os.mkfifo(path)
        # Open for both, so that it is never at its end between two writers.
        self.fifos[os.open(path, os.O_RDWR | os.O_NONBLOCK)] = action

    def wanted(self, address):
        """The driver that would take an unbound function: its driver_override, else the one it came with."""
        with open(f"{PCI}/devices/{address}/driver_override", encoding="ascii") as file:
            override = file.read().strip()
        return override if override not in ("", "(null)") else self.natural.get(address)

    def probe(self, address):
        wanted = self.wanted(address)
        if wanted == self.natural.get(address) and names("forgets", address):
            os.unlink(f"{LAB}/forgets")
        elif wanted and not driver(address):
            device = os.path.realpath(f"{PCI}/devices/{address}")
            os.symlink(os.path.relpath(f"{PCI}/drivers/{wanted}", device), f"{device}/driver")
            os.symlink(device, f"{PCI}/drivers/{wanted}/{address}")
            if wanted.endswith(("vfio-pci", "vfio_pci")):
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
                for address in ADDRESS.findall(os.read(fifo, 65536).decode("ascii", "replace")):
                    if os.path.exists(f"{PCI}/devices/{address}"):
                        self.fifos[fifo](address)
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
