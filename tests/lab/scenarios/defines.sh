# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# Two defines of one name at once leave one domain, and one that comes too late says so; a running VM keeps its old definition until its next start.

vm vm '{pci_passthrough: ["01:00.0"]}'
for round in {1..5}; do
    late=
    gpuvm define "$TMPDIR/vm.yaml" > "$TMPDIR/one" 2>&1 &
    one=$!
    gpuvm define "$TMPDIR/vm.yaml" > "$TMPDIR/two" 2>&1 &
    two=$!
    wait $one || late=$TMPDIR/one
    wait $two || late=${late:+both}$TMPDIR/two
    [ -z "$late" ] || grep -q 'another domain came to have this name' "$late" || fail "round $round: $(cat "$late")"
    [ "$(virsh -q list --all --name)" = vm ] || fail "round $round: not one domain"
    expect_exit 0 gpuvm undefine vm
done

expect_exit 0 gpuvm define "$TMPDIR/vm.yaml" --start
uuid=$(virsh -q domuuid vm)
sed -i 's/memory_mb: 256/memory_mb: 512/' "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text 'updated' 'next start'
[ "$(virsh -q domuuid vm)" = "$uuid" ] || fail 'another UUID'
virsh dumpxml vm | grep -q ">262144</memory>" || fail 'the running VM changed'
expect_exit 0 gpuvm restart --force vm
virsh dumpxml vm | grep -q ">524288</memory>" || fail 'the new definition was not taken'
