# SPDX-License-Identifier: LGPL-2.1-or-later
# 50 random faults in a row; $CLUSTER_FAULTS, $CLUSTER_SEED say how many others
# shellcheck shell=bash

RANDOM=${CLUSTER_SEED:-1}
begin
fencing
for i in 1 2 3 4; do vm "one$i" 1; done
for i in 1 2; do vm "two$i" 2; done
vm four1 4
deployment many 4 1
apply
wait_until run_vms 11
settled

random_node() { nodes | sed -n "$((RANDOM % $(nodes | wc -l) + 1))p"; }

# some_vm NODE: one that runs there
some_vm()
{
    local all
    all=$(look "$1" | sed -n 's/^vm \([^ ]*\).*/\1/p')
    sed -n "$((RANDOM % ($(wc -l <<<"$all")) + 1))p" <<<"$all"
}

kill_qemu()
{
    local vm
    vm=$(some_vm "$1")
    [ -z "$vm" ] || on "$1" sh -c "kill -KILL \$(cat /run/libvirt/qemu/$vm.pid)"
}

destroy()
{
    local vm
    vm=$(some_vm "$1")
    [ -z "$vm" ] || on "$1" virsh -q destroy "$vm"
}

kill_libvirtd()
{
    daemon "$1" stop_libvirtd KILL
    daemon "$1" start_libvirtd
}

pause_libvirtd()
{
    on "$1" sh -c 'pid=$(cat /run/libvirt/libvirtd.pid); kill -STOP $pid; sleep 3; kill -CONT $pid'
}

deny()
{
    on "$1" sh -c 'mkdir -p /etc/gpuvm; card=$(gpuvm -o json devices | jq -r "[.devices[].address][$0]")
        printf "kind: policy\ndenylist: [{address: \"%s\"}]\n" "$card" > /etc/gpuvm/policy.yaml' $((RANDOM % 8))
}

allow()
{
    on "$1" rm -f /etc/gpuvm/policy.yaml
}

standby()
{
    ask crm_attribute -q -N "node$1" -n standby -v on
    wait_until shows "node$1.*standby"
    ask crm_resource --wait --timeout 600 >/dev/null 2>&1 || true
    once
    ask crm_attribute -q -N "node$1" -n standby -D
}

move()
{
    ask crm_resource -r four1 --move --node "node$1" 2>/dev/null || true
    ask crm_resource --wait --timeout 600 >/dev/null 2>&1 || true
    ask crm_resource -r four1 --clear
}

power_cut()
{
    cut_power "$1"
    give_power "$1"
}

unplug()
{
    on "$1" ip link set eth0 down
    wait_until [ -e "$CLUSTER/node$1.off" ]
    give_power "$1"
}

faults=(kill_qemu kill_qemu kill_qemu destroy destroy kill_libvirtd kill_libvirtd pause_libvirtd deny allow standby move power_cut unplug)
for ((n = 1; n <= ${CLUSTER_FAULTS:-50}; n++)); do
    fault=${faults[RANDOM % ${#faults[@]}]} node=$(random_node)
    step "$n: $fault on node $node"
    $fault "$node"
    settled
    wait_until run_vms 11
done
