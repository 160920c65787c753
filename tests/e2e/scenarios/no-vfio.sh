# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# The modules of VFIO are not loaded.

vm early 01:00
check 'defined while they are' gpuvm define early.yaml
check 'they are unloaded' modprobe -r vfio_pci vfio_iommu_type1 vfio
refused 'start' 5 'VFIO is not available: there is no /dev/vfio/vfio' gpuvm start early
libvirt_says "host doesn't support passthrough of host PCI devices" later 0000:01:00.0
check 'they are loaded' modprobe -a vfio_pci vfio_iommu_type1
check 'now it starts' gpuvm start --timeout 600 early
stops early
check 'undefine' gpuvm undefine early
