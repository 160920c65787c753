# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# A VM's life with its definition: exported as it was defined, edited, compared; one that others made is taken over with few changes.

qemu-img create -q -f qcow2 "$TMPDIR/base.qcow2" 64M
truncate -s 1M "$TMPDIR/data.raw"
cat > "$TMPDIR/plugin.yaml" <<'END'
kind: plugin
name: base
resources: {cpu_cores: 1, memory_mb: 256}
workload: {entrypoint: [/bin/serve], env: {GREETING: hello}}
END
vm vm '{pci_passthrough: ["01:00.0"]}' "plugin: base
rootfs: base.qcow2
disks: [{source: data.raw, name: data}]
description: \"two\\nlines, & <markup>\""
sed -i '/^resources/d' "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm plugin install "$TMPDIR/plugin.yaml"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"

# What is exported says the same; its secret, which is not kept, is to be said again.
gpuvm export vm > "$TMPDIR/exported.yaml"
expect_exit 3 gpuvm define "$TMPDIR/exported.yaml"
expect_text 'workload.env.GREETING is a secret'
sed -i 's/GREETING: .*/GREETING: hello/' "$TMPDIR/exported.yaml"
expect_exit 0 gpuvm define - < "$TMPDIR/exported.yaml"
expect_text 'vm: unchanged'
expect_exit 0 gpuvm diff "$TMPDIR/vm.yaml" # wherever it came from last
expect_exit 0 gpuvm start vm
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text 'vm: unchanged'

# Edited: the running VM waits for its next start, and git differs.
export EDITOR="sed -i -e 's/memory_mb: 256/memory_mb: 512/' -e 's/GREETING: .*/GREETING: hello/'"
expect_exit 0 gpuvm edit vm
expect_text 'vm (gpuvm edit): update' 'resources.memory_mb 256 512  at the next start' 'vm: updated' 'next start'
expect_exit 7 gpuvm diff "$TMPDIR/vm.yaml"
expect_text 'resources.memory_mb 512 256'
expect_exit 0 gpuvm list
expect_no_text 'changed outside'
expect_exit 0 gpuvm stop --force vm

# What is defined is what was shown, whatever an editor that has not ended yet saves then.
export EDITOR="sed -i -e 's/memory_mb: 512/memory_mb: 300/' -e 's/GREETING: .*/GREETING: hello/'"
hold ConnectListAllDomains edit vm
sed -i 's/memory_mb: 300/memory_mb: 512/' "$TMPDIR"/gpuvm-*.yaml
let_go 0
grep -q 'resources.memory_mb 512 300' "$TMPDIR/held" || fail "$(cat "$TMPDIR/held")"
virsh dumpxml vm | grep -q "<memory unit='KiB'>307200</memory>" || fail 'another definition than the one that was shown'
EDITOR=${EDITOR/512\/memory_mb: 300/300\/memory_mb: 512} expect_exit 0 gpuvm edit vm

# While somebody edits, somebody else changes the domain.
export EDITOR="virsh dumpxml --inactive vm | sed 's/524288/393216/' > $TMPDIR/other.xml; virsh define $TMPDIR/other.xml >&2
sed -i -e 's/memory_mb: 512/memory_mb: 1024/' -e 's/GREETING: .*/GREETING: hello/'"
expect_exit 1 gpuvm edit vm
expect_text "VM 'vm' was changed meanwhile by somebody else" 'what you wrote is in'
expect_exit 0 gpuvm list --all
expect_text 'changed outside gpuvm'
expect_exit 7 gpuvm diff "$TMPDIR/exported.yaml"
expect_text 'resources.memory_mb 512' 'changed outside gpuvm'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm undefine --storage vm

# A domain that virsh made: what a definition says of it stays when it is taken over, and then exports as it was taken over.
disk="<disk type='file'><source file='$TMPDIR/data.raw'/><target dev='vdb' bus='virtio'/></disk>"
domain other 0000:01:00.0 0000:01:00.1 | sed "s|</devices>|$disk<sound model='ich9'/>&|" > "$TMPDIR/other.xml"
expect_exit 0 virsh define "$TMPDIR/other.xml"
uuid=$(virsh -q domuuid other)
gpuvm export other > "$TMPDIR/other.yaml"
grep -q '<sound model' "$TMPDIR/other.yaml" || fail "$(cat "$TMPDIR/other.yaml")"
expect_exit 4 gpuvm define "$TMPDIR/other.yaml"
expect_exit 7 gpuvm diff --adopt "$TMPDIR/other.yaml"
OUT=$(tr -s ' ' <<< "$OUT")
expect_text "domain <sound model='ich9'>"
expect_no_text resources devices. disks network firmware
expect_exit 0 gpuvm define --adopt "$TMPDIR/other.yaml"
expect_text 'other: updated'
[ "$(virsh -q domuuid other)" = "$uuid" ] || fail 'another UUID'
expect_exit 0 gpuvm define "$TMPDIR/other.yaml"
expect_text 'other: unchanged'
gpuvm export other | gpuvm define - > "$TMPDIR/out"
grep -qx 'other: unchanged' "$TMPDIR/out" || fail "$(cat "$TMPDIR/out")"
expect_exit 0 gpuvm start other
expect_driver vfio-pci 0000:01:00.0 0000:01:00.1
