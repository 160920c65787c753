# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus sriov no-iommu-amd
# machines for --all: shared-group server-mi300x workstation-rtx3090 workstation-rtx2080 busy-group server-8xh100 no-iommu workstation-flawed
# capture: against the file, plan decides, and devices and check say, what they do on the host itself.

host=$TMPDIR/host.xml

# same COMMAND…: on the host and against the file, in every respect but what the policy, which is in the file then, is called,
# and whether a domain is created or updated, since there is none in it
same()
{
    local live status
    run gpuvm "$@"
    live=$(sed -E 's/: (create|update|unchanged), ([0-9]+ CPUs?)/: \2/' <<< "$OUT") status=$STATUS
    run gpuvm --host "$host" "$@"
    OUT=${OUT//the host file\'s policy//etc/gpuvm/policy.yaml}
    [ "$STATUS" = "$status" ] || fail "exit $STATUS instead of $status from: $* --host"$'\n'"$live"$'\n'"$OUT"
    [ "$OUT" = "$live" ] || fail "$*:"$'\n'"$(diff <(echo "$live") <(echo "$OUT"))"
}

same_everywhere()
{
    local definition
    expect_exit 0 gpuvm capture -o "$host"
    same devices --all
    same devices --all -o json
    for definition in "$TMPDIR"/*.yaml; do
        same plan "$definition"
    done
    same plan "$TMPDIR"/*.yaml
    same check
    same check -o json
}

# A definition of each sort; most are refused on most machines.
vm one '{gpus: [{count: 1}]}'
vm two '{gpus: [{count: 1}, {id: "10de:*", count: 1}]}'
vm included '{gpus: [{class: "03", count: 1}], iommu_group: include}'
vm detached '{pci_passthrough: ["01:00.0"], iommu_group: detach}'
vm disk '{pci_passthrough: ["02:00.0", "03:00.0"], functions: requested}'
vm virtual '{pci_passthrough: ["4d:00.1"]}'
: > "$TMPDIR/initramfs"
vm kernel '{}' 'initramfs: initramfs'
sed -i '/resources/s/}/, hugepages: 1G}/' "$TMPDIR/two.yaml"
same_everywhere

# With claims: of a VM that gpuvm chose a card for, and of a running domain that it does not know.
if gpuvm define "$TMPDIR/one.yaml" > "$TMPDIR/out" 2>&1; then
    gpuvm start one > "$TMPDIR/out" 2>&1 || fail "$(cat "$TMPDIR/out")"
fi
domain other "$(gpuvm devices -o json | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["devices"][-1]["address"])')" > "$TMPDIR/other.xml"
expect_exit 0 virsh define "$TMPDIR/other.xml"
same_everywhere

# With a policy of the host, and a card that a process has open.
policy $'allowlist: ["*:*"]\nprotect: [storage, holders]'
card=$(gpuvm devices -o json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["devices"][0]["address"])')
node /dev/dri/card0 "$card"
sleep 1000 < /dev/dri/card0 &
same_everywhere
grep -q 'is open as /dev/dri/card0' "$host" || fail 'no use was captured'

# Nobody's definition is in it, and what it has of a domain is not taken for a domain that was changed.
! grep -q 'gpuvm:definition' "$host" || fail 'a definition is in the file'
expect_exit 0 gpuvm -c "test://$host" list --all
expect_no_text 'changed outside'

# libvirt's test driver takes the file, and it tells neither serial numbers nor the host's UUID.
expect_exit 0 gpuvm -c "test://$host" list --all
expect_exit 0 virsh -c "test://$host" nodedev-dumpxml pci_0000_00_00_0
uuid=$(virsh capabilities | sed -n 's,.*<uuid>\(.*\)</uuid>.*,\1,p' | head -n 1)
! grep -q "$uuid" "$host" || fail "the host's UUID is in the file"
expect_exit 0 gpuvm capture --full
expect_text "$uuid"
expect_exit 2 gpuvm -c "test://$host" capture
