# SPDX-License-Identifier: LGPL-2.1-or-later
# What the test scripts share: where things are, and printing TAP. To be sourced.

: "${top_srcdir:=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}"
: "${top_builddir:=$PWD}"
export LC_ALL=C.UTF-8

tap_count=0 tap_failed=0

# tap_check NAME DETAILS: passes when there are no DETAILS, and shows them when there are
tap_check()
{
    tap_count=$((tap_count + 1))
    if [ -z "$2" ]; then
        echo "ok $tap_count - $1"
    else
        echo "not ok $tap_count - $1"
        sed 's/^/#   /' <<<"$2"
        tap_failed=1
    fi
}

tap_skip()
{
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

tap_end()
{
    echo "1..$tap_count"
    exit $tap_failed
}
