# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# Who cannot see what the host does with a card is warned at plan and define, and refused at start and release, unless the policy gives it up.

vm vm '{pci_passthrough: ["01:00.0"]}'
vm without '{}'
expect_exit 0 gpuvm define "$TMPDIR/without.yaml" "$TMPDIR/vm.yaml"
expect_no_text 'cannot be seen'
before=$(drivers)

stop_libvirtd
printf '%s\n' 'listen_tls = 0' 'listen_tcp = 1' 'auth_tcp = "none"' 'listen_addr = "127.0.0.1"' >> /etc/libvirt/libvirtd.conf
start_libvirtd --listen

ordinary()
{
    setpriv --bounding-set=-all "$GPUVM" "$@"
}

contained()
{
    unshare --pid --fork --mount-proc "$GPUVM" "$@"
}

remote()
{
    "$GPUVM" -c qemu+tcp://127.0.0.1/system "$@"
}

some='whether processes have these devices open cannot be seen: some are hidden'
all='whether the host uses these devices itself cannot be seen from here'

for way in ordinary contained remote; do
    what=$some remedy='as root (sudo), and not in a container'
    [ $way != remote ] || what=$all remedy='on the host itself'
    for command in plan define; do
        expect_exit 0 $way $command "$TMPDIR/vm.yaml"
        expect_text "warning: $what" "$remedy"
    done
    expect_exit 0 $way devices 01:00
    expect_text "warning: $what" "$remedy" unknown
    expect_no_text yes
    expect_exit 0 $way -o json devices --all
    expect_json '{d["address"]: d["passable"] for d in j["devices"]}["0000:01:00.0"]' None
    expect_json '{d["address"]: d["reason"] for d in j["devices"]}["0000:01:00.0"].startswith("whether")' True
    for command in 'start vm' 'release 01:00'; do
        # shellcheck disable=SC2086 # words
        expect_exit 4 $way $command
        expect_text "error: $what" "$remedy" "a policy whose 'protect' leaves 'unseen' out"
    done
    stopped vm
    [ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
    expect_exit 0 $way start without
    expect_exit 0 $way stop --force without
done

# The fake machine's /proc is not that of a container.
policy $'allowlist: ["*:*"]\nprotect: [storage, network, addresses, holders]'
for way in ordinary remote; do
    what=$some
    [ $way != remote ] || what=$all
    expect_exit 0 $way devices 01:00
    expect_text "note: $what" yes
    expect_no_text unknown
    expect_exit 0 $way start vm
    expect_text "note: $what"
    expect_exit 0 $way stop --force vm
done
