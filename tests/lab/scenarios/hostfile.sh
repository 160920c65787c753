# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus server-mi300x no-iommu-amd
# machines for --all: server-8xh100 sriov workstation-rtx3090 workstation-rtx2080 shared-group busy-group no-iommu workstation-39-bits workstation-flawed
# A host file and the lab's /sys of one machine file are the same machine to libvirt.

"$lab_source/mkhost.py" "$LAB_MACHINE" > "$TMPDIR/host.xml"
expect_exit 0 "$lab_source/compare.py" "$TMPDIR/host.xml"
