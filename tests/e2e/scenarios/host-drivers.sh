# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# While a VM has functions, no driver of the host can claim them.

# bind DRIVER ADDRESS
bind()
{
    echo "$2" >"/sys/bus/pci/drivers/$1/bind"
}

probe()
{
    echo "$1" >/sys/bus/pci/drivers_probe
}

functions=(0000:02:00.0 0000:02:00.1 0000:02:00.2)
check 'the driver of the USB controller is not loaded' modprobe -r xhci_pci
same 'the USB controller has none' none "$(driver_of 0000:02:00.2)"
vm held 02:00
check 'define and start' gpuvm define --start held.yaml

refused 'snd_hda_intel cannot bind' 1 'write error' bind snd_hda_intel 0000:02:00.1
refused 'bochs-drm cannot bind' 1 'write error' bind bochs-drm 0000:02:00.0
probe 0000:02:00.1
same 'no driver takes them when asked to probe' "$(on_driver vfio-pci "${functions[@]}")" "$(drivers "${functions[@]}")"
check 'the driver of the USB controller is loaded now' modprobe xhci_pci
check 'udev is done' udevadm settle
refused 'xhci_hcd cannot bind' 1 'write error' bind xhci_hcd 0000:02:00.2
same 'all stay on vfio-pci' "$(on_driver vfio-pci "${functions[@]}")" "$(drivers "${functions[@]}")"
same 'the guest still has them' "$(plan_of held | expected_report)" "$(plan_of held | report_at held)"

stops held
same 'the driver that came meanwhile has its function now' xhci_hcd "$(driver_of 0000:02:00.2)"
check 'undefine' gpuvm undefine held
