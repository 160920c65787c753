# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: kvm
# when: all
# A BAR of half of what the guest can address is refused beforehand: it begins at a multiple of its size, and the rest is not enough.

card=0000:07:00.0
policy <<'YAML'
kind: policy
allowlist: ["1af4:1110"]
YAML
contains 'the machine has 38 bits' '38 bits physical' "$(grep -m 1 '^address sizes' /proc/cpuinfo)"
vm large $card
refused 'plan' 5 "the cards' BARs need 129 GiB of the guest's address space, which has 256 GiB (38 bits)" gpuvm plan large.yaml
refused 'define' 5 "$card 128 GiB" gpuvm define large.yaml
