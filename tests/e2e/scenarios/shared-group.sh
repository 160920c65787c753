# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# A graphics card whose IOMMU group holds a network card too.

card=0000:04:01.0 companion=0000:04:02.0
same 'they share a group' "$(group_of $card)" "$(group_of $companion)"

vm refuse $card
refused 'refuse' 5 'is not viable' gpuvm define refuse.yaml
contains 'the companion is named' "$companion" "$(gpuvm plan refuse.yaml 2>&1)"
libvirt_says 'is not viable' alone $card

vm include $card 'iommu_group: include'
vm detach $card 'iommu_group: detach'
refused 'include needs permission for the companion' 4 "device $companion (8086:100e) not in allowlist" \
    gpuvm define include.yaml
refused 'detach needs it, too' 4 "device $companion (8086:100e) not in allowlist" gpuvm define detach.yaml

policy <<'YAML'
kind: policy
allowlist:
  - 1234:1111
  - 8086:100e
YAML
refused 'permission alone changes nothing' 5 'is not viable' gpuvm define refuse.yaml
same 'include: the guest gets both, each below a port' "$card 0000:01:00.0 requested
$companion 0000:02:00.0 group-member" "$(plan_of include)"
runs include $card $companion

while_running()
{
    same 'detach: the guest does not see the companion' '' "$(report detach | grep 8086:100e)"
}
same 'detach: the guest gets one' "$card 0000:01:00.0 requested
$companion - detached" "$(plan_of detach)"
runs detach $card $companion
