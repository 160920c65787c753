# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: server-mi300x
# CPUs of a VM's own share an L3 cache where one has room for them all, though others are nearer by number.

# dedicated NAME CPUS CARD
dedicated()
{
    vm "$1" "{pci_passthrough: [\"$3\"]}"
    sed -i "s/^resources:.*/resources: {cpu_cores: $2, memory_mb: 512, cpu_pinning: dedicated}/" "$TMPDIR/$1.yaml"
    expect_exit 0 gpuvm define "$TMPDIR/$1.yaml"
}

# caches NAME: those that its CPUs have, each once
caches()
{
    local cpu
    virsh vcpupin "$1" | awk '$1 ~ /^[0-9]+$/ { print $2 }' | while read -r cpu; do
        cat "/sys/devices/system/cpu/cpu$cpu/cache/index3/shared_cpu_list"
    done | sort -u
}

dedicated one 12 05:00.0 # six cores of eight
dedicated two 8 26:00.0
dedicated large 20 26:00.0
[ "$(caches one | wc -l) $(caches two | wc -l) $(caches large | wc -l)" = '1 1 2' ] ||
    fail "one: $(caches one); two: $(caches two); large: $(caches large)"
[ "$(caches one)" != "$(caches two)" ] || fail "one and two have $(caches one)"
