# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: workstation-rtx3090
# Over https: from a server that is trusted, and never on to one without https.

. "$top_srcdir/tests/http/http.sh"
trusted=/etc/ssl/certs/ca-certificates.crt
command -v openssl > /dev/null && [ -e $trusted ] || { echo 'openssl or ca-certificates is not installed'; exit 77; }
mkdir "$TMPDIR/files"
head -c 100000 /dev/urandom > "$TMPDIR/files/raw"
http_certificate "$TMPDIR"
http_start "$TMPDIR/files"
plain=${http_url##*:}
http_start "$TMPDIR/files" --tls "$TMPDIR/cert.pem" "$TMPDIR/key.pem" --other "$plain"

vm vm '{}' "rootfs: {url: '$http_url/raw'}"
expect_exit 1 gpuvm define "$TMPDIR/vm.yaml"
expect_text "cannot fetch $http_url/raw: " certificate
mount --bind "$TMPDIR/cert.pem" $trusted
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
vm other '{}' "rootfs: {url: '$http_url/to/http/raw'}"
expect_exit 1 gpuvm define "$TMPDIR/other.yaml"
expect_text "redirected to http://127.0.0.1:$plain/raw, which is not followed" 'https all the way'
