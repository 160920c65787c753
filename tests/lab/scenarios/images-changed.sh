# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# A stored image that was written to since it was fetched is verified before it is used again, and refused when it is another.

pool=/var/lib/libvirt/images/gpuvm
head -c 1000000 /dev/urandom > "$TMPDIR/image"
sum=$(sha256sum < "$TMPDIR/image" | cut -c-64)
image=$pool/sha256-$sum
vm a '{}' "rootfs: {url: '$TMPDIR/image', checksum: '$sum'}"
expect_exit 0 gpuvm define "$TMPDIR/a.yaml"
expect_exit 0 gpuvm define "$TMPDIR/a.yaml"
expect_text unchanged
expect_no_text verifying fetching

# verified: it is read again, once
verified()
{
    expect_exit 0 gpuvm define "$TMPDIR/a.yaml"
    expect_text verifying unchanged
    expect_no_text fetching
    expect_exit 0 gpuvm define "$TMPDIR/a.yaml"
    expect_no_text verifying
}

touch "$image"
verified
sed -i 's/"changed"/"unknown"/' "$image.json" # of gpuvm 0.1.0
verified
: > "$image.json"
verified
expect_exit 0 gpuvm image list
expect_text "${sum:0:12}" "$TMPDIR/image"

# One byte, as many as before.
printf '\0\0\0\0\0\0\0\0' | dd of="$image" bs=1 seek=500000 conv=notrunc status=none
for round in 1 2; do
    sed 's/^name: a/name: b/' "$TMPDIR/a.yaml" > "$TMPDIR/b.yaml"
    expect_exit 1 gpuvm define "$TMPDIR/b.yaml"
    expect_text "volume 'sha256-$sum' is not what was fetched: another program has changed it" 'image prune'
    [ -e "$image" ] || fail 'the image of a VM is gone'
done
expect_exit 0 gpuvm undefine --storage a
expect_exit 0 gpuvm image prune
expect_exit 0 gpuvm define "$TMPDIR/b.yaml"
cmp "$image" "$TMPDIR/image"
