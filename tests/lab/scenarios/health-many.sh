# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# 64 VMs that answer after a second are asked at once. libvirt's test driver has the VMs and their leases; in the network that they are
# in, one server answers for all.

top_srcdir=$(realpath "$lab_source/../..")
. "$top_srcdir/tests/http/http.sh"
host=$top_srcdir/examples/hosts/workstation-rtx3090.xml

guest_network 10.9.0.1 10.9.0.5
ip -n guest address add 192.168.122.1/21 dev lo # all of it is local there; the driver's leases are twenty apart
ip route add 192.168.120.0/21 via 10.9.0.5
echo ok > "$TMPDIR/health"
http_start "$TMPDIR" --address 0.0.0.0

{
    sed '$d' "$host"
    cat <<-END
	<network><name>default</name><forward mode='nat'/><bridge name='virbr0'/>
	<ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip>
	</network>
	END
    for n in $(seq 64); do
        cat > "$TMPDIR/vm.yaml" <<-END
	name: vm$n
	workload: {base_url: "http://127.0.0.1:${http_url##*:}"}
	health_check: {endpoint: /delay/1/health}
	END
        "$GPUVM" -c "test://$host" render "$TMPDIR/vm.yaml" |
            sed "s|</domain>|<test:runstate xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>1</test:runstate>&|"
    done
    echo '</node>'
} > "$TMPDIR/many.xml"

expect_exit 0 gpuvm -c "test://$TMPDIR/many.xml" health
[ "$(grep -c '200 OK' <<< "$OUT")" = 64 ] || fail "not 64 answers:"$'\n'"$OUT"
[ "$(grep -o 'http://192[0-9.]*' <<< "$OUT" | sort -u | wc -l)" = 64 ] || fail "not 64 addresses:"$'\n'"$OUT"
# how many are in the midst of an answer: at most; that it is all of them, whatever the load, is for tests/unit/test-ask to see
most=$(awk '$1 == "GET" && ++now > most { most = now } $1 != "GET" { now-- } END { print most }' "$http_log")
echo "$most at once"
[ "$most" -gt 1 ] || fail 'one was asked after the other'
http_stop || true # the status of what was ended
