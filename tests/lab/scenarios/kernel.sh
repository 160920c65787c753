# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# An initramfs without a kernel boots with the host's newest, and what a plugin lacks on the host is said when it is installed.

: > "$TMPDIR/initramfs"
vm worker '{}' 'initramfs: initramfs'
vm disk '{}' 'disks: [/a.raw]'

# boots KERNEL: it is the one that the VM is defined with
boots()
{
    expect_exit 0 gpuvm define "$TMPDIR/worker.yaml"
    expect_text "note: VM 'worker' boots with the host's newest kernel, $1" '--kernel FILE' /etc/gpuvm/defaults.yaml
    expect_exit 0 virsh dumpxml worker
    expect_text "<kernel>$1</kernel>" '<cmdline>console=ttyS0</cmdline>'
}
boots /boot/vmlinuz-6.1.0-18-lab
expect_exit 0 gpuvm define "$TMPDIR/worker.yaml"
expect_text 'worker: unchanged'
expect_exit 0 gpuvm plan "$TMPDIR/disk.yaml"
expect_no_text kernel
rm /boot/vmlinuz-6.1.0-18-lab
boots /boot/vmlinuz-6.1.0-9-lab

# A file has it, too; another one is named by the definition, or by the defaults.
expect_exit 0 gpuvm capture -o "$TMPDIR/host.xml"
expect_exit 0 gpuvm --host "$TMPDIR/host.xml" plan "$TMPDIR/worker.yaml"
expect_text /boot/vmlinuz-6.1.0-9-lab
: > "$TMPDIR/vmlinuz"
printf 'kind: defaults\nkernel: %s\nkernel_cmdline: quiet\n' "$TMPDIR/vmlinuz" > /etc/gpuvm/defaults.yaml
expect_exit 0 gpuvm render "$TMPDIR/worker.yaml"
expect_text "<kernel>$TMPDIR/vmlinuz</kernel>" '<cmdline>console=ttyS0 quiet</cmdline>'
expect_no_text newest
rm /etc/gpuvm/defaults.yaml

# None.
rm /boot/vmlinuz-6.1.0-9-lab
if [ ! -e /vmlinuz ]; then
    expect_exit 5 gpuvm define "$TMPDIR/worker.yaml"
    expect_text "VM 'worker' has no kernel to boot" '--kernel FILE' /etc/gpuvm/defaults.yaml
fi
: > /boot/vmlinuz-6.1.0-9-lab

# What a plugin lacks: each once, and nothing once it is there.
cat > "$TMPDIR/plugin.yaml" <<-END
	kind: plugin
	name: p
	initramfs: initramfs
	network: {network: lab}
	template: domain.xml
	END
expect_exit 0 gpuvm plugin install "$TMPDIR/plugin.yaml"
expect_text 'p: installed' "note: on this host as it is: cannot open $TMPDIR/domain.xml"
cat > "$TMPDIR/domain.xml" <<-END
	<domain><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>
	END
expect_exit 0 gpuvm plugin install "$TMPDIR/plugin.yaml"
expect_text 'p: unchanged' 'p.yaml:' 'note: on this host as it is: network does not exist: lab' 'virsh net-list'
expect_no_text 'error:' 'cannot open'
expect_exit 0 virsh net-define /dev/stdin <<< '<network><name>lab</name></network>'
rm "$TMPDIR/initramfs"
expect_exit 0 gpuvm plugin install "$TMPDIR/plugin.yaml"
expect_text "note: on this host as it is: initramfs does not exist: $TMPDIR/initramfs"
expect_no_text 'network does not exist'
printf 'kind: plugin\nname: q\ndevices: {pci_passthrough: [0f:00.0]}\n' > "$TMPDIR/plugin.yaml"
expect_exit 0 gpuvm plugin install "$TMPDIR/plugin.yaml"
expect_text 'q: installed' 'note: on this host as it is: PCI device not found: 0000:0f:00.0'
expect_exit 0 gpuvm plugin disable q
expect_exit 0 gpuvm plugin install "$TMPDIR/plugin.yaml"
expect_text "note: plugin 'q' is disabled"
expect_no_text 'as it is'
