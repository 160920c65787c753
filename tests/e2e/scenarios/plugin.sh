# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: kvm
# when: all
# A VM of a plugin that was installed over HTTP: with a card and an initramfs from there, it tells the host of both its
# card and its workload, and is healthy.
#
# The card has a VGA BIOS, which writes to what is RAM here: the NIC's boot ROM, which calls the firmware, runs nevertheless.

functions=(0000:01:00.0 0000:01:00.1)
before=$(drivers "${functions[@]}")
checksum=sha256:$(sha256sum /e2e/www/guest.img | cut -d' ' -f1)
create=(gpuvm create ada --plugin web --device 01:00 --kernel /e2e/vmlinux)
mkdir www
cp /e2e/www/guest.img www
cat >www/web.yaml <<'YAML'
kind: plugin
name: web
version: 1.0.0
resources:
  cpu_cores: 1
  memory_mb: 256
firmware: bios
kernel_cmdline: console=ttyS0 quiet mitigations=off nokaslr no_timer_check panic=-1
workload:
  type: http
  base_url: http://127.0.0.1:8080
  entrypoint:
    - /bin/sh
    - -c
    - |
      echo "$GREETING in $(pwd) of $(hostname)" >greeting
      sed -n 's/^PCI_ID=//p' /sys/bus/pci/devices/*/uevent >devices
      cp /proc/cmdline cmdline
      exec httpd -f -p 8080
  env:
    GREETING: "it's \"ready\""
  workdir: /srv/web site
health_check:
  endpoint: /greeting
  timeout_ms: 120000
YAML
sed -i "s/timeout_ms: .*/timeout_ms: $((400000 * slow))/" www/web.yaml
serve web.yaml

check 'the plugin is installed by its URL' gpuvm plugin install "$web/web.yaml"
contains 'and is listed' 'web' "$(gpuvm plugin list)"

refused 'an initramfs with another checksum' 1 'checksum mismatch: expected' "${create[@]}" \
    --initramfs "$web/guest.img" --initramfs-checksum "sha256:$(printf '%064d' 0)"
refused 'one that is not there' 5 '404' "${create[@]}" --initramfs "$web/absent.img" --initramfs-checksum "$checksum"
same 'no domain is left' '' "$(virsh list --all --name)"
same 'nor a volume' '' "$(virsh -q vol-list gpuvm)"

check 'create, until it is healthy' "${create[@]}" --initramfs "$web/guest.img" --initramfs-checksum "$checksum" --wait
same 'the workload has its environment, its directory, its name' "it's \"ready\" in /srv/web site of ada" \
    "$(fetch ada /greeting)"
for function in "${functions[@]}"; do
    contains "the guest has $function" "$(id_of "$function" | tr '[:lower:]' '[:upper:]')" "$(fetch ada /devices)"
done
contains 'the kernel was told the plugin' 'panic=-1 gpuvm.plugin=web gpuvm.runtime=web' "$(fetch ada /cmdline)"
same 'the card is on vfio-pci' "$(on_driver vfio-pci "${functions[@]}")" "$(drivers "${functions[@]}")"
same 'the initramfs is the volume of its digest' "/var/lib/libvirt/images/gpuvm/${checksum/:/-}" \
    "$(virsh dumpxml ada | sed -n 's,.*<initrd>\(.*\)</initrd>.*,\1,p')"

check 'health' gpuvm health ada
contains 'list --health' 'healthy' "$(gpuvm list --health | grep ada)"
contains 'plugin remove names the domain' 'ada' "$(gpuvm plugin remove web 2>&1)"
refused 'the plugin is gone' 5 "plugin 'web'" gpuvm create bob --plugin web --kernel /e2e/vmlinux --no-start
check 'the VM stops when asked to' gpuvm stop --timeout $((60 * slow)) ada
same 'off, it is not healthy' 6 "$(gpuvm health ada >said 2>&1; echo $?)"
same 'back on their drivers' "$before" "$(drivers "${functions[@]}")"
check 'undefine' gpuvm undefine --storage ada
check 'image prune' gpuvm image prune
same 'no volume is left' '' "$(virsh -q vol-list gpuvm)"
