# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# undefine --storage removes what an earlier undefine left, when that is surely the VM's and nothing uses it.

. "$top_srcdir/tests/http/http.sh"
pool=/var/lib/libvirt/images/gpuvm
mkdir "$TMPDIR/files"
qemu-img create -q -f qcow2 "$TMPDIR/files/a.qcow2" 64M
http_start "$TMPDIR/files"

for name in vm vm2; do
    vm $name '{}' "rootfs: {url: '$http_url/a.qcow2'}
cloud_init: {user_data: {content: '#cloud-config'}}"
    expect_exit 0 gpuvm define "$TMPDIR/$name.yaml"
done
image=$(echo $pool/sha256-*[0-9a-f])
expect_exit 0 gpuvm undefine vm
ls $pool/vm.rootfs.qcow2 $pool/vm.seed-*.iso

# What is only called as a VM's volumes are, of others, or used stays.
qemu-img create -q -f qcow2 $pool/vm.mine.qcow2 1M
qemu-img create -q -f qcow2 "$TMPDIR/elsewhere.qcow2" 1M
qemu-img create -q -f qcow2 -F qcow2 -b "$TMPDIR/elsewhere.qcow2" $pool/vm.vdb.qcow2
qemu-img create -q -f qcow2 -F qcow2 -b "$image" $pool/vm.vdc.qcow2
vm user '{}' "disks: [{source: $pool/vm.vdc.qcow2}]"
expect_exit 0 gpuvm define "$TMPDIR/user.yaml"
expect_exit 0 gpuvm -o json image list
expect_json "[(v['vm'], v['used_by']) for v in j['volumes']]" \
    "[('vm', []), ('vm', []), ('vm', ['user']), ('vm2', ['vm2']), ('vm2', ['vm2'])]"
expect_exit 0 gpuvm image list
expect_text VOLUME vm.rootfs.qcow2
expect_no_text vm.mine vm.vdb
expect_exit 0 gpuvm undefine --storage vm
expect_text 'vm: removed volume vm.rootfs.qcow2, which it had left' 'vm: removed volume vm.seed-'
expect_no_text vm.mine vm.vdb vm.vdc
[ "$(cd $pool && ls vm.*)" = $'vm.mine.qcow2\nvm.vdb.qcow2\nvm.vdc.qcow2' ] || fail "left: $(ls $pool)"
ls $pool/vm2.rootfs.qcow2 $pool/vm2.seed-*.iso "$image"
expect_exit 5 gpuvm undefine --storage vm
expect_text "no VM is named 'vm'"
expect_exit 5 gpuvm undefine vm
