# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# Some functions of a card, while the rest of its IOMMU group stays with the host.

policy <<'YAML'
kind: policy
allowlist:
  - 1002:*
  - 8086:2668
YAML

vm graphics 01:00.0 'functions: requested'
refused 'the graphics function alone: its sibling is in use' 5 'IOMMU group' gpuvm define graphics.yaml
said=$(gpuvm plan graphics.yaml 2>&1)
contains 'the sibling is named, with its driver' 'driver snd_hda_intel' "$said"
libvirt_says 'is not viable' partial 0000:01:00.0

vm sound 01:00.1 'functions: requested'
runs sound 0000:01:00.1

check 'the sound function is left without a driver' sh -c 'echo 0000:01:00.1 >/sys/bus/pci/drivers/snd_hda_intel/unbind'
runs graphics 0000:01:00.0
check 'and is given back its driver' sh -c 'echo 0000:01:00.1 >/sys/bus/pci/drivers_probe'
