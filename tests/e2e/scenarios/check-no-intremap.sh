# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: no-intremap
# when: all
# gpuvm check says that interrupts are not remapped.

same 'the exit code' 5 "$(gpuvm check >/dev/null 2>&1; echo $?)"
contains 'interrupt remapping' 'FAIL    interrupt remapping  interrupts are not remapped' "$(gpuvm check 2>&1)"
