# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# A deployment "fleet" of two replicas, and what its guests answer to health checks. To be sourced by scenarios, after lib.sh.

top_srcdir=$(realpath "$lab_source/../..")
. "$top_srcdir/tests/http/http.sh"
export no_proxy='*'
guest_network 10.9.0.1 10.9.0.5
http_within= http_start "$TMPDIR" --address 10.9.0.1
echo ok > "$TMPDIR/health"

# fleet MEMORY ENDPOINT [CARDS]: the definition
fleet()
{
    cat > "$TMPDIR/fleet.yaml" <<-END
	kind: deployment
	name: fleet
	replicas: 2
	resources: {cpu_cores: 1, memory_mb: $1}
	network: none
	devices: {pci_passthrough: [${3-01:00.0, 02:00.0}]}
	workload: {base_url: "http://10.9.0.1:${http_url##*:}"}
	health_check: {endpoint: $2, timeout_ms: 1000}
	END
}

create()
{
    gpuvm deployment create fleet --force --config "$TMPDIR/fleet.yaml" "$@"
}

# run_with MEMORY: both replicas do
run_with()
{
    local number
    for number in 0 1; do
        virsh dumpxml fleet-$number | grep -q "<memory unit='KiB'>$(($1 * 1024))</memory>" || fail "fleet-$number: another memory"
        [ "$(virsh -q domstate fleet-$number)" = running ] || fail "fleet-$number does not run"
    done
    expect_exit 0 gpuvm -o json deployment show fleet
    expect_json '[v["definition"] for v in j["deployment"]["vms"]]' "['current', 'current']"
}
