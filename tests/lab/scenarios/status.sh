# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# status: one word and an exit code in any case, also when libvirtd is gone, or does not answer, while the VM runs.

# status EXIT WORD NAME…: what it says, on standard output that alone
status()
{
    local exit=0 word
    word=$(gpuvm status "${@:3}" 2> "$TMPDIR/err") || exit=$?
    OUT=$(cat "$TMPDIR/err")
    [ "$exit $word" = "$1 $2" ] || fail "$exit $word, not $1 $2: $OUT"
}

# killed PID: and waits for its end
killed()
{
    kill -KILL "$1"
    tail --pid="$1" -f /dev/null -s 0.05
}

vm vm '{pci_passthrough: ["01:00.0"]}'
status 11 absent vm
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
status 10 off vm
expect_exit 0 gpuvm start vm
status 0 running vm
virsh -q suspend vm
status 0 running vm
status 0 running -v vm
expect_text 'vm: paused'
expect_exit 0 gpuvm -o json status vm
expect_json 'j["vm"]["status"], j["vm"]["state"]' 'running paused'
virsh -q resume vm
virsh -q define <(domain foreign)
expect_exit 4 gpuvm status foreign
expect_text 'was not defined by gpuvm'
expect_exit 2 gpuvm status
expect_exit 2 gpuvm status --timeout -1 vm

echo '--- libvirtd does not answer'
daemon=$(cat /run/libvirt/libvirtd.pid)
qemu=$(cat /run/libvirt/qemu/vm.pid)
kill -STOP "$daemon"
status 0 running --timeout 1 vm
expect_text 'libvirt does not answer: nothing came for 1 s' "VM 'vm' runs as process $qemu"
status 12 unknown --timeout 1 other
expect_text "whether VM 'other' runs cannot be seen without it"
status 12 unknown -c qemu:///session --timeout 1 vm
killed "$qemu"
status 10 off --timeout 1 vm
expect_text "VM 'vm' ran as process $qemu, which has ended"
kill -CONT "$daemon"
wait_until [ ! -e /run/libvirt/qemu/vm.pid ]
status 10 off vm

echo '--- libvirtd is gone'
expect_exit 0 gpuvm start vm
qemu=$(cat /run/libvirt/qemu/vm.pid)
stop_libvirtd KILL
status 0 running vm
expect_text 'libvirt does not answer: cannot connect' "VM 'vm' runs as process $qemu"
expect_exit 0 gpuvm -o json status vm
expect_json 'j["vm"]["status"], j["vm"]["pid"]' "running $qemu"
# another process has its number by now
cp /run/libvirt/qemu/vm.pid "$TMPDIR/pid"
echo $$ > /run/libvirt/qemu/vm.pid
status 10 off vm
for text in '' x -1 0 99999999999; do
    echo "$text" > /run/libvirt/qemu/vm.pid
    status 12 unknown vm
done
cp "$TMPDIR/pid" /run/libvirt/qemu/vm.pid
killed "$qemu"
status 10 off vm
rm /run/libvirt/qemu/vm.pid
status 12 unknown vm
start_libvirtd
wait_until gpuvm list
status 10 off vm
