# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# A VM's disk is nobody else's: an image that the host uses is refused at plan, define and start, by whatever name; one that is
# free, or that the VM itself runs with, is not.

image=$TMPDIR/data.raw
truncate -s 1M "$image" "$TMPDIR/other.raw"
ln -s data.raw "$TMPDIR/link.raw"
vm direct '{}' "disks: [$image]"
vm linked '{}' "disks: [$TMPDIR/link.raw]"
vm reader '{}' "disks: [{source: $image, readonly: true}]"
expect_exit 0 gpuvm define "$TMPDIR"/{direct,linked,reader}.yaml

# refused STATUS TEXT
refused()
{
    local name
    for name in direct linked; do
        expect_exit "$1" gpuvm plan "$TMPDIR/$name.yaml"
        expect_text "disk vda is in use by the host: " "$2"
        expect_exit "$1" gpuvm define "$TMPDIR/$name.yaml"
        expect_text "$2"
        expect_exit "$1" gpuvm start $name
        expect_text "$2"
        stopped $name
    done
}

proc swaps $'Filename\tType\tSize\tUsed\tPriority\n'"$image"$'\tfile\t1024\t0\t-2'
refused 4 "holds swap space ($image)"
proc swaps $'Filename\tType\tSize\tUsed\tPriority'

loop=/sys/devices/virtual/block/loop7
mkdir -p $loop/loop /sys/class/block
ln -s $loop /sys/class/block/loop7
echo "$image" > $loop/loop/backing_file
echo 0 > $loop/ro
refused 4 'is the file of loop device /dev/loop7'
expect_text 'sudo losetup -d /dev/loop7'
expect_exit 4 gpuvm plan "$TMPDIR/reader.yaml"
echo 1 > $loop/ro
expect_exit 0 gpuvm plan "$TMPDIR/reader.yaml"
expect_exit 4 gpuvm plan "$TMPDIR/direct.yaml"
rm /sys/class/block/loop7

# who reads it is in nobody's way
sleep 1000 < "$image" &
reader=$!
expect_exit 0 gpuvm plan "$TMPDIR/direct.yaml"
sleep 1000 3<> "$image" &
writer=$!
refused 5 "is open as $image in process $writer (sleep)"
kill $reader $writer
wait $reader $writer || true

expect_exit 0 gpuvm start direct
expect_exit 0 gpuvm plan "$TMPDIR/direct.yaml"
expect_no_text 'in use'
expect_exit 0 gpuvm restart --force direct
expect_exit 0 gpuvm plan "$TMPDIR/linked.yaml"
expect_text "disk vda is also that of domain 'direct', which is running"
expect_no_text 'in use by the host'
expect_exit 5 gpuvm start linked
expect_text "disk vda is in use by domain 'direct', which is running: $TMPDIR/link.raw"
expect_no_text 'in use by the host'

# a volume is what its path is
virsh pool-define-as --name store --type dir --target "$TMPDIR" > /dev/null
virsh pool-start store > /dev/null
virsh dumpxml --inactive linked > "$TMPDIR/linked.xml"
sed -i "s|<disk type='file'|<disk type='volume'|; s|<source file='[^']*'/>|<source pool='store' volume='data.raw'/>|" "$TMPDIR/linked.xml"
virsh define "$TMPDIR/linked.xml" > /dev/null
expect_exit 5 gpuvm start linked
expect_text "disk vda is in use by domain 'direct', which is running: store/data.raw"
expect_exit 0 gpuvm stop --force direct
expect_exit 0 gpuvm start linked
expect_exit 5 gpuvm start direct
expect_text "disk vda is in use by domain 'linked', which is running: $image"
