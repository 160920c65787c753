# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# A VM that names its card is planned with one that lets gpuvm choose, for which every device of the host is read.

vm named '{pci_passthrough: ["01:00.0"]}'
vm chosen '{gpus: [{id: "10de:*"}]}'
expect_exit 0 gpuvm plan "$TMPDIR/named.yaml" "$TMPDIR/chosen.yaml"
expect_text 'named in the definition' '0000:02:00.0' 'chosen: a free card'
