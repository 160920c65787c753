# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# The temporary file of an image without a checksum: each call that has to do with it fails once, is interrupted, or does half. The VM is
# defined with the whole image, or nothing is left.

. "$top_srcdir/tests/http/http.sh"
pool=/var/lib/libvirt/images/gpuvm
spool=$TMPDIR/spool definition=$TMPDIR/vm.yaml
mkdir "$spool" "$TMPDIR/served"
head -c 40000 /dev/urandom > "$TMPDIR/served/image"
http_start "$TMPDIR/served"
vm vm '{}' "rootfs: {url: '$http_url/image'}"

# define N WHAT
define()
{
    TMPDIR=$spool watched "$spool" "$1" "$2" define "$definition"
    [ -z "$(ls "$spool")" ] || fail "left: $(ls "$spool")"
}

# remove: all that define made
remove()
{
    cmp "$pool/sha256-$(sha256sum < "$TMPDIR/served/image" | cut -c-64)" "$TMPDIR/served/image"
    expect_exit 0 gpuvm undefine --storage vm
    expect_exit 0 gpuvm image prune
    [ -z "$(ls $pool)" ] || fail "left: $(ls $pool)"
}

define 0 error
[ "$STATUS" = 0 ] || fail "$OUT"
remove
mapfile -t calls < "$LAB/calls"
for what in error interrupted short; do
    for ((n = 1; n <= ${#calls[@]}; n++)); do
        define $n $what
        echo "call $n, ${calls[n - 1]}, $what: exit $STATUS"
        case $what$STATUS in
        *0) ;;
        error1 | error5) expect_text "a temporary file in $spool: " ;;
        *) fail "$OUT" ;;
        esac
        [ "$STATUS" = 0 ] || [ -z "$(ls $pool)$(virsh -q list --all --name)" ] || fail "left: $(ls $pool)"
        expect_exit 0 gpuvm define "$definition"
        remove
    done
done
[[ "${calls[*]}" == *write*read* ]] || fail "nothing was written and read: ${calls[*]}"
