# SPDX-License-Identifier: LGPL-2.1-or-later
# VMs of 1, 2 and 4 cards: placed, restarted, moved; libvirtd may be gone meanwhile
# shellcheck shell=bash

begin
fencing
for i in 1 2 3 4; do vm "one$i" 1; done
for i in 1 2 3; do vm "two$i" 2; done
vm four1 4
apply

step 'every node says what it has'
for node in 1 2 3; do wait_until is_capacity $node 8; done
step '8 VMs run'
wait_until run_vms 8
settled
wait_until ask gpuvm check --cluster

step 'QEMU is killed'
node=$(mon | sed -n 's/.*two1.*Started node//p')
pid=$(on "$node" cat /run/libvirt/qemu/two1.pid)
on "$node" kill -KILL "$pid"
restarted() { [ "$(on "$1" cat /run/libvirt/qemu/two1.pid 2>/dev/null || echo "$pid")" != "$pid" ]; }
anew() { node=$(mon | sed -n 's/.*two1.*Started node//p') && [ -n "$node" ] && restarted "$node"; }
wait_until anew
wait_until run_vms 8
settled

step 'libvirtd is killed on node 1: its VMs go on'
pids() { on 1 sh -c 'cat /run/libvirt/qemu/[!d]*.pid'; } # not driver.pid, which is libvirtd's own
before=$(pids)
daemon 1 stop_libvirtd KILL
failures() { ask crm_mon -1 -r -f 2>/dev/null | grep -cE 'fail-count' || true; }
count=$(failures)
sleep 25 # two monitors of each VM
run_vms 8 || fail 'a VM was taken for dead'
[ "$(failures)" = "$count" ] || fail 'something was taken for a failure'
daemon 1 start_libvirtd
settled
[ "$(pids)" = "$before" ] || fail 'a VM was started anew'

step 'libvirtd is stopped on node 1, and goes on'
on 1 sh -c 'kill -STOP $(cat /run/libvirt/libvirtd.pid)'
sleep 25
on 1 sh -c 'kill -CONT $(cat /run/libvirt/libvirtd.pid)'
settled
run_vms 8 || fail 'a VM was taken for dead'
[ "$(pids)" = "$before" ] || fail 'a VM was started anew'

step 'a card is denied on node 1: its capacity falls'
free=$(on 1 gpuvm -o json devices | jq -r '[.devices[] | select(.passable and .device_id == "2330")][0].address')
on 1 sh -c "mkdir -p /etc/gpuvm && printf 'kind: policy\ndenylist: [{address: \"%s\"}]\n' $free > /etc/gpuvm/policy.yaml"
wait_until is_capacity 1 7
on 1 rm /etc/gpuvm/policy.yaml
wait_until is_capacity 1 8

step 'node 2 loses its power'
cut_power 2
wait_until run_vms 8 '[13]'
settled

step 'node 2 comes back'
give_power 2
settled
run_vms 8 || fail 'a VM is gone'
