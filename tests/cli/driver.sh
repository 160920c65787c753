# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests in libvirt's test driver share, beside cli.sh. To be sourced.
#
# What one connection does there is gone with it. So a host file with a domain in it, which gpuvm rendered, stands for
# a host where that was defined before. libvirt's own log tells whether anything was changed.

. "$(dirname "${BASH_SOURCE[0]}")/cli.sh"

uuid=c7a5fdbd-edaf-9455-926a-d65c16db1809
mac=52:54:00:12:34:56
changes='virDomain(DefineXML|Create|Destroy|Shutdown|Undefine|SetAutostart|SetMetadata|AttachDevice)[A-Za-z]*'
export LIBVIRT_LOG_FILTERS=1:libvirt.domain LIBVIRT_LOG_OUTPUTS="1:file:.log"

once()
{
    : >.log
    run "$@"
}

# on HOST-FILE ARGUMENT…: runs gpuvm in the test driver; what it changed is in $changed
on()
{
    again once -c "$at/$1" "${@:2}"
    changed=$(grep -oE "$changes:" .log)
    changed=${changed//$'\n'/}
}

# refused NAME CODE TEXT…: as expect, and nothing was changed
refused()
{
    expect "$@"
    tap_check "$1: nothing was changed" "$changed"
}

# changed NAME CALLS: what the last run changed, in order
changed()
{
    tap_check "$1" "$([ "$changed" = "$2" ] || echo "libvirt was asked for: ${changed:-nothing}")"
}

# vm NAME ADDRESS [LINE…]: a definition NAME.yaml
vm()
{
    local name=$1 address=$2
    shift 2
    { echo "name: $name"; echo 'devices:'; echo "  pci_passthrough: [$address]"; printf '%s\n' "$@"
        echo 'disks: [{name: data, source: /data.raw}]'; } >"$name.yaml"
}

# domain HOST-FILE NAME.yaml: its XML, as it is there, with a UUID and a MAC address
domain()
{
    "$gpuvm" -c "$at/$1" render "$2" | sed "s|</name>|&<uuid>$uuid</uuid>|
        s|<interface type=\"network\">|&<mac address=\"$mac\"/>|"
}

# add STATE HOST-FILE: adds the domain on standard input to the host; libvirt's number of a state: 1 running, 5 off
add()
{
    sed -i '$d' "$2"
    sed "s|<domain type=\"test\"|& xmlns:test=\"http://libvirt.org/schemas/domain/test/1.0\"|
        s|</domain>|<test:runstate>$1</test:runstate>&|" >>"$2"
    echo '</node>' >>"$2"
}

# seen HOST-FILE: libvirt has the domain there as the last define left it, which set that down in its log
seen()
{
    local digest
    digest=$(grep -oE ' seen="sha256:[0-9a-f]+" seen_by="[0-9]+"' .log | tail -n 1)
    [ -n "$digest" ] || echo "no digest in the log"
    sed -i "s|\( made=\"sha256:[0-9a-f]*\"\)\( seen=[^>]*\)\?>|\1$digest>|" "$1"
}

# without_definition HOST-FILE: with the domain as gpuvm 0.1 would have left it there
without_definition()
{
    /usr/bin/python3 -c 'import re, sys
text = re.sub("<gpuvm:definition>.*?</gpuvm:definition>", "", open(sys.argv[1]).read(), flags=re.S)
print(re.sub(" (made|seen|seen_by)=\"[^\"]*\"", "", text))' "$1"
}
