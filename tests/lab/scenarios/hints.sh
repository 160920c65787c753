# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# A hint that is a command is one that works when it is typed, and what was refused goes on behind it.

# follow TEXT [WORD=…]: types the commands of the last command's hints that have TEXT in them, which stand between backquotes or
# behind the colon, with what WORD stands for
follow()
{
    local hint command n=0
    while read -r hint; do
        command=$hint
        [[ $hint != *': '* ]] || command=${hint#*: }
        [[ $hint != *'`'* ]] || command=$(grep -o '`[^`]*`' <<< "$hint" | grep -F -- "$1" | tr -d '`')
        command=${command%%, or *}
        [ -z "${2-}" ] || command=${command/${2%%=*}/${2#*=}}
        n=$((n + 1))
        eval "$command" > "$TMPDIR/followed" 2>&1 || fail "the hint '$command' ends with $?: $(cat "$TMPDIR/followed")"
    done < <(sed -n 's/^ *hint: //p' <<< "$OUT" | grep -F -- "$1")
    [ $n -gt 0 ] || fail "no hint with '$1' in:"$'\n'"$OUT"
}

sudo()
{
    "$@"
}

# Disks that an undefine leaves
qemu-img create -q -f qcow2 "$TMPDIR/base.qcow2" 8M
vm disk '{}' "rootfs: {path: $TMPDIR/base.qcow2}"$'\ncloud_init: {user_data: {content: "#cloud-config"}}'
expect_exit 0 gpuvm define "$TMPDIR/disk.yaml"
expect_exit 0 gpuvm undefine disk
virsh -q vol-list gpuvm | grep -q disk || fail 'undefine left no disk'
follow 'virsh vol-delete'
! virsh -q vol-list gpuvm | grep -q disk || fail 'the hints left a disk'

# Without --storage, on a VM that is there
vm disk '{}' "rootfs: {path: $TMPDIR/base.qcow2}"
expect_exit 0 gpuvm define "$TMPDIR/disk.yaml"
vm disk '{}'
expect_exit 0 gpuvm define "$TMPDIR/disk.yaml"
follow 'virsh vol-delete'
expect_exit 0 gpuvm undefine disk
expect_no_text hint

# A pool that is off, a volume and a network that are not there
virsh -q pool-define-as other dir --target "$TMPDIR" > /dev/null
vm disk '{}' "disks: [$TMPDIR/base.qcow2]"
expect_exit 0 gpuvm define "$TMPDIR/disk.yaml"
virsh -q dumpxml --inactive disk | sed "s,type='file',type='volume'," |
    sed "s,<source file='[^']*'/>,<source pool='other' volume='base.qcow2'/>," > "$TMPDIR/disk.xml"
virsh -q define "$TMPDIR/disk.xml"
expect_exit 5 gpuvm start disk
follow 'virsh pool-start'
expect_exit 0 gpuvm start disk
expect_exit 0 gpuvm stop --force disk
sed -i "s/volume='base.qcow2'/volume='absent.qcow2'/" "$TMPDIR/disk.xml"
virsh -q define "$TMPDIR/disk.xml"
expect_exit 5 gpuvm start disk
follow 'virsh pool-list'
follow 'virsh vol-list' POOL=other
vm net '{}'
sed -i 's/^network: .*/network: {network: nosuch}/' "$TMPDIR/net.yaml"
expect_exit 0 gpuvm define "$TMPDIR/net.yaml"
follow 'virsh net-list'

# A card that is not the one that was locked, that moved, and a host without a UUID
vm locked '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm lock "$TMPDIR/locked.yaml"
sed -i 's/10de:2204/10de:2208/' "$TMPDIR/gpuvm.lock"
expect_exit 5 gpuvm plan "$TMPDIR/locked.yaml"
follow 'gpuvm devices'
follow 'gpuvm lock' FILE="$TMPDIR/locked.yaml"
expect_exit 0 gpuvm define "$TMPDIR/locked.yaml"
sed -i 's,00:01.1/,00:01.3/,' "$TMPDIR/gpuvm.lock"
expect_exit 0 gpuvm plan "$TMPDIR/locked.yaml"
expect_exit 0 gpuvm define "$TMPDIR/locked.yaml"
virsh dumpxml locked | grep -q 'address="0000:02:00.0"' || fail 'the hint did not define the card where it is'
expect_exit 0 gpuvm plan --host "$top_srcdir/examples/hosts/workstation-two-gpus.xml" "$TMPDIR/locked.yaml"
follow 'gpuvm capture --full'
expect_exit 0 gpuvm undefine locked
rm "$TMPDIR/gpuvm.lock"

# A VM that is not there, is off, is running, has a card, does not stop
vm one '{pci_passthrough: ["01:00.0"]}'
vm two '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/one.yaml" "$TMPDIR/two.yaml"
expect_exit 5 gpuvm start nosuch
follow 'gpuvm list'
expect_exit 1 gpuvm console one < /dev/null
follow 'gpuvm start'
expect_exit 5 gpuvm start two
expect_text 'stop it first: gpuvm stop one'
expect_exit 6 gpuvm stop --timeout 1 one
follow 'gpuvm stop --force'
expect_exit 0 gpuvm start two
vm two '{}'
expect_exit 0 gpuvm define "$TMPDIR/two.yaml"
expect_text 'keeps its old definition'
expect_text "gpuvm restart two"
expect_exit 0 gpuvm stop --force two
expect_exit 5 gpuvm plan - <<< 'name: three
resources: {cpu_cores: 1, memory_mb: 64}
devices: {pci_passthrough: ["7f:00.0"]}'
follow 'gpuvm devices'

# Plugins
printf 'kind: plugin\nname: small\nresources: {cpu_cores: 1, memory_mb: 64}\nnetwork: {mode: none}\n' > "$TMPDIR/small.yaml"
printf 'name: of\nplugin: small\n' > "$TMPDIR/of.yaml"
expect_exit 5 gpuvm define "$TMPDIR/of.yaml"
follow 'gpuvm plugin install' FILE="$TMPDIR/small.yaml"
expect_exit 0 gpuvm plugin disable small
expect_exit 5 gpuvm define "$TMPDIR/of.yaml"
follow 'gpuvm plugin enable'
expect_exit 0 gpuvm define "$TMPDIR/of.yaml"

# Deployments
printf 'kind: deployment\nname: fleet\nreplicas: 2\nplugin: small\n' > "$TMPDIR/fleet.yaml"
expect_exit 0 gpuvm define "$TMPDIR/fleet.yaml"
sed -i 's/replicas: 2/replicas: 1/' "$TMPDIR/fleet.yaml"
expect_exit 0 gpuvm define "$TMPDIR/fleet.yaml"
expect_text 'gpuvm deployment scale fleet=1'
expect_exit 3 gpuvm deployment scale fleet=0
follow 'gpuvm deployment delete'
expect_exit 5 gpuvm deployment delete fleet
follow 'gpuvm deployment list'

# Hugepages, defaults that others may write, a card that was left behind
vm huge '{}'
sed -i 's/memory_mb: 256/memory_mb: 256, hugepages: 2M/' "$TMPDIR/huge.yaml"
expect_exit 5 gpuvm plan "$TMPDIR/huge.yaml"
follow 'sudo tee'
pages=/sys/devices/system/node/node0/hugepages/hugepages-2048kB
cp $pages/{nr,free}_hugepages # as the kernel does
expect_exit 0 gpuvm plan "$TMPDIR/huge.yaml"
expect_no_text 'reserve them'
echo 'kind: defaults' > /etc/gpuvm/defaults.yaml
chmod o+w /etc/gpuvm/defaults.yaml
expect_exit 1 gpuvm plan "$TMPDIR/one.yaml"
follow 'chmod'
expect_exit 0 gpuvm plan "$TMPDIR/one.yaml"

# A process that has the card
node "$TMPDIR/dev/nvidia0" 0000:01:00.0
sleep 1000 < "$TMPDIR/dev/nvidia0" &
expect_exit 5 gpuvm start one
follow 'sudo kill'
wait $! || true
expect_exit 0 gpuvm start one
