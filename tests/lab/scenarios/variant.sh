# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: sriov
# The kernel has a driver of VFIO's made for a device: libvirt 10.0 and newer bind it in place of vfio-pci, older ones do not.
# The VM starts and stops either way, and the card comes back from either driver.

cat > "$TMPDIR/variant.machine" <<-END
	include $lab_source/machines/$LAB_NAME
	0000:00:1f.6 8086:1533 class=0200 driver=x710_vfio_pci
	END
boot "$TMPDIR/variant.machine"
printf '# Aliases\nalias vfio_pci:v00008086d0000154Csv*sd*bc*sc*i* x710_vfio_pci\n' > "/usr/lib/modules/$(uname -r)/modules.alias"
policy 'allowlist: ["8086:154c"]'
function=0000:17:02.0
before=$(drivers)
variant=vfio-pci
[ "$(printf '%s\n' 10.0.0 "$(virsh version --daemon | sed -n 's/^Running against daemon: //p')" | sort -V | head -n 1)" != 10.0.0 ] ||
    variant=x710_vfio_pci

vm vm '{pci_passthrough: ["17:02.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm start vm
expect_driver $variant $function
expect_exit 0 gpuvm stop --force vm
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was before the start'

# left behind, and found there
rebind $function x710_vfio_pci
expect_exit 0 gpuvm release 17:02.0
expect_text "$function: x710_vfio_pci → iavf"
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was'

# An emulator that hangs: the driver has been changed by then.
mkfifo "$LAB/emulator-fails"
expect_exit 6 gpuvm start --timeout $((3 * LAB_SLOW)) vm
expect_text 'the devices are detached'
wait_until is_driver iavf $function
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was before the start'
