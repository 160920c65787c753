# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# A card that a process has open is refused however its node is called, and wherever the process lives; the other card is not.

vm one '{pci_passthrough: ["01:00.0"]}'
vm two '{pci_passthrough: ["02:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/one.yaml" "$TMPDIR/two.yaml"
before=$(drivers)

is_open()
{
    gpuvm devices 01:00 | grep -q "is open as .* in process .* ($1)"
}

is_closed()
{
    ! is_open "$1"
}

# held PROGRAM COMMAND…: while COMMAND, which becomes PROGRAM, runs
held()
{
    "${@:2}" &
    local command=$!
    wait_until is_open "$1"
    expect_exit 5 gpuvm start one
    expect_text 'device 0000:01:00.0 is in use by the host: it is open as ' "($1)"
    expect_no_text 'device 0000:02:00.0'
    stopped one
    [ "$(drivers)" = "$before" ] || fail 'a refusal changed a driver'
    kill -KILL $command
    wait $command || true
    wait_until is_closed "$1"
}

sleep_with() # NODE
{
    exec sleep 1000 < "$1"
}

# The second card's name, for the first card.
node /dev/dri/renderD129 0000:01:00.0
held sleep sleep_with /dev/dri/renderD129
node "$TMPDIR/elsewhere/some thing" 0000:01:00.0
held sleep sleep_with "$TMPDIR/elsewhere/some thing"
node /dev/accel/accel0 0000:01:00.0
held sleep sleep_with /dev/accel/accel0

# In a container: namespaces of its own, and a node that only it has.
# shellcheck disable=SC2016 # for the container's shell
held sleep unshare --mount --pid --fork --kill-child sh -c '
    mount -t tmpfs container /mnt && : > /mnt/gpu && mount --bind /dev/full /mnt/gpu && exec sleep 1000 < /mnt/gpu'
mkdir "$TMPDIR/root"
mount --rbind / "$TMPDIR/root"
held sleep chroot "$TMPDIR/root" sh -c 'exec sleep 1000 < /dev/dri/renderD129'

# What has been mapped stays so when the file is closed.
node /dev/dri/card0 0000:01:00.0 zero
cat > "$TMPDIR/map.py" <<'END'
import ctypes, os, signal
READ, PRIVATE = 1, 2
file = os.open("/dev/dri/card0", os.O_RDONLY)
mmap = ctypes.CDLL(None).mmap
mmap.restype = ctypes.c_void_p
mmap(None, ctypes.c_size_t(4096), READ, PRIVATE, file, ctypes.c_long(0))
os.close(file)
signal.pause()
END
held python3 /usr/bin/env -S python3 "$TMPDIR/map.py"

# Nobody has it open any more.
expect_exit 0 gpuvm start one two
expect_driver vfio-pci 0000:01:00.0 0000:02:00.0
