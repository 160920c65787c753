# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# undefine --storage removes what is the VM's own and nothing else, whatever became of its metadata, its name and its definition.

pool=/var/lib/libvirt/images/gpuvm
qemu-img create -q -f qcow2 "$TMPDIR/base.qcow2" 64M

make() # NAME
{
    vm "$1" '{}' "rootfs: $TMPDIR/base.qcow2"
    expect_exit 0 gpuvm define "$TMPDIR/$1.yaml"
}

edit() # NAME SED-COMMAND: of its domain XML, behind gpuvm's back
{
    virsh dumpxml --inactive "$1" | sed "$2" > "$TMPDIR/edited.xml"
    virsh -q define "$TMPDIR/edited.xml"
}

there() # VOLUME…
{
    local volume
    for volume; do
        [ -e "$pool/$volume" ] || fail "$volume is gone"
    done
}

# The metadata name another VM's volume, an image, a file elsewhere, two pools.
make vm
make other
for name in other.rootfs.qcow2 sha256-0000 ../../../../etc/passwd; do
    echo x > "$pool/sha256-0000"
    virsh -q pool-refresh gpuvm
    edit vm "s|<gpuvm:volume pool=.gpuvm. name=.*/>|<gpuvm:volume pool='gpuvm' name='$name'/>|"
    expect_exit 0 gpuvm undefine --storage vm
    expect_text "volume '$name' stays in storage pool 'gpuvm'" 'not named after it'
    there vm.rootfs.qcow2 other.rootfs.qcow2 sha256-0000
    make vm
done
edit vm "s|<gpuvm:volume .*/>|&<gpuvm:volume pool='default' name='vm.x.qcow2'/>|"
expect_exit 1 gpuvm undefine --storage vm
expect_text 'metadata that gpuvm left in the domain is damaged'
make vm

# One that runs keeps its disk.
expect_exit 0 gpuvm start vm
expect_exit 1 gpuvm undefine --storage vm
expect_text "domain 'vm' is running"
there vm.rootfs.qcow2
expect_exit 0 gpuvm stop --force vm

# A domain that was renamed has a disk of its former name; so has the VM that is defined under that name again.
expect_exit 0 virsh -q domrename vm former
make vm
expect_exit 0 gpuvm undefine --storage vm
expect_text "volume 'vm.rootfs.qcow2' stays" "'former' uses it too"
there vm.rootfs.qcow2
expect_exit 0 gpuvm undefine --storage former
expect_text "volume 'vm.rootfs.qcow2' stays" 'not named after it'
there vm.rootfs.qcow2

# Somebody made an overlay on it.
make vm
qemu-img create -q -f qcow2 -b $pool/vm.rootfs.qcow2 -F qcow2 $pool/clone.qcow2
expect_exit 0 gpuvm undefine --storage vm
expect_text "'clone.qcow2' uses it too"
there vm.rootfs.qcow2

# Two at once make one VM, and its disk stays.
vm two '{}' "rootfs: $TMPDIR/base.qcow2"
for i in 1 2 3 4; do
    gpuvm create two --config "$TMPDIR/two.yaml" --no-start > "$TMPDIR/out$i" 2>&1 && echo "$i" >> "$TMPDIR/made" &
done
wait
[ "$(wc -l < "$TMPDIR/made")" = 1 ] || fail "made by: $(cat "$TMPDIR/made" "$TMPDIR"/out?)"
there two.rootfs.qcow2
expect_exit 0 gpuvm start two
expect_exit 0 gpuvm stop --force two

# No directory is made outside of libvirt's.
for name in .. . a/b 'a b' ''; do
    expect_exit 2 gpuvm --pool "$name" define "$TMPDIR/two.yaml"
    expect_text "there is no storage pool '$name', and none can be made"
done

# A definition that has no root disk any more, or another pool, leaves it where it is, and says so once.
make vm
vm vm '{}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text "VM 'vm' has no use for volume 'vm.rootfs.qcow2' any more, which stays in storage pool 'gpuvm'" 'virsh vol-delete --pool gpuvm vm.rootfs.qcow2'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_no_text 'no use'
make vm
expect_exit 0 gpuvm --pool second define "$TMPDIR/vm.yaml"
expect_text "volume 'vm.rootfs.qcow2' any more" "'gpuvm'"
rm $pool/clone.qcow2
expect_exit 0 gpuvm undefine --storage vm
expect_no_text stays
there vm.rootfs.qcow2
[ ! -e $pool/../second/vm.rootfs.qcow2 ] || fail 'the disk in the other pool is still there'
