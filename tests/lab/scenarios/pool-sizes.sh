# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# A pool with room for only a part of what a VM needs. Whichever volume does not fit, and however much of it does: there is no VM, or the
# one that there was, and of no volume a part; other VMs have theirs; and the same command does it when there is room.

. "$top_srcdir/tests/http/http.sh"
pool=/var/lib/libvirt/images/gpuvm
mkdir -p $pool "$TMPDIR/files"
mount -t tmpfs -o size=4M lab $pool
head -c 65536 /dev/zero > "$TMPDIR/kernel"
http_start "$TMPDIR/files"

# everything NAME TEXT: a VM that needs a volume of each sort; the size of its image is not known beforehand
everything()
{
    [ -e "$TMPDIR/files/$1" ] || head -c 600000 /dev/urandom > "$TMPDIR/files/$1"
    vm "$1" '{}' "kernel: $TMPDIR/kernel
workload: {entrypoint: [$2]}
cloud_init: {user_data: {content: '#cloud-config $2'}}
rootfs: {url: '$http_url/chunked/$1', checksum: 'sha256:$(sha256sum < "$TMPDIR/files/$1" | cut -c-64)'}"
}

sort_of() # VOLUME
{
    case $1 in
    vm.rootfs.qcow2) echo disk ;;
    vm.manifest-*) echo manifest ;;
    vm.seed-*) echo seed ;;
    sha256-*.json) echo note ;;
    sha256-*) echo image ;;
    esac
}

allocated() # FILE: bytes
{
    echo $(($(stat -c %b*%B "$1")))
}

# keep: from now on the domains there are, and the volumes, stay as they are
keep()
{
    kept=("$pool"/*)
    state > "$TMPDIR/before"
}

state()
{
    local name
    sha256sum "${kept[@]}"
    for name in $(virsh -q list --all --name); do
        virsh dumpxml --inactive "$name" | sed "s,^ *,," # libvirt indents metadata anew when it starts
    done
}

as_before()
{
    state | diff "$TMPDIR/before" - || fail 'that changed'
}

# whole: nothing is beside what is kept but whole images
whole()
{
    local file
    as_before
    for file in "$pool"/*; do
        [[ " ${kept[*]} $pool/filler " != *" $file "* ]] || continue
        case $(sort_of "${file##*/}") in
        note) [ -s "$file" ] && [ -e "${file%.json}" ] ;;
        image) [ -e "$file.json" ] && [ "$(sha256sum < "$file" | cut -c-64)" = "${file##*-}" ] ;;
        *) false ;;
        esac || fail "it is left: $(ls -l "$file")"
    done
}

# complete: VM vm has each of its volumes, as large as it should be
complete()
{
    local file sort count=0
    for file in "$pool"/vm.*; do
        sort=$(sort_of "${file##*/}")
        [ "$(allocated "$file")" = "${size[$sort]}" ] || fail "the $sort is not whole: $(ls -ls "$file")"
        count=$((count + 1))
    done
    [ $count = 3 ] || fail "not one of each: $(ls $pool)"
    cmp "$pool/sha256-$(sha256sum < "$TMPDIR/files/vm" | cut -c-64)" "$TMPDIR/files/vm"
}

# sweep SORT…: of VM vm's volumes, in the order in which they are written; `undo` makes it as it was before
sweep()
{
    local sort part room=0 volume
    for sort; do
        for part in $(printf '%s\n' 0 $((size[$sort] / 8192 * 4096)) $((size[$sort] - 4096)) | sort -un); do
            fallocate -l $(($(df --output=avail -B1 $pool | tail -1) - room - part)) $pool/filler
            make_vm
            if overcome; then # what was begun is left, for nobody
                as_before
                volume=none
                hit[$sort]=1
            else
                [[ $STATUS == [15] ]] || fail "exit $STATUS: $OUT"
                expect_text "$pool" 'nothing was defined' "make room (\`gpuvm image prune\`)"
                volume=$(sed -n "s/.*error: cannot \(write\|make\) volume '\([^']*\)'.*/\2/p" <<< "$OUT")
                hit[$(sort_of "$volume")]=1
                whole
            fi
            echo "$part of the ${size[$sort]} bytes of the $sort fit: exit $STATUS for $volume"
            rm $pool/filler
            make_vm
            [ "$STATUS" = 0 ] || fail "exit $STATUS: $OUT"
            complete
            undo
            as_before
        done
        room=$((room + size[$sort]))
    done
    for sort; do
        [ "${hit[$sort]-}" ] || fail "the $sort was never what did not fit"
    done
    hit=()
}

declare -A size hit
everything vm former
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
for file in "$pool"/*; do
    size[$(sort_of "${file##*/}")]=$(allocated "$file")
done
expect_exit 0 gpuvm undefine --storage vm
expect_exit 0 gpuvm image prune
everything other text
expect_exit 0 gpuvm define "$TMPDIR/other.yaml"
keep

# By define and by create in turn.
turn=1
make_vm()
{
    turn=$((1 - turn))
    if [ $turn = 0 ]; then
        run gpuvm define "$TMPDIR/vm.yaml"
    else
        run gpuvm create vm --no-start --config "$TMPDIR/vm.yaml"
    fi
}
undo()
{
    expect_exit 0 gpuvm undefine --storage vm
    expect_exit 0 gpuvm image prune
}
sweep image note disk manifest seed

# A new definition with other texts.
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
keep
make_vm()
{
    everything vm latter
    run gpuvm define "$TMPDIR/vm.yaml"
}
undo()
{
    everything vm former
    expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
}
sweep manifest seed
