# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: sriov
# What a domain names besides devices, the hook judges as start does: disks that the host or another domain uses, by whatever name,
# what images name, networks that give out functions. For virsh and with the host; of domains that are not gpuvm's, the disks.

place_hook
expect_exit 0 gpuvm hook install
stop_libvirtd
start_libvirtd

image=$TMPDIR/data.raw
mkdir "$TMPDIR"/{mine,mounted}
truncate -s 1M "$image" "$TMPDIR/free.raw" "$TMPDIR/secret" "$TMPDIR/mine/base.raw"
ln -s data.raw "$TMPDIR/link.raw"
qemu-img create -q -f qcow2 -b base.raw -F raw "$TMPDIR/mine/chain.qcow2"
virsh -q pool-define-as store dir --target "$TMPDIR"
virsh -q pool-start store
vm disk '{}' "disks: [$image]"
vm linked '{}' "disks: [$TMPDIR/link.raw]"
vm free '{}' "disks: [$TMPDIR/free.raw]"
vm chain '{}' "disks: [$TMPDIR/mine/chain.qcow2]"
vm volume '{}' "disks: [$image]"
vm net '{pci_passthrough: ["b1:00.0"]}'
for name in disk linked free chain volume net; do
    expect_exit 0 gpuvm define "$TMPDIR/$name.yaml"
done

# edit NAME SED: changes the domain's XML, as virsh edit does
edit()
{
    virsh dumpxml --inactive "$1" | sed "$2" > "$TMPDIR/edited.xml"
    expect_exit 0 virsh define "$TMPDIR/edited.xml"
}

# both TEXT NAME: neither virsh nor gpuvm starts it, and both say why
both()
{
    hook_refused "$1" virsh start "$2"
    run gpuvm start "$2"
    [ "$STATUS" != 0 ] || fail "it started: $OUT"
    expect_text "$1"
    expect_no_text 'Hook script'
}

edit volume "s|<disk type='file'|<disk type='volume'|; s|<source file='[^']*'/>|<source pool='store' volume='data.raw'/>|"
for name in linked chain volume net disk; do
    expect_exit 0 virsh start $name
    [ $name = disk ] || virsh -q destroy $name
done
expect_exit 1 virsh start linked
expect_text "disk vda is in use by domain 'disk', which is running: $TMPDIR/link.raw"
expect_exit 1 virsh start volume
expect_text "disk vda is in use by domain 'disk', which is running: store/data.raw"
expect_exit 0 virsh start free
virsh -q destroy free
virsh -q destroy disk

# What is mounted is, to the kernel, a file system by its number, and the loop device that shows the image.
mount -t tmpfs lab "$TMPDIR/mounted"
loop=/sys/devices/virtual/block/loop7
mkdir -p $loop/loop /sys/class/block /sys/dev/block
ln -s $loop /sys/class/block/loop7
echo "$image" > $loop/loop/backing_file
echo 0 > $loop/ro
ln -s ../../class/block/loop7 "/sys/dev/block/$(mountpoint -d "$TMPDIR/mounted")"
mounted="holds the file system mounted at $TMPDIR/mounted"
both "disk vda is in use by the host: $image $mounted" disk
expect_text "sudo umount $TMPDIR/mounted"
both "disk vda is in use by the host: $TMPDIR/link.raw $mounted" linked
both "disk vda is in use by the host: store/data.raw $mounted" volume
vm block '{}' 'disks: [/dev/data]'
expect_exit 0 gpuvm define "$TMPDIR/block.yaml"
both 'disk vda does not exist: /dev/data' block
policy 'block_devices: [/dev/vg0/*]'
both 'disk vda is a block device that /etc/gpuvm/policy.yaml does not allow: /dev/data' block
rm /etc/gpuvm/policy.yaml
IFS=: read -r major minor < <(mountpoint -d "$TMPDIR/mounted")
if mknod /dev/data b "$major" "$minor" 2> /dev/null; then # not in a user namespace
    both "disk vda is in use by the host: /dev/data $mounted" block
fi

# An image that was made to show its guest what is elsewhere.
qemu-img create -q -f qcow2 -b "$TMPDIR/secret" -F raw "$TMPDIR/mine/chain.qcow2"
both "the backing file of disk vda is outside the directory of $TMPDIR/mine/chain.qcow2: $TMPDIR/secret" chain

# A network that gives out functions; an emulator that is not the distribution's.
cat > "$TMPDIR/net.xml" <<-END
	<network><name>vfs</name><forward mode='hostdev' managed='yes'>
	<address type='pci' domain='0x0000' bus='0x17' slot='0x02' function='0x0'/></forward></network>
END
virsh -q net-define "$TMPDIR/net.xml"
virsh -q net-start vfs
virsh dumpxml --inactive net > "$TMPDIR/as-it-was.xml"
edit net "s|</devices>|<interface type='network'><source network='vfs'/></interface></devices>|"
both "network 'vfs' gives its guests devices of the host, which gpuvm has not checked" net
virsh -q define "$TMPDIR/as-it-was.xml"
edit net "s|<emulator>.*</emulator>|<emulator>$LAB/bin/qemu-system-x86_64</emulator>|"
both "its XML has <emulator>$LAB/bin/qemu-system-x86_64</emulator>, which a VM may not have" net
virsh -q define "$TMPDIR/as-it-was.xml"

# A VM that was renamed keeps what is named after its former name, until another domain is called so; a long name has sockets, too.
nvram=/var/lib/libvirt/qemu/nvram
vm long-name-of-more-than-twenty '{}'
vm former '{}'
for name in long-name-of-more-than-twenty former; do
    expect_exit 0 gpuvm define "$TMPDIR/$name.yaml"
    expect_exit 0 virsh start $name
    virsh -q destroy $name
    expect_exit 0 gpuvm start $name
    virsh -q destroy $name
done
virsh -q domrename former now
edit now "/<nvram/d; s|</os>|<nvram>$nvram/former_VARS.fd</nvram>&|"
expect_exit 0 virsh start now
virsh -q destroy now
expect_exit 0 gpuvm start now
virsh -q destroy now
expect_exit 0 gpuvm define "$TMPDIR/former.yaml"
both "its XML has <nvram>$nvram/former_VARS.fd</nvram>, which a VM may not have" now
virsh -q undefine --nvram now

# Somebody else's: with enforce: all, its disks, if it has a device.
domain other 0000:b1:00.0 > "$TMPDIR/other.xml"
disk="<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$image'/><target dev='vda' bus='virtio'/></disk>"
sed -i "s|</devices>|$disk&|" "$TMPDIR/other.xml"
domain plain | sed "s|</devices>|$disk&|" > "$TMPDIR/plain.xml"
virsh -q define "$TMPDIR/other.xml"
expect_exit 0 virsh start other
virsh -q destroy other
domain pool | sed "s|</devices>|<interface type='network'><source network='vfs'/></interface>&|" > "$TMPDIR/pool.xml"
policy 'enforce: all'
hook_refused "disk vda is in use by the host: $image $mounted" virsh start other
hook_refused "network 'vfs' gives its guests devices of the host, which gpuvm has not checked" virsh create "$TMPDIR/pool.xml"
expect_exit 0 virsh create "$TMPDIR/plain.xml"
virsh -q destroy plain

# With the host.
for name in disk chain volume net other; do
    virsh -q autostart $name
done
stop_libvirtd
rm /run/libvirt/qemu/autostarted
: > /var/log/libvirt/libvirtd.log
LIBVIRT_AUTOSTART=1 start_libvirtd
run_now()
{
    [ "$(virsh -q list --name | paste -sd,)" = "$1" ]
}
told()
{
    local text
    for text in "$image $mounted" "store/data.raw $mounted" "outside the directory of $TMPDIR/mine/chain.qcow2"; do
        grep -qF "$text" /var/log/libvirt/libvirtd.log || return
    done
}
wait_until told
wait_until run_now net
stopped disk chain volume other
