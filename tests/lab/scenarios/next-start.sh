# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# A running VM that is defined anew with another card has the one that it started with; the other is free until it starts again.

vm first '{pci_passthrough: ["01:00.0"]}'
vm second '{pci_passthrough: ["02:00.0"]}'
vm third '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define --start "$TMPDIR/first.yaml"
vm first '{pci_passthrough: ["02:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/first.yaml"
expect_exit 0 gpuvm define "$TMPDIR/second.yaml" "$TMPDIR/third.yaml"
expect_text "device 0000:01:00.0 is also named by domain 'first', which is running" \
    "device 0000:02:00.0 is also named by domain 'first' for its next start"
expect_exit 0 gpuvm devices 02:00.0
expect_text ' yes ' 'first (next start) +1'
expect_exit 0 gpuvm -o wide devices 02:00.0
expect_text 'first (next start),second'
expect_exit 0 gpuvm -o wide devices 01:00.0
expect_text 'first (running),third'

expect_exit 0 gpuvm list
expect_text 'GeForce RTX 3090' 'other at the next start'
expect_exit 0 gpuvm list -o wide
expect_text ' 0000:01:00.0,0000:01:00.1 (next start: 0000:02:00.0,0000:02:00.1)'
expect_exit 0 gpuvm -o json list
expect_json '[[v["devices"], v["next_devices"], v["waits"]] for v in j["vms"]]' \
    "[[['0000:01:00.0', '0000:01:00.1'], ['0000:02:00.0', '0000:02:00.1'], True]]"
expect_exit 0 gpuvm show first
[[ $OUT == *0000:01:00.0*vfio-pci*'waits for its next start:'*0000:02:00.0*nvidia* ]] || fail "$OUT"
expect_exit 0 gpuvm -o json show first
expect_json '[[d["address"] for d in j["vm"][k]] for k in ["devices", "next_devices"]]' \
    "[['0000:01:00.0', '0000:01:00.1'], ['0000:02:00.0', '0000:02:00.1']]"

# A host file tells the same.
expect_exit 0 gpuvm capture -o "$TMPDIR/host.xml"
expect_exit 0 gpuvm --host "$TMPDIR/host.xml" -o wide devices 02:00.0
expect_text 'first (next start),second'
expect_exit 0 gpuvm --host "$TMPDIR/host.xml" -o wide devices 01:00.0
expect_text "first (running),third" "in use by domain 'first'"
expect_exit 5 gpuvm -c "test://$TMPDIR/host.xml" start third
expect_exit 0 gpuvm -c "test://$TMPDIR/host.xml" start second

expect_exit 5 gpuvm start third
expect_text "device 0000:01:00.0 is in use by domain 'first', which is running"
expect_exit 0 gpuvm start second
expect_driver vfio-pci 0000:01:00.0 0000:02:00.0

expect_exit 0 gpuvm stop --force first
expect_exit 5 gpuvm start first
expect_text "device 0000:02:00.0 is in use by domain 'second', which is running"
expect_exit 0 gpuvm start third
