# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-two-gpus
# What was attached to a running VM, nobody asked gpuvm about: it is told as what the VM has now, and nobody else gets it.

place_hook
expect_exit 0 gpuvm hook install
vm first '{pci_passthrough: ["01:00"]}'
vm second '{pci_passthrough: ["02:00"]}'
expect_exit 0 gpuvm define --start "$TMPDIR/first.yaml"
expect_exit 0 gpuvm define "$TMPDIR/second.yaml"

# The emulator of the lab has no VFIO to attach a device to: libvirtd finds in its own file that it has done so.
stop_libvirtd
for address in 0000:02:00.0 0000:02:00.1; do
    rebind $address vfio-pci
    hostdevs $address
done > "$TMPDIR/hostdevs"
sed -i "/^    <\/devices>/e cat $TMPDIR/hostdevs" /run/libvirt/qemu/first.xml
start_libvirtd

expect_exit 0 gpuvm devices 02:00
expect_text '0000:02:00.0' 'first (running) +1' "is in use by domain 'first', which is running"
expect_exit 0 gpuvm list -o wide
expect_text 'GeForce RTX 3090' '0000:01:00.0,0000:01:00.1,0000:02:00.0,0000:02:00.1' 'other at the next start'
expect_exit 0 gpuvm -o json show first
expect_json '[[[d["address"][5:], d.get("role")] for d in j["vm"][k]] for k in ["devices", "next_devices"]]' \
    "[[['01:00.0', 'requested'], ['01:00.1', 'requested'], ['02:00.0', None], ['02:00.1', None]], [['01:00.0', 'requested'], ['01:00.1', 'requested']]]"
expect_exit 5 gpuvm start second
expect_text "device 0000:02:00.0 is in use by domain 'first', which is running"
expect_exit 1 virsh start second
expect_text 'Hook script execution failed' "device 0000:02:00.0 is in use by domain 'first', which is running"

# What starts next is judged as it is defined.
expect_exit 0 gpuvm stop --force first
expect_exit 0 virsh start second
expect_exit 0 virsh start first
