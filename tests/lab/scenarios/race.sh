# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# 16 processes start 16 VMs that share one card: one wins, the others are refused, and no driver is lost.

for number in {1..16}; do
    vm "vm$number" '{pci_passthrough: ["01:00.0"]}'
done
expect_exit 0 gpuvm define "$TMPDIR"/vm*.yaml
before=$(drivers)

for round in 1 2 3; do
    processes=()
    for number in {1..16}; do
        gpuvm start "vm$number" > "$TMPDIR/out.$number" 2>&1 &
        processes+=($!)
    done
    winners=()
    for number in {1..16}; do
        status=0
        wait "${processes[number - 1]}" || status=$?
        case $status in
        0) winners+=("vm$number") ;;
        5) grep -q "0000:01:00" "$TMPDIR/out.$number" || fail "no device named: $(cat "$TMPDIR/out.$number")" ;;
        *) fail "round $round: vm$number exits with $status: $(cat "$TMPDIR/out.$number")" ;;
        esac
    done
    [ ${#winners[@]} -eq 1 ] || fail "round $round: ${#winners[@]} winners: ${winners[*]}"
    [ "$(virsh -q list --name)" = "${winners[0]}" ] || fail "round $round: another domain runs than ${winners[0]}"
    expect_driver vfio-pci 0000:01:00.0 0000:01:00.1
    expect_exit 0 gpuvm stop --force "${winners[0]}"
    [ "$(drivers)" = "$before" ] || fail "round $round: a driver is not what it was"
done
