# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# verify: what a guest shows from inside, through its agent, is compared with what the VM runs with. The guest's hardware is a machine of
# the lab's, too, whose sysfs its agent has.

# program NAME LINE…: prints the lines in the guest
program()
{
    { echo '#!/bin/sh'; printf "echo '%s'\n" "${@:2}"; } > "$LAB/agent.bin/$1"
    chmod +x "$LAB/agent.bin/$1"
}

# verify STATUS TEXT…: what gpuvm says of the VM, blanks squeezed
verify()
{
    expect_exit "$1" gpuvm verify vm
    OUT=$(tr -s ' ' <<< "$OUT")
    expect_text "${@:2}"
}

cell='cell 0 memory=256M cpus=0 threads=1'
card='  0000:01:00.0 10de:2204 class=0300 driver=nvidia link=16x16/2.5x16 bars=16M,32G,32M'
sound='  0000:01:00.1 10de:1aef class=0403 link=16x16/2.5x16 bars=16K'
mkdir "$LAB/agent.bin"
for name in cat sed timeout grep; do
    ln -s "$(command -v $name)" "$LAB/agent.bin/"
done

# --- nobody to ask
vm vm '{pci_passthrough: ["01:00"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
verify 6 'vm: error: there is no guest to ask: it is shut off'
expect_exit 0 gpuvm start vm
verify 6 'vm: error: it cannot be looked at from inside: no guest agent yet' 'hint: install qemu-guest-agent'
expect_exit 5 gpuvm verify nobody
expect_exit 2 gpuvm verify --timeout 0 vm
expect_exit 0 gpuvm stop --force vm

# --- as planned
guest_agent
at=$(guest_place vm)
port="0000:00:$at 1b36:000c class=0604"
program nvidia-smi 'GPU 0: NVIDIA GeForce RTX 3090 (UUID: GPU-0)'
guest_hardware "$cell" "$port" "$card" "$sound"
expect_exit 0 gpuvm start --verify vm
expect_text 'vm: started' VERDICT '32816 MiB'
expect_no_text differs
verify 0 'vm - - CPUs 1 1 ok' 'vm - - memory 256.0 MiB 256.0 MiB ok' \
    "vm 0000:01:00.0 0000:01:00.0 place 00:$at/00.0 00:$at/00.0 ok" \
    'vm 0000:01:00.0 0000:01:00.0 ids 10de:2204 10de:2204 ok' \
    'vm 0000:01:00.0 0000:01:00.0 BARs 32816 MiB 32816 MiB ok' \
    'vm 0000:01:00.0 0000:01:00.0 link 16 GT/s x16 16 GT/s x16 ok' \
    'vm 0000:01:00.0 0000:01:00.0 driver any nvidia ok' \
    'vm 0000:01:00.1 0000:01:00.1 BARs 16 KiB 16 KiB ok' 'vm - - GPUs of nvidia-smi 1 1 ok'
expect_no_text '01:00.1 driver'
expect_exit 0 gpuvm -o json verify vm
expect_json '(j["vms"], all(check["equal"] for check in j["checks"]), len(j["checks"]))' \
    "([{'name': 'vm', 'verified': True}], True, 12)"

# --- the guest counts its buses otherwise
guest_hardware "$cell" '0000:00:03.0 8086:2934 class=0c03' "$port bus=07" "${card/0000:01/0000:07}" "${sound/0000:01/0000:07}"
verify 0 "vm 0000:01:00.0 0000:07:00.0 place 00:$at/00.0 00:$at/00.0 ok"

# --- what differs
guest_hardware "$cell" "$port" "${card/ driver=nvidia/}" "$sound"
verify 6 '0000:01:00.0 driver any none differs' 'vm: error: the guest is not as planned: 1 of 12 checks differ'
guest_hardware "$cell" "$port" "$sound"
verify 6 "vm 0000:01:00.0 - place 00:$at/00.0 none differs" '1 of 8 checks differ'
guest_hardware "$cell" "$port"
verify 6 "vm 0000:01:00.0 - place 00:$at/00.0 none differs" "vm 0000:01:00.1 - place 00:$at/00.1 none differs"
guest_hardware "$cell" "0000:00:1e.0 1b36:000c class=0604" "$card" "$sound"
verify 6 "vm 0000:01:00.0 - place 00:$at/00.0 none differs"
guest_hardware "$cell" "$port" "${card/10de:2204/10de:2206}" "$sound"
verify 6 'ids 10de:2204 10de:2206 differs' '1 of 12 checks differ'
guest_hardware "$cell" "$port" "${card/,32G/}" "$sound"
verify 6 'BARs 32816 MiB 48 MiB differs' '1 of 12 checks differ'
guest_hardware "$cell" "$port" "${card/16x16\/2.5x16/8x8}" "$sound"
verify 6 'link 16 GT/s x16 8 GT/s x8 differs' '1 of 12 checks differ'
guest_hardware 'cell 0 memory=512M cpus=0-1' "$port" "$card" "$sound"
verify 6 'CPUs 1 2 differs' 'memory 256.0 MiB 512.0 MiB differs' '2 of 12 checks differ'
guest_hardware "$cell" "$port" "$card" "$sound"
sed -i '2s/^0x[0-9a-f]*/0x0000000000000000/' "$LAB/guest/sys/bus/pci/devices/0000:01:00.0/resource"
verify 6 'BARs 32816 MiB 1 without an address differs'
guest_hardware "$cell" "$port" "$card" "$sound"
program nvidia-smi 'No devices were found'
verify 6 'GPUs of nvidia-smi 1 0 differs'
program nvidia-smi 'GPU 0: NVIDIA GeForce RTX 3090 (UUID: GPU-0)'
verify 0 'ok'

# --- a command of the user's
# shellcheck disable=SC2016 # for the guest's shell
expect_exit 0 gpuvm verify --command 'nvidia-smi -L; echo "$0" \& done' vm
expect_text 'exit status 0' 'vm: GPU 0: NVIDIA GeForce RTX 3090' '& done'
expect_exit 6 gpuvm verify --command 'echo first; printf "\033[31mred\n" >&2; exit 3' vm
expect_text 'exit status 3' differs 'vm: first' 'vm: red' '1 of 13 checks differ'
expect_exit 6 gpuvm -o json verify --command 'echo "a b"; false' vm
expect_json 'j["vms"]' "[{'name': 'vm', 'output': ['a b'], 'verified': False}]"
expect_exit 6 gpuvm verify --timeout 1 --command 'read -r word < /dev/zero' vm
expect_text 'no end in 1 s'

# --- several, of which one is asked in vain
vm other '{}'
expect_exit 0 gpuvm define "$TMPDIR/other.yaml"
expect_exit 6 gpuvm verify other vm
expect_text 'other: error: there is no guest to ask' VERDICT 'vm   0000:01:00.0'

# --- what an agent may say
while read -r words reason; do
    # shellcheck disable=SC2059 # it is
    printf "$words\n" > "$LAB/agent-says"
    run gpuvm verify vm
    [ "$STATUS" != 0 ] || fail "$words is right"
    expect_text "$reason"
    rm "$LAB/agent-says"
done <<-'END'
	{"return":{}} what the guest agent says is not understood
	{"return":{"pid":1,"exited":true,"exitcode":0}} what the guest shows of its hardware is not understood
	{"return":{"pid":1,"exited":true,"out-data":"G1szMW1yZWQK"}} what the guest shows of its hardware is not understood
	{"return":{"pid":1,"exited":true,"out-data":"Y3B1cyAwCmVuZAo="}} is not as planned
	{"error":{"class":"CommandNotFound","desc":"The\u0020command\u0020guest-exec\u0020has\u0020been\u0020disabled"}} has been disabled
	END
printf '{"return":{"pid":1,"exited":false}}\n' > "$LAB/agent-says"
expect_exit 6 gpuvm verify --timeout 1 vm
expect_text 'the guest does not say in time what it has'
printf '{"return":{"pid":1,"exited":true,"out-data":"%s"}}\n' "$({
    printf 'cpus 0\nfunction /sys/devices/pci0000:00/0000:00:%s/0000:01:00.0 0x1 0x2 0x3 0 - - \033[31mred\nend\n' "$at"
} | base64 -w 0)" > "$LAB/agent-says"
verify 6 'driver any \x5cx1b[31mred ok'
rm "$LAB/agent-says"

# --- a boot that takes its time: the driver comes late, the agent is there when the VM is started anew
guest_hardware "$cell" "$port" "${card/ driver=nvidia/}" "$sound"
{
    gpuvm -v restart --force --verify vm > "$TMPDIR/restart.out" 2>&1
    echo $? > "$TMPDIR/restart.status"
} &
wait_until grep -q 'checks differ' "$TMPDIR/restart.out"
guest_hardware "$cell" "$port" "$card" "$sound"
wait
[ "$(cat "$TMPDIR/restart.status")" = 0 ] || fail "restart --verify: $(cat "$TMPDIR/restart.out")"
