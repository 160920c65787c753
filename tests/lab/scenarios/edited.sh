# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# virsh edit between define and start: a device outside the allowlist is refused at start.

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
expect_exit 0 gpuvm start vm
