# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: large
# when: all
# A BAR of 64 GiB is assigned in a guest whose address bits are enough, and is the card's from its first page to its last: what the guest
# writes there is there afterwards.

card=0000:07:00.0
qemu=/usr/bin/qemu-system-x86_64
written=$((64 << 30))'
0x1122334455667788
0x99AABBCCDDEEFF00'

# in_guest ARGUMENT…: what the script on standard input says in the guest
in_guest()
{
    request=$(jq -n -c --arg script "$(base64 -w 0)" '{execute: "guest-exec", arguments: {path: "/bin/sh", "capture-output": true,
        arg: (["-s"] + $ARGS.positional), "input-data": $script}}' --args "$@")
    request=$(virsh qemu-agent-command large "$request" | jq -c '{execute: "guest-exec-status", arguments: .return}')
    eventually exited
    jq -r '.return | (."out-data", ."err-data") // empty | @base64d' status
}

exited()
{
    virsh qemu-agent-command large "$request" >status && jq -e .return.exited status
}

# words ADDRESS [FIRST LAST]: the size of that card's BAR 2, and a word of its first and of its last page, after setting them to these
cat >words <<'SH'
cd "/sys/bus/pci/devices/$1" || exit
stat -c %s resource2
{ read -r _ && read -r _ && read -r begin end _; } <resource
echo 1 >enable
[ $# = 1 ] || {
    busybox devmem "$begin" 64 "$2"
    busybox devmem $((end - 4095)) 64 "$3"
}
busybox devmem "$begin" 64
busybox devmem $((end - 4095)) 64
echo 0 >enable
SH

# Mapped for the guest, which VFIO does page by page, so much takes minutes here: the machine's QEMU makes each access itself.
cp $qemu $qemu.real
cat >qemu <<SH
#!/bin/sh
exec $qemu.real "\$@" -global vfio-pci.x-no-mmap=on
SH
chmod 755 qemu
mount --bind qemu $qemu
trap 'umount $qemu' EXIT

policy <<'YAML'
kind: policy
allowlist: ["1af4:1110"]
YAML
kernel=/e2e/vmlinux memory=192 vm large $card
cat >>large.yaml <<'YAML'
initramfs:
  path: /e2e/app.img
kernel_cmdline: console=ttyS0 quiet mitigations=off nokaslr no_timer_check panic=-1
YAML
check 'plan' gpuvm plan large.yaml
check 'define' gpuvm define large.yaml
contains 'the guest has the bits of the machine' "<maxphysaddr mode='passthrough'/>" "$(virsh dumpxml --inactive large)"
check 'start' gpuvm start --timeout 600 large
report large >/dev/null
guest=$(plan_of large | cut -d' ' -f2)
# shellcheck disable=SC2086 # words
same 'the guest writes to its first and its last page, and reads that' "$written" "$(in_guest "$guest" ${written#*$'\n'} <words)"
echo 'modprobe uio_pci_generic && echo 1af4 1110 >/sys/bus/pci/drivers/uio_pci_generic/new_id' | in_guest
check 'verify, with a driver there' gpuvm verify large
contains 'its BARs are as planned' 'ok' "$(gpuvm verify large | grep -E "^large +$card +$guest +BARs ")"
check 'stop' gpuvm stop --force large
same 'the card, which the machine has again, has kept it' "$written" "$(sh words $card)"
check 'undefine' gpuvm undefine large
