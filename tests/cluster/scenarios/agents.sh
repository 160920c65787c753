# SPDX-License-Identifier: LGPL-2.1-or-later
# the agents, as ocf-tester sees them
# shellcheck shell=bash

begin
vm one 1
# tester AGENT PARAMETER=VALUE…
tester()
{
    local agent=$1 output parameter options=()
    shift
    for parameter; do options+=(-o "$parameter"); done
    output=$(ask ocf-tester -n agent "${options[@]}" "/usr/lib/ocf/resource.d/gpuvm/$agent" 2>&1) || fail "$output"
    [[ $output == *'passed all tests'* ]] || fail "$output"
}
step 'ocf:gpuvm:vm'
tester vm "file=$vms/one.yaml" force=true
step 'ocf:gpuvm:host'
tester host "definitions=$vms"
wait_until is_capacity 1 8
