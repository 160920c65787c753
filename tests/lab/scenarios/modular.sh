# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# A daemon for each of libvirt's drivers instead of libvirtd: gpuvm says and does the same, and names the daemon that is not
# running. Debian does not package them: have them, of its libvirt's version, on PATH.

daemons='virtqemud virtnodedevd virtstoraged virtnetworkd virtsecretd virtnwfilterd virtinterfaced virtproxyd'
for daemon in $daemons; do
    command -v "$daemon" > /dev/null || { echo "there is no $daemon"; exit 77; }
done
. "$top_srcdir/tests/http/http.sh"
mkdir "$TMPDIR/files"
qemu-img create -q -f qcow2 "$TMPDIR/files/disk.qcow2" 64M
http_start "$TMPDIR/files"
vm vm '{pci_passthrough: ["01:00"]}' "rootfs: {url: '$http_url/disk.qcow2'}"
cat > "$TMPDIR/network.xml" <<-END
	<network><name>default</name><forward mode='bridge'/><bridge name='br0'/></network>
	END
before=$(drivers)

# lifecycle: of a VM, its image and its card, with what gpuvm says
lifecycle()
{
    local command
    virsh -q net-create "$TMPDIR/network.xml"
    for command in check devices "plan $TMPDIR/vm.yaml" "define $TMPDIR/vm.yaml" "define $TMPDIR/vm.yaml" 'start vm' \
        'show vm' list devices 'image list' 'stop --force vm' 'release 01:00' 'undefine --storage vm' 'image prune' list; do
        # shellcheck disable=SC2086 # words
        expect_exit 0 gpuvm $command
        echo "$ $command"$'\n'"$OUT" | sed -E 's/ in [0-9.]+ s, .*//; s/^(uuid *) .*/\1/'
        case $command in
        start*) expect_driver vfio-pci 0000:01:00.0 0000:01:00.1 ;;
        stop*) [ "$(drivers)" = "$before" ] || fail 'a driver is not what it was before the start' ;;
        esac
    done
    virsh -q net-destroy default
}

# by the socket that libvirt chooses, by libvirtd's, which virtproxyd has then, and by what ssh starts on a host
printf '#!/bin/sh\nexec virt-ssh-helper qemu:///system\n' > "$TMPDIR/transport"
chmod +x "$TMPDIR/transport"
everywhere()
{
    local uri
    for uri in qemu:///system 'qemu:///system?mode=legacy' "qemu+ext://host/system?command=$TMPDIR/transport"; do
        echo "# $uri"
        LIBVIRT_DEFAULT_URI=$uri lifecycle
    done
}

everywhere > "$TMPDIR/with-libvirtd"
stop_libvirtd
for daemon in $daemons; do
    sed "s/libvirtd/$daemon/" /etc/libvirt/libvirtd.conf > "/etc/libvirt/$daemon.conf"
    start_daemon "$daemon"
done
everywhere > "$TMPDIR/with-daemons"
diff "$TMPDIR/with-libvirtd" "$TMPDIR/with-daemons"

# one after the other is missing
rm "$TMPDIR/vm.yaml"
vm vm '{pci_passthrough: ["01:00"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
for missing in virtstoraged:'image list' virtnodedevd:'start vm' virtqemud:list; do
    stop_daemon "${missing%%:*}"
    # shellcheck disable=SC2086 # words
    expect_exit 1 gpuvm ${missing#*:}
    expect_text "${missing%%:*}-sock'" "hint: is that daemon of libvirt's running?"
done
[ "$(drivers)" = "$before" ] || fail 'a driver changed'
