# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# when: all
# Each call of libvirt fails once, in define, start, diagnose, stop, undefine and run: what is left is explained and mended by the same command without a failure.

before=$(drivers)
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
# what it could not ask is an error, or a warning, and the files are read
n=1
while faulty $n diagnose vm; do
    n=$((n + 1))
done
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

vm vm '{pci_passthrough: ["01:00.0"]}' 'cloud_init: {user_data: "#cloud-config"}
disks: [{name: data, size_gb: 1}]'
n=1
while faulty $n run "$TMPDIR/vm.yaml"; do
    whole
    if [ "$STATUS" = 0 ]; then
        expect_exit 0 gpuvm stop --force vm
    else
        [ "$(state)" = absent ] || fail "it is $(state)"
    fi
    n=$((n + 1))
done
[ "$(state)" = running ] || fail 'a run without a failure'
n=1
while faulty $n stop --force vm; do
    whole
    [ "$(state)" = running ] || expect_exit 0 gpuvm run "$TMPDIR/vm.yaml"
    n=$((n + 1))
done
[ "$(state)" = absent ] || fail 'a stop without a failure'
[ -z "$(find /var/lib/libvirt/images/gpuvm -name 'vm.*')" ] || fail 'a volume is left'
