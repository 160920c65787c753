# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# Two VMs with the same card.

policy <<'YAML'
kind: policy
allowlist:
  - 1002:*
  - 8086:2668
YAML
vm first 01:00
vm second 01:00
vm third 01:00.1 'functions: requested'
check 'the first is defined' gpuvm define first.yaml
contains 'the second may be, with a note' "is also named by domain 'first'" "$(gpuvm define second.yaml 2>&1)"
check 'the third, with the other function' gpuvm define third.yaml
check 'the first starts' gpuvm start --timeout 600 first
refused 'the second does not' 5 "device 0000:01:00.0 is in use by domain 'first', which is running" gpuvm start second
refused 'nor the third' 5 "is in use by domain 'first', which is running" gpuvm start third
contains 'devices knows' "in use by domain 'first'" \
    "$(gpuvm -o json devices 01:00 | jq -r '.devices[0].reason')"
libvirt_says 'is in use by driver QEMU, domain first' fourth 0000:01:00.0
stops first
check 'now the second starts' gpuvm start --timeout 600 second
check 'and stops at once' gpuvm stop --force second
for name in first second third; do
    check "undefine $name" gpuvm undefine $name
done
