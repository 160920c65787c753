# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# when: all
# Each call of libvirt fails once, while images are fetched, listed and removed: no part of an image and no disk without a VM is left.

pool=/var/lib/libvirt/images/gpuvm
files=$TMPDIR/files
mkdir "$files"
head -c 600000 /dev/urandom > "$files/rootfs"
head -c 300000 /dev/urandom > "$files/kernel"
vm vm '{}' "kernel: {url: '$files/kernel'}
rootfs: {url: '$files/rootfs', checksum: '$(sha256sum < "$files/rootfs" | cut -c-64)'}"

# What is there is whole: each image says so, and a VM that is not there has no disk.
whole()
{
    local image
    for image in $pool/sha*; do
        [[ ! -e $image || $image == *.json ]] || [ -e "$image.json" ] || fail "a part of an image: $(ls $pool)"
    done
    virsh -q list --all --name | grep -qx vm || [ ! -e $pool/vm.rootfs.qcow2 ] || fail 'a disk without a VM'
}

n=1
while faulty $n define "$TMPDIR/vm.yaml"; do
    whole
    expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
    expect_exit 0 gpuvm undefine --storage vm
    expect_exit 0 gpuvm image prune
    [ -z "$(ls $pool)" ] || fail "left: $(ls $pool)"
    # the pool is made anew in each round
    virsh -q pool-destroy gpuvm > /dev/null
    virsh -q pool-undefine gpuvm > /dev/null
    rmdir $pool
    n=$((n + 1))
done
n=1
while faulty $n image list; do
    n=$((n + 1))
done
n=1
while faulty $n undefine --storage vm; do
    expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
    n=$((n + 1))
done
n=1
while faulty $n image prune; do
    whole
    n=$((n + 1))
done
expect_exit 0 gpuvm image prune
[ -z "$(ls $pool)" ] || fail "left: $(ls $pool)"
