# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# A GPU that a process has open stays with the host until it ends.

card=0000:02:00.0
node=/dev/dri/$(basename "$(echo /sys/bus/pci/devices/$card/drm/card*)")

vm gpu 02:00
check 'closed, it may be passed: define' gpuvm define gpu.yaml
sleep 300 <"$node" &
holder=$!
for command in 'plan gpu.yaml' 'define gpu.yaml' 'start gpu'; do
    # shellcheck disable=SC2086 # two words
    refused "open: $command" 5 "device $card is in use by the host: it is open as $node in process $holder (sleep)" \
        gpuvm $command
done
contains 'the remedy' "sudo kill $holder" "$(gpuvm plan gpu.yaml 2>&1)"
same 'the card is on its driver' bochs-drm "$(driver_of $card)"

refused 'waiting in vain' 5 'it is open as' gpuvm start --wait-free 2 gpu
(
    sleep 2
    kill $holder
) &
check 'waiting until the process ends' gpuvm -v start --wait-free 30 gpu
same 'all are on vfio-pci' "$(on_driver vfio-pci 0000:02:00.{0,1,2})" "$(drivers 0000:02:00.{0,1,2})"
stops gpu
check 'undefine' gpuvm undefine gpu
