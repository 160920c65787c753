# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: shared-group
# The lab itself: nothing of the real machine is there, and the emulator refuses what VFIO refuses.

for device in kvm mem sda vda nvme0n1 dri snd; do
    [ ! -e /dev/$device ] || fail "a device of the real machine: $device"
done
[ "$(ls -A /etc/gpuvm)" = '' ] || fail '/etc/gpuvm is not private'
processes=(/proc/[0-9]*)
[ ${#processes[@]} -lt 30 ] || fail 'processes of the real machine'
[ "$(cat /proc/2/comm)" = kthreadd ] || fail 'gpuvm would take processes to be hidden'
[ "$(ls /sys/class)" = 'drm' ] || fail '/sys is not private'
expect_exit 1 "$lab_source/mksysfs.py" "$LAB_MACHINE" "$TMPDIR"
expect_text 'it has no .fake'

# The card's group has a NIC that stays with its driver.
domain vm 0000:01:00.0 0000:01:00.1 > "$TMPDIR/vm.xml"
before=$(drivers)
expect_exit 1 virsh create "$TMPDIR/vm.xml"
expect_text 'vfio 0000:01:00.0: group 1 is not viable'
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was'

rebind 0000:02:00.0 vfio-pci
expect_exit 0 virsh create "$TMPDIR/vm.xml"
expect_driver vfio-pci 0000:01:00.0 0000:01:00.1

# The rest of a group that a domain has is not for another one.
domain other 0000:02:00.0 > "$TMPDIR/other.xml"
expect_exit 1 virsh create "$TMPDIR/other.xml"
expect_text 'is in use by driver QEMU, domain vm'

# A reboot into a machine without the card.
virsh -q destroy vm
virsh -q define "$TMPDIR/vm.xml"
sed '/0000:01:00/d' "$LAB_MACHINE" > "$TMPDIR/without.machine"
boot "$TMPDIR/without.machine"
expect_exit 1 virsh start vm
expect_text "vfio 0000:01:00.0: no such host device"

echo 'qemu-system-x86_64: cannot set up guest memory' > "$LAB/emulator-fails"
domain plain > "$TMPDIR/plain.xml"
expect_exit 1 virsh create "$TMPDIR/plain.xml"
expect_text 'cannot set up guest memory'
