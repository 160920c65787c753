# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# The emulator fails at start: libvirt's words are shown, and every driver is back.

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
before=$(drivers)

for words in 'cannot set up guest memory '\''pc.ram'\'': Cannot allocate memory' \
    '-device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: group 14 is not viable'; do
    echo "qemu-system-x86_64: $words" > "$LAB/emulator-fails"
    # An emulator that ends before libvirtd has found its monitor may leave libvirtd without its words.
    for _ in 1 2 3 4 5; do
        run gpuvm start vm
        [[ $OUT == *'monitor socket'* ]] || break
    done
    [ "$STATUS" = 1 ] || [ "$STATUS" = 5 ] || fail "exit $STATUS"$'\n'"$OUT"
    expect_text "$words" 'nvidia' 'snd_hda_intel'
    stopped vm
    [ "$(drivers)" = "$before" ] || fail 'a driver is not what it was'
done

rm "$LAB/emulator-fails"
expect_exit 0 gpuvm start vm
