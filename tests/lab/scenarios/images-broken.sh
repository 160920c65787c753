# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# Downloads that break are taken up again; many that ask for one image fetch it once; one that is stopped leaves nothing, or what is mended.

. "$top_srcdir/tests/http/http.sh"
pool=/var/lib/libvirt/images/gpuvm
files=$TMPDIR/files
mkdir "$files"
head -c 5000000 /dev/urandom > "$files/raw"
sum=$(sha256sum < "$files/raw" | cut -c-64)
image=$pool/sha256-$sum
http_start "$files"

rootfs() # NAME PATH
{
    vm "$1" '{}' "rootfs: {url: '$http_url/$2', checksum: 'sha256:$sum'}"
}

rootfs vm cut/2000000/raw
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
cmp "$image" "$files/raw"
grep -q 'bytes=2000000-' "$http_log" || fail 'it was not taken up where it broke'
expect_exit 0 gpuvm undefine --storage vm
expect_exit 0 gpuvm image prune

# At once, and with another URL: the digest counts.
for name in a b c d; do
    rootfs $name slow/4000000/raw
    gpuvm define "$TMPDIR/$name.yaml" > "$TMPDIR/$name.out" 2>&1 &
done
wait $(jobs -p | grep -v "$http_pid") || fail "$(cat "$TMPDIR"/?.out)"
[ "$(http_requests '^/slow')" = 1 ] || fail "fetched $(http_requests '^/slow') times"
[ "$(virsh -q list --all --name | grep -c .)" = 4 ] || fail 'not four domains'
expect_exit 0 gpuvm undefine --storage a b c d
expect_exit 0 gpuvm image prune
[ -z "$(ls $pool)" ] || fail "left: $(ls $pool)"

# stop SIGNAL: in the midst of fetching
stop()
{
    rootfs vm slow/50000/raw
    env --default-signal=INT "$GPUVM" define "$TMPDIR/vm.yaml" > "$TMPDIR/out" 2>&1 & # bash lets it ignore that one
    wait_until [ -s "$image" ]
    kill "-$1" $!
    STATUS=0
    wait $! || STATUS=$?
    [ -z "$(virsh -q list --all)" ] || fail "a domain after $1"
}

for signal in INT TERM; do
    stop $signal
    [ $STATUS = $((128 + $(kill -l $signal))) ] || fail "status $STATUS after $signal: $(cat "$TMPDIR/out")"
    [ -z "$(ls $pool)" ] || fail "$signal left $(ls $pool)"
done
stop KILL
[ -e "$image" ] || fail 'nothing is left to mend'
expect_exit 0 gpuvm image list
expect_text "${sum:0:12}"
rootfs vm raw
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
cmp "$image" "$files/raw"
expect_exit 0 gpuvm undefine --storage vm
expect_exit 0 gpuvm image prune
stop KILL
expect_exit 0 gpuvm image prune
[ -z "$(ls $pool)" ] || fail "prune left $(ls $pool)"

# libvirtd goes away in the midst of it.
rootfs vm slow/50000/raw
gpuvm define "$TMPDIR/vm.yaml" > "$TMPDIR/out" 2>&1 &
wait_until [ -s "$image" ]
stop_libvirtd KILL
STATUS=0
wait $! || STATUS=$?
[ $STATUS = 1 ] || fail "status $STATUS: $(cat "$TMPDIR/out")"
start_libvirtd
rootfs vm raw
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
cmp "$image" "$files/raw"
