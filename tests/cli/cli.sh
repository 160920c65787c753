# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests of the whole program share. To be sourced; the rest of the script is in a directory of its own, $work.

. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

gpuvm=${GPUVM:-$top_builddir/gpuvm}
hosts=$top_srcdir/examples/hosts
rtx=$hosts/workstation-rtx3090.xml
unset LIBVIRT_DEFAULT_URI NO_COLOR

[ -x "$gpuvm" ] || { echo "Bail out! $gpuvm is not there: set GPUVM, or run this in the build directory"; exit 1; }
work=$(mktemp -d) && cd "$work" || exit
at=test://${work// /%20} # what is in it, as libvirt's test driver has it
export XDG_STATE_HOME=$work/state
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT

# A subshell, as check has it, has no descriptors of a coprocess, but others. A test does not wait for it.
coproc JUDGE { exec "$top_srcdir/tests/cli/judge"; }
exec {ask}>&"${JUDGE[1]}" {answer}<&"${JUDGE[0]}"
disown "$JUDGE_PID"

# run ARGUMENT…: runs gpuvm; what it said is in .out and .err, its exit code in $status
run()
{
    "$gpuvm" "$@" >.out 2>.err
    status=$?
    [[ " $* " != *' -o json '* ]] || { echo "${*//$'\n'/ }" && cat .out && printf '\0'; } >>"$work/.answers"
}

# cli_end: the end of a test; every JSON that gpuvm printed was what the schema of its output says
cli_end()
{
    local said

    if [ -s "$work/.answers" ]; then
        said=$("$top_srcdir/tests/check-output" "$top_srcdir/schemas/output.schema.json" "$work/.answers" 2>&1)
        if [ $? = 77 ]; then
            tap_skip 'JSON is as its schema says' "$said"
        else
            tap_check 'JSON is as its schema says' "$said"
        fi
    fi
    tap_end
}

# again COMMAND…: a run of gpuvm that connects to libvirt. The leak sanitizer cannot look at a thread of libvirt that is
# just ending, and gives up: then once more without it.
again()
{
    local said

    "$@"
    IFS= read -rd '' said <.err
    if [[ $said == *'LeakSanitizer has encountered a fatal error'* ]]; then
        ASAN_OPTIONS=detect_leaks=0 "$@"
    fi
}

# expect NAME CODE TEXT…: the last run ended with CODE, and said each TEXT; one that begins with '!' it did not say
expect()
{
    local name=$1 code=$2 text out err wrong=
    shift 2

    IFS= read -rd '' out <.out
    IFS= read -rd '' err <.err
    [ "$status" = "$code" ] || wrong+="the exit code is $status, not $code"$'\n'
    [[ $err != *Sanitizer* ]] || wrong+="a sanitizer complains"$'\n'
    for text; do
        if [ "${text:0:1}" = '!' ]; then
            [[ $out$err != *"${text:1}"* ]] || wrong+="it says: ${text:1}"$'\n'
        else
            [[ $out$err == *"$text"* ]] || wrong+="it does not say: $text"$'\n'
        fi
    done
    tap_check "$name" "${wrong:+$wrong$(sed 's/^/| /' .out .err)}"
}

# check NAME COMMAND…: COMMAND succeeds, and says why when it does not
check()
{
    local name=$1 said
    shift

    if said=$("$@" 2>&1); then
        tap_check "$name" ''
    else
        tap_check "$name" "${said:-$* fails}"
    fi
}

# judge QUESTION NEEDED: what the judge says of the last run; it fails when that is something
judge()
{
    local said

    printf '%s\t%s\t%s\n' "$1" "$PWD" "${2//$'\n'/ }" >&$ask
    IFS= read -rd '' said <&$answer || said='nobody answers'
    [ -z "$said" ] || { echo "$said" && false; }
}

# json EXPRESSION: what Python makes of the last run's JSON, which is j; one that is false fails
json()
{
    judge json "$1"
}

# on_terminal COLUMNS ARGUMENT…: as run, but it writes to a terminal so wide; what it said to either is in .out
on_terminal()
{
    /usr/bin/python3 -c 'import fcntl, os, pty, struct, sys, termios
child, screen = pty.fork()
if child == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
said = b""
try:
    while more := os.read(screen, 4096):
        said += more
except OSError:  # it has ended
    pass
open(".out", "wb").write(said.replace(b"\r\n", b"\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))' "$1" "$gpuvm" "${@:2}" 2>.err
    status=$?
}

# fits NAME COLUMNS: no line of the last run is longer
fits()
{
    check "$1: $2 columns" judge fits "$2"
}
