# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx2080
# What gpuvm defined is virsh's to work with.

vm vm '{pci_passthrough: ["01:00"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
virsh dumpxml --inactive vm > "$TMPDIR/vm.xml"
expect_exit 0 virsh define --validate "$TMPDIR/vm.xml"
# libvirt sorts controllers as they come, and indents metadata anew.
sorted() { sed 's/^ *//' | sort; }
diff <(sorted < "$TMPDIR/vm.xml") <(virsh dumpxml --inactive vm | sorted) || fail 'virsh define changed it'
expect_exit 0 virsh domxml-to-native qemu-argv "$TMPDIR/vm.xml"
expect_text '"driver":"vfio-pci","host":"0000:01:00.3"'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
if command -v virt-xml > /dev/null; then
    expect_exit 0 virt-xml vm --edit --memory 512 --define
fi
expect_exit 0 virsh start vm
expect_driver vfio-pci 0000:01:00.{0,1,2,3}
