# SPDX-License-Identifier: LGPL-2.1-or-later
# a node loses its network: with fencing no VM runs twice; without, check --cluster had refused
# shellcheck shell=bash

begin
for i in 1 2 3 4 5 6; do vm "vm$i" 2; done
apply
step 'without fencing'
refused=0
out=$(ask gpuvm check --cluster 2>&1) || refused=$?
{ [ $refused != 0 ] && grep -i fenc <<<"$out"; } || fail "check --cluster says $refused: $out"
fencing
step '6 VMs run'
wait_until run_vms 6
settled

# Their guests take their time to shut down.
for i in 1 2 3 4 5 6; do ask crm_resource -Q -r vm$i -p force -v false >/dev/null; done
settled
running() { on "$1" virsh -q list --name 2>/dev/null | grep . | sort || true; }
step "node 3 loses its network; it has $(running 3 | tr '\n' ' ')"
on 3 ip link set eth0 down
fenced_before_twice()
{
    local twice
    twice=$(comm -12 <(running 3) <({ running 1; running 2; } | sort))
    [ -e "$CLUSTER/node3.off" ] && return
    [ -z "$twice" ] || fail "on both sides: $twice"
    return 1
}
wait_until fenced_before_twice
step 'it was fenced'
wait_until run_vms 6 '[12]'
settled
