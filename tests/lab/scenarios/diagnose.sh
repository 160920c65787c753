# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# diagnose: why the last start failed, by QEMU's log, and by the journal, which says when libvirt took the device.

mkdir -p "$TMPDIR/bin"
cat > "$TMPDIR/bin/journalctl" << 'END'
#!/bin/sh
cat "$JOURNAL"
END
chmod +x "$TMPDIR/bin/journalctl"
export PATH="$TMPDIR/bin:$PATH" JOURNAL="$TMPDIR/journal"
: > "$JOURNAL"

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm diagnose vm
expect_text "'vm' has no log: libvirt writes it when the VM starts" "cannot read the kernel's log"

echo 'qemu-system-x86_64: -device vfio-pci: failed to find romfile "/rom.bin"' > "$LAB/emulator-fails"
run gpuvm start vm
[ $STATUS != 0 ] || fail "it starts"
expect_text 'gpuvm diagnose vm'
echo "$(date -u +%FT%T.%6N)+0000 host kernel: vfio-pci 0000:01:00.0: enabling device (0000 -> 0003)" > "$JOURNAL"
echo "$(date -u +%FT%T.%6N)+0000 host libvirtd[7]: internal error: process exited while connecting to monitor" >> "$JOURNAL"
expect_exit 5 gpuvm diagnose vm
expect_text 'vm: a known fault' 'the file that rom_file names is not on the host' 'VFIO took the device' 'the start failed'
expect_no_text 'process exited'
expect_exit 5 gpuvm -o json diagnose vm
expect_json "[f['fault'] for f in j['diagnoses'][0]['faults']]" "['qemu-romfile-missing']"
expect_exit 5 gpuvm diagnose
expect_text 'this host: ' 'vm: a known fault'

# without libvirt the files are read, and no VM is looked for
stop_libvirtd
expect_exit 5 gpuvm diagnose vm
expect_text 'warning: cannot connect to qemu' 'vm: a known fault' 'the file that rom_file names is not on the host'
echo "$(date -u +%FT%T.%6N)+0000 host kernel: nothing at all" > "$JOURNAL"
expect_exit 0 gpuvm diagnose
expect_text 'warning: cannot connect to qemu' 'this host: no fault found'
start_libvirtd

# libvirt has only the last of QEMU's words, not why; a start that fails without QEMU is not explained by the one before
{ cat "$LAB/emulator-fails"; printf 'qemu-system-x86_64: filler %s\n' {1..400}; } > "$TMPDIR/long"
cp "$TMPDIR/long" "$LAB/emulator-fails"
run gpuvm start vm
[ $STATUS != 0 ] || fail "it starts"
expect_text 'QEMU said: qemu-system-x86_64: -device vfio-pci: failed to find romfile'
mkdir -p /etc/libvirt/hooks
printf '#!/bin/sh\n[ "$2" != prepare ] || exit 1\n' > /etc/libvirt/hooks/qemu
chmod +x /etc/libvirt/hooks/qemu
stop_libvirtd
start_libvirtd # which looks for hooks when it starts
run gpuvm start vm
[ $STATUS != 0 ] || fail "it starts"
expect_text hooks/qemu 'gpuvm diagnose vm'
expect_no_text 'QEMU said'
rm /etc/libvirt/hooks/qemu
stop_libvirtd
start_libvirtd

# a log that may not be read
mv /var/log/libvirt/qemu/vm.log "$TMPDIR/vm.log"
mkdir /var/log/libvirt/qemu/vm.log
expect_exit 1 gpuvm diagnose vm
expect_text 'cannot read /var/log/libvirt/qemu/vm.log'
rmdir /var/log/libvirt/qemu/vm.log
mv "$TMPDIR/vm.log" /var/log/libvirt/qemu/vm.log

rm "$LAB/emulator-fails"
: > "$JOURNAL"
expect_exit 0 gpuvm start vm
expect_exit 0 gpuvm diagnose vm
expect_text 'vm: no fault found' 'libvirt starts QEMU'
expect_no_text romfile
expect_exit 0 gpuvm stop --force vm
expect_exit 0 gpuvm diagnose
expect_no_text 'vm:'
