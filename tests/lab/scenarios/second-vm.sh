# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: shared-group
# A second VM that names the same card, another function of it, or the rest of its group is refused, naming the first.

policy 'allowlist: ["10de:*", "8086:15f3"]'
vm first '{pci_passthrough: ["01:00.0"], iommu_group: detach}'
vm same '{pci_passthrough: ["01:00.0"], iommu_group: detach}'
vm sound '{pci_passthrough: ["01:00.1"], functions: requested, iommu_group: detach}'
vm nic '{pci_passthrough: ["02:00.0"], iommu_group: detach}'
expect_exit 0 gpuvm define "$TMPDIR"/{first,same,sound,nic}.yaml
expect_exit 0 gpuvm start first
held=$(drivers)

for name in same sound nic; do
    expect_exit 5 gpuvm start "$name"
    expect_text 'first'
    expect_no_text 'internal error' 'in use by driver QEMU'
    stopped "$name"
    [ "$(drivers)" = "$held" ] || fail "starting $name changed a driver"
done

expect_exit 0 gpuvm stop --force first
expect_exit 0 gpuvm start same
