# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: cells
# when: all
# Two cards that share a switch of the host share one in the guest, when its definition asks for that.

while_running()
{
    same 'the guest sees a switch with two ports, and a card behind each' '0000:01:00.0 104c:8232 060400 02-04
0000:02:00.0 104c:8233 060400 03-03
0000:02:01.0 104c:8233 060400 04-04
0000:03:00.0 1234:1111 038000 0xb0c5
0000:04:00.0 1234:1111 038000 0xb0c5' "$(report "$1" | grep -E ' (104c|1234):')"
}

vm mirrored 0b:00 0c:00 'topology: mirror'
runs mirrored 0000:0b:00.0 0000:0c:00.0
