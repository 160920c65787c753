/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/fitness.h"

#include <string.h>

#include "base/text.h"
#include "core/fitness_gpus.h"
#include "core/place.h"

#define OLDEST_LIBVIRT 9000000
#define DMA_ENTRIES 65535 /* drivers/vfio/vfio_iommu_type1.c */

const char *const gpuvm_verdict_names[] = {"PASS", "WARN", "FAIL", "unknown", NULL};

void
gpuvm_finding_free(gpuvm_finding *finding)
{
    if (!finding)
        return;
    g_free(finding->evidence);
    g_free(finding->remedy);
    g_free(finding->each);
    g_free(finding);
}

gpuvm_finding *
gpuvm_finding_add(GPtrArray *findings, const char *topic, gpuvm_verdict verdict, const char *remedy,
                  const char *format, ...)
{
    gpuvm_finding *finding = g_new0(gpuvm_finding, 1);
    va_list args;

    finding->topic = topic;
    finding->verdict = verdict;
    finding->remedy = g_strdup(remedy);
    va_start(args, format);
    finding->evidence = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(findings, finding);
    return finding;
}

static char *
version(int64_t number)
{
    if (number == GPUVM_UNKNOWN)
        return g_strdup("of unknown version");
    return g_strdup_printf("%d.%d.%d", (int)(number / 1000000), (int)(number / 1000 % 1000),
                           (int)(number % 1000));
}

static void
check_libvirt(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    const gpuvm_host *host = &input->facts->host;
    g_autofree char *libvirt = version(host->libvirt_version),
                    *hypervisor = version(host->hypervisor_version);

    if (input->no_libvirt)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, input->no_libvirt->hint, "%s",
                          input->no_libvirt->message);
    else if (host->libvirt_version == GPUVM_UNKNOWN)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "the version of libvirt is not known");
    else if (host->libvirt_version < OLDEST_LIBVIRT)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL,
                          "upgrade to Debian 12 or newer: gpuvm needs libvirt 9.0", "libvirt %s", libvirt);
    else
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "libvirt %s, %s %s", libvirt,
                          host->hypervisor ? host->hypervisor : "unknown hypervisor", hypervisor);
}

static void
check_cpu(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    const gpuvm_host *host = &input->facts->host;

    if (host->cpu_virtualization == GPUVM_UNKNOWN)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL,
                          "the host's /proc/cpuinfo is out of sight");
    else if (host->cpu_virtualization)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s with %s",
                          host->cpu_vendor ? host->cpu_vendor : "a CPU of unknown vendor",
                          g_strcmp0(host->cpu_vendor, "AuthenticAMD") == 0 ? "AMD-V" : "VT-x");
    else
        gpuvm_finding_add(findings, topic, GPUVM_WARN,
                          "enable VT-x (Intel) or SVM (AMD) in the firmware's set-up",
                          "the CPU shows no virtualisation");
}

static void
check_kvm(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    const char *type = input->facts->domain_type;

    if (!type)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "nothing is known of the hypervisor");
    else if (g_str_equal(type, "kvm"))
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "libvirt offers KVM");
    else
        gpuvm_finding_add(
            findings, topic, GPUVM_WARN, "sudo modprobe kvm_intel || sudo modprobe kvm_amd",
            "no KVM: domains of type %s run every instruction in software, tens of times slower", type);
}

static void
check_efi(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    if (input->facts->host.efi == GPUVM_UNKNOWN)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL,
                          "libvirt does not say which firmware it has");
    else if (input->facts->host.efi)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "UEFI is there for guests");
    else
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, "sudo apt-get install ovmf",
                          "no UEFI firmware: only 'firmware: bios' would start");
}

static void
check_network(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    if (input->facts->host.default_network == GPUVM_UNKNOWN)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "libvirt was not asked");
    else if (input->facts->host.default_network)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "libvirt's network 'default' is active");
    else
        gpuvm_finding_add(
            findings, topic, GPUVM_WARN, "virsh net-start default && virsh net-autostart default",
            "libvirt's network 'default' is not active: VMs with network mode nat would not start");
}

/* How a kernel argument is added on this host. */
static char *
add_kernel_argument(const gpuvm_host *host, const char *argument)
{
    if (host->grub == 1)
        return g_strdup_printf("sudo sed -i 's/^GRUB_CMDLINE_LINUX_DEFAULT=\"/&%s /' /etc/default/grub\n"
                               "sudo update-grub && sudo reboot",
                               argument);
    return g_strdup_printf(
        "add %s to the kernel command line (systemd-boot: /etc/kernel/cmdline, then kernel-install) "
        "and reboot",
        argument);
}

static void
check_iommu(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    const gpuvm_host *host = &input->facts->host;
    const char *arguments = host->kernel_arguments ? host->kernel_arguments : "";
    g_autofree char *remedy = NULL;

    if (strstr(arguments, "pcie_acs_override="))
        gpuvm_finding_add(
            findings, topic, GPUVM_WARN,
            "take pcie_acs_override off the kernel command line, unless you trust every guest, and reboot",
            "pcie_acs_override splits groups whose devices reach each other's memory: a guest may read or change "
            "what is not its own");
    if (input->facts->iommu || host->iommu_groups > 0) {
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "devices have IOMMU groups");
        return;
    }
    /* without libvirt nothing is known of devices; no machine has none */
    if (g_hash_table_size(input->facts->devices) == 0 && host->iommu_groups == GPUVM_UNKNOWN) {
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "no device could be looked at");
        return;
    }
    if (strstr(arguments, "iommu=off"))
        remedy = g_strdup(
            "take intel_iommu=off, amd_iommu=off or iommu=off off the kernel command line and reboot");
    else if (g_strcmp0(host->cpu_vendor, "AuthenticAMD") == 0)
        remedy =
            g_strdup("enable IOMMU (AMD-Vi) in the firmware's set-up: the kernel then uses it by itself");
    else if (strstr(arguments, "intel_iommu=on"))
        remedy = g_strdup("enable VT-d in the firmware's set-up: the kernel has intel_iommu=on already");
    else if (host->cpu_vendor)
        remedy = add_kernel_argument(host, "intel_iommu=on");
    else
        remedy = g_strdup("run gpuvm check on the host itself: what to do depends on its CPU");
    gpuvm_finding_add(findings, topic, GPUVM_FAIL, remedy, "no device has an IOMMU group");
}

static void
check_vfio(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    static const struct {
        gpuvm_verdict verdict;
        const char *evidence, *remedy;
    } verdicts[] = {
        [GPUVM_VFIO_LOADED] = {GPUVM_PASS, "vfio-pci is loaded", NULL},
        [GPUVM_VFIO_LOADABLE] =
            {GPUVM_WARN, "vfio-pci is there but not loaded: libvirt wants /dev/vfio/vfio to exist",
             "echo vfio-pci | sudo tee /etc/modules-load.d/vfio-pci.conf && sudo modprobe vfio-pci"},
        [GPUVM_VFIO_ABSENT] = {GPUVM_FAIL, "this kernel has no vfio-pci",
                               "sudo apt-get install linux-image-amd64 && sudo reboot"},
    };

    int64_t vfio = input->facts->host.vfio, entries = input->facts->host.dma_entries;

    if (vfio == GPUVM_UNKNOWN)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "the host's modules are out of sight");
    else
        gpuvm_finding_add(findings, topic, verdicts[vfio].verdict, verdicts[vfio].remedy, "%s",
                          verdicts[vfio].evidence);
    if (entries != GPUVM_UNKNOWN && entries < DMA_ENTRIES)
        gpuvm_finding_add(findings, topic, GPUVM_WARN,
                          "take dma_entry_limit off /etc/modprobe.d and the kernel command line and reboot",
                          "a VM may have %" G_GINT64_FORMAT
                          " DMA mappings, of %d by default: it may lack some (VFIO_MAP_DMA failed)",
                          entries, DMA_ENTRIES);
}

static void
check_interrupts(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    const gpuvm_host *host = &input->facts->host;

    if (host->interrupt_remapping == GPUVM_UNKNOWN)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL,
                          "the host's /proc/interrupts is out of sight");
    else if (host->interrupt_remapping)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "interrupts are remapped");
    else if (host->unsafe_interrupts == 1)
        gpuvm_finding_add(
            findings, topic, GPUVM_WARN, NULL,
            "interrupts are not remapped, and vfio_iommu_type1 is told to allow it: a guest can disturb the host");
    else
        gpuvm_finding_add(
            findings, topic, GPUVM_FAIL,
            "enable interrupt remapping (x2APIC) in the firmware's set-up, and take intremap=off off the kernel command line",
            "interrupts are not remapped: the kernel refuses to pass devices");
}

static void
check_memlock(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    const gpuvm_host *host = &input->facts->host;

    if (host->session != 1 && host->libvirt_version != GPUVM_UNKNOWN)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL,
                          "libvirt raises the limit of each VM to what it needs");
    else if (host->memlock == GPUVM_UNKNOWN)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "nothing is known of the user's limits");
    else if (host->memlock == INT64_MAX)
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "this user may lock any amount of memory");
    else
        gpuvm_finding_add(
            findings, topic, GPUVM_WARN,
            "echo \"$USER - memlock unlimited\" | sudo tee /etc/security/limits.d/gpuvm.conf, then log in again",
            "this user may lock %" G_GINT64_FORMAT " MiB; a VM with a passed device locks all its memory",
            host->memlock / 1024 / 1024);
}

static void
check_hugepages(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    const GPtrArray *cells = input->facts->cells;
    g_autoptr(GString) text = g_string_new(NULL);
    uint64_t unmounted = 0; /* MiB */

    for (guint i = 0; i < cells->len; i++) {
        const gpuvm_cell *cell = cells->pdata[i];
        const char *comma = "";

        g_string_append_printf(text, "%scell %d:", i > 0 ? "; " : "", cell->id);
        for (guint p = 0; p < cell->pages->len; p++) {
            const gpuvm_pages *pages = &g_array_index(cell->pages, gpuvm_pages, p);

            if (pages->size_kib < 1024) /* ordinary ones */
                continue;
            if (pages->total > 0 && !gpuvm_place_is_mounted(&input->facts->host, pages->size_kib))
                unmounted = pages->size_kib / 1024;
            g_string_append_printf(text, "%s %" G_GUINT64_FORMAT " × %" G_GUINT64_FORMAT " MiB", comma,
                                   pages->total, pages->size_kib / 1024);
            comma = ",";
        }
    }
    if (cells->len == 0)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL,
                          "nothing is known of the host's NUMA cells");
    else if (unmounted > 0)
        gpuvm_finding_add(findings, topic, GPUVM_WARN, "mount them (hugetlbfs), and restart libvirtd",
                          "%s; those of %" G_GUINT64_FORMAT " MiB are mounted nowhere: VMs cannot have them",
                          text->str, unmounted);
    else
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s (needed only by VMs with hugepages)",
                          text->str);
}

static void
check_policy(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    if (input->policies->n == 0 && input->no_libvirt)
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "it was not read");
    else if (input->policies->n == 0)
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, "gpuvm validate --kind policy /etc/gpuvm/policy.yaml",
                          "the policy is wrong: nothing is allowed");
    for (unsigned i = 0; i < input->policies->n; i++) {
        const gpuvm_policy *policy = input->policies->of[i].spec->policy;
        guint deny = policy->denylist->len;
        g_autofree char *rules = policy->allowlist ? gpuvm_text_count(policy->allowlist->len, "rule") : NULL;
        g_autofree char *denied =
            deny > 0 ? g_strdup_printf(", %u %s", deny, deny == 1 ? "denies" : "deny") : g_strdup("");

        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL, "%s: %s%s%s", input->policies->of[i].name,
                          rules ? rules : "display controllers, accelerators and co-processors",
                          !rules                        ? " are allowed"
                          : policy->allowlist->len == 1 ? " allows"
                                                        : " allow",
                          denied);
    }
}

static void
check_hook(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings)
{
    static const char install[] = "sudo gpuvm hook install";
    int enforce = input->policies->n > 0 ? input->policies->of[0].spec->policy->enforce : GPUVM_ENFORCE_GPUVM;

    switch (input->facts->host.hook) {
    case GPUVM_HOOK_ABSENT:
        gpuvm_finding_add(
            findings, topic, GPUVM_WARN, install,
            "libvirt does not ask gpuvm: virsh start, virt-manager and autostart know no policy");
        break;
    case GPUVM_HOOK_INSTALLED:
        gpuvm_finding_add(findings, topic, GPUVM_PASS, NULL,
                          "libvirt asks gpuvm before it starts a VM (enforce: %s)",
                          gpuvm_enforce_names[enforce]);
        break;
    case GPUVM_HOOK_STALE:
        gpuvm_finding_add(
            findings, topic, GPUVM_FAIL, install,
            "what libvirt runs before it starts a VM is broken, or of another version than this gpuvm");
        break;
    case GPUVM_HOOK_FOREIGN:
        gpuvm_finding_add(findings, topic, GPUVM_FAIL, "give it another name, then sudo gpuvm hook install",
                          GPUVM_HOOK_FILE " is not gpuvm's");
        break;
    default:
        gpuvm_finding_add(findings, topic, GPUVM_CANNOT_SEE, NULL, "the host's hooks are out of sight");
    }
}

static const struct {
    const char *topic;
    void (*check)(const gpuvm_fitness_input *input, const char *topic, GPtrArray *findings);
} topics[] = {
    {"libvirt", check_libvirt},
    {"CPU virtualisation", check_cpu},
    {"KVM", check_kvm},
    {"guest firmware", check_efi},
    {"network", check_network},
    {"IOMMU", check_iommu},
    {"interrupt remapping", check_interrupts},
    {"vfio-pci", check_vfio},
    {"GPUs", gpuvm_fitness_gpus},
    {"GPU state", gpuvm_fitness_state},
    {"IOMMU group", gpuvm_fitness_groups},
    {"host display", gpuvm_fitness_display},
    {"PCI Express link", gpuvm_fitness_links},
    {"locked memory", check_memlock},
    {"hugepages", check_hugepages},
    {"policy", check_policy},
    {"hook", check_hook},
};

GPtrArray *
gpuvm_fitness_check(const gpuvm_fitness_input *input)
{
    GPtrArray *findings = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_finding_free);

    for (size_t i = 0; i < G_N_ELEMENTS(topics); i++)
        topics[i].check(input, topics[i].topic, findings);
    return findings;
}
