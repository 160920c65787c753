/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "fake-tree.h"
#include "host/observe.h"

#define CPU(vendor, flags)                                                                                   \
    "proc/cpuinfo: processor\t: 0\nproc/cpuinfo: vendor_id\t: " vendor "\nproc/cpuinfo: vmx flags\t: x\n"    \
    "proc/cpuinfo: flags\t\t: " flags "\nproc/cpuinfo: processor\t: 1\nproc/cpuinfo: flags\t\t: vmx svm\n"
#define BUS "sys/bus/pci/devices/\n"
#define DRIVER BUS "sys/bus/pci/drivers/vfio-pci/\n"
#define MODULE(path)                                                                                         \
    "lib/modules/RELEASE/modules.dep: kernel/fs/ext4/ext4.ko:\nlib/modules/RELEASE/modules.dep: " path "\n"
#define UNSAFE(value) "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts: " value "\n"
#define INTERRUPTS(chip)                                                                                     \
    "proc/interrupts:            CPU0       CPU1\nproc/interrupts: 120: 0 7  " chip " 520192-edge nvme0q0\n"

/* What files say; RELEASE is the running kernel's. Fields that are not given: it is not to be seen. */
static const struct {
    const char *name, *tree;
    const char *cpu_vendor, *kernel_arguments;
    int cpu_virtualization, interrupt_remapping, unsafe_interrupts;
    int vfio;
    bool grub;
} cases[] = {
    {"nothing", "", NULL, NULL, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN, false},
    {"Intel", CPU("GenuineIntel", "fpu vmx smx"), "GenuineIntel", NULL, 1, GPUVM_UNKNOWN, GPUVM_UNKNOWN,
     GPUVM_UNKNOWN, false},
    {"AMD", CPU("AuthenticAMD", "fpu svm"), "AuthenticAMD", NULL, 1, GPUVM_UNKNOWN, GPUVM_UNKNOWN,
     GPUVM_UNKNOWN, false},
    {"switched off in the firmware", CPU("GenuineIntel", "fpu vmxx nosvm"), "GenuineIntel", NULL, 0,
     GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN, false},
    {"another architecture", "proc/cpuinfo: Features\t: fp asimd\n", NULL, NULL, GPUVM_UNKNOWN, GPUVM_UNKNOWN,
     GPUVM_UNKNOWN, GPUVM_UNKNOWN, false},
    {"kernel arguments", "proc/cmdline: root=/dev/sda1 intel_iommu=on quiet\n", NULL,
     "root=/dev/sda1 intel_iommu=on quiet", GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN,
     false},
    {"GRUB", "etc/default/grub: GRUB_TIMEOUT=5\n", NULL, NULL, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN,
     GPUVM_UNKNOWN, true},
    {"remapped", INTERRUPTS("IR-PCI-MSI"), NULL, NULL, GPUVM_UNKNOWN, 1, GPUVM_UNKNOWN, GPUVM_UNKNOWN, false},
    {"not remapped", INTERRUPTS("PCI-MSI"), NULL, NULL, GPUVM_UNKNOWN, 0, GPUVM_UNKNOWN, GPUVM_UNKNOWN,
     false},
    {"a device that is called so", INTERRUPTS("PCI-MSI-IR-1"), NULL, NULL, GPUVM_UNKNOWN, 0, GPUVM_UNKNOWN,
     GPUVM_UNKNOWN, false},
    {"unsafe", UNSAFE("Y"), NULL, NULL, GPUVM_UNKNOWN, GPUVM_UNKNOWN, 1, GPUVM_UNKNOWN, false},
    {"safe", UNSAFE("N"), NULL, NULL, GPUVM_UNKNOWN, GPUVM_UNKNOWN, 0, GPUVM_UNKNOWN, false},
    {"vfio-pci loaded", DRIVER "dev/vfio/vfio: \n", NULL, NULL, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN,
     GPUVM_VFIO_LOADED, false},
    {"without its device", DRIVER MODULE("kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/vfio.ko"),
     NULL, NULL, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_VFIO_LOADABLE, false},
    {"installed", BUS MODULE("kernel/drivers/vfio/pci/vfio-pci.ko.xz:"), NULL, NULL, GPUVM_UNKNOWN,
     GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_VFIO_LOADABLE, false},
    {"its core only", BUS MODULE("kernel/drivers/vfio/pci/vfio-pci-core.ko: kernel/drivers/vfio/vfio.ko"),
     NULL, NULL, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_VFIO_ABSENT, false},
    {"of another kernel", BUS "lib/modules/1.0/modules.dep: kernel/drivers/vfio/pci/vfio-pci.ko:\n", NULL,
     NULL, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_UNKNOWN, GPUVM_VFIO_ABSENT, false},
};

static char *
with_release(const char *tree)
{
    struct utsname kernel;

    assert_int_equal(uname(&kernel), 0);
    g_auto(GStrv) parts = g_strsplit(tree, "RELEASE", -1);
    return g_strjoinv(kernel.release, parts);
}

static void
files(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gpuvm_host seen;
        g_autofree char *tree = with_release(cases[i].tree);
        char *root = tree_make(tree);

        gpuvm_host_init(&seen);
        gpuvm_observe_files(root, &seen);
        tree_remove(root);
        if (g_strcmp0(seen.cpu_vendor, cases[i].cpu_vendor) ||
            g_strcmp0(seen.kernel_arguments, cases[i].kernel_arguments) ||
            seen.cpu_virtualization != cases[i].cpu_virtualization ||
            seen.interrupt_remapping != cases[i].interrupt_remapping ||
            seen.unsafe_interrupts != cases[i].unsafe_interrupts || seen.vfio != cases[i].vfio ||
            seen.grub != cases[i].grub)
            fail_msg(
                "%s: vendor %s, arguments %s, virtualization %d, remapping %d, unsafe %d, vfio %d, grub %d",
                cases[i].name, seen.cpu_vendor, seen.kernel_arguments, (int)seen.cpu_virtualization,
                (int)seen.interrupt_remapping, (int)seen.unsafe_interrupts, (int)seen.vfio, (int)seen.grub);
        gpuvm_host_clear(&seen);
    }
}

/* Who has the boot framebuffer in a BAR, as root and others see it. */
static void
framebuffer(void **state G_GNUC_UNUSED)
{
#define LINE(text) "proc/iomem: " text "\n"
#define BUS_LINE LINE("e0000000-efffffff : PCI Bus 0000:00")
#define CARD_LINE LINE("  e0000000-efffffff : 0000:01:00.0")
    static const struct {
        const char *tree, *function;
    } rows[] = {
        {"", NULL},
        {BUS_LINE CARD_LINE, NULL},
        {BUS_LINE CARD_LINE LINE("    e0000000-e02fffff : BOOTFB"), "0000:01:00.0"},
        {BUS_LINE CARD_LINE LINE("    e0000000-e02fffff : vfio-pci") LINE("      e0000000-e02fffff : efifb"),
         "0000:01:00.0"},
        {LINE("00000000-00000000 : PCI Bus 0000:00") LINE("  00000000-00000000 : 0000:01:00.0")
             LINE("    00000000-00000000 : simplefb"),
         "0000:01:00.0"},
        {BUS_LINE CARD_LINE LINE("    e0000000-e02fffff : nvidia"), NULL},
        {BUS_LINE CARD_LINE LINE("  f0000000-f02fffff : BOOTFB"), NULL},
        {BUS_LINE CARD_LINE LINE("  f0000000-f02fffff : 0000:02:00.0") LINE("    f0000000-f02fffff : BOOTFB"),
         "0000:02:00.0"},
        {BUS_LINE CARD_LINE LINE("fd000000-fdffffff : Reserved") LINE("  fd000000-fdffffff : BOOTFB"), NULL},
        {LINE("BOOTFB") LINE("") LINE(" : 0000:01:00.0") LINE("   : ") LINE("    "), NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *root = tree_make(*rows[i].tree ? rows[i].tree : "proc/\n");
        gpuvm_host host;

        gpuvm_host_init(&host);
        gpuvm_observe_files(root, &host);
        if (g_strcmp0(host.framebuffer, rows[i].function) != 0)
            fail_msg("%s: %s", rows[i].tree, host.framebuffer);
        gpuvm_host_clear(&host);
        tree_remove(root);
    }
}

/* Which sizes of hugepages are mounted. */
static void
hugetlbfs(void **state G_GNUC_UNUSED)
{
#define MOUNT(text) "proc/1/mounts: " text " 0 0\n"
    static const struct {
        const char *tree, *sizes;
    } rows[] = {
        {"proc/\n", NULL},
        {MOUNT("/dev/sda1 / ext4 rw,relatime"), ""},
        {MOUNT("hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M"), "2048"},
        {MOUNT("hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M") MOUNT(
             "none /mnt/1G hugetlbfs rw,pagesize=1024M,mode=1770") MOUNT("x /y hugetlbfs rw,pagesize=64K"),
         "2048 1048576 64"},
        {MOUNT("pagesize=2M /x tmpfs rw,pagesize=2M") "proc/1/mounts: hugetlbfs\n", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *root = tree_make(rows[i].tree);
        gpuvm_host host;

        gpuvm_host_init(&host);
        gpuvm_observe_files(root, &host);
        if (g_strcmp0(host.hugetlbfs, rows[i].sizes) != 0)
            fail_msg("%s: %s", rows[i].tree, host.hugetlbfs);
        gpuvm_host_clear(&host);
        tree_remove(root);
    }
}

static void
dma_entries(void **state G_GNUC_UNUSED)
{
    char *root = tree_make("sys/module/vfio_iommu_type1/parameters/dma_entry_limit: 1024\n");
    gpuvm_host host;

    gpuvm_host_init(&host);
    gpuvm_observe_files("/nonexistent", &host);
    assert_int_equal(host.dma_entries, GPUVM_UNKNOWN);
    gpuvm_observe_files(root, &host);
    assert_int_equal(host.dma_entries, 1024);
    gpuvm_host_clear(&host);
    tree_remove(root);
}

static void
locked_memory(void **state G_GNUC_UNUSED)
{
    gpuvm_host seen, limited;
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
    gpuvm_host_init(&seen);
    gpuvm_host_init(&limited);
    gpuvm_observe_files("/nonexistent", &seen);
    if (limit.rlim_cur == RLIM_INFINITY)
        assert_true(seen.memlock == INT64_MAX);
    else
        assert_int_equal(seen.memlock, limit.rlim_cur);

    limit.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    gpuvm_observe_files("/nonexistent", &limited);
    assert_int_equal(limited.memlock, 4096);
    gpuvm_host_clear(&seen);
    gpuvm_host_clear(&limited);
}

/* libvirt's test driver: it has a default network, and knows of no firmware. */
static void
libvirt(void **state G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(gpuvm_connection) connection = gpuvm_connection_open("test:///default", &error);
    gpuvm_host seen;

    assert_non_null(connection);
    gpuvm_host_init(&seen);
    assert_true(gpuvm_observe_libvirt(connection, &seen));
    assert_true(seen.libvirt_version >= 9000000);
    assert_true(seen.hypervisor_version >= 0);
    assert_string_equal(seen.hypervisor, "TEST");
    assert_false(seen.session);
    assert_int_equal(seen.default_network, 1);
    assert_int_not_equal(seen.efi, 1);
    assert_int_equal(seen.cpu_virtualization, GPUVM_UNKNOWN);
    assert_int_equal(seen.memlock, GPUVM_UNKNOWN);
    gpuvm_host_clear(&seen);
}

/* The newest is so by its version, not by its name. */
static void
kernels(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *tree, *newest;
    } images[] = {
        {"boot/\n", NULL},
        {"boot/initrd.img-6.1.0-18-amd64: \nboot/vmlinuz: \n", NULL},
        {"boot/vmlinuz-6.1.0-18-amd64: \nboot/vmlinuz-6.1.0-9-amd64: \n", "/boot/vmlinuz-6.1.0-18-amd64"},
        {"boot/vmlinuz-6.9.7-amd64: \nboot/vmlinuz-6.10.0-amd64: \nboot/vmlinuz-5.99-amd64: \n",
         "/boot/vmlinuz-6.10.0-amd64"},
        {"boot/vmlinuz-6.1.0: \nboot/vmlinuz-6.1.0.old: \nboot/vmlinuz-6.2.0.dpkg-new: \n",
         "/boot/vmlinuz-6.1.0"},
        {"vmlinuz: \nboot/vmlinuz-6.1.0: \n", "/boot/vmlinuz-6.1.0"},
        {"vmlinuz: \n", "/vmlinuz"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(images); i++) {
        char *root = tree_make(images[i].tree);
        gpuvm_host host;

        gpuvm_host_init(&host);
        gpuvm_observe_kernel(root, &host);
        if (g_strcmp0(host.kernel_image, images[i].newest) != 0)
            fail_msg("%s: %s", images[i].tree, host.kernel_image);
        gpuvm_host_clear(&host);
        tree_remove(root);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files),       cmocka_unit_test(kernels),   cmocka_unit_test(framebuffer),
        cmocka_unit_test(dma_entries), cmocka_unit_test(hugetlbfs), cmocka_unit_test(locked_memory),
        cmocka_unit_test(libvirt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
