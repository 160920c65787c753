# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# virsh, which knows no lock of gpuvm's, changes a VM in the midst of a command: no VM loses what it has, no volume is left without
# one, and no driver is lost.

pool=/var/lib/libvirt/images/gpuvm
qemu-img create -q -f qcow2 "$TMPDIR/base.qcow2" 64M
before=$(drivers)

# defined TEXT: VM vm, with this text in its seed
defined()
{
    # without UEFI: libvirt 11 leaves a VM that is renamed the other name's variables, with which it may not start
    vm vm '{pci_passthrough: ["01:00.0"]}' "rootfs: $TMPDIR/base.qcow2
firmware: bios
cloud_init: {user_data: {content: '#cloud-config $1'}}"
    expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
    seed=$(echo $pool/vm.seed-*)
}

# meanwhile ARGUMENT…: of virsh, while gpuvm is held
meanwhile()
{
    virsh -q "$@" > "$TMPDIR/virsh" 2>&1 || fail "virsh $*: $(cat "$TMPDIR/virsh")"
}

# held TEXT…: each is part of what was said by what was held
held()
{
    OUT=$(cat "$TMPDIR/held")
    expect_text "$@"
}

domains()
{
    virsh -q list --all --name | grep . | sort | paste -sd' '
}

# nothing: there is no VM, and nothing of one
nothing()
{
    [ -z "$(domains)$(ls $pool)" ] || fail "there are: $(domains) $(ls $pool)"
    [ "$(drivers)" = "$before" ] || fail "drivers are: $(drivers)"
}

# runs NAME: with all that it has
runs()
{
    [ "$(virsh -q domstate "$1")" = running ] || fail "$1 does not run"
    [ -e $pool/vm.rootfs.qcow2 ] && [ -e "$seed" ] || fail "it has lost something: $(ls $pool)"
    expect_driver vfio-pci 0000:01:00.0 0000:01:00.1
}

# undefine: started, it keeps its volumes, and gets a definition again; removed or renamed, the same domain is gone with all it has
defined one
hold DomainUndefineFlags undefine --storage vm
meanwhile start vm
let_go 1
held "domain 'vm' was started meanwhile" 'gpuvm define FILE' 'its volumes stay'
runs vm
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm stop --force vm
hold DomainUndefineFlags undefine --storage vm
meanwhile undefine --keep-nvram vm
let_go 0
nothing
defined one
hold DomainUndefineFlags undefine --storage vm
meanwhile domrename vm former
let_go 0
nothing

# start: removed, nothing starts, and its volumes are those of a VM that is defined under its name; renamed, it is the same that starts
defined one
hold DomainCreate start vm
meanwhile undefine --keep-nvram vm
let_go 5
held "cannot start domain 'vm': Domain not found"
[ "$(drivers)" = "$before" ] || fail "drivers are: $(drivers)"
defined one
hold DomainCreate start vm
meanwhile domrename vm former
let_go 0
runs former
meanwhile destroy former
meanwhile domrename former vm

# stop: it is off already
expect_exit 0 gpuvm start vm
hold DomainDestroy stop --force vm
meanwhile destroy vm
let_go 0
[ "$(drivers)" = "$before" ] || fail "drivers are: $(drivers)"

# define: removed, it is there again; started, it has the former seed until it is off; renamed, the definition finds no place
sed -i 's/cloud-config one/cloud-config two/' "$TMPDIR/vm.yaml"
hold DomainDefineXMLFlags define "$TMPDIR/vm.yaml"
meanwhile undefine --keep-nvram vm
let_go 0
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text 'vm: unchanged'
seed=$(echo $pool/vm.seed-*)
sed -i 's/cloud-config two/cloud-config three/' "$TMPDIR/vm.yaml"
hold DomainDefineXMLFlags define "$TMPDIR/vm.yaml"
meanwhile start vm
let_go 0
held "domain 'vm' is running: it keeps its old definition until its next start"
runs vm
expect_exit 0 gpuvm stop --force vm
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
[ "$(echo $pool/vm.seed-*)" != "$seed" ] || fail 'the new definition has the former seed'
seed=$(echo $pool/vm.seed-*)
sed -i 's/cloud-config three/cloud-config four/' "$TMPDIR/vm.yaml"
hold DomainDefineXMLFlags define "$TMPDIR/vm.yaml"
meanwhile domrename vm former
let_go 1
held "cannot define the domain"
[ "$(domains)" = former ] || fail "there are: $(domains)"
[ "$(echo $pool/vm.seed-*)" = "$seed" ] || fail "another seed: $(ls $pool)"
expect_exit 0 gpuvm start former
runs former
expect_exit 0 gpuvm stop --force former
meanwhile domrename former vm
expect_exit 0 gpuvm undefine --storage vm
nothing

# One of its name came to be there: it stays.
hold DomainDefineXMLFlags define "$TMPDIR/vm.yaml"
domain vm > "$TMPDIR/vm.xml"
meanwhile define "$TMPDIR/vm.xml"
let_go 1
held 'another domain came to have this name in the meantime'
meanwhile undefine vm
nothing
