# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# Another definition: a replica at a time is stopped, defined, started and healthy before the next; the first that fails ends it, and
# a repeat goes on. What virsh changed is said and repaired.

. "$lab_source/fleet.sh"

fleet 256 /health
expect_exit 0 create --wait
expect_text 'fleet-0: healthy' 'fleet-1: healthy'
expect_exit 0 gpuvm deployment list
expect_text '2/2     2/2'
ids="$(virsh -q domid fleet-0) $(virsh -q domid fleet-1)"

# The first one is not healthy: the second keeps what it has.
fleet 300 /nothing
expect_exit 6 create
expect_text 'fleet-0: stopped' 'fleet-0: updated' 'fleet-0: started' 'fleet-0: not healthy' 'fleet-0: error: not healthy after 1 s: 404 Not Found' \
    'fleet: not finished'
expect_no_text 'fleet-1: stopped' 'fleet-1: updated'
[ "$(virsh -q domid fleet-1)" = "${ids#* }" ] || fail 'fleet-1 was restarted'
expect_exit 6 create
expect_text 'fleet-0: unchanged' 'fleet-0: error: not healthy after 1 s'
expect_no_text stopped
expect_exit 0 gpuvm deployment show fleet
[[ $OUT == *fleet-0*running*current*unhealthy*fleet-1*running*old*healthy* ]] || fail "$OUT"

# Scaling leaves the old one alone, and goes by the new definition.
expect_exit 0 gpuvm deployment scale fleet=2
expect_text "replica 'fleet-1' runs with another definition" 'fleet-0: unchanged'
[ "$(virsh -q domid fleet-1)" = "${ids#* }" ] || fail 'fleet-1 was restarted'

# Ctrl-C: the one that is waited for goes on running, the second is left alone, and that is said.
fleet 310 /nothing
sed -i 's/timeout_ms: 1000/timeout_ms: 600000/' "$TMPDIR/fleet.yaml"
setsid env --default-signal=INT "$GPUVM" deployment create fleet --force --config "$TMPDIR/fleet.yaml" > "$TMPDIR/out" 2>&1 &
await_text() { grep -q "$1" "$TMPDIR/out"; }
wait_until await_text 'fleet-0: started'
kill -INT $!
wait $! && fail 'exit 0 when interrupted'
OUT=$(< "$TMPDIR/out")
expect_text 'fleet-0: error: no longer waited for: it was not healthy yet' 'fleet: not finished; repeat the command to go on'
expect_no_text 'fleet-1: '

fleet 320 /health
expect_exit 0 create
[[ $OUT == *'fleet-0: stopped'*'fleet-0: updated'*'fleet-0: started'*'fleet-0: healthy'*'fleet-1: stopped'*'fleet-1: healthy'* ]] ||
    fail "another order: $OUT"
run_with 320
expect_exit 0 create
expect_text 'fleet-0: unchanged' 'fleet-1: unchanged'
expect_no_text stopped

# Two that exchange their cards must be off together.
ids="$(virsh -q domid fleet-0) $(virsh -q domid fleet-1)"
fleet 320 /health '02:00.0, 01:00.0'
expect_exit 5 create
expect_text "device 0000:02:00.0 is in use by domain 'fleet-1', which is running" \
    'hint: replicas that exchange devices are to be off at once: --max-unavailable 2'
[ "$ids" = "$(virsh -q domid fleet-0) $(virsh -q domid fleet-1)" ] || fail 'something was restarted'
expect_exit 0 create --max-unavailable 2
run_with 320
virsh dumpxml fleet-0 | grep -q "<address domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>" || fail 'the cards are not exchanged'

# restart: each in turn
ids="$(virsh -q domid fleet-0) $(virsh -q domid fleet-1)"
expect_exit 0 gpuvm deployment restart --force fleet
[[ $OUT == *'fleet-0: stopped'*'fleet-0: healthy'*'fleet-1: stopped'*'fleet-1: healthy'* ]] || fail "$OUT"
for number in 0 1; do
    [[ " $ids " != *" $(virsh -q domid fleet-$number) "* ]] || fail "fleet-$number was not restarted"
done

# One is gone, a device of the other as well.
expect_exit 0 virsh destroy fleet-1
expect_exit 0 virsh undefine --nvram fleet-1
hostdevs 0000:02:00.1 > "$TMPDIR/audio.xml"
expect_exit 0 virsh detach-device --config fleet-0 "$TMPDIR/audio.xml" # its guest has it still
id=$(virsh -q domid fleet-0)
expect_exit 0 gpuvm deployment show fleet
[[ $OUT == *'1 of 2 running'*fleet-0*running*edited*fleet-1*missing* ]] || fail "$OUT"
expect_exit 0 create
expect_text 'fleet-0: updated' 'fleet-1: created' 'fleet-1: started'
[ "$(virsh -q domid fleet-0)" = "$id" ] || fail 'fleet-0 was restarted, which ran as it is to'
run_with 320

# A change outside gpuvm, whatever it is: scale leaves a VM that runs alone, create puts it right, and restarts only what runs so.
id=$(virsh -q domid fleet-1)
virsh dumpxml --inactive fleet-1 | sed 's|<on_crash>[a-z]*|<on_crash>preserve|' > "$TMPDIR/edited.xml"
expect_exit 0 virsh define "$TMPDIR/edited.xml"
expect_exit 0 gpuvm -o json deployment show fleet
expect_json '[v["definition"] for v in j["deployment"]["vms"]]' "['current', 'edited']"
expect_exit 0 gpuvm deployment scale fleet=2
expect_text "replica 'fleet-1' runs with another definition, or was changed outside gpuvm"
expect_no_text 'fleet-1: '
expect_exit 0 create
expect_text 'fleet-1: updated' 'fleet-0: unchanged'
expect_no_text stopped
[ "$(virsh -q domid fleet-1)" = "$id" ] || fail 'fleet-1 was restarted, which ran as it is to'
run_with 320
expect_exit 0 virsh define "$TMPDIR/edited.xml"
expect_exit 0 virsh destroy fleet-1
expect_exit 0 virsh start fleet-1
expect_exit 0 create
[[ $OUT == *'fleet-1: updated'*'fleet-1: stopped'*'fleet-1: started'*'fleet-1: healthy'* ]] || fail "$OUT"
expect_no_text 'fleet-1: unchanged'
virsh dumpxml fleet-1 | grep -q '<on_crash>destroy' || fail 'fleet-1 runs with what others changed'
run_with 320

# How many there are to be is kept by those, too, that still run with an older definition.
fleet 310 /health
expect_exit 0 gpuvm define "$TMPDIR/fleet.yaml"
expect_exit 0 gpuvm deployment scale --force fleet=1
expect_text "replica 'fleet-0' runs with another definition" 'fleet-1: removed'
expect_exit 0 gpuvm -o json deployment list
expect_json '[[d["replicas"], d["running"]] for d in j["deployments"]]' '[[1, 1]]'
expect_exit 0 create --wait
run_with 310

# A replica is nothing else, and not changed by itself.
vm fleet-1 '{}'
expect_exit 4 gpuvm define "$TMPDIR/fleet-1.yaml"
expect_text "VM 'fleet-1' is a replica of deployment 'fleet'" --adopt
expect_exit 4 env EDITOR=false "$GPUVM" edit fleet-1
expect_text "VM 'fleet-1' is a replica of deployment 'fleet'"

# One that a set has brings its replicas into it.
expect_exit 0 gpuvm define --set rack "$TMPDIR/fleet.yaml"
expect_exit 0 gpuvm deployment scale --force fleet=1
expect_exit 0 gpuvm deployment scale fleet=2
for number in 0 1; do
    virsh dumpxml --inactive fleet-$number | grep -q 'set="rack"' || fail "fleet-$number is in no set"
done

# A name that another VM has.
expect_exit 0 gpuvm deployment delete --force fleet
vm fleet-1 '{}'
expect_exit 0 gpuvm define "$TMPDIR/fleet-1.yaml"
expect_exit 4 create
expect_text "domain 'fleet-1' exists and is no replica of deployment 'fleet'"
[ "$(virsh -q list --all --name)" = fleet-1 ] || fail "made: $(virsh -q list --all)"
http_stop || true
