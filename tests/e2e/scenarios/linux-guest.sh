# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: kvm
# when: all
# A Linux guest, whose own drivers take the functions and reach their sound codecs by DMA.

kernel=/e2e/vmlinux memory=512
vm linux 01:00 02:00
cat >>linux.yaml <<'YAML'
initramfs:
  path: /e2e/initrd.img
kernel_cmdline: console=ttyS0 quiet mitigations=off nokaslr no_timer_check panic=-1
YAML
functions=(0000:01:00.0 0000:01:00.1 0000:02:00.0 0000:02:00.1 0000:02:00.2)

check 'define and start in one' gpuvm define --start linux.yaml
same 'of type kvm' "kvm" "$(virsh dumpxml linux | sed -n "s/^<domain type='\([a-z]*\)'.*/\1/p")"
same 'on vfio-pci' "$(on_driver vfio-pci "${functions[@]}")" "$(drivers "${functions[@]}")"
for _ in 1 2 3 4 5; do # the drivers take their time
    seen=$(report linux)
    [ "$(grep -c '^codec ' <<<"$seen")" = 2 ] && break
done
echo "$seen" | sed 's/^/# guest: /'

# the host's lines of lspci -nn, at the guest's addresses
plan_of linux | while read -r host guest _; do
    line=$(lspci -D -nn -s "$host")
    echo "$guest ${line#* }"
done >expected
same 'lspci -nn says the same as on the host' "$(<expected)" "$(grep -E '^0000:0[12]:' <<<"$seen")"
same "the guest's drivers have them" 'driver 0000:01:00.1 snd_hda_intel
driver 0000:02:00.0 bochs-drm
driver 0000:02:00.1 snd_hda_intel
driver 0000:02:00.2 xhci_hcd' "$(grep -E '^driver 0000:0[12]:' <<<"$seen")"
same 'both sound codecs answer' 2 "$(grep -c '^codec ' <<<"$seen")"
check 'stop --force' gpuvm stop --force linux
check 'undefine' gpuvm undefine linux
