# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: shared-group server-mi300x sriov
# machines for --all: workstation-rtx3090 workstation-rtx2080 workstation-two-gpus server-8xh100
# The lab itself, with virsh alone: a function is detached and reattached, a managed domain holds all endpoints of an
# IOMMU group while it runs, and every driver comes back.

case $LAB_NAME in
workstation-two-gpus) held='0000:02:00.0 0000:02:00.1' ;;
workstation-rtx2080) held='0000:01:00.0 0000:01:00.1 0000:01:00.2 0000:01:00.3' ;;
shared-group) held='0000:01:00.0 0000:01:00.1 0000:02:00.0' ;;
server-8xh100) held='0000:1b:00.0 0000:df:00.0 0000:05:00.0' ;;
server-mi300x) held='0000:05:00.0 0000:e5:00.0' ;;
sriov) held='0000:17:02.1 0000:4d:00.1 0000:4d:01.0' ;;
*) held='0000:01:00.0 0000:01:00.1' ;;
esac
read -ra held <<< "$held"
before=$(drivers)

node=pci_${held[0]//[:.]/_}
expect_exit 0 virsh nodedev-detach "$node"
expect_driver vfio-pci "${held[0]}"
expect_exit 0 virsh nodedev-reattach "$node"
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was before detaching'

domain vm "${held[@]}" > "$TMPDIR/vm.xml"
expect_exit 0 virsh define --validate "$TMPDIR/vm.xml"
expect_exit 0 virsh start vm
expect_driver vfio-pci "${held[@]}"
expect_exit 0 virsh destroy vm
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was before the start'
