/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <linux/loop.h>

#include "fake-tree.h"
#include "host/inode.h"
#include "host/uses.h"

/* A tree, and what the host does with its devices: "ADDRESS KIND [root ]WHAT → REMEDY" lines, sorted. */
typedef struct uses_case {
    const char *name, *tree, *expected;
} uses_case;

static gint
compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *
uses_text(const gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer addr, uses;

    g_hash_table_iter_init(&iter, facts->uses);
    while (g_hash_table_iter_next(&iter, &addr, &uses)) {
        const GPtrArray *all = uses;

        for (guint i = 0; i < all->len; i++) {
            const gpuvm_use *use = all->pdata[i];
            g_ptr_array_add(lines,
                            g_strdup_printf("%s %s %s%s%s%s\n", GPUVM_PCI((gpuvm_pci_addr *)addr),
                                            gpuvm_use_names[use->kind], use->root ? "root " : "", use->what,
                                            use->remedy ? " → " : "", use->remedy ? use->remedy : ""));
        }
    }
    g_ptr_array_sort(lines, compare_lines);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("", (char **)lines->pdata);
}

static void
run_cases(const uses_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
        g_autofree char *actual = NULL;
        char *root = tree_make(cases[i].tree);

        gpuvm_uses_read(root, facts);
        tree_remove(root);
        assert_non_null(facts->uses);
        actual = uses_text(facts);
        if (!g_str_equal(actual, cases[i].expected))
            fail_msg("%s:\nexpected:\n%sactual:\n%s", cases[i].name, cases[i].expected, actual);
    }
}

#define PCI(path) "sys/devices/pci0000:00/" path
#define LINK(path, target) path " -> " target "\n"
#define NODE(name) "dev/" name ": \n"
/* a block device of this name and number, at this place */
#define BLOCK(name, number, path)                                                                            \
    "sys/class/block/" name " -> " path "\nsys/dev/block/" number " => ../../../" path "\n" path             \
    "/dev: " number "\n"
#define PARTITION(name, number, path) BLOCK(name, number, path) path "/partition: 1\n"
#define VIRTUAL(name, number) BLOCK(name, number, "sys/devices/virtual/block/" name)
#define OVER(upper, lower)                                                                                   \
    "sys/devices/virtual/block/" upper "/slaves/" lower " -> sys/class/block/" lower "\n"
#define MOUNT(number, point, type, source)                                                                   \
    "proc/1/mountinfo: 29 1 " number " / " point " rw,noatime shared:1 - " type " " source " rw\n"

#define NVME_PATH PCI("0000:02:00.0/nvme/nvme0/nvme0n1")
#define NVME BLOCK("nvme0n1", "259:0", NVME_PATH) NVME_PATH "/device -> " PCI("0000:02:00.0/nvme/nvme0") "\n"
#define NVME_P1 NVME PARTITION("nvme0n1p1", "259:1", NVME_PATH "/nvme0n1p1")
#define NVME_P2 PARTITION("nvme0n1p2", "259:2", NVME_PATH "/nvme0n1p2")
#define OTHER_PATH PCI("0000:03:00.0/nvme/nvme1/nvme1n1")
#define OTHER_P1                                                                                             \
    BLOCK("nvme1n1", "259:4", OTHER_PATH) PARTITION("nvme1n1p1", "259:5", OTHER_PATH "/nvme1n1p1")
#define SUBSYSTEM "sys/devices/virtual/nvme-subsystem/nvme-subsys0"
#define CONTROLLER(name, function)                                                                           \
    PCI(function "/nvme/" name "/cntlid: 1\n") LINK(SUBSYSTEM "/" name, PCI(function "/nvme/" name))
#define SATA_PATH PCI("0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda")
#define SATA BLOCK("sda", "8:0", SATA_PATH)

#define ROOT_IS(addr) addr " storage root holds the file system mounted at /\n"
#define SRV_IS(addr) addr " storage holds the file system mounted at /srv → sudo umount /srv\n"

static void
mounted(void **state G_GNUC_UNUSED)
{
    static const uses_case cases[] = {
        {"nothing there at all", "", ""},
        {"a disk that is not mounted", NVME_P1 MOUNT("0:20", "/sys", "sysfs", "sysfs"), ""},
        {"a partition", NVME_P1 MOUNT("259:1", "/srv", "ext4", "/dev/nvme0n1p1"), SRV_IS("0000:02:00.0")},
        {"a whole disk", NVME MOUNT("259:0", "/srv", "ext4", "/dev/nvme0n1"), SRV_IS("0000:02:00.0")},
        {"the root file system", NVME_P1 MOUNT("259:1", "/", "ext4", "/dev/nvme0n1p1"),
         ROOT_IS("0000:02:00.0")},
        {"root, and another one",
         NVME_P1 NVME_P2 MOUNT("259:1", "/", "ext4", "/dev/nvme0n1p1")
             MOUNT("259:2", "/srv", "ext4", "/dev/nvme0n1p2"),
         SRV_IS("0000:02:00.0") ROOT_IS("0000:02:00.0")},
        {"one disk of two", NVME_P1 OTHER_P1 MOUNT("259:5", "/srv", "xfs", "/dev/nvme1n1p1"),
         SRV_IS("0000:03:00.0")},
        {"through a bridge, which needs it, too",
         BLOCK("nvme0n1", "259:1", PCI("0000:00:1b.0/0000:02:00.0/nvme/nvme0/nvme0n1"))
             MOUNT("259:1", "/srv", "ext4", "/dev/nvme0n1"),
         SRV_IS("0000:00:1b.0") SRV_IS("0000:02:00.0")},
        {"a domain beyond 16 bits",
         BLOCK("nvme0n1", "259:0", "sys/devices/pci10000:e0/10000:e0:06.0/nvme/nvme0/nvme0n1")
             MOUNT("259:0", "/srv", "ext4", "/dev/nvme0n1"),
         SRV_IS("10000:e0:06.0")},
        {"SATA: the AHCI controller", SATA MOUNT("8:0", "/srv", "ext4", "/dev/sda"), SRV_IS("0000:00:17.0")},
        {"USB: the xHCI controller",
         BLOCK("sdb", "8:16", PCI("0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"))
             MOUNT("8:16", "/srv", "vfat", "/dev/sdb"),
         SRV_IS("0000:00:14.0")},
        {"a virtual disk: the PCI function of its virtio device",
         BLOCK("vda", "254:0", PCI("0000:05:00.0/virtio2/block/vda"))
             MOUNT("254:0", "/srv", "ext4", "/dev/vda"),
         SRV_IS("0000:05:00.0")},
        {"a bind mount is one more to take away",
         NVME_P1 MOUNT("259:1", "/srv", "ext4", "/dev/nvme0n1p1")
             MOUNT("259:1", "/var/lib/x", "ext4", "/dev/nvme0n1p1"),
         SRV_IS(
             "0000:02:00.0") "0000:02:00.0 storage holds the file system mounted at /var/lib/x → sudo umount "
                             "/var/lib/x\n"},
        {"one that is seen twice is one",
         NVME_P1 MOUNT("259:1", "/srv", "ext4", "/dev/nvme0n1p1")
             MOUNT("259:1", "/srv", "ext4", "/dev/nvme0n1p1"),
         SRV_IS("0000:02:00.0")},
        {"seen from this process only",
         NVME_P1 "proc/self/mountinfo: 29 1 259:1 / /srv rw - ext4 /dev/nvme0n1p1 rw\n",
         SRV_IS("0000:02:00.0")},
        {"spaces in a mount point, and no optional fields",
         NVME_P1 "proc/1/mountinfo: 29 1 259:1 / /media/My\\040Disk rw - ext4 /dev/nvme0n1p1 rw\n",
         "0000:02:00.0 storage holds the file system mounted at /media/My Disk → sudo umount '/media/My Disk'\n"},
        {"what a terminal would obey",
         NVME_P1 MOUNT("259:1", "/media/a\033[2J\\012b\377", "ext4", "/dev/nvme0n1p1"),
         "0000:02:00.0 storage holds the file system mounted at /media/a\\x1b[2J\\x0ab\\xff → sudo umount "
         "'/media/a\\x1b[2J\\x0ab\\xff'\n"},
        {"lines that are none", NVME_P1 "proc/1/mountinfo: \nproc/1/mountinfo: 29 1 259:1 - ext4\n", ""},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

static void
stacked(void **state G_GNUC_UNUSED)
{
    static const uses_case cases[] = {
        {"LVM on dm-crypt on a partition",
         NVME_P1 VIRTUAL("dm-0", "253:0") VIRTUAL("dm-1", "253:1") OVER("dm-0", "nvme0n1p1")
             OVER("dm-1", "dm-0") MOUNT("253:1", "/", "ext4", "/dev/mapper/vg-root"),
         ROOT_IS("0000:02:00.0")},
        {"a logical volume on two disks",
         NVME_P1 OTHER_P1 VIRTUAL("dm-0", "253:0") OVER("dm-0", "nvme0n1p1") OVER("dm-0", "nvme1n1p1")
             MOUNT("253:0", "/srv", "xfs", "/dev/mapper/vg-srv"),
         SRV_IS("0000:02:00.0") SRV_IS("0000:03:00.0")},
        {"md over two disks",
         NVME_P1 SATA VIRTUAL("md0", "9:0") OVER("md0", "nvme0n1p1") OVER("md0", "sda")
             MOUNT("9:0", "/", "ext4", "/dev/md0"),
         ROOT_IS("0000:00:17.0") ROOT_IS("0000:02:00.0")},
        {"a partition of md, which has no members of its own",
         SATA VIRTUAL("md0", "9:0") OVER("md0", "sda")
             PARTITION("md0p1", "259:9", "sys/devices/virtual/block/md0/md0p1")
                 MOUNT("259:9", "/srv", "ext4", "/dev/md0p1"),
         SRV_IS("0000:00:17.0")},
        {"btrfs with two devices, whose number is of no device",
         NVME_P1 OTHER_P1 NODE("nvme0n1p1") "sys/fs/btrfs/features/\n"
                                            "sys/fs/btrfs/0f5c/devices/nvme0n1p1 -> " NVME_PATH "/nvme0n1p1\n"
                                            "sys/fs/btrfs/0f5c/devices/nvme1n1p1 -> " OTHER_PATH
                                            "/nvme1n1p1\n"
                                            "sys/fs/btrfs/7a11/devices/sda -> " SATA_PATH
                                            "\n" SATA MOUNT("0:31", "/", "btrfs", "/dev/nvme0n1p1"),
         ROOT_IS("0000:02:00.0") ROOT_IS("0000:03:00.0")},
        {"btrfs on dm-crypt",
         NVME_P1 VIRTUAL("dm-0", "253:0") OVER(
             "dm-0", "nvme0n1p1") "dev/dm-0: \ndev/mapper/root => ../dm-0\n"
                                  "sys/fs/btrfs/0f5c/devices/dm-0 -> sys/devices/virtual/block/dm-0\n" MOUNT(
                                      "0:31", "/", "btrfs", "/dev/mapper/root"),
         ROOT_IS("0000:02:00.0")},
        {"ZFS: what udev knows of the pool",
         NVME_P1 OTHER_P1 SATA
         "run/udev/data/b259:1: E:ID_FS_LABEL=rpool\n"
         "run/udev/data/b259:1: E:ID_FS_TYPE=zfs_member\n"
         "run/udev/data/b259:5: E:ID_FS_TYPE=zfs_member\n"
         "run/udev/data/b259:5: E:ID_FS_LABEL=tank\n"
         "run/udev/data/b8:0: E:ID_FS_LABEL=rpool\n"
         "run/udev/data/b8:0: E:ID_FS_TYPE=ext4\n"
         "run/udev/data/n2: E:ID_FS_LABEL=rpool\n" MOUNT("0:40", "/", "zfs", "rpool/ROOT/debian"),
         ROOT_IS("0000:02:00.0")},
        {"ZFS: a snapshot of a pool",
         NVME_P1
         "run/udev/data/b259:1: E:ID_FS_LABEL=tank\n"
         "run/udev/data/b259:1: E:ID_FS_TYPE=zfs_member\n" MOUNT("0:40", "/srv", "zfs", "tank@monday"),
         SRV_IS("0000:02:00.0")},
        {"NVMe multipath: both controllers of the subsystem",
         BLOCK("nvme0n1", "259:0", SUBSYSTEM "/nvme0n1")
             PARTITION("nvme0n1p2", "259:2", SUBSYSTEM "/nvme0n1/nvme0n1p2")
                 LINK(SUBSYSTEM "/nvme0n1/device", SUBSYSTEM) CONTROLLER("nvme0", "0000:02:00.0")
                     CONTROLLER("nvme3", "0000:03:00.0") MOUNT("259:2", "/", "ext4", "/dev/nvme0n1p2"),
         ROOT_IS("0000:02:00.0") ROOT_IS("0000:03:00.0")},
        {"a loop device: the file lies on what is mounted",
         NVME_P1 VIRTUAL("loop0", "7:0") MOUNT("7:0", "/snap/x", "squashfs", "/dev/loop0")
             MOUNT("259:1", "/", "ext4", "/dev/nvme0n1p1"),
         ROOT_IS("0000:02:00.0")},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

#define SWAPS "proc/swaps: Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

static void
swap(void **state G_GNUC_UNUSED)
{
    static const uses_case cases[] = {
        {"none", NVME_P1 SWAPS, ""},
        {"a partition",
         NVME_P1 NODE("nvme0n1p1") SWAPS
         "proc/swaps: /dev/nvme0n1p1                          partition\t8388604\t0\t-2\n",
         "0000:02:00.0 storage holds swap space (/dev/nvme0n1p1) → sudo swapoff /dev/nvme0n1p1\n"},
        {"on dm-crypt",
         NVME_P1 VIRTUAL("dm-3", "253:3") OVER("dm-3", "nvme0n1p1") NODE("dm-3") SWAPS
         "proc/swaps: /dev/dm-3 partition\t8388604\t0\t-2\n",
         "0000:02:00.0 storage holds swap space (/dev/dm-3) → sudo swapoff /dev/dm-3\n"},
        {"a file, and memory",
         NVME_P1 VIRTUAL("zram0", "251:0") NODE("zram0") SWAPS
         "proc/swaps: /swap\\040file file\t1024\t0\t-2\n"
         "proc/swaps: /dev/zram0 partition\t1024\t0\t100\n",
         ""},
        {"root does not make swap root",
         NVME_P1 OTHER_P1 MOUNT("259:1", "/", "ext4", "/dev/nvme0n1p1") NODE("nvme1n1p1") SWAPS
         "proc/swaps: /dev/nvme1n1p1 partition\t1\t0\t-2\n",
         ROOT_IS("0000:02:00.0") "0000:03:00.0 storage holds swap space (/dev/nvme1n1p1) → sudo swapoff "
                                 "/dev/nvme1n1p1\n"},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

#define NIC(name, function, flags)                                                                           \
    "sys/class/net/" name " -> " PCI(function "/net/" name) "\n" PCI(function "/net/" name "/device -> ")    \
        PCI(function) "\n" PCI(function "/net/" name "/flags: " flags "\n")
#define SOFT(name, lower)                                                                                    \
    "sys/class/net/" name " -> sys/devices/virtual/net/" name "\nsys/devices/virtual/net/" name              \
    "/flags: 0x1003\n" LOWER(name, lower)
#define LOWER(name, lower) "sys/devices/virtual/net/" name "/lower_" lower " -> sys/class/net/" lower "\n"
#define UP "0x1003"
#define DOWN "0x1002"
#define ROUTES                                                                                               \
    "proc/net/route: Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define DEFAULT4(name) "proc/net/route: " name "\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
#define NETWORK4(name) "proc/net/route: " name "\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
#define ZEROS "00000000000000000000000000000000"
#define ROUTE6(destination, flags, name)                                                                     \
    "proc/net/ipv6_route: " destination " " ZEROS                                                            \
    " 00 fe800000000000000000000000000001 00000400 00000001 00000000 " flags "     " name "\n"
#define DEFAULT6(name) ROUTE6(ZEROS " 00", "00000003", name)
#define ADDRESS6(address, scope, name) "proc/net/if_inet6: " address " 02 40 " scope " 80     " name "\n"
#define GLOBAL6(name) ADDRESS6("20010db8000000000000000000000001", "00", name)
#define LINK6(name) ADDRESS6("fe80000000000000021122fffe334455", "20", name)

#define ROUTED(addr, name)                                                                                   \
    addr " network carries the default route (interface " name                                               \
         ") → let another network card carry the default route\n"
#define ADDRESSED(addr, name)                                                                                \
    addr " addresses has an address (interface " name ") → sudo ip link set " name " down\n"
#define IS_UP(addr, name)                                                                                    \
    addr " holders has an interface that is up (" name ") → sudo ip link set " name " down\n"

static void
network(void **state G_GNUC_UNUSED)
{
    static const uses_case cases[] = {
        {"IPv4's default route", NIC("eth0", "0000:00:1f.6", UP) ROUTES DEFAULT4("eth0") NETWORK4("eth0"),
         ROUTED("0000:00:1f.6", "eth0")},
        {"IPv6's default route", NIC("eth0", "0000:00:1f.6", UP) DEFAULT6("eth0") GLOBAL6("eth0"),
         ROUTED("0000:00:1f.6", "eth0")},
        {"an unreachable default route is of no interface",
         NIC("eth0", "0000:00:1f.6", UP) ROUTE6(ZEROS " 00", "00200200", "lo")
             ROUTE6(ZEROS " 00", "00200200", "eth0"),
         IS_UP("0000:00:1f.6", "eth0")},
        {"an IPv4 address, no default route", NIC("eth0", "0000:00:1f.6", UP) ROUTES NETWORK4("eth0"),
         ADDRESSED("0000:00:1f.6", "eth0")},
        {"an IPv6 address, no default route",
         NIC("eth0", "0000:00:1f.6", UP) GLOBAL6("eth0") LINK6("eth0")
             ROUTE6("20010db8000000000000000000000000 40", "00000001", "eth0"),
         ADDRESSED("0000:00:1f.6", "eth0")},
        {"up, with an address of the link only", NIC("eth0", "0000:00:1f.6", UP) ROUTES LINK6("eth0"),
         IS_UP("0000:00:1f.6", "eth0")},
        {"down", NIC("eth0", "0000:00:1f.6", DOWN) ROUTES, ""},
        {"two ports",
         NIC("eth0", "0000:0c:00.0", UP) NIC("eth1", "0000:0c:00.1", UP) NIC("eth2", "0000:0c:00.2", DOWN)
             ROUTES DEFAULT4("eth1") NETWORK4("eth1") NETWORK4("eth0"),
         ADDRESSED("0000:0c:00.0", "eth0") ROUTED("0000:0c:00.1", "eth1")},
        {"a bond over two",
         NIC("eth0", "0000:0c:00.0", UP) NIC("eth1", "0000:0c:00.1", DOWN) SOFT("bond0", "eth0")
             LOWER("bond0", "eth1") ROUTES DEFAULT4("bond0"),
         IS_UP("0000:0c:00.0", "eth0") ROUTED("0000:0c:00.0", "bond0") ROUTED("0000:0c:00.1", "bond0")},
        {"a bridge over a VLAN over a NIC",
         NIC("eth0", "0000:00:1f.6", DOWN) SOFT("eth0.7", "eth0") SOFT("br0", "eth0.7")
             ROUTES DEFAULT4("br0"),
         IS_UP("0000:00:1f.6", "eth0.7") ROUTED("0000:00:1f.6", "br0")},
        {"a virtual one over nothing, and the loopback",
         "sys/class/net/virbr0 -> sys/devices/virtual/net/virbr0\nsys/devices/virtual/net/virbr0/flags: 0x1003\n"
         "sys/class/net/lo -> sys/devices/virtual/net/lo\nsys/devices/virtual/net/lo/flags: 0x9\n" ROUTES
             NETWORK4("virbr0"),
         ""},
        {"of a USB adapter: the xHCI controller",
         NIC("usb0", "0000:00:14.0/usb2/2-1/2-1:1.0", UP) ROUTES DEFAULT4("usb0"),
         ROUTED("0000:00:14.0", "usb0")},
        {"lines that are none",
         NIC("eth0", "0000:00:1f.6", DOWN) ROUTES "proc/net/route: eth0\t00000000\n"
                                                  "proc/net/ipv6_route: " ZEROS " 00\n"
                                                  "proc/net/if_inet6: eth0\n",
         ""},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

/*
 * Nodes that every Linux has, under the names that they have there, stand for those of devices: sys/dev says what of.
 */
#define FULL "1:7"
#define ZERO "1:5"
#define RANDOM "1:8"
#define URANDOM "1:9"
#define CHAR(number, class, path)                                                                            \
    LINK("sys/dev/char/" number, path) path "/subsystem => ../../class/" class "\n"
#define CARD CHAR(FULL, "drm", PCI("0000:01:00.0/drm/card0"))
#define DRIVER(name, function)                                                                               \
    "sys/bus/pci/drivers/" name "/" function                                                                 \
    " -> " PCI(function) "\nsys/bus/pci/drivers/" name "/bind: \n" PCI(function "/class: 0x030000\n")
#define SEES_ALL "proc/2/comm: kthreadd\n"
#define PROCESS(pid, name, cgroup) "proc/" pid "/comm: " name "\nproc/" pid "/cgroup: 0::" cgroup "\n"
#define OPEN(pid, fd, node) "proc/" pid "/fd/" fd " => " node "\n"
#define MAPS(pid, range, name) "proc/" pid "/maps: " range " rw-s 00000000 00:06 512    " name "\n"
#define MAPPED(pid, range, name, node) MAPS(pid, range, name) "proc/" pid "/map_files/" range " => " node "\n"
#define RANGE "7f1c60000000-7f1c60200000"
#define GDM "/system.slice/gdm.service"
#define XORG PROCESS("12", "Xorg", GDM)
#define PYTHON PROCESS("12", "python3", "/user.slice")
#define HELD(addr, node, who, remedy) addr " holders is open as " node " in process " who " → " remedy "\n"
#define BY_XORG(addr, node) HELD(addr, node, "12 (Xorg) of gdm.service", "sudo systemctl stop gdm.service")
#define BY_PYTHON(addr, node) HELD(addr, node, "12 (python3)", "sudo kill 12")

static void
device_nodes(void **state G_GNUC_UNUSED)
{
    static const uses_case cases[] = {
        {"a card, whatever its node is called", CARD XORG OPEN("12", "9", "/dev/full"),
         BY_XORG("0000:01:00.0", "/dev/full")},
        {"not another one",
         CARD CHAR(RANDOM, "drm", PCI("0000:02:00.0/drm/card1")) XORG OPEN("12", "9", "/dev/random"),
         BY_XORG("0000:02:00.0", "/dev/random")},
        {"an accelerator",
         CHAR(FULL, "accel", PCI("0000:05:00.0/accel/accel0")) PYTHON OPEN("12", "9", "/dev/full"),
         BY_PYTHON("0000:05:00.0", "/dev/full")},
        {"VFIO's own node of a device",
         CHAR(FULL, "vfio-dev", PCI("0000:05:00.0/vfio-dev/vfio0")) PYTHON OPEN("12", "9", "/dev/full"),
         BY_PYTHON("0000:05:00.0", "/dev/full")},
        {"VFIO's node of a group",
         CHAR(FULL, "vfio", "sys/devices/virtual/vfio/14")
             LINK("sys/kernel/iommu_groups/14/devices/0000:05:00.0", PCI("0000:05:00.0"))
                 LINK("sys/kernel/iommu_groups/14/devices/0000:05:00.1", PCI("0000:05:00.1"))
                     PCI("0000:05:00.0/\n") PCI("0000:05:00.1/\n") PYTHON OPEN("12", "9", "/dev/full"),
         BY_PYTHON("0000:05:00.0", "/dev/full") BY_PYTHON("0000:05:00.1", "/dev/full")},
        {"more than once is once",
         CARD XORG OPEN("12", "9", "/dev/full") OPEN("12", "10", "/dev/full")
             MAPPED("12", RANGE, "/dev/dri/card0", "/dev/full"),
         BY_XORG("0000:01:00.0", "/dev/full")},
        {"by two processes",
         CARD XORG OPEN("12", "9", "/dev/full") PROCESS("13", "ffmpeg", "/") OPEN("13", "9", "/dev/full"),
         BY_XORG("0000:01:00.0", "/dev/full")
             HELD("0000:01:00.0", "/dev/full", "13 (ffmpeg)", "sudo kill 13")},
        {"sound: the function, and what is of none",
         CHAR(FULL, "sound", PCI("0000:01:00.1/sound/card1/controlC1"))
             CHAR(RANDOM, "sound", PCI("0000:01:00.1/sound/card1/pcmC1D3p"))
                 CHAR(URANDOM, "sound", "sys/devices/virtual/sound/timer") XORG OPEN("12", "9", "/dev/full")
                     OPEN("12", "10", "/dev/random") OPEN("12", "11", "/dev/urandom"),
         BY_XORG("0000:01:00.1", "/dev/full") BY_XORG("0000:01:00.1", "/dev/random")},
        {"who listens to a card's jacks does not use the card",
         CHAR(FULL, "input", PCI("0000:01:00.1/sound/card1/input7/event7")) XORG OPEN("12", "9", "/dev/full"),
         ""},
        {"ROCm: any GPU of the driver",
         CHAR(FULL, "kfd", "sys/devices/virtual/kfd/kfd") DRIVER("amdgpu", "0000:05:00.0") DRIVER(
             "amdgpu", "0000:26:00.0") DRIVER("nvidia", "0000:01:00.0") PYTHON OPEN("12", "9", "/dev/full"),
         BY_PYTHON("0000:05:00.0", "/dev/full") BY_PYTHON("0000:26:00.0", "/dev/full")},
        {"NVMe: a controller",
         CHAR(FULL, "nvme", PCI("0000:02:00.0/nvme/nvme0")) PYTHON OPEN("12", "9", "/dev/full"),
         BY_PYTHON("0000:02:00.0", "/dev/full")},
        {"nodes that are nobody's",
         CARD XORG OPEN("12", "9", "/dev/null") OPEN("12", "8", "/dev/dri/card7")
             OPEN("12", "7", "socket:[5]"),
         ""},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

/* NVIDIA's nodes are not in sysfs: here their major number is 1. */
static void
nvidia_nodes(void **state G_GNUC_UNUSED)
{
#define NVIDIA(address, minor)                                                                               \
    DRIVER("nvidia", address)                                                                                \
    LINK("sys/bus/pci/devices/" address, PCI(address))                                                       \
    "proc/driver/nvidia/gpus/" address                                                                       \
    "/information: Model: \t\t RTX 3090\nproc/driver/nvidia/gpus/" address                                   \
    "/information: Device Minor: \t " minor "\n"
#define MAJOR(name) "proc/devices: Character devices:\nproc/devices:  11 nvidia\nproc/devices:   1 " name "\n"
    static const uses_case cases[] = {
        {"the driver says which",
         MAJOR("nvidia") NVIDIA("0000:01:00.0", "7") NVIDIA("0000:02:00.0", "77")
             PYTHON OPEN("12", "9", "/dev/full"),
         BY_PYTHON("0000:01:00.0", "/dev/full")},
        {"as older ones are called",
         MAJOR("nvidia-frontend") NVIDIA("0000:01:00.0", "7") PYTHON OPEN("12", "9", "/dev/full"),
         BY_PYTHON("0000:01:00.0", "/dev/full")},
        {"a node of no single GPU",
         MAJOR("nvidia-uvm") NVIDIA("0000:01:00.0", "7") PYTHON OPEN("12", "9", "/dev/full"), ""},
        {"it may be any",
         MAJOR("nvidia") DRIVER("nvidia", "0000:01:00.0") DRIVER("nvidia", "0000:02:00.0")
             PYTHON OPEN("12", "9", "/dev/full"),
         BY_PYTHON("0000:01:00.0", "/dev/full") BY_PYTHON("0000:02:00.0", "/dev/full")},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

static void
mapped_nodes(void **state G_GNUC_UNUSED)
{
    static const uses_case cases[] = {
        {"mapped, and closed",
         CARD XORG "proc/12/fd/\n" MAPPED("12", "7f1c50000000-7f1c50200000", "/usr/lib/libdrm.so",
                                          "/dev/null") MAPPED("12", RANGE, "/dev/dri/card0", "/dev/full"),
         BY_XORG("0000:01:00.0", "/dev/dri/card0")},
        {"by another name", CARD XORG MAPPED("12", RANGE, "/srv/root/x y", "/dev/full"),
         BY_XORG("0000:01:00.0", "/srv/root/x y")},
        {"a node that was made anew since",
         CARD XORG MAPPED("12", RANGE, "/dev/dri/card0 (deleted)", "/dev/full"),
         BY_XORG("0000:01:00.0", "/dev/dri/card0")},
        {"at a low address, which the link's name does not fill with zeros",
         CARD XORG MAPS("12", "00400000-00500000",
                        "/dev/dri/card0") "proc/12/map_files/400000-500000 => /dev/full\n",
         BY_XORG("0000:01:00.0", "/dev/dri/card0")},
        {"a file that several processes map",
         CARD XORG MAPPED("12", RANGE, "/dev/dri/card0", "/dev/full") PROCESS("13", "x", "/")
             MAPPED("13", RANGE, "/dev/dri/card0", "/dev/full"),
         BY_XORG("0000:01:00.0", "/dev/dri/card0")
             HELD("0000:01:00.0", "/dev/dri/card0", "13 (x)", "sudo kill 13")},
        {"what is no file", CARD XORG MAPS("12", RANGE, "[heap]") MAPS("12", RANGE, "") "proc/12/maps: \n",
         ""},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

/* Processes that end before their mappings are looked at: what others have mapped is looked at all the same. */
static void
ended_processes(void **state G_GNUC_UNUSED)
{
#define ENDED(pid) MAPS(pid, RANGE, "/dev/dri/card0")
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autofree char *text = NULL;
    char *root = tree_make(CARD ENDED("3") ENDED("5") ENDED("11") XORG MAPPED(
        "12", RANGE, "/dev/dri/card0", "/dev/full") ENDED("4") ENDED("13") ENDED("21"));

    gpuvm_uses_read(root, facts);
    tree_remove(root);
    text = uses_text(facts);
    assert_non_null(strstr(text, BY_XORG("0000:01:00.0", "/dev/dri/card0")));
}

/* What is said of the disk @name: a block device, or a file of the tree by its path. */
static char *
disk_text(const char *root, const gpuvm_facts *facts, const char *name)
{
    g_autofree char *path = g_strconcat(root, name, NULL);
    g_autofree char *number = g_path_is_absolute(name) ? gpuvm_inode_number(path) : NULL;
    const GPtrArray *uses = gpuvm_facts_disk_uses(facts, number ? number : name);
    GString *text = g_string_new(NULL);

    for (guint i = 0; uses && i < uses->len; i++) {
        const gpuvm_use *use = uses->pdata[i];

        g_string_append_printf(text, "%s%s%s by %s: %s%s%s\n", gpuvm_use_names[use->kind],
                               use->root ? " root" : "", use->readonly ? " ro" : "",
                               g_strcmp0(use->disk, number) ? use->disk : name, use->what,
                               use->remedy ? " → " : "", use->remedy ? use->remedy : "");
    }
    return g_string_free(text, FALSE);
}

#define SRV_BY(disk) "storage by " disk ": holds the file system mounted at /srv → sudo umount /srv\n"
#define LOOP(file) VIRTUAL("loop7", "7:7") "sys/devices/virtual/block/loop7/loop/backing_file: " file "\n"
#define IS_FILE "storage by /srv/a.raw: is the file of loop device /dev/loop7 → sudo losetup -d /dev/loop7\n"
#define HOLDS(lower, upper) "sys/class/block/" lower "/holders/" upper ": \n"
#define DM(uuid)                                                                                             \
    "sys/devices/virtual/block/dm-0/dm/name: vg-a\nsys/devices/virtual/block/dm-0/dm/uuid: " uuid "\n"
#define PART_OF(upper, remedy) "storage by nvme0n1p1: is a part of /dev/" upper " → sudo " remedy "\n"

static const char *loop_root; /* the tree, in which a loop device is a file that names the one it shows */

/* In place of the C library's, for whoever asks a loop device (loop(4)). */
int
ioctl(int fd, unsigned long request, ...)
{
    char name[64] = "";
    g_autofree char *path = NULL;
    struct loop_info64 *info;
    struct stat file;
    va_list args;

    va_start(args, request);
    info = va_arg(args, struct loop_info64 *);
    va_end(args);
    if (request != LOOP_GET_STATUS64 || read(fd, name, sizeof name - 1) <= 0) {
        errno = ENOTTY;
        return -1;
    }
    path = g_strconcat(loop_root, g_strchomp(name), NULL);
    assert_return_code(stat(path, &file), errno);
    *info = (struct loop_info64){.lo_device = file.st_dev,
                                 .lo_inode = file.st_ino,
                                 .lo_rdevice = S_ISCHR(file.st_mode) ? makedev(259, 1) : 0};
    return 0;
}

/* What is known of one disk of the host. */
static void
disks(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *tree, *disk, *expected;
    } cases[] = {
        {"none", NVME_P1, "nvme0n1p1", ""},
        {"mounted", NVME_P1 MOUNT("259:1", "/srv", "ext4", "/dev/nvme0n1p1"), "nvme0n1p1",
         SRV_BY("nvme0n1p1")},
        {"the whole of a mounted partition", NVME_P1 MOUNT("259:1", "/srv", "ext4", "/dev/nvme0n1p1"),
         "nvme0n1", SRV_BY("nvme0n1p1")},
        {"not the partition beside it", NVME_P1 NVME_P2 MOUNT("259:1", "/srv", "ext4", "/dev/nvme0n1p1"),
         "nvme0n1p2", ""},
        {"the root file system", NVME_P1 MOUNT("259:1", "/", "ext4", "/dev/nvme0n1p1"), "nvme0n1p1",
         "storage root by nvme0n1p1: holds the file system mounted at /\n"},
        {"of which sysfs says nothing", MOUNT("259:1", "/srv", "ext4", "/dev/nvme0n1p1"), "259:1",
         SRV_BY("259:1")},
        {"mounted for a container",
         NVME_P1 "proc/30/ns/mnt => mnt:[2]\nproc/30/comm: dockerd\n"
                 "proc/30/mountinfo: 29 1 259:1 / / rw - ext4 /dev/nvme0n1p1 rw\n",
         "nvme0n1p1",
         "storage by nvme0n1p1: holds the file system mounted at / for process 30 (dockerd) → sudo nsenter -t 30 -m umount "
         "/\n"},
        {"what a container shows of the host's",
         NVME_P1 MOUNT(
             "259:1", "/srv", "ext4",
             "/dev/nvme0n1p1") "proc/30/ns/mnt => mnt:[2]\n"
                               "proc/30/mountinfo: 29 1 259:1 / /etc/hosts rw - ext4 /dev/nvme0n1p1 rw\n",
         "nvme0n1p1", SRV_BY("nvme0n1p1")},
        {"mounted by a loop device",
         LOOP("/srv/a.raw") "srv/a.raw: x\n" MOUNT("7:7", "/srv", "ext4", "/dev/loop7"), "loop7",
         SRV_BY("loop7")},
        {"a volume's part", NVME_P1 VIRTUAL("dm-0", "253:0") HOLDS("nvme0n1p1", "dm-0") DM("LVM-x"),
         "nvme0n1p1", PART_OF("mapper/vg-a", "lvchange -an /dev/mapper/vg-a")},
        {"and the whole of that", NVME_P1 VIRTUAL("dm-0", "253:0") HOLDS("nvme0n1p1", "dm-0") DM("CRYPT-x"),
         "nvme0n1", PART_OF("mapper/vg-a", "cryptsetup close vg-a")},
        {"a path of many", NVME_P1 VIRTUAL("dm-0", "253:0") HOLDS("nvme0n1p1", "dm-0") DM("mpath-x"),
         "nvme0n1p1", PART_OF("mapper/vg-a", "multipath -f vg-a")},
        {"of another sort", NVME_P1 VIRTUAL("dm-0", "253:0") HOLDS("nvme0n1p1", "dm-0") DM("x"), "nvme0n1p1",
         PART_OF("mapper/vg-a", "dmsetup remove vg-a")},
        {"the volume itself", NVME_P1 VIRTUAL("dm-0", "253:0") HOLDS("nvme0n1p1", "dm-0") DM("LVM-x"), "dm-0",
         ""},
        {"an array's",
         NVME_P1 VIRTUAL("md0", "9:0") "sys/devices/virtual/block/md0/md/level: raid1\n" HOLDS("nvme0n1p1",
                                                                                               "md0"),
         "nvme0n1p1", PART_OF("md0", "mdadm --stop /dev/md0")},
        {"a cache's", NVME_P1 HOLDS("nvme0n1p1", "bcache0"), "nvme0n1p1",
         "storage by nvme0n1p1: is a part of /dev/bcache0\n"},
        {"a swap file", SWAPS "proc/swaps: /srv/a.raw file\t1024\t0\t-2\nsrv/a.raw: x\n", "/srv/a.raw",
         "storage by /srv/a.raw: holds swap space (/srv/a.raw) → sudo swapoff /srv/a.raw\n"},
        {"a file behind a loop device", LOOP("/srv/a.raw") "srv/a.raw: x\n", "/srv/a.raw", IS_FILE},
        {"which is to be read", LOOP("/srv/a.raw") "srv/a.raw: x\nsys/devices/virtual/block/loop7/ro: 1\n",
         "/srv/a.raw",
         "storage ro by /srv/a.raw: is the file of loop device /dev/loop7 → sudo losetup -d /dev/loop7\n"},
        {"which is mounted", LOOP("/srv/a.raw") "srv/a.raw: x\n" MOUNT("7:7", "/srv", "ext4", "/dev/loop7"),
         "/srv/a.raw", SRV_BY("loop7") IS_FILE},
        {"by another name", LOOP("/srv/b.raw") "srv/a.raw: x\nsrv/b.raw => a.raw\n", "/srv/a.raw", IS_FILE},
        {"another file", LOOP("/srv/b.raw") "srv/a.raw: x\nsrv/b.raw: x\n", "/srv/a.raw", ""},
        {"a file of another mount namespace, where it has a name that here is another's",
         LOOP("/srv/b.raw") "dev/loop7: /hidden/a.raw\nhidden/a.raw: x\nsrv/b.raw: x\n", "/hidden/a.raw",
         "storage by /hidden/a.raw: is the file of loop device /dev/loop7 → sudo losetup -d /dev/loop7\n"},
        {"and that other one", LOOP("/srv/b.raw") "dev/loop7: /hidden/a.raw\nhidden/a.raw: x\nsrv/b.raw: x\n",
         "/srv/b.raw", ""},
        {"mounted there",
         LOOP("/a.raw") "dev/loop7: /hidden/a.raw\nhidden/a.raw: x\nproc/30/ns/mnt => mnt:[2]\n"
                        "proc/30/mountinfo: 29 1 7:7 / /srv rw - ext4 /dev/loop7 rw\n",
         "/hidden/a.raw",
         "storage by loop7: holds the file system mounted at /srv for process 30 (?) → sudo nsenter -t 30 -m umount /srv\n"
         "storage by /hidden/a.raw: is the file of loop device /dev/loop7 → sudo losetup -d /dev/loop7\n"},
        {"a block device behind a loop device",
         NVME_P1 LOOP("/dev/disk/a") "dev/loop7: /node\nnode => /dev/full\n", "nvme0n1p1",
         "storage by nvme0n1p1: is the file of loop device /dev/loop7 → sudo losetup -d /dev/loop7\n"},
        {"one that is gone", LOOP("/srv/b.raw (deleted)") "srv/a.raw: x\n", "/srv/a.raw", ""},
        {"open for writing", OPEN("12", "9", "../../../srv/a.raw") PYTHON "srv/a.raw: x\n", "/srv/a.raw",
         "holders by /srv/a.raw: is open as ../../../srv/a.raw in process 12 (python3) → sudo kill 12\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
        g_autofree char *text = NULL;
        char *root = tree_make(cases[i].tree);

        loop_root = root;
        gpuvm_uses_read(root, facts);
        text = disk_text(root, facts, cases[i].disk);
        tree_remove(root);
        if (!g_str_equal(text, cases[i].expected))
            fail_msg("%s:\nexpected:\n%sactual:\n%s", cases[i].name, cases[i].expected, text);
    }
}

/* No block device is everywhere, so that one is made, by who may do that. */
static void
block_nodes(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autofree char *text = NULL, *expected = NULL, *node = NULL, *fd = NULL;
    char *root = tree_make(NVME_P1 PYTHON "proc/12/fd/\n");

    node = g_build_filename(root, "node", NULL);
    fd = g_build_filename(root, "proc/12/fd/9", NULL);
    if (mknod(node, S_IFBLK | 0600, makedev(259, 1)) != 0) {
        tree_remove(root);
        skip();
    }
    assert_return_code(symlink(node, fd), errno);
    gpuvm_uses_read(root, facts);
    expected = g_strdup_printf(BY_PYTHON("0000:02:00.0", "%s"), node);
    text = uses_text(facts);
    tree_remove(root);
    assert_string_equal(text, expected);
}

/* Who has a card open, and how it is made to let go. */
static void
processes(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *process, *who, *remedy;
    } cases[] = {
        {"a service", PROCESS("12", "x", "/system.slice/ollama.service"), "12 (x) of ollama.service",
         "sudo systemctl stop ollama.service"},
        {"an instance of a service", PROCESS("12", "x", "/system.slice/system-vllm.slice/vllm@0.service"),
         "12 (x) of vllm@0.service", "sudo systemctl stop vllm@0.service"},
        {"a session", PROCESS("12", "x", "/user.slice/user-1000.slice/session-2.scope"),
         "12 (x) of session-2.scope", "sudo kill 12"},
        {"a service of a user's own manager, which is not the system's to stop",
         PROCESS("12", "x", "/user.slice/user-1000.slice/user@1000.service/session.slice/pipewire.service"),
         "12 (x) of pipewire.service", "sudo kill 12"},
        {"a user's manager itself",
         PROCESS("12", "x", "/user.slice/user-1000.slice/user@1000.service/init.scope"),
         "12 (x) of init.scope", "sudo kill 12"},
        {"a container", PROCESS("12", "x", "/system.slice/docker-3f2a.scope"), "12 (x) of docker-3f2a.scope",
         "sudo kill 12"},
        {"cgroups of the first version",
         "proc/12/comm: x\nproc/12/cgroup: 4:memory:/system.slice/a.service\n"
         "proc/12/cgroup: 1:name=systemd:/system.slice/a.service\n",
         "12 (x) of a.service", "sudo systemctl stop a.service"},
        {"without a unit", PROCESS("12", "x", "/"), "12 (x)", "sudo kill 12"},
        {"of which nothing is known", "", "12 (?)", "sudo kill 12"},
        {"with a name that a terminal would obey", PROCESS("12", "a\033[2J", "/"), "12 (a\\x1b[2J)",
         "sudo kill 12"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *tree = g_strconcat(CARD OPEN("12", "9", "/dev/full"), cases[i].process, NULL);
        g_autofree char *expected =
            g_strdup_printf(HELD("0000:01:00.0", "/dev/full", "%s", "%s"), cases[i].who, cases[i].remedy);
        const uses_case one = {cases[i].name, tree, expected};

        run_cases(&one, 1);
    }
}

/* Root may look everywhere. */
static void
hidden_processes(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) facts = NULL;
    g_autofree char *folder = NULL;
    char *root;

    if (geteuid() == 0)
        skip();
    facts = gpuvm_facts_new();
    root = tree_make(SEES_ALL CARD XORG OPEN("12", "9", "/dev/full"));
    folder = g_build_filename(root, "proc/12/fd", NULL);
    g_chmod(folder, 0);
    gpuvm_uses_read(root, facts);
    assert_true(facts->processes_hidden);
    assert_int_equal(g_hash_table_size(facts->uses), 0);
    g_chmod(folder, 0400); /* its links may not be followed */
    gpuvm_uses_read(root, facts);
    assert_true(facts->processes_hidden);
    assert_int_equal(g_hash_table_size(facts->uses), 0);
    g_chmod(folder, 0700);
    gpuvm_uses_read(root, facts);
    assert_false(facts->processes_hidden);
    assert_int_equal(g_hash_table_size(facts->uses), 1);
    tree_remove(root);
}

/* Which processes there are, and whether these are all. */
static void
listed_processes(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *tree;
        bool hidden;
    } cases[] = {
        {SEES_ALL "proc/1/\nproc/sys/\nproc/uptime: 1\n", false},
        {SEES_ALL "proc/12/\n", false}, /* one that ends while it is looked at */
        {"proc/1/\nproc/12/\n",
         true}, /* hidepid: others' processes are not listed, or not to be looked into */
        {"proc/1/\nproc/2/comm: sh\n", true}, /* another PID namespace */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
        char *root = tree_make(cases[i].tree);

        gpuvm_uses_read(root, facts);
        tree_remove(root);
        if (facts->processes_hidden != cases[i].hidden)
            fail_msg("case %zu: hidden: %d", i, facts->processes_hidden);
    }
}

/* This machine, whatever it is, is read without harm. */
static void
this_machine(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();

    gpuvm_uses_read("", facts);
    assert_non_null(facts->uses);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mounted),
        cmocka_unit_test(stacked),
        cmocka_unit_test(swap),
        cmocka_unit_test(network),
        cmocka_unit_test(device_nodes),
        cmocka_unit_test(nvidia_nodes),
        cmocka_unit_test(mapped_nodes),
        cmocka_unit_test(ended_processes),
        cmocka_unit_test(disks),
        cmocka_unit_test(block_nodes),
        cmocka_unit_test(processes),
        cmocka_unit_test(hidden_processes),
        cmocka_unit_test(listed_processes),
        cmocka_unit_test(this_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
