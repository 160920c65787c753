# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: no-intremap
# when: all
# The IOMMU cannot remap interrupts.

vm card 01:00
check 'define' gpuvm define card.yaml
refused 'start' 5 'the host has no interrupt remapping: the kernel refuses to pass devices' gpuvm start card
check 'undefine' gpuvm undefine card
libvirt_says 'Operation not permitted' plain 0000:01:00.0 0000:01:00.1
