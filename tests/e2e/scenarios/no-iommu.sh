# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: no-iommu
# when: all
# The kernel was not told to use the IOMMU.

vm card 01:00
refused 'plan' 5 'device 0000:01:00.0 has no IOMMU group (IOMMU may not be enabled)' gpuvm plan card.yaml
refused 'define' 5 'device 0000:01:00.0 has no IOMMU group (IOMMU may not be enabled)' gpuvm define card.yaml
contains 'devices' 'has no IOMMU group' "$(gpuvm -o json devices 01:00 | jq -r '.devices[0].reason')"
libvirt_says "host doesn't support passthrough of host PCI devices" plain 0000:01:00.0
