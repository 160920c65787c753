# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: server-8xh100
# machines for --all: server-mi300x
# Two VMs with CPUs of their own: libvirt takes the pins, and has no CPU of the host for both. One that runs on those of another,
# by somebody else's hand, keeps it from starting.

case $LAB_NAME in
server-8xh100) cards=(1b:00.0 43:00.0) both='1b:00.0", "9d:00.0' ;;
*) cards=(05:00.0 26:00.0) both='05:00.0", "85:00.0' ;;
esac

# dedicated NAME CARDS
dedicated()
{
    vm "$1" "{pci_passthrough: [\"$2\"]}"
    sed -i 's/^resources:.*/resources: {cpu_cores: 8, memory_mb: 512, cpu_pinning: dedicated}/' "$TMPDIR/$1.yaml"
    expect_exit 0 gpuvm define "$TMPDIR/$1.yaml"
}

# pins NAME: the host's CPUs of its own, a line each
pins()
{
    virsh vcpupin "$1" | awk '$1 ~ /^[0-9]+$/ { print $2 }' | sort -n
}

dedicated one "${cards[0]}"
dedicated two "${cards[1]}"
[ "$(pins one | uniq | wc -l) $(pins two | uniq | wc -l)" = '8 8' ] || fail "one: $(pins one); two: $(pins two)"
[ -z "$(comm -12 <(pins one | sort) <(pins two | sort))" ] || fail "one: $(pins one); two: $(pins two)"

# A host file knows of them, too.
vm three "{pci_passthrough: [\"${cards[0]}\"]}"
sed -i 's/^resources:.*/resources: {cpu_cores: 4, memory_mb: 512, cpu_pinning: dedicated}/' "$TMPDIR/three.yaml"
expect_exit 0 gpuvm capture -o "$TMPDIR/host.xml"
expect_exit 0 gpuvm plan --host "$TMPDIR/host.xml" "$TMPDIR/three.yaml"
there=$(grep '^CPUs' <<< "$OUT")
expect_exit 0 gpuvm plan "$TMPDIR/three.yaml"
expect_text "$there"

expect_exit 0 gpuvm start one two
[ -z "$(comm -12 <(pins one | sort) <(pins two | sort))" ] || fail "one: $(pins one); two: $(pins two)"
before=$(pins two)
dedicated two "${cards[1]}"
[ "$(pins two)" = "$before" ] || fail 'to define it again moved it'

expect_exit 0 gpuvm stop --force two
expect_exit 0 virsh vcpupin two 0 "$(pins one | head -n 1)" --config
expect_exit 5 gpuvm start two
expect_text "is in use by domain 'one', which is running"
dedicated two "${cards[1]}"
expect_exit 0 gpuvm start two
expect_exit 0 gpuvm stop --force one two

# Cards of two nodes: so is the guest, and libvirt starts it
dedicated one "$both"
expect_exit 0 virsh dumpxml one
expect_text "<memnode cellid='1' mode='preferred' nodeset='1'/>"
expect_exit 0 gpuvm start one
sed -i 's/dedicated}/shared, numa: strict}/' "$TMPDIR/one.yaml"
expect_exit 0 gpuvm stop --force one
expect_exit 0 gpuvm define "$TMPDIR/one.yaml"
expect_exit 0 gpuvm start one
expect_exit 0 gpuvm stop --force one

# Hugepages that are free
[ "$LAB_NAME" = server-8xh100 ] || exit 0
sed -i 's/numa: strict/hugepages: any, numa: strict/; s/memory_mb: 512/memory_mb: 2048/' "$TMPDIR/one.yaml"
expect_exit 0 gpuvm plan "$TMPDIR/one.yaml"
expect_text 'in hugepages of 1024 MiB'
echo 0 > /sys/devices/system/node/node1/hugepages/hugepages-1048576kB/free_hugepages
sed -i 's/hugepages: any/hugepages: 1G/' "$TMPDIR/one.yaml"
expect_exit 0 gpuvm plan "$TMPDIR/one.yaml"
expect_text '1 hugepages of 1024 MiB are needed, NUMA node 1 has 640, of which 0 are free now'
