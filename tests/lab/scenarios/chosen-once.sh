# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# Two that choose a card at once choose two cards, whatever each is in the midst of.

vm a '{gpus: [{count: 1}]}'
vm b '{gpus: [{count: 1}]}'

cards() # NAME: the functions that it has
{
    virsh dumpxml --inactive "$1" | sed -n 's/.*<gpuvm:function address="\([^"]*\)".*/\1/p'
}

for call in ConnectListAllDomains DomainDefineXMLFlags; do
    hold $call define "$TMPDIR/a.yaml"
    waiting 'defines VMs' define "$TMPDIR/b.yaml"
    let_go 0
    waited 0
    [ -n "$(cards a)" ] && [ -n "$(cards b)" ] || fail 'no cards'
    [ "$(cards a)" != "$(cards b)" ] || fail "one card for two: $(cards a)"
    expect_exit 0 gpuvm undefine a b
done

hold DomainCreate define --start "$TMPDIR/a.yaml"
waiting 'defines VMs' define --start "$TMPDIR/b.yaml"
let_go 0
waited 0
[ "$(virsh -q list --name | sort | paste -sd' ')" = 'a b' ] || fail "running: $(virsh -q list --name)"
expect_exit 0 gpuvm stop --force a b
expect_exit 0 gpuvm undefine a b

# All at once, and one image that is fetched by both.
qemu-img create -q -f qcow2 "$TMPDIR/disk.qcow2" 1M
for name in a b; do
    vm $name '{gpus: [{count: 1}]}' "rootfs: {url: '$TMPDIR/disk.qcow2', checksum: '$(sha256sum < "$TMPDIR/disk.qcow2" | cut -c-64)'}"
done
hold StoragePoolBuild define "$TMPDIR/a.yaml"
waiting 'makes a storage pool' define "$TMPDIR/b.yaml"
let_go 0
waited 0
expect_exit 0 gpuvm undefine --storage a b
for round in 1 2 3; do
    gpuvm define "$TMPDIR/a.yaml" > "$TMPDIR/a.out" 2>&1 &
    gpuvm define "$TMPDIR/b.yaml" > "$TMPDIR/b.out" 2>&1 || fail "round $round: $(cat "$TMPDIR/b.out")"
    wait $! || fail "round $round: $(cat "$TMPDIR/a.out")"
    [ "$(cards a)" != "$(cards b)" ] || fail "round $round: one card for two: $(cards a)"
    expect_exit 0 gpuvm undefine --storage a b
done

# Whichever URI leads to the host.
stop_libvirtd
printf '%s\n' 'listen_tls = 0' 'listen_tcp = 1' 'auth_tcp = "none"' 'listen_addr = "127.0.0.1"' >> /etc/libvirt/libvirtd.conf
start_libvirtd --listen
for name in a b; do
    vm $name '{gpus: [{count: 1}]}'
done
hold DomainDefineXMLFlags define "$TMPDIR/a.yaml"
waiting 'defines VMs' -c qemu+tcp://127.0.0.1/system define "$TMPDIR/b.yaml"
let_go 0
waited 0
hold DomainDefineXMLFlags -c qemu+tcp://127.0.0.1/system define "$TMPDIR/a.yaml"
waiting 'defines VMs' -c qemu+unix:///system define "$TMPDIR/b.yaml"
let_go 0
waited 0
expect_exit 0 gpuvm undefine a b

# The locks are in a directory that other users share, as far as there can be any.
: > "$TMPDIR/file"
if chgrp libvirt "$TMPDIR/file" 2> /dev/null; then # not in a user namespace
    [ "$(stat -c '%U %G %a' /run/gpuvm)" = 'root libvirt 2770' ] || fail "$(stat /run/gpuvm)"
    [ "$(stat -c '%G %a' /run/gpuvm/host)" = 'libvirt 640' ] || fail "$(stat /run/gpuvm/host)"
fi

# What is not a file of gpuvm's is not followed.
rm /run/gpuvm/host
ln -s "$TMPDIR/elsewhere" /run/gpuvm/host
expect_exit 1 gpuvm define "$TMPDIR/a.yaml"
expect_text 'cannot lock /run/gpuvm/host' 'install -d -g libvirt'
[ ! -e "$TMPDIR/elsewhere" ] || fail 'a link was followed'
