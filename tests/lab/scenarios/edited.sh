# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# virsh edit between define and start: what is outside the allowlist, reaches past it, or is missing, is refused at start.

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
hostdevs 0000:00:1f.6 > "$TMPDIR/nic.xml"
expect_exit 0 virsh attach-device --config vm "$TMPDIR/nic.xml"
before=$(drivers)
expect_exit 4 gpuvm start vm
expect_text 'device 0000:00:1f.6 (8086:15bc) not in allowlist'
stopped vm
[ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
expect_exit 0 virsh detach-device --config vm "$TMPDIR/nic.xml"

hostdevs 0000:01:00.1 > "$TMPDIR/audio.xml"
hostdevs 0000:01:00.0 > "$TMPDIR/card.xml"
expect_exit 0 virsh detach-device --config vm "$TMPDIR/audio.xml"
expect_exit 5 gpuvm start vm
expect_text 'device 0000:01:00.1 was removed from the domain after define' 'gpuvm define FILE'
expect_no_text 'device 0000:01:00.0 was removed'
expect_exit 0 virsh detach-device --config vm "$TMPDIR/card.xml"
expect_exit 5 gpuvm start vm
expect_text 'device 0000:01:00.0 was removed' 'device 0000:01:00.1 was removed'
stopped vm
[ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
expect_exit 0 gpuvm show vm
expect_no_text 0000:01:00
expect_exit 0 gpuvm list --all
expect_no_text 0000:01:00

expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text updated

# edit SED: changes the domain's XML, as virsh edit does
edit()
{
    virsh dumpxml --inactive vm | sed "$1" > "$TMPDIR/edited.xml"
    expect_exit 0 virsh define "$TMPDIR/edited.xml"
}

edit "/<domain /s|>| xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>|
/<controller type='usb'.*none/d
s|</devices>|<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/><product id='0x2'/></source></hostdev>&|
s|</devices>|<filesystem><source dir='/'/><target dir='a'/></filesystem>&|
s|</domain>|<qemu:commandline><qemu:arg value='-device'/></qemu:commandline>&|"
expect_exit 4 gpuvm start vm
expect_text "its XML has <hostdev type='usb'>" 'its XML has <filesystem>' 'in <qemu:commandline>' 'virsh edit'
stopped vm
[ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'

# What is another VM's, a whole NIC of the host, and an image that names files in ways that gpuvm does not know.
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
edit "/<nvram/d
s|</os>|<nvram>/var/lib/libvirt/qemu/nvram/other_VARS.fd</nvram>&|
s|<devices>|&<interface type='direct'><source dev='eno1' mode='passthrough'/></interface>|
s|<devices>|&<disk type='file' device='disk'><driver name='qemu' type='vmdk'/><source file='/a'/><target dev='vdz'/></disk>|"
expect_exit 4 gpuvm start vm
expect_text 'its XML has <nvram>/var/lib/libvirt/qemu/nvram/other_VARS.fd</nvram>' "its XML has <source mode='passthrough'> in <interface>" \
    "its XML has <driver type='vmdk'> in <disk>"
stopped vm
[ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'

# What gpuvm does not make, and what does no harm, is nothing to it.
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
edit "s|</devices>|<input type='tablet' bus='usb'/><controller type='usb' model='qemu-xhci'/><sound model='ich9'/>&|
/<controller type='usb'.*none/d
s|</devices>|<video><model type='virtio'/></video><graphics type='vnc'/><watchdog model='i6300esb'/>&|"
expect_exit 0 gpuvm start vm
expect_driver vfio-pci 0000:01:00.0 0000:01:00.1
