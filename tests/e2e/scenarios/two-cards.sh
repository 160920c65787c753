# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# Two cards in one VM, whatever the order in which they are named.

vm both 02:00 0000:01:00.0
runs both 0000:01:00.0 0000:01:00.1 0000:02:00.0 0000:02:00.1 0000:02:00.2
