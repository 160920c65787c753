# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090 sriov
# A start fails, and libvirt's own giving back is lost for one function: gpuvm gives it back, and says what each has.

case $LAB_NAME in
workstation-rtx3090) wanted=01:00.0 held='0000:01:00.0 0000:01:00.1' lost=0000:01:00.1 back=snd_hda_intel ;;
sriov) wanted=4d:00.1 held='0000:4d:00.1' lost=0000:4d:00.1 back=i915 ;;
esac
vm vm "{pci_passthrough: [\"$wanted\"]}"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
before=$(drivers)
echo "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory" > "$LAB/emulator-fails"
echo $lost > "$LAB/forgets"
run gpuvm start vm
[ "$STATUS" = 1 ] || [ "$STATUS" = 5 ] || fail "exit $STATUS"$'\n'"$OUT"
[ ! -e "$LAB/forgets" ] || fail 'the fake kernel has not forgotten anything'
expect_text 'Cannot allocate memory' "device $lost is on driver $back now"
for address in $held; do
    expect_text "device $address is on driver"
done
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was'$'\n'"$(diff <(drivers) <(echo "$before"))"
stopped vm

rm "$LAB/emulator-fails"
expect_exit 0 gpuvm -v start vm
expect_text 'checked; detaching' 'running'
