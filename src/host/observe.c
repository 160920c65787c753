/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/observe.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "base/xml.h"
#include "host/file.h"

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
    g_autofree char *unsafe =
        gpuvm_file_text(root, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");

    if (gpuvm_file_exists(root, "/sys/bus/pci/drivers/vfio-pci") && gpuvm_file_exists(root, "/dev/vfio/vfio"))
        host->vfio = GPUVM_VFIO_LOADED;
    else if (gpuvm_file_exists(root, "/sys/bus/pci"))
        host->vfio = module_installed(root, "vfio-pci") ? GPUVM_VFIO_LOADABLE : GPUVM_VFIO_ABSENT;
    host->vfio_node = gpuvm_file_exists(root, "/dev/vfio/vfio");
    if (unsafe)
        host->unsafe_interrupts = g_str_equal(unsafe, "Y");
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

static void
observe_memory(const char *root, gpuvm_host *host)
{
    g_autofree char *meminfo = gpuvm_file_text(root, "/proc/meminfo");
    const char *line = meminfo ? strstr(meminfo, "MemAvailable:") : NULL;

    if (line)
        host->available_kib = g_ascii_strtoll(line + strlen("MemAvailable:"), NULL, 10);
}

void
gpuvm_observe_files(const char *root, gpuvm_host *host)
{
    struct rlimit limit;

    observe_cpu(root, host);
    observe_groups(root, host);
    observe_vfio(root, host);
    observe_interrupts(root, host);
    observe_memory(root, host);
    host->kernel_arguments = gpuvm_file_text(root, "/proc/cmdline");
    host->grub = gpuvm_file_exists(root, "/etc/default/grub");
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0)
        host->memlock = limit.rlim_cur == RLIM_INFINITY ? INT64_MAX : (int64_t)limit.rlim_cur;
}

/* Whether domain capabilities offer firmware='efi'; GPUVM_UNKNOWN when they are not to be had. */
static int
offers_efi(gpuvm_connection *connection)
{
    g_autofree char *xml =
        gpuvm_virt.ConnectGetDomainCapabilities(connection->conn, NULL, NULL, "q35", NULL, 0);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), "domain capabilities", NULL) : NULL;
    const xmlNode *os = doc ? gpuvm_xml_child(xmlDocGetRootElement(doc), "os") : NULL, *choice;

    if (!os)
        return GPUVM_UNKNOWN;
    for (choice = gpuvm_xml_child(os, "enum"); choice; choice = gpuvm_xml_next(choice)) {
        const xmlNode *value = gpuvm_xml_child(choice, "value");

        for (; value && gpuvm_xml_attr_is(choice, "name", "firmware"); value = gpuvm_xml_next(value)) {
            g_autofree char *text = gpuvm_xml_text(value);
            if (g_strcmp0(text, "efi") == 0)
                return 1;
        }
    }
    return 0;
}

/* 1 active, 0 inactive or absent. */
static int
default_network_active(gpuvm_connection *connection)
{
    virNetwork *network = gpuvm_virt.NetworkLookupByName(connection->conn, "default");
    int active;

    if (!network)
        return gpuvm_virt_error() == VIR_ERR_NO_NETWORK ? 0 : GPUVM_UNKNOWN;
    active = gpuvm_virt.NetworkIsActive(network);
    gpuvm_virt.NetworkFree(network);
    return active;
}

bool
gpuvm_observe_libvirt(gpuvm_connection *connection, gpuvm_host *host)
{
    unsigned long number;

    if (gpuvm_virt.ConnectGetLibVersion(connection->conn, &number) == 0)
        host->libvirt_version = (int64_t)number;
    if (gpuvm_virt.ConnectGetVersion(connection->conn, &number) == 0)
        host->hypervisor_version = (int64_t)number;
    host->hypervisor = g_strdup(gpuvm_virt.ConnectGetType(connection->conn));
    host->session = g_str_has_suffix(connection->uri, "/session");
    host->efi = offers_efi(connection);
    host->default_network = default_network_active(connection);
    return host->libvirt_version != GPUVM_UNKNOWN && host->hypervisor_version != GPUVM_UNKNOWN &&
           host->hypervisor && host->default_network != GPUVM_UNKNOWN;
}
