# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# An image shows its guest nothing that is not beside it: not by its own header, not by one that a guest or a user wrote into it
# since it was defined.

mkdir "$TMPDIR/mine" "$TMPDIR/secret"
mine=$TMPDIR/mine secret=$TMPDIR/secret/shadow
truncate -s 1M "$secret"
truncate -s 1M "$mine/base.raw"
qemu-img create -q -f qcow2 "$mine/plain.qcow2" 1M
qemu-img create -q -f qcow2 -b base.raw -F raw "$mine/beside.qcow2"
qemu-img create -q -f qcow2 -b "$secret" -F raw "$mine/outside.qcow2"
qemu-img create -q -f qcow2 -b outside.qcow2 -F qcow2 "$mine/twice.qcow2"
ln -s "$secret" "$mine/link"
qemu-img create -q -f qcow2 -b link -F raw "$mine/linked.qcow2"
qemu-img create -q -f qcow2 -o data_file="$TMPDIR/secret/data" "$mine/data.qcow2" 1M

for name in outside twice linked data; do
    vm "$name" '{}' "disks: [$mine/$name.qcow2]"
    vm "root-$name" '{}' "rootfs: {path: $mine/$name.qcow2}"
    for vm in $name root-$name; do
        for command in plan define; do
            expect_exit 4 gpuvm $command "$TMPDIR/$vm.yaml"
            expect_text 'is outside the directory of ' "$TMPDIR/secret/"
        done
    done
done
[ -z "$(virsh -q list --all --name)" ] || fail 'a refused definition was defined'
ln -s "$mine/outside.qcow2" "$TMPDIR/from-elsewhere.qcow2"
vm elsewhere '{}' "disks: [$TMPDIR/from-elsewhere.qcow2]"
expect_exit 4 gpuvm plan "$TMPDIR/elsewhere.yaml"

vm good '{}' "disks: [$mine/plain.qcow2, {source: $mine/beside.qcow2}]"
vm root '{}' "rootfs: {path: $mine/beside.qcow2}"
expect_exit 0 gpuvm define --start "$TMPDIR/good.yaml"
expect_exit 0 gpuvm define "$TMPDIR/root.yaml"
expect_exit 5 gpuvm start root
expect_text "the backing file of disk vda is in use by domain 'good', which is running: $mine/beside.qcow2"
expect_exit 0 gpuvm stop --force good
expect_exit 0 gpuvm start root # by way of its overlay, which is in the pool
expect_exit 0 gpuvm stop --force root

# A data file is open in the VM's own emulator with the image that names it.
qemu-img create -q -f qcow2 -o "data_file=$mine/own.data" "$mine/own.qcow2" 1M
vm own '{}' "disks: [$mine/own.qcow2]"
expect_exit 0 gpuvm define --start "$TMPDIR/own.yaml"
expect_exit 0 gpuvm plan "$TMPDIR/own.yaml"
expect_no_text 'in use'
expect_exit 0 gpuvm restart --force own
expect_exit 0 gpuvm stop --force own
sleep 1000 3<> "$mine/own.data" &
expect_exit 5 gpuvm start own
expect_text "the data file of disk vda is in use by the host: $mine/own.data is open as $mine/own.data in process $!"
kill $!

# Between define and start, or by the guest: what a raw disk holds is the guest's affair.
vm raw '{}' "disks: [{source: $mine/base.raw, format: raw}]"
expect_exit 0 gpuvm define "$TMPDIR/raw.yaml"
cp "$mine/outside.qcow2" "$mine/base.raw"
expect_exit 0 gpuvm start raw
expect_exit 0 gpuvm stop --force raw
expect_exit 0 gpuvm plan "$TMPDIR/raw.yaml"
expect_no_text qcow2
vm guess '{}' "disks: [$mine/base.raw]"
expect_exit 0 gpuvm plan "$TMPDIR/guess.yaml"
expect_text 'begins like a qcow2 image, and the guest sees it as a raw one' 'format: raw'
cp "$mine/outside.qcow2" "$mine/plain.qcow2"
expect_exit 4 gpuvm start good
expect_text "the backing file of disk vda is outside the directory of $mine/plain.qcow2: $secret" 'qemu-img convert'
stopped good
cp "$mine/outside.qcow2" "$mine/beside.qcow2"
expect_exit 4 gpuvm start root
expect_text "is outside the directory of $mine/beside.qcow2: $secret"
stopped root

# Nor when the kernel gives it in parts.
# said HOW: and call $n was so
said()
{
    [[ $STATUS = 4 && $OUT == *"is outside the directory of $mine/${calls[n - 1]#* }: "* ]] || fail "${calls[n - 1]} $1, exit $STATUS: $OUT"
}
watched "$mine" 0 error start good
mapfile -t calls < "$LAB/calls"
[[ "${calls[*]}" == *'read plain.qcow2'* ]] || fail "it was not read: ${calls[*]}"
for ((n = 1; n <= ${#calls[@]}; n++)); do
    watched "$mine" $n interrupted start good
    said 'is interrupted'
    [[ ${calls[n - 1]} == read* ]] || continue
    watched "$mine" $n short start good
    said 'gives half'
done
