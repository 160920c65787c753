# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# The display that the host booted with stays with it, unless the policy says otherwise.

display=0000:00:01.0
same 'the kernel says which it is' 1 "$(attribute $display boot_vga)"
vm display $display
for command in plan define; do
    refused "$command" 4 "device $display is the host's boot display" gpuvm $command display.yaml
done
policy <<'YAML'
kind: policy
allow_host_display: true
YAML
check 'a policy may give it up' gpuvm plan display.yaml
