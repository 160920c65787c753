# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: cells
# when: all
# What the seed sets up for `verify: true` tells through its port what hardware the guest has, where no agent is.

cards=(0000:07:00.0 0000:08:00.0)
policy <<'YAML'
kind: policy
allowlist: ["1234:11e8"]
YAML
kernel=/e2e/vmlinux memory=192 vm seen "${cards[@]}"
cat >>seen.yaml <<'YAML'
verify: true
initramfs:
  path: /e2e/app.img
kernel_cmdline: console=ttyS0 quiet mitigations=off nokaslr no_timer_check panic=-1 noagent
YAML

# verified STATUS: what gpuvm verify, which ends with that, says when the guest is up
verified()
{
    report seen >/dev/null
    gpuvm verify --timeout $((60 * slow)) seen >said 2>&1
    same "verify: exit $1" "$1" $?
    sed 's/^/# /' said
}

check 'define and start' gpuvm define --start seen.yaml
verified 0
while read -r host guest _; do
    contains "$host: where it was planned" "$guest" "$(grep -E "$host .* place .* ok$" said)"
done < <(plan_of seen)
check 'stop' gpuvm stop --force seen
sed -i 's/ noagent$/& hide/' seen.yaml
check 'a guest without the second: define and start' gpuvm define --start seen.yaml
verified 6
contains 'what is not there' 'place' "$(grep -E "${cards[1]} .* none +differs" said)"
check 'stop it' gpuvm stop --force seen
check 'undefine' gpuvm undefine --storage seen
