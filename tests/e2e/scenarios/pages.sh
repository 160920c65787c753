# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: cells
# when: all
# How long a start takes, of which most is for the memory that a device is to reach: of pages of 4 KiB, and of 2 MiB. tests/bench reads
# the line that begins with "# start".

# milliseconds NAME: of its start, until the guest's first instruction
milliseconds()
{
    local begin
    begin=$(date +%s%3N)
    check "$1: start" gpuvm start --timeout 600 "$1" >&3
    echo $(($(date +%s%3N) - begin))
}

exec 3>&1
policy <<'YAML'
kind: policy
allowlist: ["1234:11e8"]
YAML
echo never >/sys/kernel/mm/transparent_hugepage/enabled
echo 1024 >/proc/sys/vm/nr_hugepages
memory=1024
vm small 07:00
vm large 07:00
sed -i 's/^  memory_mb:.*/&\n  hugepages: 2M/' large.yaml
check 'define' gpuvm define small.yaml large.yaml
for name in small large; do
    took[${#took[@]}]=$(milliseconds $name)
    result "$name: the guest runs" "$(report $name | grep -q 1234:11e8 || echo 'it does not see its device')"
    check "$name: stop" gpuvm stop --force $name
done
same 'the hugepages are given back' 1024 "$(awk '/^HugePages_Free:/ { print $2 }' /proc/meminfo)"
echo "# start with $memory MiB: ${took[0]} ms with pages of 4 KiB, ${took[1]} ms of 2 MiB"
echo 0 >/proc/sys/vm/nr_hugepages
check 'undefine' gpuvm undefine small large
