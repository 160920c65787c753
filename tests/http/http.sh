# SPDX-License-Identifier: LGPL-2.1-or-later
# What test scripts need of tests/http/server.py. To be sourced; a server ends with the script.

# http_start DIRECTORY [OPTION…]: serves DIRECTORY, sets $http_url to http://127.0.0.1:PORT (https with --tls), $http_pid, and
# $http_log, a file of requests. Another call starts another server. Not in $(…), at whose end it would stop. The words of
# $http_within, a command, run it elsewhere.
http_start()
{
    local directory=$1 state scheme=http
    shift

    [[ " $* " != *' --tls '* ]] || scheme=https
    state=$(mktemp -d ${work:+-p "$work"}) || return # which goes with the script's own directory, if it has one
    setpriv --pdeathsig TERM ${http_within-} "$top_srcdir/tests/http/server.py" --port-file "$state/port" --log "$state/log" \
        "$@" -- "$directory" </dev/null >"$state/said" 2>&1 &
    http_pid=$!
    while [ ! -e "$state/port" ]; do
        kill -0 "$http_pid" 2>/dev/null || { cat "$state/said" >&2; return 1; }
        sleep 0.05
    done
    http_url=$scheme://127.0.0.1:$(<"$state/port") http_log=$state/log
}

# http_stop: the server that was started last
http_stop()
{
    kill "$http_pid"
    wait "$http_pid" 2>/dev/null
    rm -r "${http_log%/log}"
}

# http_requests [PATTERN]: how many requests there were for paths that match the extended regular expression
http_requests()
{
    grep -E '^(GET|HEAD) ' "$http_log" | cut -d' ' -f2 | grep -c -E "${1:-}" || true
}

# http_certificate DIRECTORY: makes cert.pem and key.pem there, of 127.0.0.1 and localhost, signed by itself
http_certificate()
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
        -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout "$1/key.pem" -out "$1/cert.pem" 2>/dev/null
}
