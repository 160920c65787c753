# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# Devices that are absent, bridges, not permitted, or the display of the host.

vm absent 0a:00.0
refused 'absent' 5 'PCI device not found: 0000:0a:00.0' gpuvm define absent.yaml
libvirt_says 'Device 0000:0a:00.0 not found' gone 0000:0a:00.0

vm port 00:10.0
refused 'a root port' 4 'device 0000:00:10.0 is a PCI bridge' gpuvm define port.yaml
vm bridge 03:00.0
refused 'a bridge to PCI' 4 'device 0000:03:00.0 is a PCI bridge' gpuvm define bridge.yaml
libvirt_says 'Non-endpoint PCI devices cannot be assigned to guests' endpoint 0000:03:00.0

vm nic 05:00.0
refused 'a network card' 4 'device 0000:05:00.0 (8086:10d3) not in allowlist' gpuvm define nic.yaml

vm display 00:01.0
refused 'the boot display' 4 "device 0000:00:01.0 is the host's boot display" gpuvm define display.yaml

vm removed 05:00.0
policy <<'YAML'
kind: policy
allowlist: ['*:*']
YAML
check 'a card that is there at define' gpuvm define removed.yaml
echo 1 >/sys/bus/pci/devices/0000:05:00.0/remove
udevadm settle
same 'and is removed' 5 "$(gpuvm start removed >said 2>&1; echo $?)"
contains 'is not found at start' 'PCI device not found: 0000:05:00.0' "$(<said)"
echo 1 >/sys/bus/pci/rescan
udevadm settle
check 'it comes back' eventually test -e /sys/bus/pci/devices/0000:05:00.0/driver
check 'and the VM starts' gpuvm start --timeout 600 removed
stops removed
check 'undefine' gpuvm undefine removed
