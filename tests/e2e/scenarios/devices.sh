# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# What gpuvm devices says is what sysfs has.

for address in $(cd /sys/bus/pci/devices && echo *); do
    class=$(attribute "$address" class)
    driver=$(driver_of "$address")
    echo "$address ${class#0x} $(id_of "$address") ${driver/none/null} $(group_of "$address")"
done >expected
same 'every function' "$(<expected)" "$(gpuvm -o json devices --all | jq -r '[.devices[] | ., .functions[]] |
    sort_by(.address)[] | "\(.address) \(.class) \(.vendor_id):\(.device_id) \(.driver) \(.iommu_group)"')"
same 'what can be passed' '0000:00:01.0 false
0000:01:00.0 true
0000:02:00.0 true
0000:04:01.0 false' "$(gpuvm -o json devices | jq -r '.devices[] | "\(.address) \(.passable)"')"
gpuvm devices | sed 's/^/# /'
