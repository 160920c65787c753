# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# Where the pool has no room for it, a VM is not defined, and whatever other VMs and its former definition have stays as it is.

. "$top_srcdir/tests/http/http.sh"
pool=/var/lib/libvirt/images/gpuvm
mkdir -p $pool "$TMPDIR/files"
mount -t tmpfs -o size=2M lab $pool
head -c 900000 /dev/urandom > "$TMPDIR/files/image"
http_start "$TMPDIR/files"
sum=sha256:$(sha256sum < "$TMPDIR/files/image" | cut -c-64)

# room BYTES: so much is left in the pool
room()
{
    rm -f $pool/filler
    fallocate -l $(($(df --output=avail -B1 $pool | tail -1) / 4096 * 4096 - $1)) $pool/filler
}

# refused FILE…: their definition, for want of room
refused()
{
    run gpuvm define "$@"
    if overcome; then
        echo 'this libvirtd does not get over a full file system'
        exit 77
    fi
    [ "$STATUS" = 5 ] || fail "exit $STATUS: $OUT"
}

state()
{
    ls -i $pool
    sha256sum $pool/*
    virsh dumpxml --inactive "$1"
}

seeded() # TEXT
{
    vm seeded '{}' "cloud_init: {user_data: {content: '#cloud-config $1'}}"
}

# The seed of a new definition does not fit: the former one is as it was, and the VM starts with it.
seeded one
expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
room 40960
before=$(state seeded)
seeded two
refused "$TMPDIR/seeded.yaml"
expect_text "cannot write volume 'seeded.seed-" 'storage pool is full' 'nothing was defined'
[ "$(state seeded)" = "$before" ] || fail "it changed: $(state seeded)"
expect_exit 0 gpuvm start seeded
expect_exit 0 gpuvm stop --force seeded

# Nor does it change when another VM of the same command cannot be defined.
room 500000
before=$(state seeded)
vm wanting '{}' "rootfs: {url: '$http_url/status/404/x', checksum: '$sum'}"
refused "$TMPDIR/seeded.yaml" "$TMPDIR/wanting.yaml"
expect_text 'nothing was defined'
[ "$(state seeded)" = "$before" ] || fail "it changed: $(state seeded)"
expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
expect_exit 0 gpuvm undefine --storage seeded

# A manifest: not one byte of it.
head -c 65536 /dev/zero > "$TMPDIR/kernel"
vm direct '{}' "kernel: $TMPDIR/kernel
workload: {entrypoint: [run]}"
room 0
refused "$TMPDIR/direct.yaml"
expect_text "cannot write volume 'direct.manifest-" 'storage pool is full'
[ "$(ls $pool)" = filler ] || fail "left: $(ls $pool)"

# An image whose size is known is not begun; of one that turns out not to fit nothing is left; nor of one whose note does not fit.
vm vm '{}' "rootfs: {url: '$http_url/image', checksum: '$sum'}"
room 409600
refused "$TMPDIR/vm.yaml"
expect_text "$http_url/image has 878.9 KiB" "storage pool 'gpuvm'" 'room for 400.0 KiB' 'image prune'
[ "$(ls $pool)" = filler ] || fail "left: $(ls $pool)"
vm vm '{}' "rootfs: {url: '$http_url/chunked/image', checksum: '$sum'}"
refused "$TMPDIR/vm.yaml"
expect_text 'cannot write volume' 'file system of the storage pool is full'
[ "$(ls $pool)" = filler ] || fail "left: $(ls $pool)"
room 901120
refused "$TMPDIR/vm.yaml"
expect_text 'cannot write volume' '.json'
[ "$(ls $pool)" = filler ] || fail "left: $(ls $pool)"
vm vm '{}' "rootfs: {url: '$http_url/image'}"
room 409600
refused "$TMPDIR/vm.yaml"
expect_text 'room for 400.0 KiB'
[ "$(ls $pool)" = filler ] || fail "left: $(ls $pool)"

# What is there already needs no room.
rm $pool/filler
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
room 0
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text unchanged
