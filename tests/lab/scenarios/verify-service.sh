# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# verify-service: a guest that has no agent, or one that must not run anything, is looked at through the service that its seed sets up

# verify STATUS TEXT…: what gpuvm says of the VM, blanks squeezed
verify()
{
    expect_exit "$1" gpuvm verify --timeout "${TIMEOUT-120}" vm
    OUT=$(tr -s ' ' <<< "$OUT")
    expect_text "${@:2}"
}

# says TEXT: all that the service says from now on, with printf's escapes
says()
{
    # shellcheck disable=SC2059 # it is
    printf "$1" > "$LAB/reporter-says"
}

cell='cell 0 memory=256M cpus=0 threads=1'
card='  0000:01:00.0 10de:2204 class=0300 driver=nvidia link=16x16/2.5x16 bars=16M,32G,32M'
sound='  0000:01:00.1 10de:1aef class=0403 link=16x16/2.5x16 bars=16K'

# --- a guest that has neither
vm vm '{pci_passthrough: ["01:00"]}' "verify: true"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm start vm
verify 6 'vm: error: it cannot be looked at from inside: no guest agent yet' 'hint: install qemu-guest-agent' \
    "gpuvm's own service (verify: true) does not run there"
expect_exit 0 gpuvm stop --force vm

# --- the service
guest_reporter vm
at=$(guest_place vm)
guest_hardware "$cell" "0000:00:$at 1b36:000c class=0604" "$card" "$sound"
expect_exit 0 gpuvm start --verify vm
expect_text 'vm: started' VERDICT '32816 MiB'
verify 0 "vm 0000:01:00.0 0000:01:00.0 place 00:$at/00.0 00:$at/00.0 ok" 'vm - - CPUs 1 1 ok'
verify 0 # again
guest_hardware "$cell" "0000:00:$at 1b36:000c class=0604" "$sound"
verify 6 "vm 0000:01:00.0 - place 00:$at/00.0 none differs"
expect_exit 6 gpuvm verify --command true vm
expect_text 'the command cannot be run: no guest agent yet' VERDICT

# --- what it may say
report='cpus 0\nend\n'
digest=$(printf '%b' "$report" | sha256sum)
begin='gpuvm-verify begin\n'
end="gpuvm-verify end ${digest%% *}\n"
says "2\nend\n$end$begin$report$end"
verify 6 'is not as planned'
says "$begin\033[31mred\n"'gpuvm-verify end 0\n'
TIMEOUT=1 verify 6 "the guest's service does not say in time what it has"
red=$(printf '%b' '\033[31mred\n' | sha256sum)
says "$begin\033[31mred\ngpuvm-verify end ${red%% *}\n"
verify 6 'what the guest shows of its hardware is not understood'
says "$begin"
TIMEOUT=1 verify 6 "the guest's service does not say in time what it has"
says ''
TIMEOUT=1 verify 6 "the guest's service does not say in time what it has"
{ printf '%b' "$begin"; head -c 4M /dev/zero; } > "$LAB/reporter-says"
verify 6 "what the guest's service says is not understood"
rm "$LAB/reporter-says"
guest_hardware "$cell" "0000:00:$at 1b36:000c class=0604" "$card" "$sound"
verify 0 VERDICT
expect_exit 0 gpuvm stop --force vm

# --- an agent that must not run anything
guest_agent
echo '{"error":{"class":"CommandNotFound","desc":"The command guest-exec has been disabled"}}' > "$LAB/agent-says"
expect_exit 0 gpuvm start vm
verify 0 VERDICT
