# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: kvm
# when: all
# A VM that boots from its own disk, an overlay on an image that was fetched once, finds its cloud-init seed by the label.
# The card that it has brings a VGA BIOS, after which the firmware must still read the disk.

checksum=sha256:$(sha256sum /e2e/www/disk.raw | cut -d' ' -f1)
mkdir www
cp /e2e/www/disk.raw www
cat >disk.yaml <<YAML
name: disk
firmware: bios
resources:
  cpu_cores: 1
  memory_mb: 256
devices:
  pci_passthrough:
    - 01:00
rootfs:
  url: http://127.0.0.1:8000/disk.raw
  checksum: $checksum
  format: raw
cloud_init:
  user_data: |
    #cloud-config
    timezone: Europe/Berlin
workload:
  type: http
  base_url: http://127.0.0.1:8080
  entrypoint: [/usr/bin/serve, --port, "8080"]
  env:
    MODEL: small
health_check:
  endpoint: /health
  timeout_ms: $((400000 * slow))
YAML

# seed FILE: that file of the seed, as the guest has it
seed()
{
    sed -n "s/^$1: //p" <<<"$seen"
}

# parts: what is in the parts of a MIME message from standard input
parts()
{
    awk '/^--/ { body = 0 } body && NF { print } /^$/ { body = 1 }' | while read -r line; do
        base64 -d <<<"$line"
    done
}

touch www/ready
serve ready
check 'define' gpuvm define disk.yaml
check 'start, until it is healthy' gpuvm start --timeout 600 --wait disk
seen=$(report disk)
same 'its first boot' 'boots 1' "$(grep '^boots ' <<<"$seen")"
contains 'the name' 'local-hostname: "disk"' "$(seed meta-data)"
contains 'the user data has several parts' 'Content-Type: multipart/mixed' "$(seed user-data)"
said=$(seed user-data | parts)
contains "the user's own part" 'timezone: Europe/Berlin' "$said"
contains 'the part for the workload: a unit' 'ExecStart="/usr/bin/serve" "--port" "8080"' "$said"
contains 'with its environment' 'MODEL=small' "$said"
echo "$seen" | sed 's/^/# guest: /'

check 'stop --force' gpuvm stop --force disk
same 'the image is asked for once' 1 "$(grep -c 'url:/disk.raw' requests)"
check 'unchanged, it is defined again' gpuvm define disk.yaml
check 'and starts again' gpuvm start --timeout 600 --wait disk
same 'its disk has kept what was written' 'boots 2' "$(report disk | grep '^boots ')"
same 'the image was not asked for again' 1 "$(grep -c 'url:/disk.raw' requests)"
same 'the image is as it was' "${checksum#*:}" \
    "$(sha256sum "/var/lib/libvirt/images/gpuvm/${checksum/:/-}" | cut -d' ' -f1)"
check 'stop --force, again' gpuvm stop --force disk
check 'undefine --storage' gpuvm undefine --storage disk
same 'the image stays, and what says that it is whole' "${checksum/:/-}
${checksum/:/-}.json" "$(virsh -q vol-list gpuvm | awk '{ print $1 }')"
check 'image prune' gpuvm image prune
same 'nothing is left' '' "$(virsh -q vol-list gpuvm)"
