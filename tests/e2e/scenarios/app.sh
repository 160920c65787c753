# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: cells
# when: all
# An application in the guest works on the devices that it was given: it computes, moves memory both ways, is interrupted, and with two
# devices they take from each other. What it tells them to write outside the guest's memory is stopped by the IOMMU.

cards=(0000:07:00.0 0000:08:00.0)
outside=0xc000000 # the machine's kernel keeps away from it, the guest has less

# prepare: what the machine's memory has there, and a page beyond
prepare()
{
    busybox devmem $outside 32 0xcafef00d
    busybox devmem $((outside + 4096)) 32 0x12345678
}

word()
{
    busybox devmem $outside 32
}

faults()
{
    dmesg | grep -c 'DMAR:.*fault addr' || true
}

# app NAME CARD…: a guest with these
app()
{
    local name=$1
    shift

    kernel=/e2e/vmlinux memory=128 vm "$name" "$@"
    cat >>"$name.yaml" <<-YAML
	initramfs:
	  path: /e2e/app.img
	kernel_cmdline: console=ttyS0 quiet mitigations=off nokaslr no_timer_check panic=-1 outside=$outside
	YAML
}

# computes CARD FACTORIAL: what is said of a card that does all that it should
computes()
{
    local fact
    for fact in alive "$2" 'DMA both ways' 'interrupts' 'interrupts when it has computed' 'interrupts after a DMA'; do
        echo "$1 $fact right"
    done
}

policy <<'YAML'
kind: policy
allowlist: ["1234:11e8"]
YAML

# without passing it, nothing keeps a device from the machine's memory
for card in "${cards[@]}"; do
    prepare
    check "$card: used by the machine itself" /e2e/edu -o $outside "$card"
    same "$card: writes there then" 0x12345678 "$(word)"
done

prepare
before=$(faults)
app one "${cards[0]}"
check 'one: define and start' gpuvm define --start one.yaml
same 'one: the application' "$(computes 0000:01:00.0 '8! = 40320')
wrote outside" "$(report one)"
check 'one: stop' gpuvm stop --force one
app two "${cards[@]}"
check 'two: define and start' gpuvm define --start two.yaml
mapfile -t seen < <(plan_of two | cut -d' ' -f2)
same 'two: the application, and from one device to the other' "$(computes "${seen[0]}" '8! = 40320')
$(computes "${seen[1]}" '12! = 479001600')
${seen[0]} ${seen[1]} right
wrote outside" "$(report two)"
check 'two: stop' gpuvm stop --force two
same "the machine's memory is as it was" 0xCAFEF00D "$(word)"
result 'the IOMMU has said so' "$([ "$(faults)" -gt "$before" ] || echo 'no fault in the log')"
dmesg | grep -m 2 'DMAR:.*fault addr' | sed 's/^/# /'
check 'undefine' gpuvm undefine one two
