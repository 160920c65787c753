# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: shared-group
# What the host needs itself is refused at plan, define and start, named or drawn in, and nothing is touched.

# The disk of the root file system, with a swap partition; the number is that of what really is mounted there.
disk=/sys/bus/pci/devices/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda
mkdir -p "$disk/sda1" /sys/class/block /sys/dev/block /sys/class/net
for name in sda sda/sda1; do
    ln -s "$(realpath "$disk/..")/$name" "/sys/class/block/$(basename $name)"
done
echo 1 > "$disk/sda1/partition"
ln -s ../../class/block/sda1 "/sys/dev/block/$(awk '$5 == "/" { print $3; exit }' /proc/1/mountinfo)"
: > /dev/sda1
proc swaps $'Filename\tType\tSize\tUsed\tPriority\n/dev/sda1\tpartition\t1024\t0\t-2'

# The card's group has a NIC; it is under the default route.
nic=/sys/bus/pci/devices/0000:02:00.0
mkdir -p $nic/net/lo
ln -s "$(realpath $nic)/net/lo" /sys/class/net/
ln -s "$(realpath $nic)" $nic/net/lo/device
echo 0x8 > $nic/net/lo/flags

policy 'allowlist: ["*:*"]'
vm disk '{pci_passthrough: ["00:17.0"]}'
vm included '{pci_passthrough: ["01:00.0"], iommu_group: include}'
vm detached '{pci_passthrough: ["01:00.0"], iommu_group: detach}'
expect_exit 0 gpuvm define "$TMPDIR/included.yaml" "$TMPDIR/detached.yaml"
before=$(drivers)

# It was down when they were defined.
echo 0x9 > $nic/net/lo/flags
for name in included detached; do
    expect_exit 5 gpuvm start $name
    expect_text 'device 0000:02:00.0 is in use by the host: it has an interface that is up (lo)'
done

refused() # TEXT COMMAND…
{
    local text=$1
    shift
    expect_exit 4 gpuvm "$@"
    expect_text "$text"
    [ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
}

root='device 0000:00:17.0 is in use by the host: it holds the file system mounted at /'
refused "$root" plan "$TMPDIR/disk.yaml"
expect_text 'it holds swap space (/dev/sda1)' 'sudo swapoff /dev/sda1'
refused "$root" define "$TMPDIR/disk.yaml"
[ -z "$(virsh -q list --all --name | grep disk)" ] || fail 'a refused definition was defined'

ip link set lo up
ip route add default dev lo
for name in included detached; do
    refused 'device 0000:02:00.0 is in use by the host: it carries the default route (interface lo)' start $name
    stopped $name
    refused '0000:02:00.0' plan "$TMPDIR/$name.yaml"
    refused '0000:02:00.0' define "$TMPDIR/$name.yaml"
done

# A policy may give up the network, but never the root file system.
policy $'allowlist: ["*:*"]\nprotect: []'
refused "$root" plan "$TMPDIR/disk.yaml"
expect_no_text 'swap'
expect_exit 0 gpuvm start included
