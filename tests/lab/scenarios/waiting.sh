# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# What is waited for is said on a terminal, in one line; Ctrl-C says what is left. A guest that does not listen yet is asked again.

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm start vm

# at_terminal ARGUMENT… -- STEP…
at_terminal()
{
    expect_exit 0 "$lab_source/terminal.py" env --default-signal=INT "$GPUVM" "$@"
}

# a host that is slow to tell what it has
find_fault virt.so
expect_exit 0 "$lab_source/terminal.py" env LD_PRELOAD="$fault" GPUVM_FAULT_HOLD=NodeDeviceGetXMLDesc GPUVM_FAULT_UNTIL="$TMPDIR/told" \
    ASAN_OPTIONS=verify_asan_link_order=0 "$GPUVM" plan "$TMPDIR/vm.yaml" -- \
    expect "looking at the host's devices, 1 s" run ": > '$TMPDIR/told'" expect $'\e[K' expect 'vm.yaml): unchanged' exit 0

at_terminal stop vm -- expect 'vm: asked the guest to shut down, 1 s of 90 s; --force ends it' expect '2 s of 90 s' signal INT \
    expect $'\e[K' expect "interrupted: domain 'vm' was asked to shut down and still runs" \
    expect 'gpuvm stop --force vm' exit 1
at_terminal stop --timeout 1 vm -- expect 'of 1 s' expect 'still runs after 1 s' exit 6
at_terminal -q stop --timeout 1 vm -- expect 'still runs after 1 s' exit 6
expect_exit 6 gpuvm stop --timeout 1 vm
expect_no_text 'asked the guest' $'\e'
expect_exit 6 gpuvm -v stop --timeout 1 vm
expect_text 'vm: asking the guest to shut down, which may take 1 s'
expect_no_text $'\e'

# each press of the power button is an event
virsh qemu-monitor-event vm --event POWERDOWN --loop > "$TMPDIR/events" &
pressed()
{
    [ "$(grep -c POWERDOWN "$TMPDIR/events")" -ge 2 ]
}
setsid env --default-signal=INT "$GPUVM" stop vm vm > "$TMPDIR/out" 2>&1 &
stop=$!
wait_until pressed
kill -INT $stop
! wait $stop || fail 'an interrupted stop succeeds'
grep -q 'vm: error: interrupted: nothing was done' "$TMPDIR/out" || fail "$(cat "$TMPDIR/out")"
expect_exit 0 gpuvm stop --force vm

# a driver that does not let go: the start goes on in libvirt
echo 0000:01:00.0 > "$LAB/holds"
at_terminal start vm -- expect 'vm: detaching its devices from the host, 1 s of ' signal INT expect $'\e[K' \
    expect 'interrupted: libvirt goes on starting it' exit 1
rm "$LAB/holds"
expect_exit 0 gpuvm start vm
expect_exit 0 gpuvm stop --force vm
