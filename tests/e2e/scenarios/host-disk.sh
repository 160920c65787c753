# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# The disks of mounted file systems stay with the host.

disk=0000:06:00.0 root=0000:00:02.0 mounted=$PWD/mounted

# The file system still takes data, and gives it back.
works()
{
    echo "$RANDOM" >"$mounted/before" && sync && echo 3 >/proc/sys/vm/drop_caches && cat "$mounted/before"
}

policy <<'YAML'
kind: policy
allowlist: ["*:*"]
YAML
vm disk $disk
mkdir "$mounted"
check 'the disk is there' eventually test -b /dev/nvme0n1
check 'unmounted, it may be passed: plan' gpuvm plan disk.yaml
check 'define' gpuvm define disk.yaml
check 'mounted' mount /dev/nvme0n1 "$mounted"
for command in plan define; do
    refused "mounted: $command" 4 "device $disk is in use by the host: it holds the file system mounted at $mounted" \
        gpuvm $command disk.yaml
    check "after $command the file system works" works
done
refused 'mounted: start' 4 "holds the file system mounted at $mounted" gpuvm start disk
check 'after start the file system works' works
contains 'devices says why not' "holds the file system mounted at $mounted" "$(gpuvm devices $disk)"

cat >>/etc/gpuvm/policy.yaml <<<'protect: []'
check 'a policy may give it up' gpuvm plan disk.yaml
vm root $root
refused 'but never the root file system' 4 "device $root is in use by the host: it holds the file system mounted at /" \
    gpuvm plan root.yaml
check 'unmounted' umount "$mounted"
check 'undefine' gpuvm undefine disk
