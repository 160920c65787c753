# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: no-iommu
# when: all
# gpuvm check says that the IOMMU is off, and what to type.

said=$(gpuvm check 2>&1)
same 'the exit code' 5 "$(gpuvm check >/dev/null 2>&1; echo $?)"
contains 'the IOMMU' 'FAIL    IOMMU                no device has an IOMMU group' "$said"
contains 'the remedy' 'iommu' "$(grep -A 1 'FAIL    IOMMU  ' <<<"$said" | tail -n 1)"
