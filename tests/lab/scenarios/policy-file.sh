# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# A policy that others could have written, or that only seems to be absent, allows nothing; nothing is waited for.

vm vm '{pci_passthrough: ["01:00.0"]}'
before=$(drivers)

# refused TEXT…: no command goes on, each says why
refused()
{
    local command
    for command in plan define devices capture; do
        case $command in
        devices | capture) expect_exit 1 gpuvm $command ;;
        *) expect_exit 1 gpuvm $command "$TMPDIR/vm.yaml" ;;
        esac
        expect_text "$@"
        expect_no_text "allowed"
    done
    [ -z "$(virsh -q list --all)" ] || fail 'something was defined'
}

# right: the policy is taken
right()
{
    expect_exit 0 gpuvm plan "$TMPDIR/vm.yaml"
}

# new: the directory as it should be, with a policy
new()
{
    rm -rf /etc/gpuvm/* /etc/other
    chmod 755 /etc/gpuvm
    policy 'allowlist: ["10de:*"]'
}

new
right
rm /etc/gpuvm/policy.yaml
right

new
chmod 666 /etc/gpuvm/policy.yaml
refused 'cannot trust /etc/gpuvm/policy.yaml: everybody may write to /etc/gpuvm/policy.yaml' \
    'hint: chmod go-w /etc/gpuvm/policy.yaml'
chmod 664 /etc/gpuvm/policy.yaml
refused 'a group may write to /etc/gpuvm/policy.yaml' 'hint: chmod go-w /etc/gpuvm/policy.yaml'
chmod 644 /etc/gpuvm/policy.yaml
right

chmod 777 /etc/gpuvm
refused 'everybody may write to /etc/gpuvm' 'hint: chmod go-w /etc/gpuvm'
rm /etc/gpuvm/policy.yaml
refused 'everybody may write to /etc/gpuvm'
new
chmod 1777 /etc/gpuvm
right

# Only root over all users can give a file away.
new
if chown 12345 /etc/gpuvm/policy.yaml 2> /dev/null; then
    refused '/etc/gpuvm/policy.yaml belongs to user 12345' 'hint: chown root /etc/gpuvm/policy.yaml'
    new
    chown 12345 /etc/gpuvm
    refused '/etc/gpuvm belongs to user 12345' 'hint: chown root /etc/gpuvm'
    chown 0 /etc/gpuvm
fi

rm /etc/gpuvm/policy.yaml
mkfifo /etc/gpuvm/policy.yaml
refused 'cannot read /etc/gpuvm/policy.yaml: not a regular file'
rm /etc/gpuvm/policy.yaml
mkdir /etc/gpuvm/policy.yaml
refused 'cannot read /etc/gpuvm/policy.yaml: not a regular file'
rmdir /etc/gpuvm/policy.yaml
ln -s /nonexistent /etc/gpuvm/policy.yaml
refused '/etc/gpuvm/policy.yaml is a link to nothing' 'hint: rm /etc/gpuvm/policy.yaml'

# A link is as good as where it leads to.
new
mkdir -m 755 /etc/other /etc/other/deeper
mv /etc/gpuvm/policy.yaml /etc/other/deeper
ln -s /etc/other/deeper/policy.yaml /etc/gpuvm/policy.yaml
right
chmod 777 /etc/other
refused 'everybody may write to /etc/other'
chmod 755 /etc/other
right

# One that is named counts likewise, as far as the host is real.
given=$TMPDIR/given.yaml
named()
{
    expect_exit "$1" gpuvm --policy "$given" plan "$TMPDIR/vm.yaml"
    expect_text "${@:2}"
}
echo 'allowlist: ["10de:*"]' > "$given"
named 0
chmod 664 "$given"
named 1 "cannot trust $given: a group may write to $given" "hint: chmod go-w $given"
expect_exit 0 gpuvm --policy "$given" plan --host "$lab_source/../../examples/hosts/$LAB_NAME.xml" "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm --policy "$given" -c "test://$(realpath "$lab_source/../../examples/hosts/$LAB_NAME.xml")" plan "$TMPDIR/vm.yaml"
chmod 644 "$given"
if chown 12345 "$given" 2> /dev/null; then
    named 1 "$given belongs to user 12345" "hint: chown root $given"
    chown 0 "$given"
fi
mkdir -m 777 "$TMPDIR/open"
mv "$given" "$TMPDIR/open"
given=$TMPDIR/open/given.yaml
named 1 "everybody may write to $TMPDIR/open"

# The directory itself.
rm -r /etc/gpuvm
right
ln -s /nonexistent /etc/gpuvm
refused 'cannot open /etc/gpuvm/' ': /etc/gpuvm is a link to nothing' 'hint: rm /etc/gpuvm,'
rm /etc/gpuvm
: > /etc/gpuvm
refused 'cannot open /etc/gpuvm/' ': Not a directory'
rm /etc/gpuvm
ln -s other/deeper /etc/gpuvm
right

[ "$(drivers)" = "$before" ] || fail 'a driver changed'
