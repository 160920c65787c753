# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# when: all
# gpuvm is killed when it gives a deployment another definition, or that is only defined: a repeat goes on from there.

. "$lab_source/fleet.sh"

fleet 256 /health
expect_exit 0 create --wait

# Killed at any moment: a repeat finishes.
memory=256
for call in DomainDestroy DomainDefineXMLFlags DomainCreate; do
    fleet $((++memory)) /health
    hold $call deployment create fleet --force --config "$TMPDIR/fleet.yaml"
    kill -KILL $HELD
    wait $HELD || true
    : > "$TMPDIR/held.end"
    expect_exit 0 create
    run_with $memory
done

# What was only defined waits for its start, and create starts it.
for command in "deployment create fleet --no-start --config $TMPDIR/fleet.yaml" "define $TMPDIR/fleet.yaml"; do
    fleet $((++memory)) /health
    # shellcheck disable=SC2086 # the words of a command line
    expect_exit 0 gpuvm $command
    expect_text 'fleet-0: updated' 'keeps its old definition until its next start'
    expect_exit 0 gpuvm -o json deployment show fleet
    expect_json '[v["definition"] for v in j["deployment"]["vms"]]' "['old', 'old']"
    expect_exit 0 create
    expect_text 'fleet-0: stopped' 'fleet-1: healthy'
    run_with $memory
done
http_stop || true
