# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090 workstation-two-gpus shared-group no-iommu no-iommu-amd workstation-flawed
# check: a line for each topic, what to type, exit 5 on a FAIL, JSON; what a remote connection cannot see is unknown.

line() # VERDICT TOPIC EVIDENCE…
{
    local text
    printf -v text '%-7s %-20s ' "$1" "$2"
    grep -F -- "$text" <<< "$OUT" | grep -qF -- "$3" || fail "no \"$text… $3\" in:"$'\n'"$OUT"
}

case $LAB_NAME in
workstation-rtx3090)
    expect_exit 0 gpuvm check
    line PASS libvirt 'QEMU'
    line PASS 'CPU virtualisation' 'GenuineIntel with VT-x'
    line WARN KVM 'domains of type qemu'
    expect_text '→ sudo modprobe kvm_intel'
    line PASS 'guest firmware' 'UEFI'
    line WARN network "'default' is not active"
    line PASS IOMMU 'devices have IOMMU groups'
    line PASS 'interrupt remapping' 'remapped'
    line PASS vfio-pci 'loaded'
    line PASS GPUs '1 GPU: UHD Graphics 630, driver i915; 1 GPU: GeForce RTX 3090, driver nvidia'
    line PASS 'IOMMU group' '2 GPUs: each has its group to itself'
    line PASS 'host display' '0000:00:02.0 is the host'\''s boot display'
    line PASS 'PCI Express link' '0000:01:00.0 runs at 2.5 of 16 GT/s with all 16 lanes'
    line PASS 'locked memory' 'libvirt raises the limit'
    line PASS hugepages 'cell 0: 0 × 2 MiB'
    line WARN hook 'virsh start, virt-manager and autostart know no policy'
    line PASS policy 'the built-in policy: display controllers, accelerators and co-processors are allowed'
    expect_text ' ok, 3 warnings, 0 errors'
    expect_exit 0 gpuvm -v check
    line PASS GPUs '0000:01:00.0 NVIDIA Corporation GA102 [GeForce RTX 3090] (10de:2204), driver nvidia'
    line PASS 'IOMMU group' '0000:01:00.0 has group 14 to itself'
    expect_exit 0 gpuvm -q check
    expect_no_text 'PASS'

    # What only the host itself knows is unknown from afar; the rest is not.
    printf '#!/bin/sh\nexec virt-ssh-helper qemu:///system\n' > "$TMPDIR/transport"
    chmod +x "$TMPDIR/transport"
    expect_exit 0 gpuvm -c "qemu+ext://host/system?command=$TMPDIR/transport" check
    line unknown 'CPU virtualisation' ''
    line unknown 'interrupt remapping' ''
    line unknown vfio-pci ''
    line unknown 'host display' ''
    line PASS IOMMU ''
    line PASS GPUs 'GeForce RTX 3090, driver nvidia'

    # Modules gone, a policy that is wrong.
    mv /dev/vfio/vfio "$TMPDIR/"
    policy 'allowlist: [10de]'
    run gpuvm check
    line FAIL policy 'nothing is allowed'
    expect_text 'policy.yaml:2:13: error:'
    expect_no_text 'vfio-pci is loaded'
    [ "$STATUS" != 0 ] || fail 'it succeeded'
    ;;
workstation-two-gpus)
    expect_exit 0 gpuvm check
    line PASS 'CPU virtualisation' 'AuthenticAMD with AMD-V'
    ;;
shared-group)
    expect_exit 0 gpuvm check
    line WARN 'IOMMU group' '0000:01:00.0 shares group 1 with 0000:02:00.0 (Ethernet controller, driver igc)'
    line WARN 'PCI Express link' '0000:01:00.0 runs with 8 of 16 lanes'
    proc interrupts ' 120:  0  7  PCI-MSI 524288-edge  nvme0q0'
    expect_exit 5 gpuvm check
    line FAIL 'interrupt remapping' 'the kernel refuses'
    expect_text '1 error' '1 of 17 checks failed'
    ;;
workstation-flawed)
    expect_exit 5 gpuvm check
    line WARN 'GPU state' "0000:03:00.0 has no address for its memory"
    expect_text "→ enable 'Above 4G Decoding'"
    line WARN 'GPU state' '0000:04:00.0 cannot be reset'
    expect_no_text 'framebuffer' # the boot display stays with the host
    line FAIL 'IOMMU group' '0000:02:00.0: the firmware wants memory mapped for group'
    proc cmdline 'root=/dev/nvme0n1p2 intel_iommu=on pcie_acs_override=downstream'
    mkdir -p /sys/module/vfio_iommu_type1/parameters
    echo 128 > /sys/module/vfio_iommu_type1/parameters/dma_entry_limit
    expect_exit 5 gpuvm check
    line WARN IOMMU 'pcie_acs_override splits groups'
    line WARN vfio-pci 'a VM may have 128 DMA mappings, of 65535'
    ;;
no-iommu)
    expect_exit 5 gpuvm check
    line FAIL IOMMU 'no device has an IOMMU group'
    line FAIL 'IOMMU group' 'none'
    expect_text 'intel_iommu=on'
    expect_exit 5 gpuvm check -o json
    OUT=$("$GPUVM" check -o json 2> /dev/null || true)
    /usr/bin/python3 - "$OUT" <<-'END' || fail "not the checks:"$'\n'"$OUT"
	import json, sys
	checks = {(check["topic"], check["verdict"]): check for check in json.loads(sys.argv[1])["checks"]}
	assert "intel_iommu=on" in checks["IOMMU", "FAIL"]["remedy"]
	assert checks["vfio-pci", "PASS"]["remedy"] is None
	assert all(set(check) == {"topic", "verdict", "evidence", "remedy"} for check in checks.values())
	END
    proc cmdline 'root=/dev/nvme0n1p2 intel_iommu=on quiet'
    expect_exit 5 gpuvm check
    expect_text '→ enable VT-d in the firmware'
    expect_no_text AMD
    ;;
no-iommu-amd)
    expect_exit 5 gpuvm check
    line FAIL IOMMU 'no device has an IOMMU group'
    expect_text 'amd_iommu=off or iommu=off off the kernel command line'
    proc cmdline 'root=/dev/nvme0n1p2 quiet'
    expect_exit 5 gpuvm check
    expect_text '→ enable IOMMU (AMD-Vi) in the firmware'
    expect_no_text intel_iommu VT-
    ;;
esac
