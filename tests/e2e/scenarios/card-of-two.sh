# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# when: all
# A card of two functions, of which one is named.

vm two 0000:01:00.0
runs two 0000:01:00.0 0000:01:00.1
