# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# What changes a VM, or the images below it, waits for what another process does with it, and looks again then.

pool=/var/lib/libvirt/images/gpuvm
qemu-img create -q -f qcow2 "$TMPDIR/base.qcow2" 64M
head -c 100000 /dev/urandom > "$TMPDIR/kernel"
kernel=$pool/sha256-$(sha256sum < "$TMPDIR/kernel" | cut -c-64)
vm vm '{}' "rootfs: $TMPDIR/base.qcow2"
vm booted '{}' "kernel: {path: '$TMPDIR/kernel', checksum: '$(sha256sum < "$TMPDIR/kernel" | cut -c-64)'}"

# Started in between: it keeps its disk.
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
hold DomainCreate start vm
waiting "VM 'vm'" undefine --storage vm
let_go 0
waited 1
expect_text "domain 'vm' is running"
[ -e $pool/vm.rootfs.qcow2 ] || fail 'the disk is gone'
expect_exit 0 gpuvm stop --force vm

# Defined anew in between: it is that which starts.
sed -i 's/memory_mb: 256/memory_mb: 300/' "$TMPDIR/vm.yaml"
hold DomainDefineXMLFlags define "$TMPDIR/vm.yaml"
waiting "VM 'vm'" start vm
let_go 0
waited 0
virsh dumpxml vm | grep -q ">307200</memory>" || fail 'the former definition was started'
expect_exit 0 gpuvm stop --force vm

# Removed in between: there is nothing to start, and nothing is left of it.
hold DomainUndefineFlags undefine --storage vm
waiting "VM 'vm'" start vm
let_go 0
waited 5
expect_text "no VM is named 'vm'"
[ ! -e $pool/vm.rootfs.qcow2 ] || fail 'a disk without a VM'

# Removed, but for its disk, or defined: a disk is one VM's, or nobody's.
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
hold StorageVolDelete undefine --storage vm
waiting "VM 'vm'" define "$TMPDIR/vm.yaml"
let_go 0
waited 0
expect_text 'vm: created'
[ -e $pool/vm.rootfs.qcow2 ] || fail 'a VM without its disk'
hold DomainDefineXMLFlags define "$TMPDIR/vm.yaml"
waiting "VM 'vm'" undefine --storage vm
let_go 0
waited 0
[ -z "$(virsh -q list --all --name)$(ls $pool)" ] || fail "left: $(ls $pool)"

# Two that start it: the second finds that it runs.
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
hold DomainCreate start vm
waiting "VM 'vm'" start vm
let_go 0
waited 0
expect_text 'vm: already running'
expect_exit 0 gpuvm stop --force vm
expect_exit 0 gpuvm undefine --storage vm

# An image that was fetched for a VM which is about to be defined stays; one that is being removed is fetched again.
hold DomainDefineXMLFlags define "$TMPDIR/booted.yaml"
waiting 'fetches or removes images' image prune
let_go 0
waited 0
[ -e "$kernel" ] || fail 'the kernel of a VM is gone'
expect_exit 0 gpuvm undefine booted
hold StorageVolDelete image prune
waiting 'fetches or removes images' define "$TMPDIR/booted.yaml"
let_go 0
waited 0
cmp "$kernel" "$TMPDIR/kernel"

# Nobody else waits for what is fetched.
head -c 100000 /dev/urandom > "$TMPDIR/other"
vm other '{}' "kernel: {path: '$TMPDIR/other', checksum: '$(sha256sum < "$TMPDIR/other" | cut -c-64)'}"
hold StreamSend define "$TMPDIR/other.yaml"
expect_exit 0 gpuvm define "$TMPDIR/booted.yaml" "$TMPDIR/vm.yaml"
expect_no_text waiting
expect_exit 0 gpuvm start vm
expect_exit 0 gpuvm stop --force vm
expect_exit 0 gpuvm undefine --storage vm
let_go 0

# The same of another user, where there is one: they share the locks as members of group libvirt.
if [ "$(setpriv --reuid libvirt-qemu --regid libvirt --clear-groups id -gn 2> /dev/null)" = libvirt ]; then
    chmod 0777 /run/libvirt/libvirt-sock
    waiting() # TEXT ARGUMENT…
    {
        setpriv --reuid libvirt-qemu --regid libvirt --clear-groups "$GPUVM" "${@:2}" > "$TMPDIR/waiting" 2>&1 &
        WAITING=$!
        wait_until is_waiting "$1"
    }
    expect_exit 0 gpuvm undefine booted
    hold DomainDefineXMLFlags define "$TMPDIR/booted.yaml"
    waiting 'fetches or removes images' image prune
    let_go 0
    waited 0
    [ -e "$kernel" ] || fail 'the kernel of a VM is gone'
    expect_exit 0 gpuvm undefine booted
    hold StorageVolDelete image prune
    waiting 'fetches or removes images' define "$TMPDIR/booted.yaml"
    let_go 0
    waited 0
    cmp "$kernel" "$TMPDIR/kernel"
    rm -r /run/gpuvm
    expect_exit 1 setpriv --reuid libvirt-qemu --regid libvirt --clear-groups "$GPUVM" start booted
    expect_text '/run/gpuvm' 'install -d -g libvirt'
fi
