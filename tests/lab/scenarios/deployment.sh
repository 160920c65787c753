# SPDX-License-Identifier: LGPL-2.1-or-later
# machines: workstation-two-gpus
# The guide's deployment: two replicas, a card each; a third does not fit, and a card that is given up comes back to its replica.

cat > "$TMPDIR/plugin.json" <<'END'
{
  "schema_version": "1.0",
  "name": "pytorch-gpu",
  "version": "1.0.0",
  "runtime": "pytorch-gpu",
  "resources": {"cpu_cores": 1, "memory_mb": 512},
  "network": {"mode": "none"},
  "devices": {"pci_passthrough": ["0000:01:00.0"], "allowlist": ["10de:*"]}
}
END
cat > "$TMPDIR/deployment.json" <<'END'
{
  "plugin": "pytorch-gpu",
  "runtime": "pytorch-gpu",
  "resources": {"cpu_cores": 1, "memory_mb": 256},
  "manifest": {
    "devices": {
      "pci_passthrough": ["0000:01:00.0", "0000:02:00.0"],
      "allowlist": ["10de:*"]
    }
  }
}
END

cards() # NAME: the functions that it has
{
    virsh dumpxml --inactive "$1" | sed -n 's/.*<gpuvm:function address="\([^"]*\)".*/\1/p' | paste -sd' '
}

# the two replicas run, each with its card
both_run()
{
    [ "$(cards ai-cluster-0)" = '0000:01:00.0 0000:01:00.1' ] || fail "ai-cluster-0 has $(cards ai-cluster-0)"
    [ "$(cards ai-cluster-1)" = '0000:02:00.0 0000:02:00.1' ] || fail "ai-cluster-1 has $(cards ai-cluster-1)"
    [ "$(virsh -q list --name | sort | paste -sd' ')" = 'ai-cluster-0 ai-cluster-1' ] || fail "running: $(virsh -q list)"
    expect_driver vfio-pci 0000:01:00.0 0000:01:00.1 0000:02:00.0 0000:02:00.1
}

before=$(drivers)
expect_exit 0 gpuvm plugins install "$TMPDIR/plugin.json"
expect_exit 0 gpuvm deployments create ai-cluster --config "$TMPDIR/deployment.json" --replicas 2
expect_text 'ai-cluster-0: created' 'ai-cluster-1: created' 'ai-cluster-0: started' 'ai-cluster-1: started'
both_run
first=$(virsh -q domid ai-cluster-0)

expect_exit 0 gpuvm deployments create ai-cluster --config "$TMPDIR/deployment.json" --replicas 2
expect_text 'ai-cluster-0: unchanged' 'ai-cluster-1: unchanged'
expect_no_text started stopped

was=$(virsh dumpxml --inactive ai-cluster-0)
for command in "create ai-cluster --config $TMPDIR/deployment.json --replicas 3" 'scale ai-cluster --replicas 3'; do
    expect_exit 5 gpuvm deployment $command
    expect_text '2 cards for 3 replicas' 'at most 2'
    expect_no_text ai-cluster-0 ai-cluster-2
    [ "$(virsh dumpxml --inactive ai-cluster-0)" = "$was" ] || fail 'a refusal changed a domain'
done
both_run

expect_exit 0 gpuvm deployment scale --force ai-cluster=1
expect_text 'ai-cluster-1: stopped' 'ai-cluster-1: removed' 'ai-cluster-0: unchanged'
expect_driver nvidia 0000:02:00.0
expect_driver vfio-pci 0000:01:00.0
[ "$(virsh -q list --all --name)" = ai-cluster-0 ] || fail "left: $(virsh -q list --all)"
expect_exit 0 gpuvm deployment list
expect_text 'ai-cluster 1/1'

expect_exit 0 gpuvm deployment scale ai-cluster --replicas 2
expect_text 'ai-cluster-0: unchanged' 'ai-cluster-1: created' 'ai-cluster-1: started'
both_run
[ "$(virsh -q domid ai-cluster-0)" = "$first" ] || fail 'ai-cluster-0 was restarted'
expect_exit 0 gpuvm deployment show ai-cluster
expect_text '2 of 2 running'

# One that was stopped stays so when others go; a guest that was asked to shut down, and does not, was not left alone.
expect_exit 0 gpuvm stop --force ai-cluster-0
expect_exit 6 gpuvm deployment scale --timeout 1 ai-cluster=1
expect_text 'ai-cluster-1: asked to shut down' 'ai-cluster: not finished; repeat the command to go on' "domain 'ai-cluster-1' was asked to shut down"
expect_no_text 'nothing was changed' removed
expect_exit 0 gpuvm deployment scale ai-cluster=2
expect_exit 0 gpuvm stop --force ai-cluster-0
expect_exit 0 gpuvm deployment scale --force ai-cluster=1
expect_text 'ai-cluster-0: unchanged' 'ai-cluster-1: removed'
stopped ai-cluster-0
expect_exit 0 gpuvm deployment scale ai-cluster=2
both_run

# One at a time.
hold ConnectListAllDomains deployment restart --force ai-cluster
waiting "is at work on deployment 'ai-cluster'" deployment scale ai-cluster=2
let_go 0
waited 0
both_run

expect_exit 0 gpuvm deployment delete --force ai-cluster
[ -z "$(virsh -q list --all --name)" ] || fail "left: $(virsh -q list --all)"
[ "$(drivers)" = "$before" ] || fail 'a driver is not what it was'
expect_exit 5 gpuvm deployment show ai-cluster
expect_text "no deployment is named 'ai-cluster'"
