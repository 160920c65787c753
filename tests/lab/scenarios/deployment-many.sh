# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: server-8xh100
# when: all
# Many replicas start eight at a time; one that fails does not stop the others, is told of, and starts when the command is repeated.

fleet() # NAME REPLICAS DEVICES
{
    cat > "$TMPDIR/$1.yaml" <<-END
	kind: deployment
	name: $1
	replicas: $2
	resources: {cpu_cores: 1, memory_mb: 64}
	network: none
	devices: $3
	END
}

# calls NUMBER: whether so many starts are on their way
calls()
{
    [ "$(grep -cx DomainCreate "$TMPDIR/held.calls")" = "$1" ]
}

running()
{
    virsh -q list --name | grep -c . || true
}

fleet many 64 '{}'
hold DomainCreate deployment create many --config "$TMPDIR/many.yaml"
wait_until calls 8
sleep "$LAB_SLOW"
calls 8 || fail "$(grep -cx DomainCreate "$TMPDIR/held.calls") at once"
let_go 0
[ "$(running)" = 64 ] || fail "$(running) run"
[ "$(grep -c ': started' "$TMPDIR/held")" = 64 ] || fail "$(cat "$TMPDIR/held")"
grep -q '^starting many: 64 of 64 in ' "$TMPDIR/held" || fail "no progress: $(cat "$TMPDIR/held")"
[ "$(grep -c 'nothing to boot from' "$TMPDIR/held")" = 1 ] || fail 'one warning for all'
expect_exit 0 gpuvm deployment list
expect_text '64/64'
expect_exit 0 gpuvm deployment delete --force many
[ "$(running)" = 0 ] || fail "$(running) run"

# The fourth card's group is held by a process that gpuvm cannot see.
fleet cards 8 '{gpus: [10de:2330]}'
before=$(drivers)
expect_exit 0 gpuvm plan "$TMPDIR/cards.yaml"
group=$(basename "$(readlink /sys/bus/pci/devices/0000:61:00.0/iommu_group)")
flock --no-fork "/dev/vfio/$group" sleep 1000 &
wait_until sh -c "! flock -n /dev/vfio/$group true"
expect_exit 5 gpuvm deployment create cards --config "$TMPDIR/cards.yaml" --parallel 3
expect_text 'cards-3: not started' 'cards-3: error: failed to bind device' "/dev/vfio/$group" 'device 0000:61:00.0 is on driver nvidia now' \
    'cards: not finished' 'cards-7: started'
[[ $OUT == *'NAME    CHANGE  RUNNING HEALTHY'*'cards-2 created yes'*'cards-3 created no'*'cards-4 created yes'* ]] || fail "$OUT"
[ "$(running)" = 7 ] || fail "$(running) run"
expect_exit 5 gpuvm -o json deployment create cards --config "$TMPDIR/cards.yaml"
expect_json '[v["name"] for v in j["vms"] if v.get("running") == False]' "['cards-3']"
kill $!
wait_until flock -n "/dev/vfio/$group" true
expect_exit 0 gpuvm deployment create cards --config "$TMPDIR/cards.yaml"
[ "$(grep -c ': started' <<< "$OUT")" = 1 ] || fail "$OUT"
expect_text 'cards-3: started' 'cards-2: unchanged'
[ "$(running)" = 8 ] || fail "$(running) run"

# Where there is memory for one more only, each waits until the one before has its own.
expect_exit 0 gpuvm deployment delete --force cards
proc meminfo "MemTotal:        2113929216 kB
MemAvailable:       100000 kB"
expect_exit 0 gpuvm -v deployment create cards --config "$TMPDIR/cards.yaml"
[ "$(running)" = 8 ] || fail "$(running) run"
order=$(sed -n 's/.* s  cards-[0-9]: \(checked\|running\).*/\1/p' <<< "$OUT" | uniq)
[ "$(wc -l <<< "$order")" = 16 ] || fail "more than one at once: $OUT"

# Nothing is left for a ninth: nothing is touched.
fleet cards 9 '{gpus: [10de:2330]}'
expect_exit 5 gpuvm deployment create cards --config "$TMPDIR/cards.yaml"
expect_text 'no room: 1 card wanted' "8 of 9 replicas of deployment 'cards' could be made" 'nothing was changed'
expect_exit 0 gpuvm deployment delete --force cards
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was'
