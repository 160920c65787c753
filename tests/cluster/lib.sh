# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What scenarios are written with: a cluster, what happens to it, and what is expected of it. To be sourced.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vms=$CLUSTER/vms

# fail MESSAGE: ends the scenario
fail()
{
    echo "FAILED: $*" >&2
    exit 1
}

# on NODE COMMAND…
on()
{
    "$here/cluster" on "$@"
}

# nodes: the numbers of those that have power
nodes()
{
    local node
    for ((node = 1; node <= $(cat "$CLUSTER/nodes"); node++)); do
        [ -e "$CLUSTER/node$node.off" ] || echo "$node"
    done
}

# ask COMMAND…: on a node that has power
ask()
{
    on "$(nodes | head -n 1)" "$@"
}

# mon: what Pacemaker says there is
mon()
{
    ask crm_mon -1 -r -D 2>/dev/null
}

# look NODE: what libvirt and the kernel have there; again when libvirtd is not there for a moment
look()
{
    on "$1" "$here/look" 2>/dev/null || { sleep 1 && on "$1" "$here/look"; }
}

# wait_until COMMAND…: until it succeeds; in vain when nothing has changed in the cluster for minutes, or when it goes on changing
wait_until()
{
    local end=$((SECONDS + 240)) limit=$((SECONDS + 1200)) last='' now
    until "$@"; do
        now=$(mon || true)
        [ "$now" = "$last" ] || end=$((SECONDS + 240))
        last=$now
        [ $SECONDS -lt $end ] && [ $SECONDS -lt $limit ] || fail "waited in vain for: $*"$'\n'"$now"$'\n'"$(ask gpuvm cluster status 2>&1)"
        sleep 0.3
    done
}

# step TEXT: what comes next
step()
{
    printf '== %3d s: %s\n' "$SECONDS" "$*"
}

# shows TEXT [COUNT]: of Pacemaker's lines at least so many (1) have it, an extended regular expression
shows()
{
    [ "$(mon | grep -cE -- "$1")" -ge "${2-1}" ]
}

# run_vms COUNT [NODES]: just so many VMs run, on these nodes, such as [13]
run_vms()
{
    [ "$(mon | grep -cE "gpuvm:vm\).*Started node${2-.}\$")" = "$1" ]
}

# once: no VM is on two nodes, no card in two VMs, as all libvirts say
once()
{
    local node all='' twice
    for node in $(nodes); do
        all+=$(look "$node" | sed -n "s/^vm //p" | sed "s/ / node$node-/g")$'\n'
    done
    twice=$(cut -d ' ' -f 1 <<<"$all" | grep . | sort | uniq -d)
    [ -z "$twice" ] || fail "on two nodes: $twice"
    twice=$(tr ' ' '\n' <<<"$all" | grep : | sort | uniq -d)
    [ -z "$twice" ] || fail "in two VMs: $twice"
}

# nothing_left: no definition, and no card that is off its driver without a VM
nothing_left()
{
    local node
    for node in $(nodes); do
        ! look "$node" | grep -E '^(defined|lost) ' || return
    done
}

# settled: the cluster has nothing to do, and everything is as it should be
settled()
{
    ask crm_resource --wait --timeout 600 >/dev/null 2>&1 || true
    once
    wait_until nothing_left
    once
}

# cut NODE: its power is gone, and the others know
cut_power()
{
    "$here/cluster" cut "$1"
    wait_until [ -e "$CLUSTER/node$1.off" ]
    wait_until shows "OFFLINE: \[.* node$1 "
}

# give_power NODE: it is back, and says what it has
give_power()
{
    "$here/cluster" start "$1"
    wait_until shows "Online: \[.* node$1 "
    wait_until shows "Started: \[.* node$1 "
}

# fencing: the cluster has a power switch
fencing()
{
    ask cibadmin -C -o resources -X "
<primitive id='power' class='stonith' type='fence_lab'>
  <instance_attributes id='power-i'>
    <nvpair id='power-cluster' name='cluster' value='$CLUSTER'/>
    <nvpair id='power-hosts' name='pcmk_host_list' value='node1 node2 node3'/>
    <nvpair id='power-check' name='pcmk_host_check' value='static-list'/>
  </instance_attributes>
  <operations><op id='power-mon' name='monitor' interval='60s'/></operations>
</primitive>"
    ask crm_attribute -q -t crm_config -n stonith-enabled -v true
    wait_until shows 'fence_lab\):.*Started'
}

# vm NAME CARDS: a definition
vm()
{
    cat >"$vms/$1.yaml" <<END
name: $1
resources: {cpu_cores: 1, memory_mb: 128}
network: {mode: none}
devices: {gpus: [{id: "10de:2330", count: $2}]}
END
}

# deployment NAME REPLICAS CARDS: a definition
deployment()
{
    cat >"$vms/$1.yaml" <<END
kind: deployment
name: $1
replicas: $2
config:
  resources: {cpu_cores: 1, memory_mb: 128}
  network: {mode: none}
  devices: {gpus: [{id: "10de:2330", count: $3}]}
END
}

# apply: the definitions become resources, which have more time than an idle machine needs; no guest of the lab hears that it is to shut down
apply()
{
    local resource
    ask gpuvm export pacemaker "$vms" >"$CLUSTER/cib.xml" || fail 'gpuvm export pacemaker'
    sed -i 's/ timeout="\([0-9]*\)s"/ timeout="\10s"/' "$CLUSTER/cib.xml"
    ask cibadmin --modify --allow-create --xml-file "$CLUSTER/cib.xml"
    for resource in $(cd "$vms" && basename -s .yaml -- *.yaml); do
        ask crm_resource -Q -r "$resource" -p force -v true >/dev/null
    done
}

# begin: three machines with 8 H100 each are a cluster
begin()
{
    mkdir -p "$vms"
    "$here/cluster" up server-8xh100 3
    wait_until shows 'Online: \[ node1 node2 node3 \]'
}

# capacity NODE: how many cards Pacemaker believes to be there
capacity()
{
    ask crm_attribute -q -N "node$1" -z -n gpu_10de_2330 -G 2>/dev/null
}

is_capacity() # NODE CARDS
{
    [ "$(capacity "$1")" = "$2" ]
}

# daemon NODE COMMAND…: one of the lab's, such as start_libvirtd, on a node
daemon()
{
    local node=$1
    shift
    # shellcheck disable=SC2016 # for the shell on the node
    on "$node" env LAB_CACHE=/run/lab/cache bash -euc '. "$0"; "$@"' "$here/../lab/lib.sh" "$@"
}
