# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: kvm
# when: all
# gpuvm check says what is true of a machine that can pass devices.

verdict_of()
{
    gpuvm -o json check | jq -r --arg topic "$1" '.checks[] | select(.topic == $topic) | .verdict' | sort -u | paste -sd ,
}

gpuvm check | sed 's/^/# /'
for topic in libvirt 'CPU virtualisation' KVM IOMMU 'interrupt remapping' vfio-pci policy; do
    same "$topic" PASS "$(verdict_of "$topic")"
done
same 'a card shares its group with a network card' PASS,WARN "$(verdict_of 'IOMMU group')"
contains 'the display' '0000:00:01.0 is the host' "$(gpuvm check | grep 'host display')"
