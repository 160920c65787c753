# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# logs: what libvirt and QEMU wrote of a VM, with what it means; the console, where a template keeps it; lines that come.

vm vm '{}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 1 gpuvm logs vm
expect_text 'cannot read /var/log/libvirt/qemu/vm.log: No such file or directory' 'libvirt writes it when the VM starts'

echo 'qemu-system-x86_64: -device vfio-pci: failed to find romfile "/rom.bin"' > "$LAB/emulator-fails"
run gpuvm start vm
[ $STATUS != 0 ] || fail "it starts"
rm "$LAB/emulator-fails"
expect_exit 0 gpuvm logs vm
expect_text 'failed to find romfile "/rom.bin"' 'hint: the file that rom_file names is not on the host'
expect_exit 0 gpuvm logs --tail 1 vm
[ "$(grep -vc '^  hint' <<< "$OUT")" = 1 ] || fail "more than one line: $OUT"
expect_exit 0 gpuvm -o json logs vm
expect_json "j['log']['file'], any(l['meaning'] for l in j['log']['lines'])" '/var/log/libvirt/qemu/vm.log True'

gpuvm logs --follow vm > "$TMPDIR/follow" &
wait_until test -s "$TMPDIR/follow"
expect_exit 0 gpuvm start vm
wait_until grep -q 'starting up libvirt version' "$TMPDIR/follow"

gpuvm wait --for stopped vm > "$TMPDIR/waited" &
waited=$!
expect_exit 0 gpuvm wait --for running vm
expect_exit 0 gpuvm stop --force vm
wait $waited || fail "$(cat "$TMPDIR/waited")"
grep -q 'vm: stopped' "$TMPDIR/waited"

# a template whose console has a file
talk 'login: '
sed 's|<console type="pty">|&<log file="/var/log/libvirt/qemu/vm-serial0.log"/>|; s|<serial type="pty">|&<log file="/var/log/libvirt/qemu/vm-serial0.log"/>|' \
    "$lab_source/../../templates/domain.xml" > "$TMPDIR/logged.xml"
vm vm '{}' "template: $TMPDIR/logged.xml"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm start vm
wait_until grep -q login /var/log/libvirt/qemu/vm-serial0.log
expect_exit 0 gpuvm logs vm
expect_text 'console (/var/log/libvirt/qemu/vm-serial0.log):' 'login:'
expect_exit 0 gpuvm stop --force vm
