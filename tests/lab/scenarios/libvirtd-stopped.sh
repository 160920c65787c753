# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# A libvirtd that does not answer is an error after a while, whether it stopped before or in the midst of a command.

vm vm '{}'
pid=$(cat /run/libvirt/libvirtd.pid)

kill -STOP "$pid"
expect_exit 6 gpuvm list --all
expect_text 'libvirtd does not answer' 'systemctl status libvirtd'
expect_exit 6 gpuvm -o json list
expect_text '"libvirtd does not answer"' '"exit_code" : 6'
kill -CONT "$pid"
expect_exit 0 gpuvm list --all

hold DomainDefineXMLFlags define "$TMPDIR/vm.yaml"
kill -STOP "$pid"
let_go 6
grep -q 'libvirtd does not answer' "$TMPDIR/held" || fail "$(cat "$TMPDIR/held")"
kill -CONT "$pid"
wait_until gpuvm show vm
expect_exit 0 gpuvm undefine vm

# One that takes its time is let do so.
hold DomainDefineXMLFlags define "$TMPDIR/vm.yaml"
kill -STOP "$pid"
wait_until is_held ConnectOpenReadOnly
kill -CONT "$pid"
let_go 0
expect_exit 0 gpuvm undefine vm

# While gpuvm itself is stopped, with a question on its way, no time passes for libvirtd.
hold DomainDefineXMLFlags define "$TMPDIR/vm.yaml"
kill -STOP "$pid"
wait_until is_held ConnectOpenReadOnly
kill -STOP $HELD
kill -CONT "$pid"
sleep 11 # seconds, more than libvirtd has for its answer
kill -CONT $HELD
let_go 0
