# SPDX-License-Identifier: LGPL-2.1-or-later
# What a guest shows of its hardware, as lines of words (core/inside.h). For any POSIX shell; "-" is what is not there.
# $1: seconds that a program of a driver's may take
exec 2>/dev/null

# first FILE: its first word is in $value. By cat: a node's cpulist is not read byte by byte, as a shell does it
first()
{
    # shellcheck disable=SC2046 # words
    set -- $(cat "$1")
    value=${1:--}
}

# total FILE: the number behind "MemTotal:" is in $value
total()
{
    value=$(sed -n 's/.*MemTotal: *\([0-9]*\) kB/\1/p' "$1")
    value=${value:--}
}

limit=$1

# tool NAME PATTERN ARGUMENT…: how many lines fit the pattern
tool()
{
    name=$1 pattern=$2
    shift 2
    ! command -v "$name" > /dev/null ||
        echo "tool $name $(timeout "$limit" "$name" "$@" < /dev/null | grep -c -- "$pattern")"
}

for link in /sys/bus/pci/devices/*; do
    cd -P "$link" || continue
    line="function $PWD"
    for file in vendor device class numa_node max_link_speed max_link_width; do
        first $file
        line="$line $value"
    done
    driver=-
    [ ! -d driver ] || driver=$(cd -P driver && echo "${PWD##*/}")
    echo "$line $driver"
    bar=0 # the ROM and a bridge's windows follow
    while [ $bar -lt 6 ] && read -r line; do
        echo "resource $line"
        bar=$((bar + 1))
    done < resource
done
first /sys/devices/system/cpu/online
echo "cpus $value"
total /proc/meminfo
echo "memory $value"
for cell in /sys/devices/system/node/node[0-9]*; do
    [ -d "$cell" ] || continue
    total "$cell/meminfo"
    memory=$value
    first "$cell/cpulist"
    echo "cell ${cell##*/node} $memory $value"
done
PATH=$PATH:/opt/rocm/bin
tool nvidia-smi '^GPU [0-9]' -L
tool rocm-smi '^GPU\[[0-9]*].*PCI Bus' --showbus
tool clinfo '[[:space:]]CL_DEVICE_TYPE[[:space:]].*_GPU' --raw
echo end
