# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# health_check with `from: guest`: a server that listens on the guest's loopback alone is asked there, by what the guest has, through its
# agent, whose words are anybody's. The lab's agent answers for a guest that does not run.

top_srcdir=$(realpath "$lab_source/../..")
. "$top_srcdir/tests/http/http.sh"
mac=52:54:00:12:34:56 address=10.9.0.5

guest_network 10.9.0.1 $address
ip -n guest link set eth0 address $mac

# seen: the host has just heard of the guest; libvirt 11 passes over whom it has not heard of for half a minute
seen()
{
    ip neighbour replace $address lladdr $mac dev br0 nud reachable
}
echo ok > "$TMPDIR/health"
http_start "$TMPDIR" --address 127.0.0.1
port=${http_url##*:}

# check FROM ENDPOINT MILLISECONDS [SCHEME]: the VM
check()
{
    vm vm '{}' "workload: {base_url: \"${4-http}://127.0.0.1:$port\"}"$'\n'"health_check: {endpoint: $2, timeout_ms: $3, from: $1}"
    sed -i "s/^network: .*/network: {mode: ${mode-none}}/" "$TMPDIR/vm.yaml"
    expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
}

# health STATUS TEXT…: what gpuvm says of the VM
health()
{
    seen
    expect_exit "$1" gpuvm health vm
    expect_text "${@:2}"
}

# after SECONDS: what was just said to be no answer was waited for so long at least
after()
{
    [[ $OUT =~ no\ answer\ in\ ([0-9]+)[.0-9]*\ s ]] && [ "${BASH_REMATCH[1]}" -ge "$1" ] || fail "not after $1 s: $OUT"
}

# with PROGRAM…: what the guest has to ask with
with()
{
    local program
    rm -rf "$LAB/agent.bin"
    mkdir "$LAB/agent.bin"
    for program in timeout "$@"; do
        ln -s "$(command -v "$program")" "$LAB/agent.bin/"
    done
}

# says TEXT: what the agent says from now on, for printf
says()
{
    # shellcheck disable=SC2059 # it is
    printf "$1\n" > "$LAB/agent-says"
}

# --- nobody is there who could ask
check guest /health 500
expect_exit 6 gpuvm start --wait vm
expect_text 'not healthy after 0.5 s: no guest agent yet' 'hint: `from: guest` in health_check needs qemu-guest-agent in the guest'
health 6 'vm   unhealthy no guest agent yet' 'needs qemu-guest-agent'
expect_exit 0 gpuvm stop --force vm

# --- the agent, and a guest without any network of the host's
guest_agent
check guest /health 60000
expect_exit 0 gpuvm start --wait vm
expect_text 'vm: healthy'
health 0 'healthy' '200 OK' "http://127.0.0.1:$port/health" ' ms'
expect_exit 0 gpuvm show vm
expect_text 'health_from  guest'
expect_exit 0 gpuvm list --health
expect_text 'healthy'

# --- each of what a guest may have to ask with
for program in curl wget bash; do
    command -v $program > /dev/null || { echo "no $program here: not tried"; continue; }
    with $program
    for endpoint in /health:200 /status/503:503 /redirect/1/ok:302; do
        check guest "${endpoint%:*}" 60000
        run gpuvm health vm
        expect_text " ${endpoint##*:} "
    done
    port=$((port + 1)) check guest /health 60000
    health 6 'unhealthy connection refused'
    expect_no_text 'from: guest'
done
check guest /delay/60/health 60000
health 6 'unhealthy no answer in '
after 5
check guest /stall/0/health 60000
health 0 '200 OK' # the status is enough
with
health 6 'unhealthy the guest has nothing to ask with: curl, wget, or bash without TLS'
rm -r "$LAB/agent.bin"

# --- what an agent may say
check guest /health 60000
while read -r words reason; do
    says "$words"
    health 6 "unhealthy $reason"
done <<-'END'
	{"return":{}} what the guest agent says is not understood
	{"return":[[[{"pid":1}]]]} what the guest agent says is not understood
	{"return":{"pid":1,"exited":true,"exitcode":0}} connection closed without an answer
	{"return":{"pid":1,"exited":true,"exitcode":0,"out-data":"===="}} connection closed without an answer
	{"return":{"pid":1,"exited":true,"exitcode":0,"out-data":"G1szMW1yZWQK"}} \x5cx1b[31mred
	{"return":{"pid":1,"exited":true,"exitcode":0,"out-data":"SFRUUC8xLjEgOTk5IE9LCg=="}} HTTP/1.1 999 OK
	{"return":{"pid":1,"exited":true,"exitcode":124}} no answer in
	{"error":{"class":"CommandNotFound","desc":"The\u0020command\u0020guest-exec\u0020has\u0020been\u0020disabled"}} cannot ask the guest agent
	END
expect_text 'The command guest-exec has been disabled'
says '{"return":{"pid":1,"exited":false}}'
health 6 'unhealthy no answer in '
after 6
rm "$LAB/agent-says"

# --- TLS: nobody can have a certificate for a guest's loopback
http_certificate "$TMPDIR"
plain_pid=$http_pid plain_log=$http_log plain_port=$port
http_start "$TMPDIR" --address 127.0.0.1 --tls "$TMPDIR/cert.pem" "$TMPDIR/key.pem"
port=${http_url##*:}
check guest /health 60000 https
for program in curl wget; do
    command -v $program > /dev/null || continue
    with $program
    health 0 '200 OK'
done
with bash
health 6 'unhealthy the guest has nothing to ask with'
http_stop || true
http_pid=$plain_pid http_log=$plain_log port=$plain_port

# --- the host's question is refused, and the remedy named
mode="bridged, bridge: br0, mac: \"$mac\""
check host /health 500
virsh dumpxml --inactive vm | sed "s|<interface type='bridge'>|<interface type='user'>|; /<source bridge=/d" > "$TMPDIR/vm.xml"
virsh -q define "$TMPDIR/vm.xml"
expect_exit 0 gpuvm stop --force vm
seen
expect_exit 6 gpuvm start --wait vm
expect_text 'not healthy after 0.5 s: connection refused' 'write `from: guest` in health_check'
health 6 'connection refused' "if the workload listens on the guest's loopback alone"
http_stop || true # the status of what was ended
