# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# A card that was left on vfio-pci goes back to its own drivers.

before=$(drivers 0000:02:00.{0,1,2})
for function in 0 1 2; do
    check "virsh detaches function $function" virsh nodedev-detach pci_0000_02_00_$function
done
same 'the card is on vfio-pci' "$(on_driver vfio-pci 0000:02:00.{0,1,2})" "$(drivers 0000:02:00.{0,1,2})"
contains 'release says what it does' '0000:02:00.1: vfio-pci → snd_hda_intel' "$(gpuvm release 02:00 2>&1)"
same 'each function is on its own driver' "$before" "$(drivers 0000:02:00.{0,1,2})"
contains 'and again: nothing to do' '0000:02:00.1: on snd_hda_intel already' "$(gpuvm release 02:00)"

vm busy 02:00
check 'a VM has the card' gpuvm define --start busy.yaml
refused 'then it is not released' 5 "device 0000:02:00.0 is in use by domain 'busy', which is running" gpuvm release 02:00
stops busy
check 'undefine' gpuvm undefine busy
