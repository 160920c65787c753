# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# More memory than there is: passed devices need all of it at once.

memory=4096
vm large 01:00
refused 'more than the host has' 5 'memory_mb is 4096 MiB, the host has' gpuvm define large.yaml
libvirt_says 'Cannot allocate memory' huge 0000:01:00.0 0000:01:00.1

available=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
memory=$((available + 100))
vm greedy 01:00
check 'more than is available, less than the host has: define' gpuvm define greedy.yaml
refused 'start' 5 'of the host'"'"'s memory are available now' gpuvm start greedy
check 'undefine' gpuvm undefine greedy
