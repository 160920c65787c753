# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# The host's defaults lie below every VM; those that others could have written are not used, and a capture has them.

file=/etc/gpuvm/defaults.yaml
echo '#cloud-config' > /etc/gpuvm/user-data
cat > $file <<'END'
kind: defaults
firmware: bios
pool: images
cloud_init:
  user_data: {path: user-data}
END
vm vm '{pci_passthrough: ["01:00.0"]}'

expect_exit 0 gpuvm plan "$TMPDIR/vm.yaml"
expect_text "$file:2"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_exit 0 virsh dumpxml vm
expect_text 'pool="images"' /images/vm.seed-
expect_no_text "firmware='efi'"
expect_exit 0 virsh pool-info images
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
expect_text 'vm: unchanged'
expect_exit 0 gpuvm --defaults '' define "$TMPDIR/vm.yaml"
expect_text 'vm: updated'

# On the host and in a file, without its secrets.
but_for_names()
{
    sed '1,/-->/d; s/seed-[0-9a-f]*//; s/digest="[^"]*"//; s/made="[^"]*"//; s/ key="[^"]*"//; s/(hidden) sha256:.*//; /<uuid>/d; /<mac /d' <<< "$OUT"
}
expect_exit 0 gpuvm render "$TMPDIR/vm.yaml"
live=$(but_for_names)
expect_exit 0 gpuvm capture -o "$TMPDIR/host.xml"
expect_exit 0 gpuvm --host "$TMPDIR/host.xml" render "$TMPDIR/vm.yaml"
expect_text "the host file's defaults:"
! grep -q '#cloud-config' "$TMPDIR/host.xml" || fail 'a secret is in the file'
[ "$(but_for_names)" = "$live" ] || fail "$(diff <(echo "$live") <(but_for_names))"

refused()
{
    local command
    for command in plan define render; do
        expect_exit 1 timeout 60 "$GPUVM" $command "$TMPDIR/vm.yaml"
        expect_text "$@"
    done
    expect_exit 1 gpuvm image list
    expect_text "$@"
}
chmod 664 $file
refused "cannot trust $file: a group may write to $file" "hint: chmod go-w $file"
chmod 644 $file
chmod 777 /etc/gpuvm
refused 'everybody may write to /etc/gpuvm'
chmod 755 /etc/gpuvm
rm $file
mkfifo $file
refused "cannot read $file: not a regular file"
