# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-rtx3090
# start --wait and health: until the workload answers, the time is over, the VM stops, or Ctrl-C; the console's last lines are told.
# No guest runs: a server of the lab's answers, at an address that the host's neighbour table says is the guest's.

top_srcdir=$(realpath "$lab_source/../..")
. "$top_srcdir/tests/http/http.sh"
mac=52:54:00:12:34:56 address=10.9.0.5

export no_proxy='*'

guest_network 10.9.0.1 $address
echo ok > "$TMPDIR/health"
http_start "$TMPDIR" --address $address
port=${http_url##*:}
url=http://$address:$port

# check ENDPOINT MILLISECONDS [MODE]: the VM, whose guest is asked in network mode bridged
check()
{
    local network="{mode: bridged, bridge: br0, mac: \"$mac\"}"
    vm vm '{}' "workload: {base_url: \"http://127.0.0.1:$port\"}"$'\n'"health_check: {endpoint: $1, timeout_ms: $2}"
    sed -i "s/^network: .*/network: $network/" "$TMPDIR/vm.yaml"
    expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
    # a NIC that needs no tap device
    virsh dumpxml --inactive vm | sed "s|<interface type='bridge'>|<interface type='user'>|; /<source bridge=/d" > "$TMPDIR/vm.xml"
    virsh -q define "$TMPDIR/vm.xml"
}

# at_least SECONDS COMMAND…: it takes so long
at_least()
{
    local begun=$SECONDS least=$1
    shift
    "$@"
    [ $((SECONDS - begun)) -ge "$least" ] || fail "$((SECONDS - begun)) s: $*"$'\n'"$OUT"
}

# asked NUMBER: whether the server has had more requests than that
asked()
{
    [ "$(http_requests)" -gt "$1" ]
}

# once_asked COMMAND…: in the background: COMMAND, when the VM was asked for its health three times, a second and more
once_asked()
{
    local before
    before=$(http_requests)
    { wait_until asked $((before + 2)) && "$@"; } &
}

stop()
{
    expect_exit 0 gpuvm stop --force vm
}

talk 'Loading the model\r\n\033[31mout of memory\033[0m\r\n'
check /health $((3000 * LAB_SLOW))

# --- nobody knows the address
at_least 2 expect_exit 6 gpuvm start --wait vm
expect_text 'vm: started' "vm: error: not healthy after $((3 * LAB_SLOW)) s: no address yet" "the console's last lines:" '  Loading the model' '  out of memory' \
    'the VM goes on running' 'gpuvm health vm'
expect_exit 6 gpuvm health vm
expect_text 'unhealthy' 'no address yet' '1 of 1 VMs is not healthy'

# --- the neighbour table does
ip -n guest link set eth0 address $mac
ip neighbour replace $address lladdr $mac dev br0 nud reachable # newer libvirts pass over a permanent one
expect_exit 0 gpuvm health vm
expect_text 'healthy' '200 OK' "$url/health" ' ms'
expect_exit 0 gpuvm health
expect_text 'vm' '200 OK'
expect_exit 0 gpuvm list --health
expect_text 'HEALTH' 'healthy'
expect_exit 0 virsh -q suspend vm
expect_exit 6 gpuvm health vm
expect_text 'vm   unhealthy paused'
expect_exit 0 virsh -q resume vm
ip address add $address/32 dev lo # the guest has taken the host's address
expect_exit 6 gpuvm health vm
expect_text "no address yet: $address is an address of this host"
ip address del $address/32 dev lo
before=$(http_requests)
expect_exit 0 gpuvm list
expect_no_text 'HEALTH'
[ "$(http_requests)" = "$before" ] || fail 'list without --health asks'
check /health 60000 # from here on it is healthy, when it can be
expect_exit 0 gpuvm start --wait vm
expect_text 'already running' 'vm: healthy'
stop
expect_exit 6 gpuvm health vm
expect_text 'off' 'shut off'
expect_exit 0 gpuvm start --wait vm
expect_text 'vm: healthy'
expect_exit 0 gpuvm restart --force --wait vm
expect_text 'vm: stopped' 'vm: started' 'vm: healthy'
stop

# --- it becomes ready
check /unready/3/health 60000
at_least 1 expect_exit 0 gpuvm -v start --wait vm
expect_text 'waiting for vm to be healthy, for 60 s at most' 's  vm: 503 Service Unavailable' 's  vm: 200 OK' 'vm: healthy'
stop

# --- it does not
check /status/503 $((2000 * LAB_SLOW))
expect_exit 6 gpuvm -o json start --wait vm
expect_text '"healthy" : false' "not healthy after $((2 * LAB_SLOW)) s: 503 Service Unavailable" "asked was $url/status/503"
stop
check /stall/0/health 60000
expect_exit 0 gpuvm start --wait vm # the status is enough
stop
check /delay/60/health $((2000 * LAB_SLOW))
at_least 1 expect_exit 6 gpuvm start --wait vm
expect_text "not healthy after $((2 * LAB_SLOW)) s: no answer in"
stop

# --- it stops meanwhile
check /status/503 3600000
once_asked virsh -q destroy vm
at_least 1 expect_exit 6 gpuvm start --wait vm
expect_text 'vm: error: the VM has stopped before it was healthy' '  out of memory'

# --- Ctrl-C
interrupt()
{
    kill -INT "$(pgrep -fx "$GPUVM start --wait vm")"
}
once_asked interrupt
at_least 1 expect_exit 1 env --default-signal=INT "$GPUVM" start --wait vm # of which a background job has none
expect_text 'no longer waited for: it was not healthy yet: 503 Service Unavailable' 'the VM goes on running'
[ "$(virsh -q domstate vm)" = running ] || fail 'Ctrl-C stopped the VM'

# --- libvirtd hangs, while the VM runs
expect_exit 0 gpuvm stop --force vm
check /status/503 $((3000 * LAB_SLOW))
once_asked kill -STOP "$(cat /run/libvirt/libvirtd.pid)"
at_least 1 expect_exit 6 gpuvm start --wait vm
kill -CONT "$(cat /run/libvirt/libvirtd.pid)"
# on a slow machine, it is its silence of ten seconds that is said
case $OUT in
*'error: libvirtd does not answer'*) ;;
*) expect_text "not healthy after $((3 * LAB_SLOW)) s: libvirt or the guest agent does not answer" '  out of memory' ;;
esac

# --- TLS: nobody can have a certificate for a guest's address
http_certificate "$TMPDIR"
plain_pid=$http_pid plain_log=$http_log plain_port=$port
http_start "$TMPDIR" --address $address --tls "$TMPDIR/cert.pem" "$TMPDIR/key.pem"
port=${http_url##*:}
check /health 1000
for base_url in https://127.0.0.1:$port http://127.0.0.1:$port https://127.0.0.1:$plain_port https://$address:$port; do
    sed -i "s|base_url: .*|base_url: \"$base_url\"}|" "$TMPDIR/vm.yaml"
    expect_exit 0 gpuvm define "$TMPDIR/vm.yaml"
    run gpuvm health vm
    case $base_url in
    "https://127.0.0.1:$port") expect_text "https://$address:$port/health" '200 OK' ;;
    http://*) expect_text 'connection closed without an answer' ;;
    "https://127.0.0.1:$plain_port") expect_text 'the answer is not TLS' ;;
    *) expect_text 'its certificate is not trusted' ;;
    esac
done
http_stop || true
http_pid=$plain_pid http_log=$plain_log port=$plain_port

# --- somebody has the console
"$GPUVM" -q console --force vm < /dev/null > "$TMPDIR/console" &
wait_until [ -s "$TMPDIR/console" ]
check /status/404 500
expect_exit 6 gpuvm start --wait vm
expect_no_text "the console's last lines"
http_stop || true # the status of what was ended
expect_exit 6 gpuvm health vm
expect_text 'connection refused'
stop
