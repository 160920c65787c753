# SPDX-License-Identifier: LGPL-2.1-or-later
# What scenarios are written with; sourced in the emulated machine. A check prints a line of TAP, and goes on when it
# fails. Numbers and the scenario's name are put in by tests/e2e/run.

PATH=/share:$PATH
export NO_COLOR=1
baseline=/tmp/baseline # all_drivers, when the machine came up
: "${slow:=1}"         # how many times longer than on an idle machine things may take

# --- checks ---

# result NAME DETAILS: passes when there are none
result()
{
    if [ -z "$2" ]; then
        echo "ok 0 - $1"
    else
        echo "not ok 0 - $1"
        sed 's/^/#   /' <<<"$2"
    fi
}

# check NAME COMMAND…: it succeeds
check()
{
    local name=$1 said status
    shift

    said=$("$@" 2>&1 </dev/null)
    status=$?
    [ $status = 0 ] && said= || said="$* ended with status $status"$'\n'$said
    result "$name" "$said"
}

# same NAME EXPECTED ACTUAL
same()
{
    result "$1" "$(difference "$2" "$3")"
}

# difference EXPECTED ACTUAL
difference()
{
    [ "$1" = "$2" ] || diff -u --label expected <(echo "$1") --label actual <(echo "$2") || echo 'they differ'
}

# refused NAME STATUS TEXT COMMAND…: it ends with that status, says TEXT, and no device changes its driver
refused()
{
    local name=$1 status=$2 text=$3 before said ended details=
    shift 3

    before=$(all_drivers)
    said=$("$@" 2>&1 </dev/null)
    ended=$?
    [ "$ended" = "$status" ] || details+="$* ended with status $ended, not $status"$'\n'
    [[ $said == *"$text"* ]] || details+="it does not say: $text"$'\n'
    echo "# refused: $(grep -F -m 1 "$text" <<<"$said")"
    [ -z "$details" ] || details+=$said
    details+=$(difference "$before" "$(all_drivers)")
    result "$name" "$details"
}

# contains NAME TEXT ACTUAL: TEXT is part of it
contains()
{
    [[ $3 == *"$2"* ]] && result "$1" '' || result "$1" "no '$2' in:"$'\n'"$3"
}

# eventually COMMAND…: it succeeds, within a time that only a failure takes
eventually()
{
    local end=$((SECONDS + 30 * slow))

    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { echo "after $((30 * slow)) seconds this still fails: $*"; return 1; }
        sleep 0.2
    done
}

# --- the host's devices, as sysfs has them ---

attribute() # ADDRESS NAME
{
    echo "$(<"/sys/bus/pci/devices/$1/$2")"
}

# drivers ADDRESS…: "0000:01:00.0 vfio-pci", one a line
drivers()
(
    for address; do
        cd -P "/sys/bus/pci/devices/$address/driver" 2>/dev/null && echo "$address ${PWD##*/}" || echo "$address none"
    done
)

driver_of()
{
    drivers "$1" | cut -d' ' -f2
}

all_drivers()
(
    cd /sys/bus/pci/devices && drivers *
)

# on_driver DRIVER ADDRESS…: what drivers prints when all are on it
on_driver()
{
    local driver=$1
    shift
    printf "%s $driver\n" "$@"
}

# alone INTERFACE: what is on the other side gives it neither addresses nor routes: only the scenario does
alone()
{
    [ ! -e "/proc/sys/net/ipv6/conf/$1" ] || echo 1 >"/proc/sys/net/ipv6/conf/$1/disable_ipv6"
}

# Puts each function back on the driver that it had.
restore_drivers()
{
    local address driver

    diff <(all_drivers) "$baseline" | sed -n 's/^> //p' | while read -r address driver; do
        echo >"/sys/bus/pci/devices/$address/driver_override"
        [ -e "/sys/bus/pci/devices/$address/driver" ] && echo "$address" >"/sys/bus/pci/devices/$address/driver/unbind"
        [ "$driver" = none ] || echo "$address" >/sys/bus/pci/drivers_probe
    done
}

# id_of ADDRESS: as 10de:2204
id_of()
{
    local vendor device

    vendor=$(attribute "$1" vendor) device=$(attribute "$1" device)
    echo "${vendor#0x}:${device#0x}"
}

group_of()
{
    basename "$(readlink -f "/sys/bus/pci/devices/$1/iommu_group")"
}

# --- definitions ---

# policy: the host's, from standard input
policy()
{
    mkdir -p /etc/gpuvm
    cat >/etc/gpuvm/policy.yaml
}

# vm NAME (ADDRESS | 'KEY: VALUE')…: writes NAME.yaml, a VM that runs tiny, with these devices; KEY is one of devices
vm()
{
    local name=$1 addresses=() settings=() argument
    shift

    for argument; do
        [[ $argument == *': '* ]] && settings+=("$argument") || addresses+=("$argument")
    done
    cat >"$name.yaml" <<YAML
name: $name
firmware: bios
kernel:
  path: ${kernel:-/e2e/tiny}
resources:
  cpu_cores: 1
  memory_mb: ${memory:-128}
network:
  mode: none
YAML
    [ $# = 0 ] || echo 'devices:' >>"$name.yaml"
    [ ${#settings[@]} = 0 ] || printf '  %s\n' "${settings[@]}" >>"$name.yaml"
    [ ${#addresses[@]} = 0 ] || {
        echo '  pci_passthrough:'
        printf '    - %s\n' "${addresses[@]}"
    } >>"$name.yaml"
}

# plan_of NAME: "HOST-ADDRESS GUEST-ADDRESS ROLE" of each function
plan_of()
{
    gpuvm -o json plan "$1.yaml" |
        jq -r '.vms[0].functions[] | "\(.address) \(.guest_address // "-") \(.role)"'
}

# serve FILE: serves the files of www, of which this is one, at $web, until the scenario ends; its log is requests
serve()
{
    web=http://127.0.0.1:8000
    busybox httpd -f -vv -p 127.0.0.1:8000 -h www 2>requests &
    # shellcheck disable=SC2064 # this one
    trap "kill $!" EXIT
    check 'the web server is there' eventually busybox wget -q -O /dev/null "$web/$1"
}

# --- libvirt's side ---

# hostdevs_of NAME: the functions in libvirt's definition, "0000:01:00.0 yes" with whether they are managed
hostdevs_of()
{
    virsh dumpxml --inactive "$1" | sed -n "/<hostdev/,/<\/hostdev>/p" | awk -F"'" '
        /<hostdev/ { managed = $6 }
        /<source>/ { source = 1 }
        /<address/ && source { sub(/0x/, "", $2); sub(/0x/, "", $4); sub(/0x/, "", $6); sub(/0x/, "", $8)
                               print $2 ":" $4 ":" $6 "." $8 " " managed; source = 0 }'
}

# by_virsh NAME ADDRESS…: defines and starts with virsh what gpuvm makes of tiny without devices, with these functions
# put in by hand and as much memory as $memory says: what gpuvm refuses, and what libvirt makes of it
by_virsh()
{
    local name=$1 mib=${memory:-128} address
    shift

    memory=128 vm "$name"
    gpuvm render "$name.yaml" >"$name.xml" || return
    sed -i "/<\/devices>/,\$d; /<memory/s/128/$mib/" "$name.xml"
    for address; do
        cat <<XML
<hostdev mode="subsystem" type="pci" managed="yes">
  <source>
    <address domain="0x${address%%:*}" bus="0x${address:5:2}" slot="0x${address:8:2}" function="0x${address:11:1}"/>
  </source>
</hostdev>
XML
    done >>"$name.xml"
    echo '</devices></domain>' >>"$name.xml"
    virsh define --validate "$name.xml" && virsh start "$name"
}

# libvirt_says TEXT NAME ADDRESS…: for comparison: by_virsh fails with it
libvirt_says()
{
    local text=$1 name=$2
    shift 2

    refused "libvirt itself says at start: $text" 1 "$text" by_virsh "$name" "$@"
    virsh undefine "$name" >/dev/null
}

# --- the guest's side ---

# report NAME: what the guest says of its devices, once; waits until it has come up. One that does not is shown in /share/stuck, and
# ends the scenario.
report()
{
    local patience=$((100 * slow)) command

    timeout $patience sed -n 's/\r$//; /^REPORT$/,/^END$/ { /^REPORT$/d; /^END$/q; p }' <"$(virsh ttyconsole "$1")" && return
    {
        echo "the guest $1 has reported nothing for $patience s; what its CPUs do:"
        for command in 'info cpus' 'info registers -a' 'info lapic' 'info pic' 'info irq'; do
            timeout $((10 * slow)) virsh qemu-monitor-command "$1" --hmp "$command"
        done
    } >/share/stuck 2>&1
    kill $$
}

# register_of ID: what tiny reads there (inside/tiny.c)
register_of()
{
    case $1 in
    1002:5046) echo 0x5046 ;;
    1234:1111) echo 0xb0c5 ;;
    8086:2668) echo 0x4401 ;;
    1b36:000d) echo 0x0040 ;;
    8086:100e) echo 0x0783 ;;
    8086:10d3) echo 0x0783 ;;
    esac
}

# expected_report: what tiny must say of "HOST-ADDRESS GUEST-ADDRESS ROLE" lines from standard input
expected_report()
{
    local host guest class id

    while read -r host guest _; do
        [ "$guest" = - ] && continue
        class=$(attribute "$host" class)
        id=$(id_of "$host")
        echo "$guest $id ${class#0x} $(register_of "$id")"
    done
}

# report_at NAME: as report, of what is on the planned functions' buses, "HOST-ADDRESS GUEST-ADDRESS ROLE" lines from
# standard input
report_at()
{
    local buses

    buses=$(awk '$2 != "-" { print "^" substr($2, 1, 8) }' | sort -u)
    report "$1" | grep -E "$(paste -sd '|' <<<"$buses")"
}

# fetch NAME PATH: what the guest answers on port 8080
fetch()
{
    local address

    address=$(virsh -q domifaddr "$1" | awk '{ print $4 }')
    busybox wget -q -O - "http://${address%/*}:8080$2"
}

# stops NAME: the guest comes up, as it must to hear of it, and shuts down when asked to
stops()
{
    check "$1: comes up" report "$1"
    check "$1: stop" gpuvm stop --timeout $((20 * slow)) "$1"
}

# --- the main road ---

# runs NAME HOST-ADDRESS…: NAME.yaml, through gpuvm from validate to undefine, gets exactly these functions: in the plan,
# in libvirt's definition, on vfio-pci, in the guest; and afterwards each is on the driver that it had. Calls
# `while_running NAME`, when there is such a function.
runs()
{
    local name=$1 before plan
    shift

    before=$(drivers "$@")
    check "$name: validate" gpuvm validate "$name.yaml"
    plan=$(plan_of "$name")
    same "$name: planned" "$(printf '%s\n' "$@")" "$(cut -d' ' -f1 <<<"$plan")"
    check "$name: define" gpuvm define "$name.yaml"
    same "$name: virsh has the functions, managed" "$(printf '%s yes\n' "$@")" "$(hostdevs_of "$name")"
    same "$name: nothing moved so far" "$before" "$(drivers "$@")"
    check "$name: start" gpuvm start --timeout 600 "$name"
    same "$name: on vfio-pci" "$(on_driver vfio-pci "$@")" "$(drivers "$@")"
    same "$name: the guest sees them at the planned addresses, with the host's ids and classes, and reads a register" \
        "$(expected_report <<<"$plan")" "$(report_at "$name" <<<"$plan")"
    same "$name: gpuvm list" "$name running $*" \
        "$(gpuvm -o json list | jq -r '.vms[] | [.name, .state, .devices[]] | join(" ")')"
    same "$name: gpuvm show" "$(on_driver vfio-pci "$@")" \
        "$(gpuvm -o json show "$name" | jq -r '.vm.devices[] | "\(.address) \(.driver)"')"
    same "$name: gpuvm devices" "$(printf "%s vfio-pci $name true\n" "$@")" \
        "$(gpuvm -o json devices "$@" | jq -r '[.devices[] | ., .functions[]] | sort_by(.address) | unique[] |
            "\(.address) \(.driver) \(.claimed_by[0].domain) \(.claimed_by[0].active)"' | grep -F "$(printf '%s\n' "$@")")"
    [ "$(type -t while_running)" = function ] && while_running "$name"
    stops "$name"
    same "$name: back on their drivers" "$before" "$(drivers "$@")"
    check "$name: undefine" gpuvm undefine "$name"
}

# The last check of every scenario.
leaves_nothing()
{
    local name details=

    for name in $(virsh list --all --name); do
        details+="domain $name is there"$'\n'
    done
    details+=$(difference "$(<"$baseline")" "$(all_drivers)")
    result 'the machine is as it was' "$details"
}
