# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# release and a start of the same card, each in the midst of the other; and a start that the hook has allowed while the card is taken. One
# VM runs, with every function, and every driver comes back.

card='0000:01:00.0 0000:01:00.1'
before=$(drivers)
vm vm '{pci_passthrough: ["01:00.0"]}'
vm other '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml" "$TMPDIR/other.yaml"

# leave_behind: the card is on vfio-pci, and no VM has it
leave_behind()
{
    for address in $card; do
        expect_exit 0 virsh nodedev-detach "pci_${address//[:.]/_}"
    done
}

# runs NAME: and no other does; then it is stopped, and the card is back
runs()
{
    [ "$(virsh -q list --name)" = "$1" ] || fail "there run: $(virsh -q list --name)"
    # shellcheck disable=SC2086
    expect_driver vfio-pci $card
    expect_exit 0 gpuvm stop --force "$1"
    expect_exit 0 gpuvm release 01:00.0
    [ "$(drivers)" = "$before" ] || fail "drivers are: $(drivers)"
}

# release is late: libvirt refuses to take the card from a VM
refused()
{
    let_go 5
    OUT=$(cat "$TMPDIR/held")
    expect_text 'cannot give device 0000:01:00.0 back to its driver' "in use by driver QEMU, domain vm" 'stop that one first'
    expect_no_text already
}
leave_behind
hold NodeDeviceReAttach release 01:00.0
expect_exit 0 gpuvm start vm
refused
runs vm

# start is late: the card is detached once more
leave_behind
hold DomainCreate start vm
expect_exit 0 gpuvm release 01:00.0
expect_text '0000:01:00.0: vfio-pci → nvidia' '0000:01:00.1: vfio-pci → snd_hda_intel'
let_go 0
runs vm

# The hook: what virsh starts, when it has been allowed.
place_hook
expect_exit 0 gpuvm hook install
stop_libvirtd
start_libvirtd
leave_behind
hold NodeDeviceReAttach release 01:00.0
expect_exit 0 virsh start vm
refused
runs vm

cp "$HOOK" "$TMPDIR/hook"
cat > "$HOOK" <<-END
	#!/bin/sh
	$TMPDIR/hook "\$@" || exit
	[ "\$1 \$2" = 'vm prepare' ] || exit 0
	: > $TMPDIR/allowed
	until [ -e $TMPDIR/go ]; do sleep 0.02; done
END
# allowed: virsh starts the VM, and the hook has said yes; `goes STATUS` lets it go on, to that end
allowed()
{
    rm -f "$TMPDIR/allowed" "$TMPDIR/go"
    virsh start vm > "$TMPDIR/out" 2>&1 &
    starting=$!
    wait_until [ -e "$TMPDIR/allowed" ]
}
goes()
{
    STATUS=0
    : > "$TMPDIR/go"
    wait $starting || STATUS=$?
    OUT=$(cat "$TMPDIR/out")
    [ $STATUS = "$1" ] || fail "exit $STATUS instead of $1: $OUT"
}

# libvirt answers nothing about a domain while its hook runs: who asks for the card waits, and finds it in use.
for command in 'release 01:00.0' 'start other'; do
    leave_behind
    allowed
    # shellcheck disable=SC2086
    gpuvm $command > "$TMPDIR/late" 2>&1 &
    late=$!
    goes 0
    STATUS=0
    wait $late || STATUS=$?
    OUT=$(cat "$TMPDIR/late")
    [ $STATUS = 5 ] || fail "exit $STATUS from $command: $OUT"
    expect_text "device 0000:01:00.0 is in use by domain 'vm', which is running"
    runs vm
done

# Who does not ask, takes it: libvirt, or the one that comes second, makes it good.
leave_behind
allowed
for address in $card; do
    expect_exit 0 virsh nodedev-reattach "pci_${address//[:.]/_}"
done
goes 0
runs vm
allowed
expect_exit 0 virsh start other
goes 1
expect_text 'in use by driver QEMU, domain other'
runs other
