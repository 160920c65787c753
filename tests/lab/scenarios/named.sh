# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# What a VM names besides its card is looked for: a warning at plan and define, all errors at once at start, and no driver changed.

mkdir -p /sys/class/net/br0 "$TMPDIR/files"
vm vm '{pci_passthrough: [{address: "01:00.0", rom_file: card.rom}]}' 'kernel: {path: files/vmlinuz}
initramfs: {path: files/initrd}
disks:
- {name: data, source: files/data.raw}
- {name: cd, source: files/cd.iso}'
sed -i 's/^network:.*/network: {mode: bridged, bridge: br1}/; s/rom_file: /&files\//' "$TMPDIR/vm.yaml"
before=$(drivers)

named() # FILE…: as they are named in messages
{
    expect_text "kernel does not exist: $TMPDIR/files/vmlinuz" "initramfs does not exist: $TMPDIR/files/initrd" \
        "disk vda does not exist: $TMPDIR/files/data.raw" "disk sda does not exist: $TMPDIR/files/cd.iso" \
        "ROM of device 0000:01:00.0 does not exist: $TMPDIR/files/card.rom" 'bridge does not exist: br1'
    [ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
}
expect_exit 0 gpuvm plan "$TMPDIR/vm.yaml"
named
expect_text 'vm.yaml:5:16: warning: kernel' 'vm.yaml:8:24: warning: disk vda' 'vm.yaml:3:34: warning: bridge'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
named
expect_exit 5 gpuvm start vm
named
expect_text 'vm: error: kernel' 'vm: warning: the VM is emulated, without KVM' # which the lab has not
stopped vm
expect_exit 5 gpuvm create other --config "$TMPDIR/vm.yaml"
named
expect_exit 1 virsh domstate other

# It comes.
for name in data.raw cd.iso vmlinuz initrd card.rom; do
    truncate -s 1M "$TMPDIR/files/$name"
done
sed -i 's/br1/br0/' "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_no_text 'does not exist'

# The image below an overlay: not the overlay, which define makes.
vm vm '{pci_passthrough: ["01:00.0"]}' 'rootfs: {path: files/base.qcow2, format: qcow2}'
for command in plan define; do
    expect_exit 5 gpuvm $command "$TMPDIR/vm.yaml"
    expect_text "vm.yaml:5:16: error: the rootfs does not exist: $TMPDIR/files/base.qcow2"
    expect_no_text 'does not exist: /var'
done

# A network.
vm vm '{pci_passthrough: ["01:00.0"]}'
sed -i 's/^network:.*/network: {network: lan}/' "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text 'vm.yaml:3:20: warning: network does not exist: lan' 'virsh net-list --all'
expect_exit 5 gpuvm start vm
expect_text 'vm: error: network does not exist: lan'
stopped vm

# What virsh put into the domain: a volume of a pool that is off, of one that is not there, one that is not in its pool.
vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
for name in on off none; do
    mkdir "$TMPDIR/$name"
    truncate -s 1M "$TMPDIR/$name"/{absent,data}.raw
    expect_exit 0 virsh pool-define-as $name dir --target "$TMPDIR/$name"
    expect_exit 0 virsh pool-start $name
done
attach() # TARGET POOL VOLUME
{
    cat > "$TMPDIR/disk.xml" <<-END
	<disk type='volume' device='disk'><driver name='qemu' type='raw'/><source pool='$2' volume='$3'/>
	<target dev='$1' bus='virtio'/></disk>
	END
    expect_exit 0 virsh attach-device --config vm "$TMPDIR/disk.xml"
}
attach vda off data.raw
attach vdb none data.raw
attach vdc on absent.raw
attach vdd on data.raw
expect_exit 0 virsh vol-delete --pool on absent.raw
expect_exit 0 virsh pool-destroy off
expect_exit 0 virsh pool-destroy none
expect_exit 0 virsh pool-undefine none
expect_exit 5 gpuvm start vm
expect_text "disk vda is in storage pool 'off', which is not active" 'virsh pool-start off' \
    'disk vdb does not exist: none/data.raw' 'disk vdc does not exist: on/absent.raw'
expect_no_text vdd
stopped vm

# A disk that another running domain writes to; one that both may write to.
vm vm '{pci_passthrough: ["01:00.0"]}' 'disks: [{name: data, source: files/data.raw}]'
vm second '{}' 'disks: [{name: data, source: files/data.raw}]'
expect_exit 0 gpuvm define --start "$TMPDIR/second.yaml"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text "vm.yaml:5:30: note: disk vda is also that of domain 'second', which is running: the two cannot run together"
expect_exit 5 gpuvm start vm
expect_text "disk vda is in use by domain 'second', which is running: $TMPDIR/files/data.raw" 'virsh shutdown second'
stopped vm
[ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
expect_exit 0 gpuvm restart --force second
expect_exit 0 gpuvm stop --force second
expect_exit 0 gpuvm start vm
