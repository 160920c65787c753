# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# machines: server-8xh100
# clustervm: a VM that Pacemaker runs is not started beside it, and whoever stops it hears that it comes back.

# cib NAME VALUE: the cluster has the VM vm and the deployment fleet, with this meta attribute
cib()
{
    local nvpair="<nvpair name='$1' value='$2'/>"
    cat > "$TMPDIR/cib.xml" << ENDCIB
<cib have-quorum="1"><configuration><crm_config/><nodes/><resources>
  <primitive id="vm" class="ocf" provider="gpuvm" type="vm"><meta_attributes>$nvpair</meta_attributes></primitive>
  <clone id="fleet-clone"><meta_attributes><nvpair name="globally-unique" value="true"/><nvpair name="clone-max" value="1"/>$nvpair
  </meta_attributes><primitive id="fleet" class="ocf" provider="gpuvm" type="vm"/></clone>
</resources></configuration><status/></cib>
ENDCIB
}

mkdir "$TMPDIR/bin"
printf '#!/bin/sh\nexec cat "$CIB_file"\n' > "$TMPDIR/bin/cibadmin"
chmod +x "$TMPDIR/bin/cibadmin"
PATH=$TMPDIR/bin:$PATH
vm vm '{gpus: [{count: 1}]}'
vm mine '{gpus: [{count: 1}]}'
printf 'kind: deployment\nname: fleet\nreplicas: 1\nconfig: {network: {mode: none}, devices: {gpus: [{count: 1}]}}\n' \
    > "$TMPDIR/fleet.yaml"
expect_exit 0 gpuvm define "$TMPDIR/vm.yaml" # before there was a cluster

echo '--- it is not started beside the cluster'
cib priority 1
export CIB_file=$TMPDIR/cib.xml
for command in "define $TMPDIR/vm.yaml" 'start vm' "run $TMPDIR/vm.yaml" 'start --all'; do
    expect_exit 5 gpuvm $command
    expect_text "'vm' is a VM of the cluster, which starts it by itself"
    expect_text 'crm_resource --resource vm --meta'
done
expect_exit 5 gpuvm run --replica 0 "$TMPDIR/fleet.yaml"
expect_text 'crm_resource --resource fleet-clone --meta'
expect_exit 5 gpuvm deployment create fleet --config "$TMPDIR/fleet.yaml"
[ "$(virsh -q list --all --name | tr -d '\n')" = vm ] || fail 'something was defined or started'
expect_exit 0 gpuvm run "$TMPDIR/mine.yaml"

echo '--- nor hindered: its agents, and who has it leave the VM alone'
expect_exit 0 gpuvm undefine vm
OCF_RESOURCE_INSTANCE=vm expect_exit 0 gpuvm run "$TMPDIR/vm.yaml"
OCF_RESOURCE_INSTANCE=vm expect_exit 0 gpuvm stop --force vm
expect_no_text 'cluster'
for alone in 'target-role Stopped' 'is-managed false' 'maintenance true'; do
    # shellcheck disable=SC2086 # words
    cib $alone
    expect_exit 0 gpuvm run "$TMPDIR/vm.yaml"
    expect_exit 0 gpuvm stop --force vm
    expect_no_text 'cluster'
done

echo '--- it is stopped: it comes back'
cib priority 1
OCF_RESOURCE_INSTANCE=vm expect_exit 0 gpuvm run "$TMPDIR/vm.yaml"
expect_exit 0 gpuvm stop --force vm
expect_text "note: 'vm' is a VM of the cluster, which starts it again"
expect_exit 0 gpuvm stop --force mine
expect_no_text 'cluster'

echo '--- it runs elsewhere'
for command in stop console show; do
    expect_exit 5 gpuvm $command vm
    expect_text "no VM is named 'vm'" 'hint: it is a VM of the cluster: `gpuvm cluster status vm` says where it runs'
    expect_exit 5 gpuvm $command nobody
    expect_no_text 'cluster'
done

expect_exit 0 gpuvm __complete 3 gpuvm cluster status ''
[ "$OUT" = $'fleet-0\nvm' ] || fail "these complete: $OUT"

echo '--- the cluster does not answer'
CIB_file=/nonexistent expect_exit 0 gpuvm run "$TMPDIR/vm.yaml"
