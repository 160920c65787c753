# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# What cannot be fetched, or must not be used, is a clear error; no volume, no overlay and no domain comes of it.

. "$top_srcdir/tests/http/http.sh"
pool=/var/lib/libvirt/images/gpuvm
files=$TMPDIR/files
mkdir "$files"
qemu-img create -q -f qcow2 "$files/base.qcow2" 64M
qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 "$files/overlay.qcow2"
qemu-img create -q -f qcow2 -o data_file="$files/data" "$files/external.qcow2" 1M
cp "$files/base.qcow2" "$files/luks.qcow2"
printf '\2' | dd of="$files/luks.qcow2" bs=1 seek=35 conv=notrunc status=none # crypt_method, its last byte
head -c 5000000 /dev/urandom > "$files/raw"
echo text | gzip > "$files/packed.gz"
http_start "$files" --other 9

# refused STATUS URL MORE TEXT…: of the rootfs
refused()
{
    local status=$1 url=$2 more=$3
    shift 3
    vm vm '{}' "rootfs: {url: '$url'$more}"
    expect_exit "$status" gpuvm define "$TMPDIR/vm.yaml"
    expect_text "$@"
    [ -z "$(ls $pool)" ] || fail "$url left $(ls $pool)"
    [ -z "$(virsh -q list --all)" ] || fail "$url became a domain"
}

none=sha256:$(printf '%064d' 0)
seen=sha256:$(sha256sum < "$files/raw" | cut -c-64)
refused 1 "$http_url/raw" ", checksum: '$none'" "checksum mismatch: expected $none got $seen" "now: \`checksum: $seen\`"
refused 5 "$http_url/nothing" '' "cannot fetch $http_url/nothing: the server answers 404"
refused 5 "file://$files/nothing" '' "cannot read $files/nothing: No such file"
refused 1 "$http_url/status/503/raw" '' 'the server answers 503'
refused 1 "$http_url/cutalways/100000/raw" '' "cannot fetch $http_url/cutalways/100000/raw"
refused 1 "$http_url/redirect/6/raw" '' 'more than 5 redirects'
refused 1 "$http_url/to/file/etc/passwd" '' 'which is not followed'
refused 1 "$http_url/huge" ", checksum: '$none'" 'is larger than 256.0 GiB'
refused 3 "$http_url/overlay.qcow2" '' 'with a backing file'
refused 3 "$http_url/external.qcow2" '' 'with an external data file'
refused 3 "$http_url/luks.qcow2" '' 'encrypted'
refused 3 "$http_url/packed.gz" '' 'packed by gzip'
refused 3 "$http_url/raw" ', format: qcow2' 'it is not a qcow2 image'
refused 3 "$http_url/base.qcow2" ', format: raw' 'it is a qcow2 image'
printf QFI > "$files/short"
vm vm '{}' "rootfs: {path: '$files/short'}"
expect_exit 5 gpuvm define "$TMPDIR/vm.yaml"
expect_text "cannot see what format $files/short has: it has too few bytes" 'format: raw'
policy 'require_checksum: true'
refused 4 "$http_url/raw" '' 'without a checksum'
rm /etc/gpuvm/policy.yaml

# A VM that cannot be defined takes with it what was made for the others.
vm b '{}' "rootfs: {url: '$http_url/nothing'}"
vm a '{}' "rootfs: {url: '$http_url/raw'}"
expect_exit 5 gpuvm define "$TMPDIR/a.yaml" "$TMPDIR/b.yaml"
[ ! -e $pool/a.rootfs.qcow2 ] || fail 'an overlay is left'
[ -z "$(virsh -q list --all)" ] || fail 'a domain is left'
expect_exit 0 gpuvm image prune
rm "$TMPDIR/b.yaml"

# A full disk.
mount -t tmpfs -o size=2M pool $pool
vm vm '{}' "rootfs: {url: '$http_url/chunked/raw', checksum: 'sha256:$(sha256sum < "$files/raw" | cut -c-64)'}"
run gpuvm define "$TMPDIR/vm.yaml"
if ! overcome; then
    [ "$STATUS" = 5 ] || fail "exit $STATUS with a full disk: $OUT"
    # libvirtd says it, or only the volume's size does
    [[ $OUT == *', 2097152 came to be in '* ]] || expect_text 'No space left on device'
    [ -z "$(ls $pool)" ] || fail "a full disk has $(ls $pool)"
fi
umount $pool
mkdir "$TMPDIR/small"
mount -t tmpfs -o size=1M small "$TMPDIR/small"
vm spooled '{}' "rootfs: {url: '$http_url/raw'}"
TMPDIR=$TMPDIR/small expect_exit 5 gpuvm define "$TMPDIR/spooled.yaml"
expect_text 'No space left on device' TMPDIR

# What was there at define may be gone at start.
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
rm $pool/sha256-*
expect_exit 5 gpuvm start vm
expect_text 'the backing file of disk vda does not exist' 'gpuvm define'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm start vm
expect_exit 0 gpuvm stop --force vm
rm $pool/vm.rootfs.qcow2
expect_exit 5 gpuvm start vm
expect_text 'gpuvm define'

# What somebody changed is not used for another VM, and prune is rid of it.
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
vm second '{}' "$(tail -n +5 "$TMPDIR/vm.yaml")"
echo more >> "$(ls $pool/sha256-* | grep -v json)"
expect_exit 1 gpuvm define "$TMPDIR/second.yaml"
expect_text 'is not what was fetched'
expect_exit 0 gpuvm undefine --storage vm
expect_exit 0 gpuvm image prune
expect_exit 0 gpuvm define "$TMPDIR/second.yaml"
expect_exit 0 gpuvm undefine --storage second
expect_exit 0 gpuvm image prune
vm direct '{}' "kernel: {url: '$http_url/raw'}"
expect_exit 0 gpuvm define "$TMPDIR/direct.yaml"
rm $pool/sha256-*
expect_exit 5 gpuvm start direct
expect_text 'gpuvm define'
