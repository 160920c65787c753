# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: shared-group server-mi300x sriov
# machines for --all: workstation-rtx3090 workstation-rtx2080 workstation-two-gpus server-8xh100
# define, start: every function is on vfio-pci; stop: every function is back on its own driver.

case $LAB_NAME in
workstation-rtx3090)
    wanted='{pci_passthrough: ["01:00.0"]}'
    held='0000:01:00.0 0000:01:00.1'
    ;;
workstation-rtx2080)
    wanted='{pci_passthrough: ["01:00"]}'
    held='0000:01:00.0 0000:01:00.1 0000:01:00.2 0000:01:00.3'
    ;;
workstation-two-gpus)
    wanted='{gpus: [{id: "10de:2204", count: 2}]}'
    held='0000:01:00.0 0000:01:00.1 0000:02:00.0 0000:02:00.1'
    ;;
shared-group)
    policy 'allowlist: ["10de:*", "8086:15f3"]'
    wanted='{pci_passthrough: ["01:00.0"], iommu_group: include}'
    held='0000:01:00.0 0000:01:00.1 0000:02:00.0'
    ;;
server-8xh100)
    wanted='{gpus: [{count: 8}]}'
    held='0000:1b:00.0 0000:43:00.0 0000:52:00.0 0000:61:00.0 0000:9d:00.0 0000:c3:00.0 0000:d1:00.0 0000:df:00.0'
    ;;
server-mi300x)
    wanted='{pci_passthrough: ["85:00.0", "e5:00.0"]}'
    held='0000:85:00.0 0000:e5:00.0'
    ;;
sriov)
    wanted='{pci_passthrough: ["4d:00.1", "4d:01.0"]}'
    held='0000:4d:00.1 0000:4d:01.0'
    ;;
esac
read -ra held <<< "$held"
before=$(drivers)

vm vm "$wanted"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
[ "$(drivers)" = "$before" ] || fail 'define changed a driver'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text 'unchanged'
expect_exit 0 virsh dumpxml --inactive vm
[ "$(grep -c "<hostdev mode='subsystem' type='pci' managed='yes'>" <<< "$OUT")" = ${#held[@]} ] ||
    fail "not ${#held[@]} hostdevs in:"$'\n'"$OUT"

expect_exit 0 gpuvm start vm
expect_driver vfio-pci "${held[@]}"
[ "$(drivers | grep -c ' vfio-pci$')" = ${#held[@]} ] || fail 'other functions are on vfio-pci, too'
expect_exit 0 gpuvm stop --force vm
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was before the start'
expect_exit 0 gpuvm undefine vm
expect_exit 1 virsh domstate vm
