# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# What others change of a domain is seen: list, show and diff say so. What libvirt itself does is not taken for it.

vm vm '{pci_passthrough: ["01:00.0"]}' "disks: [{source: $TMPDIR/data.raw, name: data}]
description: |+
  two lines, & <markup>

  a third"
truncate -s 1M "$TMPDIR/data.raw"

changed() # True, False or None: whether the VM was changed outside gpuvm
{
    expect_exit 0 gpuvm -o json list --all
    expect_json 'j["vms"][0]["changed_outside"]' "$1"
}

# outside LIST: the elements that gpuvm explain says were changed outside gpuvm
outside()
{
    expect_exit 0 gpuvm -o json explain vm
    expect_json '[e["path"] for e in j["vms"][0]["elements"] if e["from"] == "outside"]' "$1"
}

# edit SED: changes the domain's XML, as virsh edit does
edit()
{
    virsh dumpxml --inactive vm | sed "$1" > "$TMPDIR/edited.xml"
    expect_exit 0 virsh define "$TMPDIR/edited.xml"
}

expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
changed False
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text unchanged
changed False
outside '[]'

# libvirt's own doing: a start, a stop, a restart of libvirtd
expect_exit 0 gpuvm start vm
changed False
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text unchanged
expect_exit 0 gpuvm stop --force vm
changed False
stop_libvirtd
start_libvirtd
changed False
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text unchanged
expect_exit 0 gpuvm diff "$TMPDIR/vm.yaml"
edit 's/262144/524288/'
changed True
outside "['memory']"
expect_exit 0 gpuvm list --all
expect_text 'shut off' 'changed outside gpuvm'
expect_exit 0 gpuvm show vm
expect_text 'changed      outside gpuvm'
expect_exit 7 gpuvm diff "$TMPDIR/vm.yaml"
expect_text "vm ($TMPDIR/vm.yaml): update, changed outside gpuvm"
expect_exit 0 gpuvm start vm
expect_exit 0 gpuvm stop --force vm
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text updated
changed False
expect_exit 0 gpuvm diff "$TMPDIR/vm.yaml"
expect_text unchanged
