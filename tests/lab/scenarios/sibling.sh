# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# A sibling that another driver, or none, has at start goes back to where libvirt puts it; the VM starts.

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
rebind 0000:01:00.1 pci-stub
expect_exit 0 gpuvm start vm
expect_driver vfio-pci 0000:01:00.0 0000:01:00.1
expect_exit 0 gpuvm stop --force vm
expect_driver nvidia 0000:01:00.0
