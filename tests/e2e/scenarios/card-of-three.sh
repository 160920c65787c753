# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# A card of three functions, named whole.

vm three 02:00
runs three 0000:02:00.0 0000:02:00.1 0000:02:00.2
