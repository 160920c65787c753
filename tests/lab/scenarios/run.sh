# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: server-8xh100
# run: a transient domain with cards that are chosen there and then; whatever ends it, nothing of it stays.

pool=/var/lib/libvirt/images/gpuvm nvram=/var/lib/libvirt/qemu/nvram
before=$(drivers)

# is_nothing: there is no domain, no volume but images and kept ones, no UEFI variables, and every card is on its driver
is_nothing()
{
    left=$(virsh -q list --all --name | tr -d '\n'
        find $pool $nvram -type f ! -name 'sha256-*' ! -name 'kept.*' 2> /dev/null
        diff <(echo "$before") <(drivers))
    [ -z "$left" ]
}

nothing() # WHAT
{
    is_nothing || fail "$1 left: $left"
}

# cards NAME…: the addresses of the domains' hostdevs, a line each
cards()
{
    local name
    for name; do
        virsh dumpxml "$name" | /usr/bin/python3 -c '
import sys, xml.etree.ElementTree as tree
for a in tree.parse(sys.stdin).iterfind("devices/hostdev/source/address"):
    print("%04x:%02x:%02x.%x" % tuple(int(a.get(n), 16) for n in ("domain", "bus", "slot", "function")))'
    done
}

offered() # NUMBER
{
    run gpuvm capacity -o pacemaker
    [[ $'\n'$OUT == *$'\n'"gpu_10de_2330 $1"$'\n'* ]] || fail "not $1 are offered: $OUT"
}

qemu-img create -q -f qcow2 "$TMPDIR/root.qcow2" 16M
chmod a+rx "$TMPDIR"
sum=$(sha256sum < "$TMPDIR/root.qcow2" | cut -d ' ' -f 1)
disks="firmware: efi
rootfs: {path: $TMPDIR/root.qcow2, checksum: 'sha256:$sum'}
cloud_init: {user_data: '#cloud-config'}
disks: [{name: data, size_gb: 1}, {name: more, size_gb: 1, format: raw}]"
vm vm '{gpus: [{count: 2}]}' "$disks"
vm other '{gpus: [{count: 1}]}'

echo '--- run, look at it, stop'
expect_exit 0 gpuvm run "$TMPDIR/vm.yaml"
expect_text 'vm: started'
[ "$(virsh -q list --transient --name | tr -d '\n')" = vm ] || fail 'it is not transient'
[ "$(cards vm | wc -l)" = 2 ] || fail "it has $(cards vm)"
mapfile -t had < <(cards vm)
expect_driver vfio-pci "${had[@]}"
for volume in run-rootfs.qcow2 run-disk-data.qcow2 run-disk-more.raw; do
    [ -e "$pool/vm.$volume" ] || fail "there is no $volume: $(ls "$pool")"
done
[ -e $nvram/vm_VARS.fd ] || fail 'it has no UEFI variables'
offered 8
expect_exit 0 gpuvm -o json list
expect_json 'j["vms"][0]["persistent"], j["vms"][0]["state"]' 'False running'
expect_exit 0 gpuvm show vm
expect_exit 0 gpuvm health vm
expect_text 'none'
expect_exit 0 gpuvm logs vm
expect_exit 0 gpuvm status vm
expect_exit 0 gpuvm export vm
expect_exit 0 gpuvm diff "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm run "$TMPDIR/vm.yaml"
expect_text 'vm: already running'
sed 's/memory_mb: 256/memory_mb: 320/' "$TMPDIR/vm.yaml" > "$TMPDIR/another.yaml"
expect_exit 1 gpuvm run "$TMPDIR/another.yaml"
expect_text "domain 'vm' runs with another definition" 'gpuvm stop vm'
expect_exit 1 gpuvm define "$TMPDIR/vm.yaml"
expect_text "runs without a definition" 'gpuvm stop vm'
expect_exit 1 gpuvm restart vm
expect_text 'has no definition to start it again with'
expect_exit 0 gpuvm stop --force vm
expect_text 'vm: stopped'
nothing stop
expect_exit 11 gpuvm status vm

echo '--- names and replicas'
expect_exit 0 gpuvm run --name one --replica 3 "$TMPDIR/other.yaml"
expect_text 'one-3: started'
expect_exit 0 gpuvm stop --force one-3
cat > "$TMPDIR/fleet.yaml" <<-END
	kind: deployment
	name: fleet
	replicas: 2
	config: {resources: {cpu_cores: 1, memory_mb: 256}, network: {mode: none}, devices: {gpus: [{count: 1}]}}
	END
expect_exit 2 gpuvm run "$TMPDIR/fleet.yaml"
expect_text 'is a deployment' '--replica 0'
for replica in 0 5; do
    expect_exit 0 gpuvm run --replica $replica "$TMPDIR/fleet.yaml"
    expect_text "fleet-$replica: started"
done
expect_exit 0 gpuvm deployment list
for command in delete restart 'scale --replicas 1'; do
    # shellcheck disable=SC2086
    expect_exit 1 gpuvm deployment $command fleet
done
[ "$(virsh -q list --name | wc -w)" = 2 ] || fail "a deployment's command touched what gpuvm run started"
expect_exit 0 gpuvm stop --all --force
nothing 'stop of two'

echo '--- a guest that goes off by itself leaves what the next run removes'
expect_exit 0 gpuvm run "$TMPDIR/vm.yaml"
printf 'of the guest' | dd of=$pool/vm.run-disk-more.raw conv=notrunc status=none
virsh -q destroy vm
[ -e $pool/vm.run-disk-more.raw ] || fail 'nothing is left to be removed'
expect_exit 0 gpuvm run "$TMPDIR/another.yaml"
! grep -q 'of the guest' $pool/vm.run-disk-more.raw || fail 'it has the disk of the one before'
expect_exit 0 gpuvm stop --force vm
nothing 'stop after a guest went off by itself'

echo '--- the disks of a VM that is defined are not touched'
vm kept '{}' 'disks: [{name: data, size_gb: 1}]'
expect_exit 0 gpuvm define "$TMPDIR/kept.yaml"
expect_exit 1 gpuvm run "$TMPDIR/kept.yaml"
expect_text "domain 'kept' is defined here" 'gpuvm undefine kept'
expect_exit 0 gpuvm undefine kept
kept=$(stat -c %i $pool/kept.disk-data.qcow2)
expect_exit 0 gpuvm run "$TMPDIR/kept.yaml"
expect_exit 0 gpuvm stop --force kept
[ "$(stat -c %i $pool/kept.disk-data.qcow2)" = "$kept" ] || fail 'its disk is another one'
nothing 'run of a VM that was defined'
virsh -q define <(domain foreign)
expect_exit 4 gpuvm run --name foreign "$TMPDIR/other.yaml"
expect_text "domain 'foreign' was not defined by gpuvm"
virsh -q undefine foreign

echo '--- a definition that a power cut left keeps no cards, and is replaced'
vm all '{gpus: [{count: 8}]}'
expect_exit 0 gpuvm run "$TMPDIR/all.yaml"
virsh dumpxml --inactive all | sed '/<firmware>/,/<.firmware>/d' > "$TMPDIR/all.xml"
expect_exit 0 gpuvm stop --force all
virsh -q define "$TMPDIR/all.xml"
offered 8
expect_exit 0 gpuvm run "$TMPDIR/other.yaml"
expect_exit 5 gpuvm run "$TMPDIR/all.yaml"
expect_exit 0 gpuvm stop --force other
expect_exit 0 gpuvm run "$TMPDIR/all.yaml"
[ "$(virsh -q list --transient --name | tr -d '\n')" = all ] || fail 'it is not transient'

echo '--- what fails leaves nothing'
expect_exit 5 gpuvm run "$TMPDIR/vm.yaml"
[ "$(virsh -q list --all --name | tr -d '\n')" = all ] || fail 'a domain is left'
expect_exit 0 gpuvm stop --force all
nothing 'a run without room'
echo 'qemu-system-x86_64: cannot set up guest memory' > "$LAB/emulator-fails"
run gpuvm run "$TMPDIR/vm.yaml"
[ "$STATUS" != 0 ] || fail 'it ran'
nothing 'an emulator that fails'
rm "$LAB/emulator-fails"
policy 'denylist: [{id: "10de:2330"}]'
offered 0
expect_exit 5 gpuvm run "$TMPDIR/vm.yaml"
nothing 'a policy that denies'
rm /etc/gpuvm/policy.yaml
offered 8

echo '--- not healthy: stopped'
sick='workload: {base_url: "http://127.0.0.1:9"}
health_check: {from: guest, endpoint: /, timeout_ms: 1000}'
vm sick '{gpus: [{count: 1}]}' "$sick"
expect_exit 6 gpuvm run --wait "$TMPDIR/sick.yaml"
expect_text 'not healthy after 1 s'
expect_no_text 'goes on running'
nothing 'one that is not healthy'

echo '--- two at once'
hold DomainCreateXML run "$TMPDIR/vm.yaml"
waiting 'at work on VM' run "$TMPDIR/vm.yaml"
let_go 0
waited 0
expect_text 'vm: already running'
expect_exit 0 gpuvm stop --force vm
pids=()
for number in 0 1 2 3 4 5 6 7; do
    gpuvm run --replica $number "$TMPDIR/other.yaml" > "$TMPDIR/out.$number" 2>&1 &
    pids+=($!)
done
for number in 0 1 2 3 4 5 6 7; do
    wait "${pids[number]}" || fail "$number: $(cat "$TMPDIR/out.$number")"
done
[ "$(cards other-{0..7} | sort | uniq -d)" = '' ] || fail "given twice: $(cards other-{0..7})"
expect_exit 0 gpuvm stop --all --force
nothing 'eight at once'

echo '--- interrupted'
for signal in TERM HUP; do # a job of a shell has SIGINT ignored
    hold DomainCreateXML run "$TMPDIR/vm.yaml"
    kill -$signal $HELD
    let_go 1
    grep -q interrupted "$TMPDIR/held" || fail "$(cat "$TMPDIR/held")"
    nothing "SIG$signal"
done
hold StorageVolCreateXML run "$TMPDIR/vm.yaml"
kill -TERM $HELD
let_go 1
nothing 'SIGTERM before the start'
for delay in 0 0.1 0.2 0.3 0.4 0.6 0.8; do
    setsid env --default-signal=INT "$GPUVM" run "$TMPDIR/vm.yaml" > "$TMPDIR/out" 2>&1 &
    sleep $delay
    kill -INT $! 2> /dev/null || true
    wait $! || true
    [ -z "$(virsh -q list --name)" ] || expect_exit 0 gpuvm stop --force vm
    nothing "SIGINT after $delay s"
done

echo '--- a hook refuses'
mkdir -p /etc/libvirt/hooks
printf '#!/bin/sh\n[ "$2" != prepare ] || { echo no >&2; exit 1; }\n' > /etc/libvirt/hooks/qemu
chmod +x /etc/libvirt/hooks/qemu
stop_libvirtd
start_libvirtd
expect_exit 1 gpuvm run "$TMPDIR/vm.yaml"
expect_text 'Hook script execution failed'
nothing 'a hook that refuses'
