# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What scenarios are written with: the machine (boot, libvirtd, drivers) and what is expected of it. To be sourced.

lab_source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# fail MESSAGE: ends the scenario
fail()
{
    echo "FAILED: $*" >&2
    exit 1
}

# wait_until COMMAND…: until it succeeds; a long time, which only a failure takes
wait_until()
{
    local end=$((SECONDS + 120))
    until "$@"; do
        [ $SECONDS -lt $end ] || fail "waited in vain for: $*"
        sleep 0.1
    done
}

only_in_the_lab()
{
    [ -e /sys/.fake ] && [ "$(stat -f -c %T /sys)" = tmpfs ] && [ "${LAB-}" = /run/lab ] && return
    echo 'lab: REFUSING: this is not the fake machine' >&2
    exit 99
}

# start_daemon NAME [OPTION…]: one of libvirt's
start_daemon()
{
    only_in_the_lab
    LC_ALL=C SYSTEMD_DEVICE_VERIFY_SYSFS=0 LD_PRELOAD=$LAB/cache/preload.so \
        "$@" -d -f "/etc/libvirt/$1.conf" -p "/run/libvirt/$1.pid"
}

# stop_daemon NAME [SIGNAL]: and waits for its end
stop_daemon()
{
    local pid
    pid=$(cat "/run/libvirt/$1.pid" 2> /dev/null) || return 0
    kill "-${2-TERM}" "$pid"
    tail --pid="$pid" -f /dev/null -s 0.05
    rm -f "/run/libvirt/$1.pid"
}

# start_libvirtd [OPTION…]
start_libvirtd()
{
    start_daemon libvirtd "$@"
}

# stop_libvirtd [SIGNAL]
stop_libvirtd()
{
    stop_daemon libvirtd "$@"
}

# overcome: whether the last command filled a file system of a libvirtd that does not get over it: 11.3 crashes, or turns in circles.
# Then another one runs.
overcome()
{
    [[ $OUT == *'the connection was lost'* || $OUT == *'libvirtd does not answer'* ]] || return
    stop_libvirtd KILL
    start_libvirtd
}

start_kernel()
{
    "$lab_source/kernel.py" < /dev/null > /dev/null &
    echo $! > "$LAB/kernel.pid"
    wait_until [ -e "$LAB/kernel.ready" ]
}

stop_kernel()
{
    [ ! -e "$LAB/kernel.pid" ] || kill "$(cat "$LAB/kernel.pid")"
    rm -f "$LAB/kernel.pid" "$LAB/kernel.ready"
}

# boot MACHINE: the fake machine becomes this one; what libvirt has stored stays
boot()
{
    local group
    only_in_the_lab
    stop_libvirtd
    stop_kernel
    find /sys -mindepth 1 ! -path /sys/.fake -delete
    rm -rf "$LAB/silent"
    "$lab_source/mksysfs.py" "$1" /sys
    "$lab_source/mkproc.py" "$1" "$LAB/proc"
    rm -f /dev/vfio/*
    : > /dev/vfio/vfio
    for group in /sys/kernel/iommu_groups/*; do
        [ ! -d "$group" ] || : > "/dev/vfio/${group##*/}"
    done
    start_kernel
    start_libvirtd
}

# driver ADDRESS: what the function is bound to, or "none"
driver()
(
    if cd -P "/sys/bus/pci/devices/$1/driver" 2> /dev/null; then
        echo "${PWD##*/}"
    else
        echo none
    fi
)

is_driver() # DRIVER ADDRESS
{
    [ "$(driver "$2")" = "$1" ]
}

# drivers: each function and what it is bound to, a line each, to compare before and after; no process for each
drivers()
(
    local function
    for function in /sys/bus/pci/devices/*; do
        if cd -P "$function/driver" 2> /dev/null; then
            echo "${function##*/} ${PWD##*/}"
        else
            echo "${function##*/} none"
        fi
    done
)

# rebind ADDRESS DRIVER: as an administrator does it
rebind()
{
    local device=/sys/bus/pci/devices/$1
    only_in_the_lab
    echo "$2" > "$device/driver_override"
    [ ! -L "$device/driver" ] || echo "$1" > "$device/driver/unbind"
    wait_until is_driver none "$1"
    echo "$1" > /sys/bus/pci/drivers_probe
    wait_until is_driver "$2" "$1"
    echo > "$device/driver_override"
}

# silence ADDRESS FORCE: the function does not answer until a reset, a bus (reset), a rescan, or never
silence()
{
    local device=/sys/bus/pci/devices/$1
    only_in_the_lab
    mkdir -p "$LAB/silent"
    [ -e "$LAB/silent/$1.until" ] || cp "$device/config" "$LAB/silent/$1.config"
    echo "$2" > "$LAB/silent/$1.until"
    tr '\0-\377' '\377' < "$LAB/silent/$1.config" > "$device/config"
}

# synchronous COMMAND…: what it writes to /sys has been carried out when it goes on
synchronous()
{
    LD_PRELOAD=$LAB/cache/preload.so ASAN_OPTIONS=verify_asan_link_order=0 "$@"
}

# run COMMAND…: its output is in $OUT and its status in $STATUS
run()
{
    STATUS=0
    RAN=$*
    OUT=$("$@" 2>&1) || STATUS=$?
}

# expect_exit STATUS COMMAND…
expect_exit()
{
    local expected=$1
    shift
    run "$@"
    [ "$STATUS" = "$expected" ] || fail "exit $STATUS instead of $expected from: $*"$'\n'"$OUT"
}

# expect_text TEXT…: each is part of the last command's output
expect_text()
{
    local text
    for text; do
        [[ $OUT == *"$text"* ]] || fail "no \"$text\" in:"$'\n'"$OUT"
    done
}

# expect_no_text TEXT…
expect_no_text()
{
    local text
    for text; do
        [[ $OUT != *"$text"* ]] || fail "\"$text\" in:"$'\n'"$OUT"
    done
}

# expect_json EXPRESSION TEXT: of the last command's output, j, the expression in Python prints this
expect_json()
{
    local value
    printf '%s\n%s\0' "$RAN" "$OUT" > "$TMPDIR/answer"
    value=$("$top_srcdir/tests/check-output" "$top_srcdir/schemas/output.schema.json" "$TMPDIR/answer") || [ $? = 77 ] || fail "$value"
    [[ $value != gpuvm* ]] || fail "$value"
    value=$(/usr/bin/python3 -c "import json, sys; j = json.load(sys.stdin); print($1)" <<< "$OUT")
    [ "$value" = "$2" ] || fail "$1 is $value, not $2"
}

# expect_driver DRIVER ADDRESS…
expect_driver()
{
    local expected=$1 address
    shift
    for address; do
        is_driver "$expected" "$address" || fail "$address is on $(driver "$address"), not on $expected"
    done
}

# hostdevs ADDRESS…: their elements for a domain's <devices>
hostdevs()
{
    local address part
    for address; do
        IFS=:. read -ra part <<< "$address"
        cat <<-END
	<hostdev mode='subsystem' type='pci' managed='yes'><driver name='vfio'/><source>
	<address domain='0x${part[0]}' bus='0x${part[1]}' slot='0x${part[2]}' function='0x${part[3]}'/>
	</source></hostdev>
	END
    done
}

# domain NAME ADDRESS…: XML of a small domain that holds the functions
domain()
{
    local name=$1
    shift
    cat <<-END
	<domain type='qemu'><name>$name</name><memory unit='MiB'>256</memory><vcpu>1</vcpu>
	<os><type arch='x86_64' machine='q35'>hvm</type></os>
	<devices><emulator>/usr/bin/qemu-system-x86_64</emulator><memballoon model='none'/>
	$(hostdevs "$@")
	</devices></domain>
	END
}

gpuvm()
{
    "$GPUVM" "$@"
}

# in English, whatever the locale
virsh()
{
    LC_ALL=C.UTF-8 command virsh "$@"
}

# find_fault NAME: $fault is tests/fault/NAME from now on
find_fault()
{
    fault=$(dirname "$GPUVM")/tests/fault/$1
    [ -e "$fault" ] || { echo "$fault is not built: make check does"; exit 77; }
}

# faulty N COMMAND…: its Nth call of libvirt fails; false when it has fewer
faulty()
{
    find_fault virt.so
    rm -f "$TMPDIR/calls"
    run env LD_PRELOAD="$fault" GPUVM_FAULT_AT="$1" GPUVM_FAULT_CALLS="$TMPDIR/calls" \
        ASAN_OPTIONS=verify_asan_link_order=0 "$GPUVM" "${@:2}"
    [ "$(wc -l < "$TMPDIR/calls")" -ge "$1" ] || return
    echo "call $1 of $2, $(sed -n "$1p" "$TMPDIR/calls"): exit $STATUS"
    [ "$STATUS" -le 5 ] || fail "exit $STATUS: $OUT"
    [ "$STATUS" = 0 ] || expect_text 'error: '
}

# place_hook: $HOOK, the hook's program where it belongs, is the one that was built beside $GPUVM, if that was
place_hook()
{
    local directory built
    built=$(dirname "$GPUVM")/gpuvm-hook
    HOOK=$(gpuvm hook status -o json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["hook"]["program"])')
    directory=$(dirname "$HOOK")
    [ -d "$directory" ] || { echo "there is no $directory to have the hook in"; exit 77; }
    [ -e "$built" ] || return 0
    mkdir "$TMPDIR/sbin"
    mount --bind "$directory" "$TMPDIR/sbin"
    mount -t tmpfs lab "$directory"
    find "$TMPDIR/sbin" -mindepth 1 -maxdepth 1 -exec ln -s -t "$directory" {} +
    rm -f "$HOOK"
    # not with what the lab preloads into libvirtd, which AddressSanitizer does not take
    printf '#!/bin/sh\nunset LD_PRELOAD\nexec %s "$@"\n' "$built" > "$HOOK"
    chmod +x "$HOOK"
}

# hook_refused TEXT COMMAND…: a start that the hook refuses, with this; nothing has happened
hook_refused()
{
    local before
    before=$(drivers)
    expect_exit 1 "${@:2}"
    expect_text 'Hook script execution failed' "$1"
    [ "$(drivers)" = "$before" ] || fail "a refusal changed a driver: $OUT"
    [ -z "$(virsh -q list --name)" ] || fail "it runs: $OUT"
}

# watched DIRECTORY N WHAT ARGUMENT…: the Nth call of gpuvm's that has to do with a file in DIRECTORY goes as WHAT says
# (tests/fault/files.c); which calls there are is in $LAB/calls
watched()
{
    find_fault files
    run "$fault" "$1" "$LAB/calls" "$2" "$3" "$GPUVM" "${@:4}"
    [ "$STATUS" != 77 ] || { echo 'the kernel does not let a program watch the calls of another'; exit 77; }
}

# hold CALL ARGUMENT…: gpuvm in the background, as process $HELD, comes as far as libvirt's CALL and waits there; what it
# prints is in $TMPDIR/held
hold()
{
    find_fault virt.so
    rm -f "$TMPDIR"/held "$TMPDIR"/held.{calls,end}
    env LD_PRELOAD="$fault" GPUVM_FAULT_HOLD="$1" GPUVM_FAULT_UNTIL="$TMPDIR/held.end" GPUVM_FAULT_CALLS="$TMPDIR/held.calls" \
        ASAN_OPTIONS=verify_asan_link_order=0 "$GPUVM" "${@:2}" > "$TMPDIR/held" 2>&1 &
    HELD=$!
    wait_until is_held "$1"
}

is_held() # CALL
{
    kill -0 $HELD 2> /dev/null || fail "it ended before $1: $(cat "$TMPDIR/held")"
    grep -qsx "$1" "$TMPDIR/held.calls"
}

# let_go STATUS: what was held goes on, and ends with that
let_go()
{
    local status=0
    : > "$TMPDIR/held.end"
    wait $HELD || status=$?
    [ $status = "$1" ] || fail "exit $status instead of $1 from what was held: $(cat "$TMPDIR/held")"
}

# waiting TEXT ARGUMENT…: gpuvm in the background, as process $WAITING, until it says that it waits for TEXT; what it prints is in
# $TMPDIR/waiting
waiting()
{
    gpuvm "${@:2}" > "$TMPDIR/waiting" 2>&1 &
    WAITING=$!
    wait_until is_waiting "$1"
}

is_waiting() # TEXT
{
    grep -qs "^waiting for .*$1" "$TMPDIR/waiting" && return
    kill -0 $WAITING 2> /dev/null || fail "it did not wait for $1: $(cat "$TMPDIR/waiting")"
    return 1
}

# waited STATUS: what waited ends with that
waited()
{
    STATUS=0
    wait $WAITING || STATUS=$?
    OUT=$(cat "$TMPDIR/waiting")
    [ $STATUS = "$1" ] || fail "exit $STATUS instead of $1 from what waited: $OUT"
}

# vm NAME DEVICES [MORE]: a definition of a small VM in $TMPDIR/NAME.yaml; DEVICES is its `devices`, MORE other lines
vm()
{
    cat > "$TMPDIR/$1.yaml" <<-END
	name: $1
	resources: {cpu_cores: 1, memory_mb: 256}
	network: {mode: none}
	devices: $2
	${3-}
	END
}

# policy TEXT: the host's policy from now on
policy()
{
    cat > /etc/gpuvm/policy.yaml <<< "kind: policy"$'\n'"$1"
}

# proc FILE TEXT: what /proc/FILE says from now on
proc()
{
    [ -e "$LAB/proc/$1" ] || fail "/proc/$1 is not the lab's"
    echo "$2" > "$LAB/proc/$1"
}

# node PATH ADDRESS [NAME]: a device node of the function: really it is /dev/NAME, full or zero, whose number is the function's then
node()
{
    local real=/dev/${3-full}
    mkdir -p "$(dirname "$1")" /sys/dev/char
    : > "$1"
    mount --bind "$real" "$1"
    ln -sfn "$(realpath "/sys/bus/pci/devices/$2")" "/sys/dev/char/$(stat -c %Hr:%Lr "$real")"
}

# stopped NAME…: each is defined and does not run
stopped()
{
    local name
    for name; do
        [ "$(virsh -q domstate "$name")" = 'shut off' ] || fail "$name runs"
    done
}

# guest_network HOST GUEST: a bridge br0 with the one address of a /24, and behind it, in the network namespace "guest", a NIC eth0
# with the other, where HTTP servers run from now on
guest_network()
{
    { ip netns add guest && ip link add br0 type bridge; } || { echo 'no network can be made'; exit 77; }
    ip link add vm0 master br0 type veth peer name eth0 netns guest
    ip address add "$1/24" dev br0
    ip -n guest address add "$2/24" dev eth0
    ip link set br0 up
    ip link set vm0 up
    ip -n guest link set lo up
    ip -n guest link set eth0 up
    http_within='nsenter --net=/run/netns/guest'
}

# guest_agent: what is started from now on has QEMU's guest agent in it
guest_agent()
{
    install -m 755 "$lab_source/agent.py" "$LAB/agent.py"
}

# guest_reporter NAME: what is started from now on has in it the service that the seed of the VM NAME sets up
guest_reporter()
{
    mkdir -p "$LAB/reporter"
    install -m 755 "$lab_source/agent.py" "$LAB/reporter/agent.py"
    # the script is whole in the seed, an ISO 9660 file system; here it has a directory of its own
    /usr/bin/python3 -c '
import pathlib, sys
seed, to = map(pathlib.Path, sys.argv[1:])
text = seed.read_bytes()
begin = text.index(b"#!/bin/sh\nset -e\nmkdir -p /usr/local/lib/gpuvm\n")
end = text.index(b"systemctl daemon-reload\n", begin)
setup = text[begin:end].replace(b"/usr/local/lib/gpuvm", bytes(to)).replace(b"/etc/systemd/system", bytes(to))
(to / "setup").write_bytes(setup)' /var/lib/libvirt/images/gpuvm/"$1".seed-*.iso "$LAB/reporter"
    sh "$LAB/reporter/setup"
}

# guest_hardware LINE…: the guest's own from now on, as lines of a machine
guest_hardware()
{
    printf '%s\n' 'title a guest' 'cpu vendor=Intel model=Skylake-Client-IBRS' "$@" > "$TMPDIR/guest.machine"
    rm -rf "$LAB/guest.new" "$LAB/guest"
    mkdir -p "$LAB/guest.new/sys" "$LAB/guest.new/proc"
    : > "$LAB/guest.new/sys/.fake"
    "$lab_source/mksysfs.py" "$TMPDIR/guest.machine" "$LAB/guest.new/sys"
    "$lab_source/mkproc.py" "$TMPDIR/guest.machine" "$LAB/guest.new/proc"
    mv "$LAB/guest.new" "$LAB/guest"
}

# guest_place NAME: the slot and function on the root bus of the bridge in front of the VM's devices
guest_place()
{
    virsh dumpxml "$1" | /usr/bin/python3 -c '
import sys, xml.etree.ElementTree as tree
port = tree.parse(sys.stdin).find("devices/controller[@model=\"pcie-root-port\"][@index=\"1\"]/address")
print("%02x.%x" % tuple(int(port.get(name), 16) for name in ("slot", "function")))'
}

# talk TEXT: what is started from now on says TEXT on its serial port, again and again (what nobody reads is lost), and says back
# what it hears; \n and \r in TEXT are the assembler's
talk()
{
    cat > "$TMPDIR/talk.s" <<-END
	.code16
	begin:  xor %ax, %ax
	        mov %ax, %ds
	        mov %ax, %ss
	        mov \$0x7c00, %sp
	        movw \$tick, 0x20 # the timer's interrupt
	        movw \$0xf000, 0x22
	        lgdtl %cs:table # the local APIC, far beyond a real mode's segment, lets it through
	        mov %cr0, %eax
	        or \$1, %al
	        mov %eax, %cr0
	        mov \$8, %bx
	        mov %bx, %es
	        and \$0xfe, %al
	        mov %eax, %cr0
	        mov \$0xfee00350, %ebx
	        movl \$0x700, %es:(%ebx)
	        mov \$0x11, %al
	        out %al, \$0x20
	        mov \$8, %al
	        out %al, \$0x21
	        mov \$4, %al
	        out %al, \$0x21
	        mov \$1, %al
	        out %al, \$0x21
	        mov \$0xfe, %al
	        out %al, \$0x21
	        mov \$0x34, %al # 18 times a second
	        out %al, \$0x43
	        xor %al, %al
	        out %al, \$0x40
	        out %al, \$0x40
	say:    mov \$text, %si
	next:   mov \$0x3fd, %dx
	        in %dx, %al
	        test \$0x20, %al
	        jz next
	        mov \$0x3f8, %dx
	        cs lodsb
	        test %al, %al
	        jz listen
	        out %al, %dx
	        jmp next
	listen: mov \$2, %cl
	hear:   mov \$0x3fd, %dx
	        in %dx, %al
	        test \$1, %al
	        jz rest
	        mov \$0x3f8, %dx
	        in %dx, %al
	        out %al, %dx
	        jmp hear
	rest:   sti
	        hlt
	        cli
	        dec %cl
	        jnz hear
	        jmp say
	tick:   mov \$0x20, %al
	        out %al, \$0x20
	        iret
	        .balign 8
	table:  .word 15
	        .long 0xf0000 + flat - 8
	        .balign 8
	flat:   .quad 0x00cf92000000ffff
	text:   .asciz "$1"
	        .org 0xfff0
	        jmp begin
	        .org 0x10000
	END
    as --32 -o "$TMPDIR/talk.o" "$TMPDIR/talk.s"
    objcopy -O binary -j .text "$TMPDIR/talk.o" "$LAB/firmware"
}
