# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# The network cards that the host uses stay with it.

card=0000:05:00.0
interface=$(ls "/sys/bus/pci/devices/$card/net")
alone "$interface"

policy <<'YAML'
kind: policy
allowlist: ["*:*"]
YAML
vm net $card
check 'down, it may be passed' gpuvm plan net.yaml
check 'define' gpuvm define net.yaml

check 'the interface goes up' ip link set "$interface" up
refused 'up: plan' 5 "device $card is in use by the host: it has an interface that is up ($interface)" gpuvm plan net.yaml
check 'it gets an address' ip address add 192.0.2.1/24 dev "$interface"
refused 'an address: define' 4 "it has an address (interface $interface)" gpuvm define net.yaml
check 'it gets the default route' ip route add default via 192.0.2.2
for command in 'plan net.yaml' 'define net.yaml' 'start net'; do
    # shellcheck disable=SC2086 # two words
    refused "the default route: $command" 4 "it carries the default route (interface $interface)" gpuvm $command
done
contains 'the address is still there' 'inet 192.0.2.1/24' "$(ip address show dev "$interface")"
contains 'and the route' 'default via 192.0.2.2' "$(ip route)"

check 'a bridge over it takes the route' bash -c "ip link add br0 type bridge && ip link set br0 up &&
    ip address flush dev $interface && ip link set $interface master br0 && ip address add 192.0.2.1/24 dev br0 &&
    ip route add default via 192.0.2.2"
refused 'through a bridge: plan' 4 'it carries the default route (interface br0)' gpuvm plan net.yaml
ip link delete br0
ip link set "$interface" down

# drawn in by the IOMMU group of a graphics card
companion=0000:04:02.0
other=$(ls "/sys/bus/pci/devices/$companion/net")
alone "$other"
ip link set "$other" up
ip address add 198.51.100.1/24 dev "$other"
for mode in include detach; do
    vm $mode 0000:04:01.0 "iommu_group: $mode"
    refused "drawn in by $mode" 4 "device $companion is in use by the host: it has an address (interface $other)" \
        gpuvm plan $mode.yaml
done
contains 'its address is still there' 'inet 198.51.100.1/24' "$(ip address show dev "$other")"
ip link set "$other" down
ip address flush dev "$other"
check 'undefine' gpuvm undefine net
