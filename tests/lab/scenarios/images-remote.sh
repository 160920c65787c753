# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# On another host, whose files cannot be read: what is fetched goes there through libvirt, into the pool that is asked for; gpuvms of different machines fetch an image once.

. "$top_srcdir/tests/http/http.sh"
pool=/srv/pool
files=$TMPDIR/files
mkdir "$files"
head -c 5000000 /dev/urandom > "$files/raw"
sum=$(sha256sum < "$files/raw" | cut -c-64)
http_start "$files"
stop_libvirtd
printf '%s\n' 'listen_tls = 0' 'listen_tcp = 1' 'auth_tcp = "none"' 'listen_addr = "127.0.0.1"' >> /etc/libvirt/libvirtd.conf
start_libvirtd --listen
export LIBVIRT_DEFAULT_URI=qemu+tcp://127.0.0.1/system
mount -t tmpfs pool /srv
virsh -q pool-define-as mine dir --target $pool > /dev/null
virsh -q pool-build mine > /dev/null

vm vm '{}' "rootfs: {url: '$files/raw', checksum: 'sha256:$sum'}"
expect_exit 0 gpuvm --pool mine define "$TMPDIR/vm.yaml"
cmp $pool/sha256-"$sum" "$files/raw"
virsh domblklist vm | grep -q $pool/vm.rootfs.qcow2 || fail 'another disk'
expect_exit 0 gpuvm --pool mine image list
expect_text "${sum:0:12}" vm "$files/raw"
expect_exit 0 gpuvm start vm
expect_exit 0 gpuvm stop --force vm
expect_exit 0 gpuvm undefine --storage vm
expect_exit 0 gpuvm --pool mine image prune
[ -z "$(ls $pool)" ] || fail "left: $(ls $pool)"

# The format of a file that is there cannot be seen from here.
vm there '{}' "rootfs: {path: '$files/raw'}"
expect_exit 5 gpuvm --pool mine define "$TMPDIR/there.yaml"
expect_text 'it is on another host' 'format'
vm there '{}' "rootfs: {path: '$files/raw', format: raw}"
expect_exit 0 gpuvm --pool mine define "$TMPDIR/there.yaml"
qemu-img info --output=json $pool/there.rootfs.qcow2 | grep -q "\"full-backing-filename\": \"$files/raw\"" || fail 'no overlay on it'
expect_exit 0 gpuvm undefine --storage there

# Machines do not see each other's locks.
for machine in one two; do
    vm $machine '{}' "rootfs: {url: '$http_url/slow/3000000/raw', checksum: 'sha256:$sum'}"
    unshare -m sh -c "mkdir -p $LAB/$machine && mount --bind $LAB/$machine /run/gpuvm && exec \"\$@\"" sh \
        "$GPUVM" --pool mine define "$TMPDIR/$machine.yaml" > "$TMPDIR/$machine.out" 2>&1 &
    wait_until [ -s $pool/sha256-"$sum" ] # the second finds what the first has begun
done
wait $(jobs -p | grep -v "$http_pid") || fail "$(cat "$TMPDIR"/*.out)"
cmp $pool/sha256-"$sum" "$files/raw"
[ "$(http_requests '^/slow')" = 1 ] || fail "fetched $(http_requests '^/slow') times"

# Not every pool has files.
virsh -q pool-define-as block disk --source-dev /dev/null --target /dev > /dev/null
expect_exit 5 gpuvm --pool block define "$TMPDIR/vm.yaml"
expect_text "storage pool 'block' is of type disk"
