# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: server-8xh100
# capacity: cards that are free or in VMs of gpuvm's; what others have, or a policy denies, is out, with the reason.

# offered MODEL NUMBER
offered()
{
    expect_exit 0 gpuvm capacity -o pacemaker
    [[ $'\n'$OUT$'\n' == *$'\n'"$1 $2"$'\n'* ]] || fail "not $1 $2: $OUT"
}

h100=gpu_10de_2330
offered $h100 8
[ -z "$(grep -vxE '(gpu_[0-9a-f]{4}_[0-9a-f]{4}|memory_mb|cpu) [0-9]+' <<< "$OUT")" ] || fail "other lines: $OUT"
memory=$(sed -n 's/^memory_mb //p' <<< "$OUT") cpus=$(sed -n 's/^cpu //p' <<< "$OUT")

echo '--- of a VM that runs they count, of one that is off not'
vm vm '{gpus: [{count: 2}]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
offered $h100 6
expect_exit 0 gpuvm start vm
offered $h100 8
offered memory_mb "$memory"
offered cpu "$cpus"
expect_exit 0 gpuvm capacity -o json
expect_json 'next((c["free"], c["in_vms"], c["out"]) for c in j["cards"] if c["attribute"] == "gpu_10de_2330")' '(6, 2, [])'
expect_exit 0 gpuvm capture
echo "$OUT" > "$TMPDIR/host.xml"
expect_exit 0 gpuvm --host "$TMPDIR/host.xml" capacity -o pacemaker
[[ $OUT == *"$h100 8"* ]] || fail "the host file says: $OUT"

echo "--- others' VMs"
virsh -q define <(domain foreign 0000:df:00.0)
offered $h100 7
virsh -q start foreign
offered $h100 7
offered memory_mb $((memory - 256))
offered cpu $((cpus - 1))
expect_exit 0 gpuvm capacity
expect_text "out: 0000:df:00.0 domain 'foreign', which gpuvm does not manage, has it"
virsh -q destroy foreign
virsh -q undefine foreign
offered $h100 8
offered memory_mb "$memory"

echo '--- a policy'
policy 'denylist: [{address: "0000:df:00.0"}]
reserved_cpus: 0-1'
offered $h100 7
offered cpu $((cpus - 2))
policy 'denylist: [{id: "10de:2330"}]'
offered $h100 2
expect_exit 0 gpuvm stop --force vm
offered $h100 0
policy 'allowlist: []'
offered $h100 0
rm /etc/gpuvm/policy.yaml

echo '--- what cannot be'
expect_exit 0 gpuvm undefine vm
silence 0000:df:00.0 never
offered $h100 7
expect_exit 0 gpuvm capacity
expect_text 'out: 0000:df:00.0 does not answer'
policy 'nonsense: true'
expect_exit 3 gpuvm capacity -o pacemaker
[ -z "$(gpuvm capacity -o pacemaker 2> /dev/null)" ] || fail 'it offers something by a policy that is wrong'
rm /etc/gpuvm/policy.yaml
stop_libvirtd
expect_exit 1 gpuvm capacity -o pacemaker
[ -z "$(gpuvm capacity -o pacemaker 2> /dev/null)" ] || fail 'it offers something without libvirt'
