# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090 sriov
# A card that does not answer is shown, not chosen and not passed; release brings it back by the gentlest that helps, and touches no other.

case $LAB_NAME in
workstation-rtx3090)
    card=(0000:01:00.0 0000:01:00.1) own=nvidia
    ;;
sriov)
    card=(0000:b1:00.0) own=i915
    ;;
esac
first=${card[0]}
before=$(drivers)

# silence_card FORCE
silence_card()
{
    for address in "${card[@]}"; do
        silence "$address" "$1"
    done
}

# release FORCE STATUS TEXT…
release()
{
    silence_card "$1"
    expect_exit "$2" synchronous "$GPUVM" release "$first"
    expect_text "${@:3}"
}

answers()
{
    [ ! -e "$LAB/silent/$first.until" ] && expect_exit 0 gpuvm devices "$first" && expect_no_text 'does not answer'
}

vm named "{pci_passthrough: [\"$first\"]}"
vm chosen '{gpus: [{count: 1}]}'
expect_exit 0 gpuvm define "$TMPDIR/named.yaml"

silence_card reset
expect_exit 0 gpuvm devices
expect_text "does not answer: its configuration space reads 0xff"
expect_exit 5 gpuvm plan "$TMPDIR/named.yaml"
expect_text "error: device $first does not answer" "hint: to reset it: gpuvm release $first"
run gpuvm plan "$TMPDIR/chosen.yaml"
[ "$LAB_NAME" != workstation-rtx3090 ] || expect_text 'no room' "$first: device $first does not answer"
[ "$LAB_NAME" != sriov ] || expect_no_text "$first"
expect_exit 5 gpuvm start named
expect_text "device $first does not answer"
expect_exit 0 gpuvm capture -o "$TMPDIR/host.xml"
expect_exit 5 gpuvm plan --host "$TMPDIR/host.xml" "$TMPDIR/named.yaml"
expect_text "device $first does not answer"

# What is asleep without power is well.
echo D3cold > "/sys/bus/pci/devices/$first/power_state"
mkdir -p "/sys/bus/pci/devices/$first/power"
echo suspended > "/sys/bus/pci/devices/$first/power/runtime_status"
expect_exit 0 gpuvm devices "$first"
expect_no_text "device $first does not answer"
rm -r "/sys/bus/pci/devices/$first/power"
echo D0 > "/sys/bus/pci/devices/$first/power_state"

# In the order of their force.
if [ "$LAB_NAME" = sriov ]; then
    release reset 0 'a reset of the function brought it back' "$first: on $own already"
    expect_no_text 'bus'
    answers
fi
release bus 0 'a reset of the function did not help' 'a reset of its bus brought it back'
expect_no_text 'look for it again'
answers
[ "$(cat "/sys/bus/pci/devices/$first/reset_method")" != bus ] || [ "$LAB_NAME" != sriov ] || fail 'its methods are not what they were'
release rescan 0 'a reset of its bus did not help' 'to remove it and look for it again brought it back'
answers
[ "$(drivers)" = "$before" ] || fail "drivers are: $(drivers)"

# A neighbour that is in use keeps its bus: the step is left out.
if [ "$LAB_NAME" = workstation-rtx3090 ]; then
    neighbour=${first%0.0}1.0
    cp -r "$(realpath /sys/bus/pci/devices/0000:00:1f.6)" "$(dirname "$(realpath "/sys/bus/pci/devices/$first")")/$neighbour"
    ln -s "$(dirname "$(realpath "/sys/bus/pci/devices/$first")")/$neighbour" "/sys/bus/pci/devices/$neighbour"
    release bus 0 "a reset of its bus did not help: $neighbour, on the same bus, is in use" 'look for it again brought it back'
    rm -r "$(realpath "/sys/bus/pci/devices/$neighbour")" "/sys/bus/pci/devices/$neighbour"
fi

# What the host uses is not reset.
silence_card reset
node /dev/dri/card0 "$first"
sleep 1000 < /dev/dri/card0 &
holder=$!
run synchronous "$GPUVM" release "$first"
[ "$STATUS" = 5 ] || fail "exit $STATUS: $OUT"
expect_text "device $first is in use by the host"
expect_no_text 'brought it back' 'did not help'
kill $holder
wait $holder || true

# It falls silent while a VM has it: stop says so, and release brings it and its driver back.
expect_exit 0 synchronous "$GPUVM" release "$first"
expect_exit 0 gpuvm start named
silence_card rescan
expect_exit 5 synchronous "$GPUVM" release "$first"
expect_text "'named'"
expect_no_text 'did not help'
expect_exit 0 gpuvm stop --force named
expect_text "warning: device $first does not answer now that domain 'named' is off" "hint: to reset it: gpuvm release $first"
expect_exit 5 gpuvm start named
expect_exit 0 synchronous "$GPUVM" release "$first"
[ "$(drivers)" = "$before" ] || fail "drivers are: $(drivers)"
expect_exit 0 gpuvm start named
expect_exit 0 gpuvm stop --force named
expect_no_text warning
[ "$(drivers)" = "$before" ] || fail "drivers are: $(drivers)"

# It answers, and its driver does not take it; or libvirt does not give it back.
mkdir -p "/sys/module/$own"
echo "alias pci:v*d*sv*sd*bc03sc*i* $own" >> "/usr/lib/modules/$(uname -r)/modules.alias"
expect_exit 0 gpuvm start named
echo "$first" > "$LAB/forgets"
expect_exit 0 gpuvm stop --force named
expect_text "warning: device $first has no driver now that domain 'named' is off: $own did not take it" "gpuvm release $first"
expect_exit 0 gpuvm release "$first"
[ "$(drivers)" = "$before" ] || fail "drivers are: $(drivers)"
expect_exit 0 gpuvm start named
expect_exit 0 gpuvm stop --force named
expect_no_text warning

expect_exit 0 gpuvm start named
hold DomainDestroy stop --force named
expect_exit 0 virsh destroy named
expect_exit 0 virsh nodedev-detach "pci_${first//[:.]/_}"
let_go 0
OUT=$(cat "$TMPDIR/held")
expect_text "warning: device $first is still on vfio-pci, though domain 'named' is off" "hint: to give it back: gpuvm release $first"
expect_exit 0 gpuvm release "$first"

# As one who may not read what libvirt remembers.
expect_exit 0 gpuvm start named
rm /run/libvirt/qemu/named.xml
hold DomainDestroy stop --force named
expect_exit 0 virsh destroy named
expect_exit 0 virsh nodedev-detach "pci_${first//[:.]/_}"
let_go 0
OUT=$(cat "$TMPDIR/held")
expect_text "warning: device $first is on vfio-pci, though domain 'named' is off" \
    "hint: unless it was before the domain started, which only root can see, give it back: gpuvm release $first"
expect_exit 0 gpuvm release "$first"
expect_exit 0 gpuvm start named
rm /run/libvirt/qemu/named.xml
expect_exit 0 gpuvm stop --force named
expect_no_text warning

# On VFIO before, it stays there, which is nothing to be warned of.
for address in "${card[@]}"; do
    rebind "$address" vfio-pci
done
expect_exit 0 gpuvm start named
expect_exit 0 gpuvm stop --force named
expect_no_text warning
expect_driver vfio-pci "${card[@]}"
expect_exit 0 gpuvm start named
rm /run/libvirt/qemu/named.xml
expect_exit 0 gpuvm stop --force named
expect_no_text warning
expect_exit 0 gpuvm release "$first"

release never 5 'did not help: ' "error: device $first does not answer, whatever is tried" 'take it from its power'
