# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-39-bits
# Cards that share a switch start behind one; libvirt keeps the buses as they were written, and what is QEMU's own may be said.

vm vm '{topology: mirror, p2p: auto, pci_passthrough: ["03:00.0", "04:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm start vm
expect_driver vfio-pci 0000:03:00.0 0000:04:00.0
expect_exit 0 virsh dumpxml vm
expect_text 'x-nv-gpudirect-clique'
expect_exit 0 virsh qemu-monitor-command vm --hmp 'info qtree'
expect_text 'dev: x3130-upstream'
[ "$(grep -c 'dev: xio3130-downstream' <<< "$OUT")" = 2 ] || fail "not two ports in:"$'\n'"$OUT"
expect_exit 0 gpuvm stop --force vm
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text 'unchanged'
expect_exit 0 gpuvm devices -o wide
expect_text '16M,64G,32M'
