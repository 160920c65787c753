# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# An image is fetched once into the pool; a VM's disk is an overlay on it, which outlives definitions until somebody says otherwise.

. "$top_srcdir/tests/http/http.sh"
pool=/var/lib/libvirt/images/gpuvm
mkdir "$TMPDIR/files"
qemu-img create -q -f qcow2 "$TMPDIR/files/a.qcow2" 64M
qemu-img create -q -f qcow2 "$TMPDIR/files/b.qcow2" 32M
head -c 100000 /dev/urandom > "$TMPDIR/files/kernel"
http_start "$TMPDIR/files"

sum() # FILE
{
    sha256sum < "$TMPDIR/files/$1" | sed 's/ .*//; s/^/sha256:/'
}

rootfs() # FILE: the definition of VM vm with this image
{
    vm vm '{}' "rootfs: {url: '$http_url/$1?token=TOKEN', checksum: '$(sum "$1")'}"
}

image=$pool/$(sum a.qcow2 | tr : -)
rootfs a.qcow2
expect_exit 0 gpuvm plan "$TMPDIR/vm.yaml"
[ ! -e $pool ] || fail 'plan made the pool'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text "fetching $http_url/a.qcow2?token=***" 'vm: created'
cmp "$TMPDIR/files/a.qcow2" "$image"
[ "$(stat -c %a "$image")" = 644 ] || fail 'the image cannot be read'
[ "$(virsh domblklist vm | awk '/vda/ { print $2 }')" = $pool/vm.rootfs.qcow2 ] || fail 'another disk'
qemu-img info --output=json $pool/vm.rootfs.qcow2 | grep -q "\"full-backing-filename\": \"$image\"" || fail 'no overlay on it'
expect_exit 0 gpuvm render "$TMPDIR/vm.yaml"
expect_text "<source file=\"$pool/vm.rootfs.qcow2\"/>"

# Again: no byte is fetched, the overlay stays; a second VM shares the image.
echo 'written by the guest' > "$TMPDIR/mark"
qemu-io -c 'write -q -s '"$TMPDIR/mark"' 0 512' $pool/vm.rootfs.qcow2
before=$(sha256sum $pool/vm.rootfs.qcow2)
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text 'vm: unchanged'
expect_no_text fetching
sed 's/^name: vm/name: other/' "$TMPDIR/vm.yaml" > "$TMPDIR/other.yaml"
expect_exit 0 gpuvm define "$TMPDIR/other.yaml"
expect_no_text fetching
[ "$(http_requests)" = 1 ] || fail 'asked again'
expect_exit 0 gpuvm start vm
expect_exit 0 gpuvm image list
expect_text 'other,vm' "$http_url/a.qcow2?token=***"
expect_no_text TOKEN
expect_exit 0 gpuvm restart --force vm
expect_exit 0 gpuvm stop --force vm
[ "$before" = "$(sha256sum $pool/vm.rootfs.qcow2)" ] || fail 'the disk changed'

# A VM with another image would lose its disk.
rootfs b.qcow2
expect_exit 1 gpuvm define "$TMPDIR/vm.yaml"
expect_text "the image of the rootfs of VM 'vm' has changed" 'undefine --storage vm'
[ "$(http_requests)" = 1 ] || fail 'fetched for nothing'
expect_exit 0 gpuvm undefine vm
expect_text 'its volumes stay' vm.rootfs.qcow2
[ -e $pool/vm.rootfs.qcow2 ] || fail 'the disk is gone'
expect_exit 1 gpuvm define "$TMPDIR/vm.yaml"
expect_text "the image of the rootfs of VM 'vm' has changed" 'virsh vol-delete --pool gpuvm vm.rootfs.qcow2, then define it again'
rootfs a.qcow2
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
[ "$before" = "$(sha256sum $pool/vm.rootfs.qcow2)" ] || fail 'another disk'
expect_exit 0 gpuvm undefine --storage vm
[ ! -e $pool/vm.rootfs.qcow2 ] || fail 'the disk is still there'
[ -e "$image" ] || fail 'the image of another VM is gone'

# Without a checksum, the digest is said, and what was fetched is used again; a size of its own.
vm vm '{}' "kernel: {url: '$http_url/kernel'}
rootfs: {url: '$http_url/b.qcow2', size_gb: 2}"
expect_exit 0 gpuvm plan "$TMPDIR/vm.yaml"
expect_text 'the digest of the kernel'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text "checksum: $(sum kernel)" "checksum: $(sum b.qcow2)"
virsh dumpxml vm | grep -q "<kernel>$pool/$(sum kernel | tr : -)</kernel>" || fail 'another kernel'
qemu-img info --output=json $pool/vm.rootfs.qcow2 | grep -q '"virtual-size": 2147483648' || fail 'another size'
asked=$(http_requests)
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text 'vm: unchanged' "checksum: $(sum kernel)"
[ "$(http_requests)" = "$asked" ] || fail 'fetched again'

# list and prune
echo 'of somebody else' > $pool/other.raw
expect_exit 0 gpuvm image list
expect_text "$(sum a.qcow2 | cut -c-19)" qcow2 other "$http_url/kernel"
expect_exit 0 gpuvm undefine --storage vm other
expect_exit 0 gpuvm image prune --dry-run
expect_text 'would remove 3 images'
[ -e "$image" ] || fail 'a dry run removed an image'
expect_exit 0 gpuvm image prune
expect_text 'removed 3 images'
[ "$(ls $pool)" = other.raw ] || fail "left: $(ls $pool)"
expect_exit 0 gpuvm image list
expect_text 'there are no images'
