# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# A cloud-init seed is a volume that changes when the definition or a text that it names does, and only then; a workload reaches
# a directly booted guest by its firmware, whatever is in it.

pool=/var/lib/libvirt/images/gpuvm

# volume: the one seed
volume()
{
    local volumes=("$pool"/seeded.seed-*.iso)
    [ ${#volumes[@]} = 1 ] && [ -e "${volumes[0]}" ] || fail "not one seed: ${volumes[*]}"
    echo "${volumes[0]}"
}

state()
{
    stat -c '%n %i %y' "$(volume)"
}

echo '#cloud-config of one' > "$TMPDIR/user-data"
vm seeded '{}' 'cloud_init: {user_data: {path: user-data}}'
expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
[ "$(blkid -p -o value -s LABEL "$(volume)")" = CIDATA ] || fail "not a seed: $(blkid -p "$(volume)")"
grep -aq '#cloud-config of one' "$(volume)" || fail 'the text is not in it'
before=$(state)
expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
expect_text unchanged
[ "$(state)" = "$before" ] || fail 'it was written again'
echo '#cloud-config of two' > "$TMPDIR/user-data"
expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
expect_text updated
volume=$(volume)
grep -aq '#cloud-config of two' "$volume" || fail 'the changed text is not in it'
expect_exit 0 gpuvm start seeded
truncate -s -2048 "$volume"
expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
[ "$(stat -c %s "$volume")" -gt 2048 ] && grep -aq '#cloud-config of two' "$volume" || fail 'a damaged one was not mended'

# While it runs, the seed that it was started with stays; it goes with the next definition, or with the VM.
for next in 'define '"$TMPDIR/seeded.yaml" 'undefine --storage seeded'; do
    virsh -q domstate seeded | grep -q running || expect_exit 0 gpuvm start seeded
    before=$(volume)
    echo "#cloud-config before $next" > "$TMPDIR/user-data"
    expect_exit 0 gpuvm define "$TMPDIR/seeded.yaml"
    expect_text updated
    expect_no_text 'no use for'
    [ -e "$before" ] && [ "$(ls $pool | wc -l)" = 2 ] || fail "in the pool: $(ls $pool)"
    expect_exit 0 gpuvm stop --force seeded
    expect_exit 0 gpuvm $next
    [ ! -e "$before" ] || fail "the former seed is still there"
done
[ -z "$(ls $pool)" ] || fail "left: $(ls $pool)"

# What cannot be defined leaves none behind.
echo '<domain type="kvm"><name/><memory/><os><type>hvm</type><boot dev="nonsense"/></os></domain>' > "$TMPDIR/template.xml"
vm seeded '{}' $'cloud_init: {user_data: {path: user-data}}\ntemplate: template.xml'
expect_exit 3 gpuvm define "$TMPDIR/seeded.yaml"
[ -z "$(ls $pool)" ] || fail 'a seed of nothing'

head -c 65536 /dev/zero > "$TMPDIR/kernel"
vm direct '{}' 'kernel: kernel
workload: {entrypoint: [run, "a,b=\"c\" <&> é\n"], env: {A: "1,,2"}}'
expect_exit 0 gpuvm define "$TMPDIR/direct.yaml"
expect_exit 0 gpuvm define "$TMPDIR/direct.yaml"
expect_text unchanged
manifest='{"name":"direct","workload":{"entrypoint":["run","a,b=\"c\" <&> é\n"],"env":{"A":"1,,2"}}}'
file=$(echo $pool/direct.manifest-*.json)
[ "$(cat "$file")" = "$manifest" ] || fail "another manifest: $(cat "$file")"
expect_exit 0 gpuvm start direct
tr '\0' '\n' < "/proc/$(cat /run/libvirt/qemu/direct.pid)/cmdline" |
    grep -qxF "name=opt/gpuvm/manifest,file=$file" || fail 'QEMU was not given the manifest'
expect_exit 0 gpuvm stop --force direct
expect_exit 0 gpuvm undefine --storage direct
[ ! -e "$file" ] || fail 'the manifest is still there'

vm socket '{}'
sed -i 's/mode: none/mode: vsock/' "$TMPDIR/socket.yaml"
expect_exit 0 gpuvm define "$TMPDIR/socket.yaml"
expect_exit 0 gpuvm define "$TMPDIR/socket.yaml"
expect_text unchanged
virsh dumpxml socket | grep -q '<vsock' || fail 'no socket'
