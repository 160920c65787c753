# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# A process has the card open: it is refused and named at plan, define and start; --wait-free waits until it lets go.

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
before=$(drivers)

node /dev/dri/card1 0000:01:00.0
sleep 1000 < /dev/dri/card1 &
holder=$!
open="device 0000:01:00.0 is in use by the host: it is open as /dev/dri/card1 in process $holder (sleep)"

vm other '{pci_passthrough: ["01:00.0"]}'
for command in "plan $TMPDIR/other.yaml" "define $TMPDIR/other.yaml" 'start vm' 'start --wait-free 1 vm'; do
    # shellcheck disable=SC2086
    expect_exit 5 gpuvm $command
    expect_text "$open" "sudo kill $holder"
done
[ "$(virsh -q list --all --name)" = vm ] || fail 'a refused definition was defined'
stopped vm
[ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
expect_exit 0 gpuvm devices 01:00
expect_text 'is open as /dev/dri/card1'

# The wait ends when the process does, not before.
gpuvm -v start --wait-free 100000 vm > "$TMPDIR/out" 2>&1 &
wait_until grep -q 'waiting for processes that have a device open' "$TMPDIR/out"
stopped vm
kill $holder
wait $! || fail "$(cat "$TMPDIR/out")"
grep -q 'vm: started' "$TMPDIR/out" || fail "$(cat "$TMPDIR/out")"
expect_driver vfio-pci 0000:01:00.0 0000:01:00.1
