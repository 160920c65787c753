# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# Each call of libvirt fails once, in define, start, stop and undefine: what is left is explained and mended by the same command without a failure.

preload=$(dirname "$GPUVM")/tests/fault/virt.so
before=$(drivers)
[ -e "$preload" ] || { echo "$preload is not built: make check does"; exit 77; }

# faulty N COMMAND…: its Nth call of libvirt fails; false when it has fewer
faulty()
{
    rm -f "$TMPDIR/calls"
    run env LD_PRELOAD="$preload" GPUVM_FAULT_AT="$1" GPUVM_FAULT_CALLS="$TMPDIR/calls" \
        ASAN_OPTIONS=verify_asan_link_order=0 "$GPUVM" "${@:2}"
    [ "$(wc -l < "$TMPDIR/calls")" -ge "$1" ] || return
    echo "call $1 of $2, $(sed -n "$1p" "$TMPDIR/calls"): exit $STATUS"
    [ "$STATUS" -le 5 ] || fail "exit $STATUS: $OUT"
    [ "$STATUS" = 0 ] || expect_text 'error: '
}

# The VM is not there, is off with every function on its own driver, or runs with the card on vfio-pci.
state()
{
    if ! virsh -q list --all --name | grep -qx vm; then
        echo absent
    else
        virsh -q domstate vm
    fi
}

whole()
{
    local is
    is=$(state)
    if [ "$is" = running ]; then
        expect_driver vfio-pci 0000:01:00.0 0000:01:00.1
    else
        [ "$(drivers)" = "$before" ] || fail "$is, and drivers are: $(drivers)"
    fi
}

vm vm '{pci_passthrough: ["01:00.0"]}'
n=1
while faulty $n define "$TMPDIR/vm.yaml"; do
    whole
    # whether it is there or not: the same again mends it
    expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
    expect_exit 0 gpuvm undefine vm
    n=$((n + 1))
done
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
n=1
while faulty $n start vm; do
    whole
    [ "$(state)" != running ] || expect_exit 0 gpuvm stop --force vm
    n=$((n + 1))
done
[ "$(state)" = running ] || fail 'a start without a failure'
n=1
while faulty $n stop --force vm; do
    whole
    [ "$(state)" = running ] || expect_exit 0 gpuvm start vm
    n=$((n + 1))
done
[ "$(state)" = 'shut off' ] || fail 'a stop without a failure'
n=1
while faulty $n undefine vm; do
    whole
    [ "$(state)" != absent ] || expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
    n=$((n + 1))
done
[ "$(state)" = absent ] || fail 'an undefine without a failure'
