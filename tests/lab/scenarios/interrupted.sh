# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# SIGINT and SIGTERM at any moment of start and stop: the VM runs with every function, or every function is back.

vm vm '{pci_passthrough: ["01:00.0"]}'
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
before=$(drivers)

settled()
{
    case $(virsh -q domstate vm) in
    running) is_driver vfio-pci 0000:01:00.0 && is_driver vfio-pci 0000:01:00.1 ;;
    'shut off') [ "$(drivers)" = "$before" ] ;;
    esac
}

interrupt() # SIGNAL DELAY COMMAND…
{
    local signal=$1 delay=$2
    shift 2
    # A shell without job control starts its jobs with SIGINT ignored.
    setsid env --default-signal=INT "$GPUVM" "$@" > "$TMPDIR/out" 2>&1 &
    sleep "$delay"
    kill "-$signal" $! 2> /dev/null || true
    wait $! || true
    wait_until settled
}

for signal in INT TERM; do
    for delay in 0 0.02 0.05 0.1 0.2 0.3; do
        interrupt $signal $delay start vm
        interrupt $signal $delay stop --force vm
        virsh -q destroy vm > /dev/null 2>&1 || true
        wait_until settled
    done
done
expect_exit 0 gpuvm start vm
