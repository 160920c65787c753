# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# What may change between define and start is found before libvirt is asked, and nothing is touched.

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"

refused() # STATUS TEXT…
{
    local before status=$1
    shift
    before=$(drivers)
    expect_exit "$status" gpuvm start vm
    expect_text "$@"
    expect_no_text 'internal error'
    stopped vm
    [ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
}

# The policy is tightened.
policy 'allowlist: ["1002:*"]'
refused 4 'device 0000:01:00.0 (10de:2204) not in allowlist'
rm /etc/gpuvm/policy.yaml

# A policy that cannot be read allows nothing.
policy 'allowlist: [10de]'
refused 3 'policy.yaml'
rm /etc/gpuvm/policy.yaml

# Another card is in the slot.
sed 's/10de:2204/10de:2208/' "$LAB_MACHINE" > "$TMPDIR/other.machine"
boot "$TMPDIR/other.machine"
refused 5 '0000:01:00.0' '10de:2204' '10de:2208'

# The card is gone.
sed '/0000:01:00/d' "$LAB_MACHINE" > "$TMPDIR/gone.machine"
boot "$TMPDIR/gone.machine"
refused 5 'PCI device not found: 0000:01:00.0'

# The card shares its group with a function that has a driver.
sed '/0000:02:00.0/s/class/group=14 class/' "$LAB_MACHINE" > "$TMPDIR/group.machine"
boot "$TMPDIR/group.machine"
refused 5 '0000:02:00.0' 'nvme'

# The IOMMU is off.
boot "$lab_source/machines/no-iommu.machine"
refused 5 'device 0000:01:00.0 has no IOMMU group (IOMMU may not be enabled)'

# All is as it was.
boot "$LAB_MACHINE"
expect_exit 0 gpuvm start vm
