# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# What would be refused at start is refused before: restart leaves the VM running, create leaves nothing behind.

vm first '{pci_passthrough: ["01:00.0"]}'
vm second '{pci_passthrough: ["02:00.0"]}'
expect_exit 0 gpuvm define --start "$TMPDIR/first.yaml" "$TMPDIR/second.yaml"
expect_exit 0 gpuvm restart --force first
expect_text 'first: stopped' 'first: started'

vm first '{pci_passthrough: ["02:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/first.yaml"
before=$(drivers)
expect_exit 5 gpuvm restart --force first
expect_text "device 0000:02:00.0 is in use by domain 'second', which is running"
expect_no_text stopped
[ "$(virsh -q domstate first)" = running ] || fail 'first was stopped'
[ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
vm first '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/first.yaml"
policy 'allowlist: ["1002:*"]'
expect_exit 4 gpuvm restart --force first
expect_text 'device 0000:01:00.0 (10de:2204) not in allowlist'
[ "$(virsh -q domstate first)" = running ] || fail 'first was stopped'
rm /etc/gpuvm/policy.yaml

truncate -s 1M "$TMPDIR/base.raw"
vm third '{}' "rootfs: {path: $TMPDIR/base.raw}"$'\ncloud_init: {user_data: {content: "#cloud-config"}}'
expect_exit 5 gpuvm create third --config "$TMPDIR/third.yaml" --device 02:00.0
expect_text "third: error: device 0000:02:00.0 is in use by domain 'second', which is running" 'nothing was defined'
[ -z "$(virsh -q list --all --name | grep third)" ] || fail 'a VM that was refused was defined'
[ -z "$(virsh -q vol-list gpuvm 2> /dev/null)" ] || fail 'a VM that was refused has volumes'
[ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'

expect_exit 0 gpuvm stop --force second
expect_exit 0 gpuvm create third --config "$TMPDIR/third.yaml" --device 02:00.0
expect_driver vfio-pci 0000:02:00.0

# Why a network does not start is said.
virsh -q net-define /dev/stdin <<< "<network><name>taken</name><bridge name='lo'/></network>"
vm fourth '{}'
sed -i 's/^network: .*/network: {network: taken}/' "$TMPDIR/fourth.yaml"
expect_exit 0 gpuvm define "$TMPDIR/fourth.yaml"
expect_exit 1 gpuvm start fourth
expect_text "cannot start network 'taken': " 'File exists'

# A network may give away what no plan has seen.
for forward in "mode='hostdev'><pf dev='eno1'/>" "mode='passthrough'><interface dev='eno1'/>"; do
    virsh -q net-define /dev/stdin <<< "<network><name>giver</name><forward $forward</forward></network>"
    vm fifth '{}'
    sed -i 's/^network: .*/network: {network: giver}/' "$TMPDIR/fifth.yaml"
    expect_exit 0 gpuvm define "$TMPDIR/fifth.yaml"
    expect_text "warning: network 'giver' gives its guests devices of the host" 'pci_passthrough'
    expect_exit 4 gpuvm start fifth
    expect_text "error: network 'giver' gives its guests devices of the host"
    stopped fifth
    virsh -q net-undefine giver
done
