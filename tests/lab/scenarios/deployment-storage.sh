# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# Each replica has an overlay, a seed, a host name and a MAC address of its own; they outlast scaling down, and go with delete
# --storage. What is recorded of the definition has no secrets in it.

pool=/var/lib/libvirt/images/gpuvm
qemu-img create -q -f qcow2 "$TMPDIR/base.qcow2" 8M
echo '#cloud-config' > "$TMPDIR/user-data"

fleet() # PASSWORD [NETWORK]
{
    cat > "$TMPDIR/fleet.yaml" <<-END
	kind: deployment
	name: fleet
	replicas: 3
	config:
	  resources: {cpu_cores: 1, memory_mb: 64}
	  network: ${2-nat}
	  rootfs: {path: base.qcow2}
	  cloud_init: {user_data: {path: user-data}}
	  workload: {entrypoint: [/bin/true], env: {PASSWORD: $1}}
	END
}

# differ COMMAND…: it says something else of each replica
differ()
{
    local number
    [ "$(for number in 0 1 2; do "$@" fleet-$number; done | sort -u | wc -l)" = 3 ] || fail "the same of several: $*"
}

overlay() # NAME
{
    virsh domblklist "$1" | awk '/vda/ { print $2 }'
}

seed()
{
    virsh domblklist "$1" | awk '/sda/ { print $2 }'
}

mac()
{
    virsh domiflist "$1" | awk '/network/ { print $5 }'
}

cd "$TMPDIR" # relative paths start from the definition, wherever gpuvm is
fleet geheim
expect_exit 0 gpuvm deployment create fleet --config fleet.yaml --no-start
expect_text 'fleet-2: created'
stopped fleet-0 fleet-1 fleet-2
differ overlay
differ seed
differ mac
for number in 0 1 2; do
    [ "$(overlay fleet-$number)" = $pool/fleet-$number.rootfs.qcow2 ] || fail "another overlay: $(overlay fleet-$number)"
    qemu-img info --output=json "$(overlay fleet-$number)" | grep -q "\"full-backing-filename\": \"$TMPDIR/base.qcow2\"" ||
        fail "another image below fleet-$number"
    grep -aq "local-hostname: \"fleet-$number\"" "$(seed fleet-$number)" || fail "fleet-$number is called otherwise"
    virsh dumpxml fleet-$number | grep -q geheim && fail 'a secret is recorded'
done
macs=$(mac fleet-0)
expect_exit 0 gpuvm deployment create fleet --config fleet.yaml --no-start
expect_text 'fleet-0: unchanged' 'fleet-1: unchanged' 'fleet-2: unchanged'
[ "$(mac fleet-0)" = "$macs" ] || fail 'another MAC address'
expect_exit 0 gpuvm define fleet.yaml
expect_text 'fleet-0: unchanged' 'fleet-2: unchanged'

# Disks outlast scaling down; without the secrets there is no scaling up.
echo 'written by the guest' > mark
qemu-io -c 'write -q -s mark 0 512' "$(overlay fleet-2)"
before=$(sha256sum < "$(overlay fleet-2)")
expect_exit 0 gpuvm deployment scale fleet=1 --no-start
expect_text 'fleet-2: removed' 'fleet-1: removed' 'its volumes stay'
(cd / && expect_exit 1 gpuvm deployment scale fleet=3 --no-start &&
    expect_text "the secrets of deployment 'fleet' are not recorded, and fleet.yaml is not what it was defined from")
fleet changed
expect_exit 1 gpuvm deployment scale fleet=3 --no-start
expect_text 'the secrets of deployment' 'gpuvm deployment create fleet --config FILE'
[ "$(virsh -q list --all --name)" = fleet-0 ] || fail "left: $(virsh -q list --all)"
fleet geheim
expect_exit 0 gpuvm deployment scale fleet=3 --no-start
expect_text 'fleet-0: unchanged' 'fleet-2: created'
[ "$(sha256sum < "$(overlay fleet-2)")" = "$before" ] || fail 'another disk'

# Another secret is another definition.
expect_exit 5 gpuvm deployment create fleet --config fleet.yaml
[ "$(grep -c 'network does not exist: default' <<< "$OUT")" = 1 ] || fail "one error for all: $OUT"
[ "$(grep -c 'warning: the VM is emulated' <<< "$OUT")" = 1 ] || fail "one warning for all: $OUT"
fleet geheim none
expect_exit 0 gpuvm deployment create fleet --config fleet.yaml
was=$(seed fleet-0)
fleet changed none
expect_exit 0 gpuvm deployment create fleet --config fleet.yaml --force --max-unavailable 3
expect_text 'fleet-0: stopped' 'fleet-2: updated' 'fleet-2: started'
[ "$(seed fleet-0)" != "$was" ] || fail 'the old seed'
[ ! -e "$was" ] || fail 'the old seed is left'

# One that cannot start: none is restarted.
ids=$(for number in 0 1 2; do virsh -q domid fleet-$number; done)
for state in running 'shut off'; do
    [ "$state" = running ] || expect_exit 0 gpuvm stop --force fleet-2
    mv $pool/fleet-2.rootfs.qcow2 "$TMPDIR"
    expect_exit 5 gpuvm deployment restart --force fleet
    expect_text 'fleet-2: error: ' fleet-2.rootfs.qcow2 'fleet: nothing was changed'
    mv "$TMPDIR/fleet-2.rootfs.qcow2" $pool
    [ "$(virsh -q domstate fleet-2)" = "$state" ] || fail 'fleet-2 was restarted'
    [ "$(for number in 0 1; do virsh -q domid fleet-$number; done)" = "$(head -n 2 <<< "$ids")" ] || fail 'something was restarted'
done
expect_exit 6 gpuvm deployment restart --timeout 1 fleet
expect_text 'fleet-0: asked to shut down' 'fleet: not finished; repeating the command begins with the first VM again'

expect_exit 0 gpuvm deployment delete --force fleet
expect_text 'fleet-0: removed' 'its volumes stay'
volume=$(basename $pool/fleet-1.seed-*)
expect_text "and: virsh vol-delete --pool gpuvm $volume" 'to remove them: virsh vol-delete --pool gpuvm fleet-1.rootfs.qcow2'
expect_exit 0 virsh vol-delete --pool gpuvm "$volume"
ls $pool/fleet-{0,1,2}.rootfs.qcow2 > /dev/null
expect_exit 0 gpuvm deployment create fleet --config fleet.yaml
[ "$(sha256sum < "$(overlay fleet-2)")" = "$before" ] || fail 'another disk'
expect_exit 0 gpuvm deployment delete --force --storage fleet
[ -z "$(ls $pool)" ] || fail "left: $(ls $pool)"
[ -z "$(ls /var/lib/libvirt/qemu/nvram)" ] || fail "left: $(ls /var/lib/libvirt/qemu/nvram)"
