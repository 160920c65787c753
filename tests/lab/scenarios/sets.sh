# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# A directory of definitions is a set: what is no longer in it goes, with its disk if asked, and nothing else does.

pool=/var/lib/libvirt/images/gpuvm
qemu-img create -q -f qcow2 "$TMPDIR/base.qcow2" 64M
mkdir "$TMPDIR/vms"
for name in kept old; do
    vm $name '{gpus: [{count: 1}]}' "rootfs: $TMPDIR/base.qcow2"
    mv "$TMPDIR/$name.yaml" "$TMPDIR/vms"
done
vm other '{}' "rootfs: $TMPDIR/base.qcow2"
expect_exit 0 gpuvm define "$TMPDIR/other.yaml"
expect_exit 0 gpuvm define --set lab --prune "$TMPDIR/vms"
expect_text 'kept: created' 'old: created'
expect_exit 0 gpuvm diff --set lab "$TMPDIR/vms"
expect_exit 0 gpuvm define --set lab --prune "$TMPDIR/vms"
expect_text 'kept: unchanged' 'old: unchanged'

# Both cards are taken: there is room for a third VM only when the second is gone.
mv "$TMPDIR/vms/old.yaml" "$TMPDIR"
sed 's/name: kept/name: new/' "$TMPDIR/vms/kept.yaml" > "$TMPDIR/vms/new.yaml"
expect_exit 5 gpuvm define --set lab "$TMPDIR/vms"
expect_text 'no room'
expect_exit 7 gpuvm diff --set lab "$TMPDIR/vms"
expect_text 'kept.yaml): unchanged' 'new.yaml): create' 'old.yaml): remove'

# One that runs stays, and so does all else; so does one that somebody starts meanwhile.
hold DomainCreate start old
waiting "VM 'old'" define --set lab --prune "$TMPDIR/vms"
let_go 0
waited 1
expect_text "domain 'old', which is to be removed, is running"
[ "$(virsh -q list --all --name | sort | xargs)" = 'kept old other' ] || fail "$(virsh list --all)"
virsh destroy old

# One definition that is wrong: nothing is changed.
echo '{name: wrong, memroy: 1}' > "$TMPDIR/vms/wrong.yaml"
expect_exit 3 gpuvm define --set lab --prune "$TMPDIR/vms"
[ "$(virsh -q list --all --name | sort | xargs)" = 'kept old other' ] || fail "$(virsh list --all)"
rm "$TMPDIR/vms/wrong.yaml"

expect_exit 0 gpuvm define --set lab --prune --storage --start "$TMPDIR/vms"
expect_text 'old: to be removed' 'new: created' 'old: removed' 'new: started'
[ "$(virsh -q list --all --name | sort | xargs)" = 'kept new other' ] || fail "$(virsh list --all)"
[ ! -e $pool/old.rootfs.qcow2 ] || fail 'its disk is still there'
for name in kept new other; do
    [ -e $pool/$name.rootfs.qcow2 ] || fail "the disk of $name is gone"
done
expect_exit 0 gpuvm diff --set lab "$TMPDIR/vms"

# Without --storage the disk stays, and is used again.
mv "$TMPDIR/vms/kept.yaml" "$TMPDIR"
expect_exit 0 gpuvm stop --force kept
expect_exit 0 gpuvm define --set lab --prune "$TMPDIR/vms"
expect_text 'kept: removed' "its volumes stay in storage pool 'gpuvm': kept.rootfs.qcow2"
[ -e $pool/kept.rootfs.qcow2 ] || fail 'its disk is gone'
