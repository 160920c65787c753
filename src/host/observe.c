/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/observe.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "host/file.h"
#include "model/pci.h"

#define TYPE1 "/sys/module/vfio_iommu_type1/parameters/"

/* The value of the first "key : value" line of /proc/cpuinfo. */
static char *
cpuinfo_value(const char *cpuinfo, const char *key)
{
    g_autofree char *pattern = g_strdup_printf("^%s\\s*:\\s*(.*)$", key);
    g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    return g_regex_match(regex, cpuinfo, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
}

static void
observe_cpu(const char *root, gpuvm_host *host)
{
    g_autofree char *cpuinfo = gpuvm_file_text(root, "/proc/cpuinfo");
    g_autofree char *flags = cpuinfo ? cpuinfo_value(cpuinfo, "flags") : NULL;
    g_auto(GStrv) words = flags ? g_strsplit(flags, " ", -1) : NULL;

    if (!words)
        return;
    host->cpu_vendor = cpuinfo_value(cpuinfo, "vendor_id");
    host->cpu_virtualization = g_strv_contains((const char *const *)words, "vmx") ||
                               g_strv_contains((const char *const *)words, "svm");
}

/* The kernel lists its modules by path, one a line, before the colon. */
static bool
module_installed(const char *root, const char *name)
{
    struct utsname kernel;
    g_autofree char *list = NULL, *file = g_strdup_printf("/%s.ko", name);

    if (uname(&kernel) != 0)
        return false;
    list = gpuvm_file_text(root, "/lib/modules/%s/modules.dep", kernel.release);
    return list && strstr(list, file);
}

static void
observe_vfio(const char *root, gpuvm_host *host)
{
    g_autofree char *unsafe = gpuvm_file_text(root, TYPE1 "allow_unsafe_interrupts");
    g_autofree char *entries = gpuvm_file_text(root, TYPE1 "dma_entry_limit");

    if (gpuvm_file_exists(root, "/sys/bus/pci/drivers/vfio-pci") && gpuvm_file_exists(root, "/dev/vfio/vfio"))
        host->vfio = GPUVM_VFIO_LOADED;
    else if (gpuvm_file_exists(root, "/sys/bus/pci"))
        host->vfio = module_installed(root, "vfio-pci") ? GPUVM_VFIO_LOADABLE : GPUVM_VFIO_ABSENT;
    host->vfio_node = gpuvm_file_exists(root, "/dev/vfio/vfio");
    if (unsafe)
        host->unsafe_interrupts = g_str_equal(unsafe, "Y");
    if (entries)
        host->dma_entries = g_ascii_strtoll(entries, NULL, 10);
}

/* Interrupts that are remapped come from chips named IR-…, as in "IR-PCI-MSI" (arch/x86/kernel/apic). */
static void
observe_interrupts(const char *root, gpuvm_host *host)
{
    g_autofree char *interrupts = gpuvm_file_text(root, "/proc/interrupts");

    if (interrupts)
        host->interrupt_remapping = strstr(interrupts, " IR-") != NULL;
}

static void
observe_groups(const char *root, gpuvm_host *host)
{
    g_autoptr(GPtrArray) groups = gpuvm_file_list(root, "", "/sys/kernel/iommu_groups");

    if (gpuvm_file_exists(root, "/sys/kernel/iommu_groups"))
        host->iommu_groups = groups->len;
}

/* By what the kernel's drivers of it call their region: drivers/firmware/sysfb_simplefb.c, drivers/video/fbdev, drivers/gpu/drm. */
static bool
is_framebuffer(const char *name)
{
    static const char *const names[] = {"BOOTFB", "efifb", "vesafb", "simple", "efidrm", "vesadrm"};
    size_t i = 0;

    while (i < G_N_ELEMENTS(names) && !g_str_has_prefix(name, names[i]))
        i++;
    return i < G_N_ELEMENTS(names);
}

/* Each line is "FIRST-LAST : NAME", indented below what it is a part of; who is not root sees no more than the names. */
static void
observe_framebuffer(const char *root, gpuvm_host *host)
{
    g_auto(GStrv) lines = gpuvm_file_lines(root, "/proc/iomem");
    const char *function = NULL; /* the last one above the line, at @depth */
    size_t depth = 0;

    for (char **line = lines; line && *line && !host->framebuffer; line++) {
        size_t indent = strspn(*line, " ");
        const char *colon = strstr(*line, " : "), *name = colon ? colon + strlen(" : ") : "";
        gpuvm_pci_addr addr;

        if (function && indent > depth) {
            if (is_framebuffer(name))
                host->framebuffer = g_strdup(function);
        } else if (gpuvm_pci_addr_parse(name, &addr, NULL, NULL)) {
            function = name;
            depth = indent;
        } else {
            function = NULL;
        }
    }
}

static void
observe_memory(const char *root, gpuvm_host *host)
{
    g_autofree char *meminfo = gpuvm_file_text(root, "/proc/meminfo");
    const char *line = meminfo ? strstr(meminfo, "MemAvailable:") : NULL;

    if (line)
        host->available_kib = g_ascii_strtoll(line + strlen("MemAvailable:"), NULL, 10);
}

/* proc(5): "SOURCE DIRECTORY TYPE OPTIONS 0 0"; the kernel says pagesize=2M or pagesize=1024M of each (fs/hugetlbfs/inode.c). */
static void
observe_hugetlbfs(const char *root, gpuvm_host *host)
{
    g_auto(GStrv) lines = gpuvm_file_lines(root, "/proc/1/mounts");
    g_autoptr(GStrvBuilder) sizes = g_strv_builder_new();

    for (char **line = lines; line && *line; line++) {
        g_auto(GStrv) fields = g_strsplit(*line, " ", 5);
        const char *size = g_strv_length(fields) == 5 ? strstr(fields[3], "pagesize=") : NULL;
        char *unit = NULL;
        guint64 number = size ? g_ascii_strtoull(size + strlen("pagesize="), &unit, 10) : 0;
        g_autofree char *kib =
            g_strdup_printf("%" G_GUINT64_FORMAT, unit && *unit == 'M' ? number * 1024 : number);

        if (size && g_str_equal(fields[2], "hugetlbfs"))
            g_strv_builder_add(sizes, kib);
    }
    g_auto(GStrv) list = g_strv_builder_end(sizes);
    if (lines)
        host->hugetlbfs = g_strjoinv(" ", list);
}

/* A kernel that was put aside by a newer one of its version, or is not whole yet. */
static bool
is_aside(const char *name)
{
    return g_str_has_suffix(name, ".old") || strstr(name, ".dpkg-");
}

void
gpuvm_observe_kernel(const char *root, gpuvm_host *host)
{
    g_autoptr(GPtrArray) names = gpuvm_file_list(root, "vmlinuz-", "/boot");
    const char *newest = NULL;

    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];

        if (!is_aside(name) && (!newest || strverscmp(name, newest) > 0))
            newest = name;
    }
    g_clear_pointer(&host->kernel_image, g_free);
    if (newest)
        host->kernel_image = g_build_filename("/boot", newest, NULL);
    else if (gpuvm_file_exists(root, "/vmlinuz"))
        host->kernel_image = g_strdup("/vmlinuz");
}

void
gpuvm_observe_files(const char *root, gpuvm_host *host)
{
    struct rlimit limit;

    observe_cpu(root, host);
    observe_groups(root, host);
    observe_vfio(root, host);
    observe_interrupts(root, host);
    observe_framebuffer(root, host);
    observe_memory(root, host);
    observe_hugetlbfs(root, host);
    gpuvm_observe_kernel(root, host);
    host->isolated_cpus = gpuvm_file_text(root, "/sys/devices/system/cpu/isolated");
    host->kernel_arguments = gpuvm_file_text(root, "/proc/cmdline");
    host->grub = gpuvm_file_exists(root, "/etc/default/grub");
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0)
        host->memlock = limit.rlim_cur == RLIM_INFINITY ? INT64_MAX : (int64_t)limit.rlim_cur;
}
