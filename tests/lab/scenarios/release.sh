# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# release gives a card back to its own drivers, says so when it is there already, and takes none from a running VM.

card='0000:01:00.0 0000:01:00.1'
before=$(drivers)
expect_exit 0 gpuvm release 01:00.0
expect_text '0000:01:00.0: on nvidia already' '0000:01:00.1: on snd_hda_intel already'

for address in $card; do
    expect_exit 0 virsh nodedev-detach "pci_${address//[:.]/_}"
    expect_driver vfio-pci "$address"
done
expect_exit 0 gpuvm release 01:00.1
expect_text '0000:01:00.0: vfio-pci → nvidia' '0000:01:00.1: vfio-pci → snd_hda_intel'
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was'

# The memory controller has no driver of its own.
expect_exit 0 gpuvm release 00:14.2
expect_text '0000:00:14.2: on no driver already'

expect_exit 5 gpuvm release 7f:00.0
expect_text 'PCI device not found: 0000:7f:00.0'
expect_exit 2 gpuvm release
expect_exit 2 gpuvm release gpu0

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm release 01:00.0
expect_exit 0 gpuvm start vm
for address in 01:00.0 01:00.1; do
    expect_exit 5 gpuvm release $address
    expect_text "'vm'"
done
# shellcheck disable=SC2086
expect_driver vfio-pci $card
expect_exit 0 gpuvm stop --force vm
expect_exit 0 gpuvm release -o json 01:00
expect_text '"address" : "0000:01:00.0"' '"before" : "nvidia"' '"after" : "nvidia"'
