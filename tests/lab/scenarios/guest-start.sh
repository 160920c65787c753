# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# A cloud-init seed is a volume that changes when the definition or a text that it names does, and only then; a workload reaches
# a directly booted guest by its firmware, whatever is in it.

pool=/var/lib/libvirt/images/gpuvm
volume=$pool/seeded.seed.iso

state()
{
    stat -c '%i %y' $volume
}

echo '#cloud-config of one' > "$TMPDIR/user-data"
vm seeded '{}' 'cloud_init: {user_data: {path: user-data}}'
expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
[ "$(blkid -p -o value -s LABEL $volume)" = CIDATA ] || fail "not a seed: $(blkid -p $volume)"
grep -aq '#cloud-config of one' $volume || fail 'the text is not in it'
before=$(state)
expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
expect_text unchanged
[ "$(state)" = "$before" ] || fail 'it was written again'
echo '#cloud-config of two' > "$TMPDIR/user-data"
expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
expect_text updated
grep -aq '#cloud-config of two' $volume || fail 'the changed text is not in it'
expect_exit 0 gpuvm start seeded
truncate -s -2048 $volume
expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
[ "$(stat -c %s $volume)" -gt 2048 ] && grep -aq '#cloud-config of two' $volume || fail 'a damaged one was not mended'
expect_exit 0 gpuvm stop --force seeded
expect_exit 0 gpuvm undefine --storage seeded
[ ! -e $volume ] || fail 'it is still there'

# What cannot be defined leaves none behind.
echo '<domain type="kvm"><name/><memory/><os><type>hvm</type><boot dev="nonsense"/></os></domain>' > "$TMPDIR/template.xml"
vm seeded '{}' $'cloud_init: {user_data: {path: user-data}}\ntemplate: template.xml'
expect_exit 3 gpuvm define "$TMPDIR/seeded.yaml"
[ ! -e $volume ] || fail 'a seed of nothing'

head -c 65536 /dev/zero > "$TMPDIR/kernel"
vm direct '{}' 'kernel: kernel
workload: {entrypoint: [run, "a,b=\"c\" <&> é\n"], env: {A: "1,,2"}}'
expect_exit 0 gpuvm define "$TMPDIR/direct.yaml"
expect_exit 0 gpuvm define "$TMPDIR/direct.yaml"
expect_text unchanged
manifest='{"name":"direct","workload":{"entrypoint":["run","a,b=\"c\" <&> é\n"],"env":{"A":"1,,2"}}}'
[ "$(cat $pool/direct.manifest.json)" = "$manifest" ] || fail "another manifest: $(cat $pool/direct.manifest.json)"
expect_exit 0 gpuvm start direct
tr '\0' '\n' < "/proc/$(cat /run/libvirt/qemu/direct.pid)/cmdline" |
    grep -qxF "name=opt/gpuvm/manifest,file=$pool/direct.manifest.json" || fail 'QEMU was not given the manifest'
expect_exit 0 gpuvm stop --force direct
expect_exit 0 gpuvm undefine --storage direct
[ ! -e $pool/direct.manifest.json ] || fail 'the manifest is still there'

vm socket '{}'
sed -i 's/mode: none/mode: vsock/' "$TMPDIR/socket.yaml"
expect_exit 0 gpuvm define "$TMPDIR/socket.yaml"
expect_exit 0 gpuvm define "$TMPDIR/socket.yaml"
expect_text unchanged
virsh dumpxml socket | grep -q '<vsock' || fail 'no socket'
