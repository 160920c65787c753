# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# A driver does not let go: start gives up, names the function, and works once the driver has let go. An emulator does not begin.

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
before=$(drivers)

for stuck in 0000:01:00.0 0000:01:00.1; do
    echo $stuck > "$LAB/holds"
    expect_exit 6 gpuvm -v start --timeout 3 vm
    expect_text 'giving up after 3 s' "device $stuck is not bound to vfio-pci" 'the start is stuck after 3 s'
    expect_no_text 'pinning'
    is_driver vfio-pci $stuck && fail "$stuck was let go"

    # libvirt goes on with the start when the driver lets go; to ask for it again is right in any case.
    rm "$LAB/holds"
    expect_exit 0 gpuvm start vm
    expect_driver vfio-pci 0000:01:00.0 0000:01:00.1
    expect_exit 0 gpuvm stop --force vm
    [ "$(drivers)" = "$before" ] || fail 'a driver is not what it was'
done

# All are let go, and the emulator does not get any further: as when memory is short, it is ended.
mkfifo "$LAB/emulator-fails"
expect_exit 6 gpuvm start --timeout $((3 * LAB_SLOW)) vm
expect_text 'the devices are detached'
stopped vm
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was'
