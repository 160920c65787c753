# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-serials
# A card was added, and addresses shifted: what was locked is found again by serial number and by path, and nothing else is taken for it.

vm by-serial '{pci_passthrough: ["01:00.0"]}'
vm by-path '{pci_passthrough: ["02:00.0"]}'

# From libvirt and sysfs comes what the host file says.
expect_exit 0 gpuvm lock "$TMPDIR"
cp "$TMPDIR/gpuvm.lock" "$TMPDIR/before"
grep -q "serial: '1321021000001'" "$TMPDIR/before" || fail 'no serial number was locked'
expect_exit 0 gpuvm lock --check --host "$top_srcdir/examples/hosts/workstation-serials.xml" "$TMPDIR"
expect_text 'gpuvm.lock: unchanged'
expect_exit 0 gpuvm -q define "$TMPDIR/by-serial.yaml" "$TMPDIR/by-path.yaml"
expect_exit 0 gpuvm diff "$TMPDIR"
# who is not to know the serial number is not told it by what the domain remembers, either
expect_exit 0 gpuvm capture
expect_text subsystem=
expect_no_text 1321021000001
expect_exit 0 gpuvm capture --full -o "$TMPDIR/full.xml"
expect_exit 0 gpuvm lock --check --host "$TMPDIR/full.xml" "$TMPDIR"
expect_exit 0 gpuvm start by-serial
expect_exit 0 gpuvm stop --force by-serial

# A start that libvirt asks the hook about is judged by the same: the card is in another slot and at its address.
place_hook
expect_exit 0 gpuvm -q hook install
sed 's/0000:00:01.1/0000:00:01.0/' "$LAB_MACHINE" > "$TMPDIR/slot.machine"
boot "$TMPDIR/slot.machine"
expect_exit 0 virsh -q start by-serial
expect_exit 0 gpuvm stop --force by-serial

refused() # NAME TEXT…
{
    local before name=$1
    shift
    before=$(drivers)
    expect_exit 5 gpuvm start "$name"
    expect_text "$@"
    stopped "$name"
    [ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
}

boot "$lab_source/machines/workstation-shifted.machine"
refused by-serial 'device 0000:01:00.0 is now 10de:1e87, serial 0421121000099; it was 10de:2204, serial 1321021000001 at define' \
    'moved from 0000:01:00.0 to 0000:02:00.0' 'gpuvm define FILE'
hook_refused "device 0000:01:00.0 is now 10de:1e87, serial 0421121000099" virsh start by-serial
# the same model is at its address now
refused by-path 'device 0000:02:00.0 is now 10de:2204, path 0000:00:01.2/00.0; it was 10de:2204, path 0000:00:01.3/00.0 at define' \
    'moved from 0000:02:00.0 to 0000:03:00.0'
expect_exit 7 gpuvm diff "$TMPDIR"
expect_text 'moved from 0000:01:00.0 to 0000:02:00.0' 'moved from 0000:02:00.0 to 0000:03:00.0'
expect_exit 0 gpuvm define "$TMPDIR/by-serial.yaml" "$TMPDIR/by-path.yaml"
expect_exit 0 gpuvm start by-serial
expect_driver vfio-pci 0000:02:00.0 0000:02:00.1
expect_driver nvidia 0000:01:00.0 0000:03:00.0
expect_exit 0 gpuvm stop --force by-serial

# Without the lock, the definition that the domain remembers names what is at the old address now.
gpuvm export by-serial > "$TMPDIR/exported"
expect_exit 0 gpuvm plan - < "$TMPDIR/exported"
expect_text 'the card that was locked, 10de:2204, serial 1321021000001, is not taken any more'

# The definitions name the new addresses, and are locked again.
sed -i 's/01:00.0/02:00.0/' "$TMPDIR/by-serial.yaml"
sed -i 's/02:00.0/03:00.0/' "$TMPDIR/by-path.yaml"
expect_exit 7 gpuvm lock --check "$TMPDIR"
cmp "$TMPDIR/gpuvm.lock" "$TMPDIR/before"
expect_exit 0 gpuvm lock "$TMPDIR"
expect_exit 0 gpuvm plan "$TMPDIR"
expect_no_text moved
expect_exit 0 gpuvm define "$TMPDIR/by-serial.yaml" "$TMPDIR/by-path.yaml"

# The card is gone, and the other has its place.
sed '/serial=1321/,+1d' "$lab_source/machines/workstation-shifted.machine" > "$TMPDIR/gone.machine"
boot "$TMPDIR/gone.machine"
refused by-serial 'PCI device not found: 0000:02:00.0'
expect_exit 5 gpuvm plan "$TMPDIR/by-serial.yaml"
expect_text 'which is GeForce RTX 3090 (10de:2204, serial 1321021000001) in gpuvm.lock'
