# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-two-gpus
# The hook: what libvirt starts by itself, for virsh or with the host, obeys gpuvm's policy. Whatever the hook says, or if it
# cannot say anything: a refusal ends the start before a driver is touched.

file=/etc/libvirt/hooks/qemu.d/gpuvm
place_hook

# install, status, remove
expect_exit 0 gpuvm hook status
expect_text "$file: not installed"
expect_exit 0 gpuvm check
expect_text 'WARN    hook' 'sudo gpuvm hook install'
expect_exit 0 gpuvm hook remove
mkdir -p "$(dirname $file)"
echo '#!/bin/false' > $file
expect_exit 1 gpuvm hook install
expect_text "$file is not gpuvm's"
expect_exit 1 gpuvm hook remove
expect_exit 5 gpuvm check
expect_text 'FAIL    hook'
rm $file
expect_exit 2 gpuvm -c qemu+ssh://elsewhere/system hook install
ln -s /nonexistent/gpuvm-hook $file
expect_exit 0 gpuvm hook status
expect_text 'broken, or of another version'
expect_exit 0 gpuvm hook install
expect_text "$file: installed" 'systemctl reload libvirtd'
expect_exit 0 gpuvm hook install
expect_text "$file: already installed"
[ "$(readlink $file)" = "$HOOK" ] || fail "it leads to $(readlink $file)"
expect_exit 0 gpuvm hook status
expect_text "$file: installed"
expect_exit 0 gpuvm check
expect_text 'PASS    hook' '(enforce: gpuvm)'

# libvirtd, which found no hook when it started, asks once it was told to look again.
vm vm '{pci_passthrough: ["01:00"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
domain other 0000:04:00.0 > "$TMPDIR/other.xml"
domain plain > "$TMPDIR/plain.xml"
virsh -q define "$TMPDIR/other.xml"
virsh -q define "$TMPDIR/plain.xml"
hostdevs 0000:04:00.0 > "$TMPDIR/nic.xml"
expect_exit 0 virsh attach-device --config vm "$TMPDIR/nic.xml"
kill -HUP "$(cat /run/libvirt/libvirtd.pid)"
asks()
{
    run virsh start vm
    [ "$STATUS" != 0 ] || virsh -q destroy vm
    [[ $OUT == *'Hook script execution failed'* ]]
}
wait_until asks
hook_refused 'device 0000:04:00.0 (8086:125c) not in allowlist' virsh start vm
expect_text "hint: to allow it, add '- 8086:125c' to the allowlist of /etc/gpuvm/policy.yaml"
expect_exit 0 virsh detach-device --config vm "$TMPDIR/nic.xml"

# What is right starts. While it runs, libvirtd may be started again, whatever the policy has become.
expect_exit 0 virsh start vm
expect_driver vfio-pci 0000:01:00.0 0000:01:00.1
policy 'allowlist: []'
stop_libvirtd
start_libvirtd
# which waits until libvirtd has found the domain again
expect_exit 0 virsh qemu-monitor-command vm '{"execute": "query-status"}'
expect_text '"running":true'
virsh -q destroy vm
hook_refused 'not in allowlist' virsh start vm

# What gpuvm would start, and libvirt's hook would not: a policy of --policy's is not the host's.
rm /etc/gpuvm/policy.yaml
echo $'kind: policy\nallowlist: [10de:*, 8086:125c]' > "$TMPDIR/policy.yaml"
expect_exit 0 virsh attach-device --config vm "$TMPDIR/nic.xml"
expect_exit 4 gpuvm --policy "$TMPDIR/policy.yaml" start vm
expect_text 'Hook script execution failed' 'not in allowlist' "by the host's own policy"
expect_exit 0 virsh detach-device --config vm "$TMPDIR/nic.xml"

# A card that another domain runs with, half a group, a device that a process has open.
expect_exit 0 gpuvm start vm
policy 'enforce: all'
domain twin 0000:01:00.0 0000:01:00.1 > "$TMPDIR/twin.xml"
expect_exit 1 virsh create "$TMPDIR/twin.xml"
expect_text "device 0000:01:00.0 is in use by domain 'vm', which is running" 'stop it first: gpuvm stop vm'
virsh -q destroy vm
domain half 0000:01:00.0 > "$TMPDIR/half.xml"
hook_refused 'IOMMU group' virsh create "$TMPDIR/half.xml"

# A domain of gpuvm's that was edited: what it has besides devices, what gpuvm remembers in it.
virsh dumpxml --inactive vm > "$TMPDIR/vm.xml"
sed "s|<domain type='qemu'>|<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>|
    s|</domain>|<qemu:commandline><qemu:arg value='-S'/></qemu:commandline></domain>|" "$TMPDIR/vm.xml" > "$TMPDIR/edited.xml"
virsh -q define "$TMPDIR/edited.xml"
hook_refused '<qemu:commandline>' virsh start vm
sed 's/ digest=/ digset=/' "$TMPDIR/vm.xml" > "$TMPDIR/damaged.xml"
virsh -q define "$TMPDIR/damaged.xml"
hook_refused 'the metadata that gpuvm left in the domain is damaged' virsh start vm
virsh -q define "$TMPDIR/vm.xml"

# enforce: whose domains are judged. What has no device of the host is not.
for word in gpuvm off; do
    policy "enforce: $word"
    expect_exit 0 virsh start other
    virsh -q destroy other
done
policy $'enforce: off\nallowlist: []'
expect_exit 0 virsh start vm
virsh -q destroy vm
policy 'enforce: all'
hook_refused 'device 0000:04:00.0 (8086:125c) not in allowlist' virsh start other
expect_exit 0 virsh start plain
virsh -q destroy plain

# A policy that is wrong might have been for all.
for text in 'enforce: everything' 'allowlist: [10de]' '}'; do
    policy "$text"
    for domain in other vm; do
        hook_refused '/etc/gpuvm/policy.yaml:' virsh start $domain
        expect_text 'as long as this is wrong, no domain with a PCI device of the host starts'
    done
    expect_exit 0 virsh start plain
    virsh -q destroy plain
done
rm /etc/gpuvm/policy.yaml
mkfifo /etc/gpuvm/policy.yaml
hook_refused '/etc/gpuvm/policy.yaml' virsh start vm
rm /etc/gpuvm/policy.yaml

# A hook that dies, or is killed, has not said yes.
cp "$HOOK" "$TMPDIR/hook"
for end in 'kill -SEGV $$' 'kill -KILL $$' 'exit 1'; do
    echo $'#!/bin/sh\n'"$end" > "$HOOK"
    hook_refused '' virsh start vm
done
cat > "$HOOK" <<-END
	#!/bin/sh
	[ "\$2" = prepare ] || exit 0
	echo \$\$ > $TMPDIR/asked.new
	mv $TMPDIR/asked.new $TMPDIR/asked
	exec sleep 1000
	END
virsh start vm > "$TMPDIR/out" 2>&1 &
waiting=$!
wait_until [ -e "$TMPDIR/asked" ]
kill -KILL "$(cat "$TMPDIR/asked")"
! wait $waiting || fail "it started: $(cat "$TMPDIR/out")"
stopped vm
cp "$TMPDIR/hook" "$HOOK"

# With the host: what is refused stays off, the rest starts.
policy 'enforce: all'
for domain in vm other plain; do
    virsh -q autostart $domain
done
stop_libvirtd
rm /run/libvirt/qemu/autostarted
: > /var/log/libvirt/libvirtd.log
LIBVIRT_AUTOSTART=1 start_libvirtd
wait_until grep -q 'device 0000:04:00.0 (8086:125c) not in allowlist' /var/log/libvirt/libvirtd.log
run_now()
{
    [ "$(virsh -q list --name | sort | paste -sd,)" = "$1" ]
}
wait_until run_now plain,vm
stopped other
expect_driver igc 0000:04:00.0
virsh -q destroy vm
virsh -q destroy plain

# 16 at once that want one card, which one of them gets.
processes=()
for number in {1..16}; do
    domain "vm$number" 0000:02:00.0 0000:02:00.1 > "$TMPDIR/vm$number.xml"
    virsh -q define "$TMPDIR/vm$number.xml"
done
for number in {1..16}; do
    virsh start "vm$number" > "$TMPDIR/out.$number" 2>&1 &
    processes+=($!)
done
winners=()
for number in {1..16}; do
    if wait "${processes[number - 1]}"; then
        winners+=("vm$number")
    else
        grep -q 'in use by' "$TMPDIR/out.$number" || fail "vm$number: $(cat "$TMPDIR/out.$number")"
    fi
done
[ ${#winners[@]} = 1 ] || fail "${#winners[@]} have it: ${winners[*]}"
virsh -q destroy "${winners[0]}"

# Without it, at once.
policy $'enforce: all\nallowlist: []'
hook_refused 'not in allowlist' virsh start vm1
expect_exit 0 gpuvm hook remove
expect_text "$file: removed"
[ ! -L $file ] || fail 'it is still there'
expect_exit 0 virsh start vm1
