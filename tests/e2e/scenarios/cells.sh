# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: cells
# when: all
# A guest with a device in each of the host's NUMA cells has its CPUs, memory and devices where the host has them; one in one cell, its
# hugepages; and gpuvm verify says from inside what is as planned and what is not.

cards=(0000:41:00.0 0000:81:00.0)

# guest NAME CPUS MEMORY ARGUMENT SETTING… -- [CARD]: with these of resources, and that argument of the kernel's
guest()
{
    local name=$1 cpus=$2 memory=$3 argument=$4 settings=()
    shift 4

    while [ "$1" != -- ]; do
        settings+=("$1")
        shift
    done
    shift
    cat >"$name.yaml" <<-YAML
	name: $name
	firmware: bios
	kernel: {path: /e2e/vmlinux}
	initramfs: {path: /e2e/app.img}
	kernel_cmdline: console=ttyS0 quiet mitigations=off nokaslr no_timer_check panic=-1 $argument
	resources: {cpu_cores: $cpus, memory_mb: $memory$(printf ', %s' "${settings[@]}")}
	network: {mode: none}
	devices: {pci_passthrough: [$*]}
	YAML
}

# allowed NAME COMM: the CPUs that the thread of that name of NAME's emulator may run on
allowed()
{
    local task
    for task in /proc/"$(<"/run/libvirt/qemu/$1.pid")"/task/*; do
        [ "$(<"$task/comm")" != "$2" ] || sed -n 's/^Cpus_allowed_list:\t//p' "$task/status"
    done
}

# memory NAME CELL: whether memory of NAME's is bound to the host's cell, and is there
memory()
{
    result "$1: memory of cell $2" "$(grep -E "(bind|prefer[^:]*):$2 .* N$2=" "/proc/$(<"/run/libvirt/qemu/$1.pid")/numa_maps" |
        grep -q . || echo 'none')"
}

policy <<'YAML'
kind: policy
allowlist: ["1234:11e8"]
YAML

# --- both cells, with a guest that has one of them idle: emulated, KVM does not do well with two that work
vm both "${cards[@]}"
sed -i 's/cpu_cores: 1/cpu_cores: 2/; s/^  memory_mb:.*/&\n  numa: split\n  cpu_pinning: dedicated/' both.yaml
check 'both: define and start' gpuvm define --start both.yaml
pins=$(virsh -q vcpupin both)
same 'each CPU is one of its cell, which has two' $'0 0\n1 1' "$(awk '{ print $1, int($2 / 2) }' <<<"$pins")"
for cpu in 0 1; do
    same "the thread of CPU $cpu keeps to it" "$(awk "\$1 == $cpu { print \$2 }" <<<"$pins")" "$(allowed both "CPU $cpu/KVM")"
done
same 'the guest sees each device where it was planned, on a bus of its cell' "$(plan_of both | cut -d' ' -f2)" \
    "$(report both | sed -n 's/ 1234:11e8 .*//p')"
memory both 0
memory both 1

# --- who has a CPU to itself does not share it
guest third 3 128 '' 'cpu_pinning: dedicated' --
refused 'three CPUs to itself, where two are left' 5 'CPU' gpuvm define third.yaml
check 'both: stop' gpuvm stop --force both
check 'undefine' gpuvm undefine both

# --- one cell, and its hugepages
pages=/sys/devices/system/node/node1/hugepages/hugepages-2048kB
guest one 1 128 unused 'hugepages: 2M' 'numa: strict' -- "${cards[1]}"
refused 'hugepages that are not there' 5 'hugepages' gpuvm define one.yaml
echo 100 >$pages/nr_hugepages
check 'one: define and start' gpuvm define --start one.yaml
same 'one: comes up' 'not tried' "$(report one)"
same 'its 64 hugepages are taken from its cell' 36 "$(<$pages/free_hugepages)"
check 'verify' gpuvm verify one
check 'one: stop' gpuvm stop --force one
same 'and given back' 100 "$(<$pages/free_hugepages)"
echo 0 >$pages/nr_hugepages
check 'undefine' gpuvm undefine one

# --- what is not as planned
for argument in nodriver hide; do
    guest $argument 1 128 $argument -- "${cards[0]}"
    check "$argument: define and start" gpuvm define --start $argument.yaml
    same "$argument: comes up" 'not tried' "$(report $argument)"
    refused "$argument: verify" 6 "${cards[0]}" gpuvm verify $argument
    check "$argument: stop" gpuvm stop --force $argument
    check 'undefine' gpuvm undefine $argument
done
