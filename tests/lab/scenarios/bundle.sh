# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# capture --bundle: an archive that may be given away, by which plan decides elsewhere what it decides here.

secrets=(hunter2-the-password AAAAC3NzaC1lZDI1NTE5AAAAIGJ1bmRsZQ t0ken-of-the-url env-secret-42 images.corp.example jane 10.77.0.9 3c:ec:ef:12:34:56)
mkdir "$TMPDIR/vms"
cat > "$TMPDIR/vms/web.yaml" <<'END'
name: web # by jane
plugin: shop
rootfs: {url: "https://jane:t0ken-of-the-url@images.corp.example/d.qcow2"}
network: {mode: nat, mac: "3c:ec:ef:12:34:56"}
devices: {gpus: [{count: 1}]}
cloud_init:
  user_data: {path: user-data}
END
cat > "$TMPDIR/vms/shop.yaml" <<'END'
kind: plugin
name: shop
workload:
  env: {TOKEN: env-secret-42}
  entrypoint: [/home/jane/serve, --peer, 10.77.0.9]
END
cat > "$TMPDIR/vms/large.yaml" <<'END'
name: large
resources: {memory_mb: 1048576}
devices: {gpus: [{count: 3}]}
END
cat > "$TMPDIR/vms/user-data" <<'END'
#cloud-config
password: hunter2-the-password
ssh_authorized_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ1bmRsZQ jane@node"]
END
mkdir -p "$TMPDIR/bin" "$TMPDIR/vms/xml"
cat > "$TMPDIR/bin/journalctl" << 'END'
#!/bin/sh
echo "2026-11-28T08:00:00.000000+0000 $(uname -n) kernel: vfio-pci 0000:01:00.0: not ready 65535ms after FLR; giving up"
echo "2026-11-28T08:00:00.500000+0000 $(uname -n) libvirtd[7]: internal error: cannot do it for jane"
END
chmod +x "$TMPDIR/bin/journalctl"
export PATH="$TMPDIR/bin:$PATH"
sed 's|<devices>|<!-- secret: hunter2-the-password -->&|' "$lab_source/../../templates/domain.xml" > "$TMPDIR/vms/xml/own.xml"
sed -i '$a template: xml/own.xml' "$TMPDIR/vms/large.yaml"
policy $'allowlist: ["10de:*"]\n# of jane at 10.77.0.9'
vm one '{gpus: [{count: 1}]}'
expect_exit 0 gpuvm define "$TMPDIR/one.yaml"
expect_exit 0 gpuvm start one

# Nobody is asked without a terminal; nothing is written then.
bundle=$TMPDIR/bundle.tar.gz
expect_exit 2 gpuvm capture --bundle "$bundle" one
expect_text '--yes'
expect_exit 2 gpuvm capture --yes --bundle "$TMPDIR/bundle.zip" one
expect_text 'ends in .tar.gz or .tar.zst'
expect_exit 2 gpuvm capture --yes one
expect_exit 5 gpuvm capture --yes --bundle "$bundle" absent
[ ! -e "$bundle" ] || fail "something was written"

expect_exit 0 gpuvm capture --yes --bundle "$bundle" one "$TMPDIR/vms"
expect_text 'host.xml' 'definitions/web.yaml' 'definitions/plugin-shop.yaml' 'domains/one.xml' 'logs/one/qemu.log' 'logs/kernel.log' 'logs/libvirt.log' 'definitions/templates/large.xml' 'replaced: ' 'left out: secrets' 'kept: '
[ "$(stat -c %a "$bundle")" = 600 ] || fail "its mode is $(stat -c %a "$bundle")"
before=$(sha256sum "$bundle")
expect_exit 1 gpuvm capture --yes --bundle "$bundle" one
expect_text 'File exists' 'nothing is overwritten'
[ "$(sha256sum "$bundle")" = "$before" ] || fail "it was overwritten"
[ "$(ls "$TMPDIR"/bundle*)" = "$bundle" ] || fail "something is left: $(ls "$TMPDIR")"

# No secret and no name is in any byte of it, as it is or in base64.
mkdir "$TMPDIR/else"
tar -xzf "$bundle" -C "$TMPDIR/else"
! grep -rniwF -- "$(uname -n)" "$TMPDIR/else" || fail "the host's name is in it"
secrets+=("$(virsh domuuid one)")
for secret in "${secrets[@]}"; do
    [ -n "$secret" ] || fail "no secret"
    for form in "$secret" "$(printf %s "$secret" | base64 -w0 | cut -c1-12)"; do
        ! grep -rniF -- "$form" "$TMPDIR/else" || fail "$form is in it"
        ! gzip -cd "$bundle" | grep -aqiF -- "$form" || fail "$form is in its bytes"
    done
done

# Elsewhere, plan says what it says here.
run gpuvm -q plan -o json "$TMPDIR"/vms "$TMPDIR/one.yaml"
here=$(/usr/bin/python3 -c '
import json, sys
answer = json.load(sys.stdin)
print([(vm["name"], vm["refused"], [f["address"] for f in vm["functions"]]) for vm in sorted(answer["vms"], key=lambda vm: vm["name"])])
print(sorted(d["message"] for d in answer["diagnostics"] if d["severity"] == "error"))' <<< "$OUT") status=$STATUS
cd "$TMPDIR/else"
run gpuvm -q plan -o json --host host.xml definitions
there=$(/usr/bin/python3 -c '
import json, sys
answer = json.load(sys.stdin)
print([(vm["name"], vm["refused"], [f["address"] for f in vm["functions"]]) for vm in sorted(answer["vms"], key=lambda vm: vm["name"])])
print(sorted(d["message"] for d in answer["diagnostics"] if d["severity"] == "error"))' <<< "$OUT")
[ "$here" = "$there" ] || fail "not the same: $(diff <(echo "$here") <(echo "$there"))"$'\n'"$OUT"
[ "$STATUS" = "$status" ] || fail "exit $STATUS, not $status"

grep -q '^template: templates/large.xml' definitions/large.yaml || fail "$(cat definitions/large.yaml)"
expect_exit 5 gpuvm diagnose --since 2026-11-28T07:00Z -o json --logs logs one
expect_json "sorted({e['log'] for d in j['diagnoses'] for e in d['timeline']})" "['kernel', 'libvirt', 'qemu']"

# So does the bundle of a host file, which has no logs.
expect_exit 0 gpuvm capture --yes --bundle "$TMPDIR/file.tar.gz" --host host.xml definitions
expect_text 'note: there are no logs of host.xml, which is a host file' 'definitions/templates/large.xml'
expect_no_text logs/ domains/
mkdir "$TMPDIR/again"
tar -xzf "$TMPDIR/file.tar.gz" -C "$TMPDIR/again"
cd "$TMPDIR/again"
run gpuvm -q plan --host host.xml definitions
[ "$STATUS" = "$status" ] || fail "exit $STATUS, not $status"
expect_exit 2 gpuvm capture --yes --bundle "$TMPDIR/none.tar.gz" --host host.xml one
expect_exit 2 gpuvm capture --host host.xml
expect_text 'host.xml is a host file already'

# A definition of others does not take any file of this host along as its template.
printf 'name: sly\ntemplate: %s\n' "$TMPDIR/vms/user-data" > "$TMPDIR/sly.yaml"
expect_exit 0 gpuvm capture --yes --bundle "$TMPDIR/sly.tar.gz" "$TMPDIR/sly.yaml"
expect_text 'user-data is left out: it is not domain XML'
expect_no_text templates/

# A definition and the VM of its name are two files.
expect_exit 0 gpuvm capture --yes --bundle "$TMPDIR/both.tar.gz" one one "$TMPDIR/one.yaml"
expect_text 'definitions/one.yaml' 'domains/one.yaml'
[ "$(tar -tzf "$TMPDIR/both.tar.gz" | sort | uniq -d)" = '' ] || fail 'a file is in it twice'

# Every VM, when none is named, with its plugin.
printf 'kind: plugin\nname: base\nresources: {memory_mb: 256}\n' > "$TMPDIR/base.yaml"
printf 'name: based\nplugin: base\nnetwork: {mode: none}\n' > "$TMPDIR/based.yaml"
expect_exit 0 gpuvm plugin install "$TMPDIR/base.yaml"
expect_exit 0 gpuvm define "$TMPDIR/based.yaml"
expect_exit 0 gpuvm capture --yes --bundle "$TMPDIR/all.tar.gz"
expect_text 'domains/one.xml' 'definitions/based.yaml' 'definitions/plugin-base.yaml'
expect_exit 0 gpuvm capture --yes --bundle "$TMPDIR/all.tar.zst"
mkdir "$TMPDIR/all"
tar -xzf "$TMPDIR/all.tar.gz" -C "$TMPDIR/all"
cd "$TMPDIR/all"
expect_exit 0 gpuvm --plugin-dir "$TMPDIR" plan --host host.xml definitions

# At a terminal the user is asked; what cannot be written leaves nothing.
cd "$TMPDIR"
script -qec "$GPUVM capture --bundle asked.tar.gz one" /dev/null <<< n > said || true
grep -q 'Write asked.tar.gz? \[y/N\]' said || fail "$(cat said)"
[ ! -e asked.tar.gz ] || fail 'it is written'
script -qec "$GPUVM capture --bundle asked.tar.gz one" /dev/null <<< y > said || fail "$(cat said)"
[ -s asked.tar.gz ] || fail 'it is not written'
expect_exit 1 gpuvm capture --yes --bundle absent/x.tar.gz one
expect_text 'cannot write absent/x.tar.gz: No such file or directory'
expect_exit 3 gpuvm capture --yes --bundle wrong.tar.gz <(echo 'name: a: b')
[ ! -e wrong.tar.gz ] || fail 'it is written'
