# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# libvirtd is killed before, during and after a start: gpuvm ends with a clear error, and the next run works.

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
before=$(drivers)

stop_libvirtd KILL
expect_exit 1 gpuvm start vm
expect_text 'cannot connect'
start_libvirtd

settled()
{
    tries=$((tries + 1))
    [ $tries != 4 ] || { stop_libvirtd KILL; rm -f /run/libvirt/qemu/vm.{xml,pid}; start_libvirtd; }
    timeout 3 virsh -q destroy vm > /dev/null 2>&1 || true
    gpuvm release 01:00 > "$TMPDIR/out" 2>&1
}

runs()
{
    gpuvm list > "$TMPDIR/list" && grep -q running "$TMPDIR/list"
}

# In the middle of define and start: at a different moment each time.
for command in "define $TMPDIR/vm.yaml" 'start vm'; do
    for delay in 0 0.01 0.03 0.1 0.2; do
        sed -i "s/memory_mb: [0-9]*/memory_mb: $((256 + RANDOM % 512))/" "$TMPDIR/vm.yaml"
        # shellcheck disable=SC2086
        gpuvm $command > "$TMPDIR/out" 2>&1 &
        sleep $delay
        stop_libvirtd KILL
        status=0
        wait $! || status=$?
        [ $status = 0 ] || { [ $status = 1 ] && grep -q 'error: ' "$TMPDIR/out"; } ||
            fail "$command: exit $status: $(cat "$TMPDIR/out")"
        start_libvirtd
        # What the dead daemon began is the administrator's to end, as soon as the new one has found it again; gpuvm and
        # libvirt both know the domain. One that was killed before its emulator began leaves a state that the new one waits
        # for, for half a minute.
        tries=0
        wait_until settled
        [ "$(drivers)" = "$before" ] || fail "$command: a driver is lost"$'\n'"$(diff <(drivers) <(echo "$before"); cat "$TMPDIR/out")"
    done
done

# With a VM running.
expect_exit 0 gpuvm start vm
stop_libvirtd KILL
start_libvirtd
# A domain that libvirtd finds again is paused until the emulator has told its state.
wait_until runs
expect_exit 0 gpuvm list -o wide
expect_text '0000:01:00.0,0000:01:00.1'
expect_exit 0 gpuvm stop --force vm
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was'
