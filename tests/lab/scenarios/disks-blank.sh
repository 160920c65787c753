# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# Blank disks are made once, keep what is on them whatever is defined, and go with undefine --storage; each replica has its own.

pool=/var/lib/libvirt/images/gpuvm
data=$pool/vm.disk-data.qcow2 log=$pool/vm.disk-log.raw

write() # FORMAT FILE
{
    qemu-io -f "$1" -c 'write -q -P 0x5a 0 64k' "$2"
}

kept() # FORMAT FILE
{
    qemu-io -f "$1" -c 'read -q -P 0x5a 0 64k' "$2" || fail "$2 has lost its data"
}

capacity() # FORMAT FILE: in GiB
{
    qemu-img info -f "$1" --output=json "$2" | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["virtual-size"] / 2**30)'
}

disks() # ITEMS
{
    vm vm '{}' "disks: [$1]"
}

disks '{name: data, size_gb: 100}, {name: log, size_gb: 1, format: raw}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
[ "$(capacity qcow2 $data) $(capacity raw $log)" = '100.0 1.0' ] || fail "sizes: $(capacity qcow2 $data) $(capacity raw $log)"
[ "$(du -k $data $log | awk '{ sum += $1 } END { print (sum < 1024) }')" = 1 ] || fail 'they take room at once'
expect_exit 0 gpuvm start vm
expect_exit 0 gpuvm image list
expect_text vm.disk-data.qcow2 vm.disk-log.raw
expect_exit 0 gpuvm stop --force vm
write qcow2 $data
write raw $log

# They are the same whatever other disks come and go, and where they are to the guest.
qemu-img create -q -f raw "$TMPDIR/other.img" 1M
disks "{name: log, size_gb: 1, format: raw}, $TMPDIR/other.img, {name: data, size_gb: 100, target: sdb}"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_no_text 'no use'
kept qcow2 $data
kept raw $log
disks '{name: data, size_gb: 100}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text "no use for volume 'vm.disk-log.raw' any more" 'virsh vol-delete --pool gpuvm vm.disk-log.raw'
kept raw $log

# Another size is the user's to decide, and nothing else is made before.
for size in 99 101; do
    disks "{name: new, size_gb: 1}, {name: data, size_gb: $size}"
    expect_exit 1 gpuvm define "$TMPDIR/vm.yaml"
    expect_text "size_gb of disk vdb of VM 'vm' is $size.0 GiB, but volume 'vm.disk-data.qcow2' has 100.0 GiB" 'keep its size'
    [ ! -e $pool/vm.disk-new.qcow2 ] || fail 'a disk is left of what was not defined'
    kept qcow2 $data
done
expect_text 'enlarge it while the VM is off: virsh vol-resize --pool gpuvm vm.disk-data.qcow2 101G'
expect_exit 0 virsh vol-resize --pool gpuvm vm.disk-data.qcow2 101G
disks '{name: data, size_gb: 101}, {name: log, size_gb: 1, format: raw}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
kept qcow2 $data

# What a guest writes to a raw one makes it no other disk.
qemu-img create -q -f qcow2 "$TMPDIR/image.qcow2" 7G
dd if="$TMPDIR/image.qcow2" of=$log conv=notrunc status=none
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
write raw $log

# undefine keeps them for whoever is defined under that name.
expect_exit 0 gpuvm undefine vm
expect_text 'its volumes stay' vm.disk-data.qcow2 vm.disk-log.raw
expect_exit 5 gpuvm undefine --storage vm
kept qcow2 $data
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
kept qcow2 $data
kept raw $log
expect_exit 0 gpuvm undefine --storage vm
[ -z "$(ls $pool)" ] || fail "left: $(ls $pool)"

# Nothing is left of a VM that cannot be defined.
disks '{name: data, size_gb: 1}, {name: huge, size_gb: 1048576, format: raw}'
if ! gpuvm define "$TMPDIR/vm.yaml" > /dev/null 2>&1; then # the file system has a limit
    [ -z "$(ls $pool)" ] || fail "left: $(ls $pool)"
else
    expect_exit 0 gpuvm undefine --storage vm
fi

# Each replica has its own.
cat > "$TMPDIR/fleet.yaml" <<'YAML'
kind: deployment
name: fleet
replicas: 2
config:
  resources: {cpu_cores: 1, memory_mb: 64}
  network: none
  disks: [{name: data, size_gb: 2}]
YAML
expect_exit 0 gpuvm define "$TMPDIR/fleet.yaml"
write qcow2 $pool/fleet-1.disk-data.qcow2
expect_exit 0 gpuvm deployment scale fleet=1 --no-start
expect_exit 0 gpuvm deployment scale fleet=2 --no-start
kept qcow2 $pool/fleet-1.disk-data.qcow2
expect_exit 0 gpuvm deployment restart fleet
[ "$(virsh -q list --state-running --name | sort)" = $'fleet-0\nfleet-1' ] || fail "running: $(virsh -q list)"
expect_exit 0 gpuvm deployment delete --force --storage fleet
[ -z "$(ls $pool)" ] || fail "left: $(ls $pool)"
