# SPDX-License-Identifier: LGPL-2.1-or-later
# a deployment: scaled up to what there is and beyond, rolled over, and down
# shellcheck shell=bash

begin
fencing
deployment inference 8 2
apply
step '8 replicas run'
wait_until run_vms 8
settled

step '12 replicas, which is all there is'
ask gpuvm deployment scale inference=12 --cluster
wait_until run_vms 12
settled

step '14 replicas: 2 wait, and it is said why'
ask gpuvm deployment scale inference=14 --cluster
wait_until shows 'inference:.*Stopped' 2
settled
status=$(ask gpuvm cluster status)
echo "$status"
[ "$(grep -c 'gpu_10de_2330' <<<"$status")" -gt 0 ] || fail 'it is not said what is missing'

step 'node 3 loses its power'
cut_power 3
wait_until run_vms 8 '[12]'
settled
step 'node 3 comes back'
give_power 3
wait_until run_vms 12
settled

step '4 replicas'
ask gpuvm deployment scale inference=4 --cluster
wait_until run_vms 4
settled
left=$(for node in 1 2 3; do look $node; done | grep -cE '^(vm|defined) ')
[ "$left" = 4 ] || fail "$left domains are left"

step 'a new definition, one replica after the other'
sed -i 's/memory_mb: 128/memory_mb: 192/' "$vms/inference.yaml"
most() # the fewest that ran meanwhile
{
    local fewest=4 now
    while [ -e "$CLUSTER/rolling" ]; do
        now=$(for node in $(nodes); do look "$node"; done | grep -c '^vm ') || true
        [ "$now" -ge "$fewest" ] || fewest=$now
    done
    echo "$fewest"
}
: >"$CLUSTER/rolling"
most >"$CLUSTER/fewest" &
ask gpuvm deployment restart inference --cluster
rm "$CLUSTER/rolling"
wait $!
wait_until run_vms 4
settled
[ "$(cat "$CLUSTER/fewest")" -ge 3 ] || fail "only $(cat "$CLUSTER/fewest") ran meanwhile"
for node in 1 2 3; do
    for name in $(look $node | sed -n 's/^vm \([^ ]*\).*/\1/p'); do
        on $node virsh -q dominfo "$name" | grep -q 'Max memory: *196608 KiB' || fail "$name is as before"
    done
done
