# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: server-8xh100
# A card of the second cell: the VM's memory comes from there, and libvirt binds it and pins CPUs that only the machine has.

vm vm '{pci_passthrough: ["9d:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 virsh dumpxml vm
expect_text "nodeset='1'"
expect_exit 0 gpuvm start vm
expect_driver vfio-pci 0000:9d:00.0
expect_exit 0 gpuvm stop --force vm

expect_exit 0 virsh vcpupin vm 0 24 --config
expect_exit 0 virsh numatune vm --mode strict --nodeset 1 --config
expect_exit 0 virsh start vm
