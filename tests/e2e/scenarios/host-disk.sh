# SPDX-License-Identifier: LGPL-2.1-or-later
# machine: default
# The disks of mounted file systems stay with the host, whether they are to be passed or to be disks of a VM.

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
rm /etc/gpuvm/policy.yaml

# as_disk NAME PATH: a VM whose disk it is
as_disk()
{
    vm "$1"
    echo "disks: [$2]" >>"$1.yaml"
}

# kept TEXT: VMs with the disk, by each of its names, are refused at plan, define and start
kept()
{
    local name command

    for name in block link; do
        for command in "plan $name.yaml" "define $name.yaml" "start $name"; do
            # shellcheck disable=SC2086 # words
            refused "$command: $1" 4 "$1" gpuvm $command
        done
    done
}

ln -s /dev/nvme0n1 link
as_disk block /dev/nvme0n1
as_disk link "$PWD/link"
check 'what nothing uses may be a disk: define' gpuvm define block.yaml link.yaml
check 'mounted once more' mount /dev/nvme0n1 "$mounted"
kept "holds the file system mounted at $mounted"
check 'the file system works' works
check 'unmounted once more' umount "$mounted"
unshare --mount --propagation private sh -c 'mount /dev/nvme0n1 /mnt && exec sleep 1000' &
elsewhere=$!
check 'mounted where nobody else sees it' eventually grep -q ' /mnt ' /proc/$elsewhere/mountinfo
kept "holds the file system mounted at /mnt for process $elsewhere (sleep)"
kill $elsewhere && wait $elsewhere
sh -c 'exec sleep 1000 <>/dev/nvme0n1' &
holder=$!
check 'a process writes to it' eventually grep -q sleep /proc/$holder/comm
refused 'open: start' 5 "is open as /dev/nvme0n1 in process $holder (sleep)" gpuvm start block
kill $holder && wait $holder
mkdir images && truncate -s 1M images/data.raw
as_disk image "$PWD/images/data.raw"
check 'an image that nobody uses: plan' gpuvm plan image.yaml
loop=$(unshare --mount --propagation private sh -c 'mount --bind images /mnt && exec losetup --show -f /mnt/data.raw')
check 'here the file has another name' test ! -e "$(cat "/sys/class/block/${loop#/dev/}/loop/backing_file")"
refused 'behind a loop device of another mount namespace: plan' 4 "is the file of loop device $loop" gpuvm plan image.yaml
check 'free again' losetup -d "$loop"
check 'plan' eventually gpuvm plan image.yaml
as_disk system /dev/vda
echo $'kind: policy\nprotect: []' >/etc/gpuvm/policy.yaml
refused 'the root file system: plan' 4 '/dev/vda holds the file system mounted at /' gpuvm plan system.yaml
echo $'kind: policy\nblock_devices: [/dev/vd*]' >/etc/gpuvm/policy.yaml
refused 'not among block_devices: start' 4 'is a block device that /etc/gpuvm/policy.yaml does not allow' gpuvm start block
rm /etc/gpuvm/policy.yaml

check 'free, it is taken: start' gpuvm start --timeout 600 block
check 'its own emulator is in nobody'\''s way: define' gpuvm define block.yaml
check 'nor at restart' gpuvm restart --force block
refused 'another VM, by another name: start' 5 "is in use by domain 'block', which is running" gpuvm start link
check 'stop' gpuvm stop --force block
check 'undefine the VMs' gpuvm undefine block link
check 'undefine' gpuvm undefine disk
