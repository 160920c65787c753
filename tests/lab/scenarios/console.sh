# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# console: at a terminal, with a pipe, while somebody else has it; the terminal is as it was before, however it ends.

talk 'login: '
vm vm '{}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 1 gpuvm console vm
expect_text "domain 'vm' is not running" 'gpuvm start vm'
expect_exit 0 gpuvm start vm

# at a terminal: $lab_source/terminal.py says what is typed and expected. With --force everywhere but where that is asked about:
# libvirtd notices some time later that somebody who had the console is gone.
terminal()
{
    expect_exit 0 "$lab_source/terminal.py" "$GPUVM" console --force vm -- "$@"
}

terminal expect 'connected to vm; leave with Ctrl-]' expect 'login: ' type '+' expect '+' type '\x03' alive type '\x1d' exit 0 cooked
terminal expect 'login: ' alive signal TERM exit -15 cooked
terminal expect 'login: ' alive signal HUP exit -1 cooked
terminal expect 'login: ' run 'virsh -q destroy vm' exit 0 cooked
expect_exit 0 gpuvm start vm
terminal expect 'login: ' run "$GPUVM console --force vm </dev/null >/run/lab/tmp/taken 2>&1 & echo \$! >/run/lab/tmp/pid" expect 'was closed' expect '--force' exit 1 cooked
wait_until grep -q 'login: ' "$TMPDIR/taken"

# somebody has it
expect_exit 5 gpuvm console vm
expect_text "cannot open the console of domain 'vm'" '--force'
kill "$(cat "$TMPDIR/pid")"

# without a terminal: to the end of the VM, whatever became of the input; Ctrl-] ends it, too
# says TEXT: on the console; ends: the console does, with status 0
says()
{
    wait_until grep -qF "$1" "$TMPDIR/console"
}
ends()
{
    wait $console || fail "exit $?: $(cat "$TMPDIR/console")"
}
"$GPUVM" console --force vm < /dev/null > "$TMPDIR/console" 2>&1 &
console=$!
says 'connected to vm'
says 'login: '
virsh -q destroy vm
ends
expect_exit 0 gpuvm start vm
mkfifo "$TMPDIR/keys"
"$GPUVM" -q console --force vm < "$TMPDIR/keys" > "$TMPDIR/console" 2>&1 &
console=$!
exec {keys}> "$TMPDIR/keys"
says 'login: '
printf '+' >&"$keys"
says '+'
printf '\035' >&"$keys"
ends
exec {keys}>&-
! grep -qi 'connected' "$TMPDIR/console" || fail "$(cat "$TMPDIR/console")"
# nobody reads any more
"$GPUVM" -q console --force vm < /dev/null | head -c 3 > "$TMPDIR/read"
[ "${PIPESTATUS[0]}" = 0 ] || fail 'a closed pipe is an error'
expect_exit 0 virsh -q destroy vm

# a guest that is silent but for the echo: no key waits for it
talk ''
expect_exit 0 gpuvm start vm
terminal expect 'connected to vm' type '1' expect '1' type '2' expect '2' type '345' expect '345' type '\x1d' exit 0 cooked
expect_exit 0 virsh -q destroy vm
