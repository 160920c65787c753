/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/fitness.h"

#define NO_LIBVIRT "no socket" /* in place of what is seen */
#define GPU "0000:01:00.0 030000 10de:2204 group=14 driver=nvidia\n"
#define AUDIO "0000:01:00.1 040300 10de:1aef group=14 driver=snd_hda_intel\n"
#define BRIDGE "0000:00:01.0 060400 8086:1901 group=14 driver=pcieport bridge\n"
#define NIC "0000:02:00.0 020000 8086:1533 group=14 driver=igb\n"
#define LINK(link) "0000:01:00.0 030000 10de:2204 group=14 link=" link "\n"
#define BOOT_GPU "0000:00:02.0 030000 8086:3e98 group=1 driver=i915 boot=1\n"

/* One topic: what is seen, "KEY=VALUE;…" or "remote", of a host, and every finding, "VERDICT PART :: PART …", in order. */
typedef struct fitness_case {
    const char *topic, *seen, *facts;
    const char *findings[3];
} fitness_case;

/* Puts "KEY=VALUE;…", by the names of gpuvm_host_facts, into @host. */
static void
see(gpuvm_host *host, const char *text)
{
    g_auto(GStrv) items = g_strsplit(text, ";", -1);

    for (char **item = items; *item; item++) {
        g_auto(GStrv) pair = g_strsplit(*item, "=", 2);
        const gpuvm_host_fact *fact = gpuvm_host_facts;

        if (!pair[0] || !pair[1])
            continue;
        while (fact->name && !g_str_equal(fact->name, pair[0]))
            fact++;
        if (!fact->name)
            g_error("the test sees what there is not: %s", pair[0]);
        if (fact->text)
            *(char **)gpuvm_host_member(host, fact) = g_strdup(pair[1]);
        else
            *(int64_t *)gpuvm_host_member(host, fact) = g_ascii_strtoll(pair[1], NULL, 10);
    }
}

/* The findings for @topic, a line each: "VERDICT EVIDENCE → REMEDY". */
static char *
findings_text(const GPtrArray *findings, const char *topic)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < findings->len; i++) {
        const gpuvm_finding *finding = findings->pdata[i];
        g_auto(GStrv) remedy = g_strsplit(finding->remedy ? finding->remedy : "none", "\n", -1);
        g_autofree char *steps = g_strjoinv(" & ", remedy);

        if (g_str_equal(finding->topic, topic))
            g_string_append_printf(text, "%s %s → %s\n", gpuvm_verdict_names[finding->verdict],
                                   finding->evidence, steps);
    }
    return g_strdup(text->str);
}

static void
expect_finding(const fitness_case *c, const char *line, const char *expected)
{
    g_auto(GStrv) parts = g_strsplit(expected, " :: ", -1);

    if (!line || !g_str_has_prefix(line, parts[0]))
        fail_msg("%s, %s:\nexpected: %s\nactual:   %s", c->topic, c->seen, expected, line);
    for (char **part = parts; *part; part++) {
        if (!strstr(line, *part))
            fail_msg("%s, %s:\nno: %s\nin: %s", c->topic, c->seen, *part, line);
    }
}

static GPtrArray *
check(const char *seen_text, gpuvm_facts *facts, bool remote, const char *policy)
{
    gpuvm_policies policies = {0};
    const gpuvm_diag no_libvirt = {.message = NO_LIBVIRT, .hint = "start it\nsee why"};
    const gpuvm_fitness_input input = {.no_libvirt = g_str_equal(seen_text, NO_LIBVIRT) ? &no_libvirt : NULL,
                                       .facts = facts,
                                       .policies = &policies};
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(facts);
    GPtrArray *findings;

    see(&facts->host, seen_text);
    if (policy)
        gpuvm_policies_add(&policies, "the policy", build_spec(policy, "policy"));
    facts->local = !remote;
    for (guint i = 0; i < devices->len; i++)
        facts->iommu |= ((const gpuvm_device *)devices->pdata[i])->iommu_group != GPUVM_UNKNOWN;
    findings = gpuvm_fitness_check(&input);
    gpuvm_policies_clear(&policies);
    return findings;
}

static void
run_cases(const fitness_case *cases, size_t n)
{
    for (const fitness_case *c = cases; c < cases + n; c++) {
        g_autoptr(gpuvm_facts) facts = build_facts(c->facts);
        g_autoptr(GPtrArray) findings =
            check(c->seen, facts, g_str_equal(c->seen, "remote"), gpuvm_policy_builtin);
        g_autofree char *text = findings_text(findings, c->topic);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        guint k = 0;

        for (; k < G_N_ELEMENTS(c->findings) && c->findings[k]; k++)
            expect_finding(c, lines[k], c->findings[k]);
        if (lines[k] && *lines[k])
            fail_msg("%s, %s: more than was expected: %s", c->topic, c->seen, lines[k]);
    }
}

static void
libvirt_and_its_machine(void **state G_GNUC_UNUSED)
{
    static const fitness_case cases[] = {
        {"libvirt", "", "", {"unknown the version of libvirt is not known"}},
        {"libvirt", NO_LIBVIRT, "", {"FAIL no socket → start it & see why"}},
        {"libvirt",
         "libvirt_version=8009003;hypervisor=QEMU;hypervisor_version=7002000",
         "",
         {"FAIL libvirt 8.9.3 → upgrade to Debian 12"}},
        {"libvirt",
         "libvirt_version=9000000;hypervisor=QEMU;hypervisor_version=7002011",
         "",
         {"PASS libvirt 9.0.0, QEMU 7.2.11 → none"}},
        {"CPU virtualisation", "", "", {"unknown :: /proc/cpuinfo"}},
        {"CPU virtualisation",
         "cpu_virtualization=1;cpu_vendor=GenuineIntel",
         "",
         {"PASS GenuineIntel with VT-x → none"}},
        {"CPU virtualisation",
         "cpu_virtualization=1;cpu_vendor=AuthenticAMD",
         "",
         {"PASS AuthenticAMD with AMD-V → none"}},
        {"CPU virtualisation",
         "cpu_virtualization=0;cpu_vendor=GenuineIntel",
         "",
         {"WARN :: → enable VT-x (Intel) or SVM (AMD)"}},
        {"KVM", "", "", {"unknown"}},
        {"KVM", "", "host type=kvm\n", {"PASS libvirt offers KVM → none"}},
        {"KVM",
         "",
         "host type=qemu\n",
         {"WARN no KVM: domains of type qemu :: tens of times slower :: sudo modprobe kvm_intel"}},
        {"guest firmware", "", "", {"unknown"}},
        {"guest firmware", "efi=1", "", {"PASS UEFI"}},
        {"guest firmware", "efi=0", "", {"FAIL no UEFI :: → sudo apt-get install ovmf"}},
        {"network", "", "", {"unknown"}},
        {"network", "default_network=1", "", {"PASS :: 'default' is active → none"}},
        {"network", "default_network=0", "", {"WARN :: mode nat would not start → virsh net-start default"}},
        {"locked memory", "libvirt_version=9000000", "", {"PASS libvirt raises the limit"}},
        {"locked memory", "libvirt_version=9000000;memlock=65536", "", {"PASS libvirt raises the limit"}},
        {"locked memory", "libvirt_version=9000000;session=1", "", {"unknown"}},
        {"locked memory",
         "libvirt_version=9000000;session=1;memlock=9223372036854775807",
         "",
         {"PASS this user may lock any"}},
        {"locked memory",
         "libvirt_version=9000000;session=1;memlock=8388608",
         "",
         {"WARN this user may lock 8 MiB; :: memlock unlimited :: limits.d"}},
        {"locked memory", "", "", {"unknown"}},
        {"hugepages", "", "", {"unknown"}},
        {"hugepages",
         "",
         "cell 0 cpus=0-3 memory=1024 2M=512 1G=4\ncell 1 cpus=4-7 memory=1024 2M=0\n",
         {"PASS cell 0: 512 × 2 MiB, 4 × 1024 MiB; cell 1: 0 × 2 MiB (needed only by VMs with hugepages)"}},
        {"hugepages",
         "hugetlbfs=2048",
         "cell 0 cpus=0-3 memory=1024 2M=0 1G=4\n",
         {"WARN cell 0: 0 × 2 MiB, 4 × 1024 MiB; those of 1024 MiB are mounted nowhere :: → mount them"}},
        {"hugepages", "hugetlbfs=2048", "cell 0 cpus=0-3 memory=1024 2M=4 1G=0\n", {"PASS"}},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

static void
hook(void **state G_GNUC_UNUSED)
{
    static const fitness_case cases[] = {
        {"hook", "", "", {"unknown"}},
        {"hook", "hook=0", "", {"WARN :: know no policy → sudo gpuvm hook install"}},
        {"hook", "hook=1", "", {"PASS :: (enforce: gpuvm) → none"}},
        {"hook", "hook=2", "", {"FAIL :: of another version :: → sudo gpuvm hook install"}},
        {"hook",
         "hook=3",
         "",
         {"FAIL /etc/libvirt/hooks/qemu.d/gpuvm is not gpuvm's → give it another name"}},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

#define NO_GROUP "0000:01:00.0 030000 10de:2204\n"

static void
iommu_and_vfio(void **state G_GNUC_UNUSED)
{
    static const fitness_case cases[] = {
        {"IOMMU", "", "", {"unknown no device could be looked at → none"}},
        {"IOMMU", "", GPU, {"PASS devices have IOMMU groups → none"}},
        {"IOMMU",
         "cpu_vendor=GenuineIntel;kernel_arguments=quiet;grub=1",
         NO_GROUP,
         {"FAIL no device has an IOMMU group → sudo sed -i 's/^GRUB_CMDLINE_LINUX_DEFAULT=\"/&intel_iommu=on /' "
          "/etc/default/grub & sudo update-grub && sudo reboot"}},
        {"IOMMU",
         "cpu_vendor=GenuineIntel;kernel_arguments=quiet",
         NO_GROUP,
         {"FAIL :: → add intel_iommu=on to the kernel command line (systemd-boot"}},
        {"IOMMU",
         "cpu_vendor=GenuineIntel;kernel_arguments=intel_iommu=on quiet",
         NO_GROUP,
         {"FAIL :: → enable VT-d in the firmware"}},
        {"IOMMU",
         "cpu_vendor=GenuineIntel;kernel_arguments=intel_iommu=off",
         NO_GROUP,
         {"FAIL :: → take intel_iommu=off"}},
        {"IOMMU",
         "cpu_vendor=AuthenticAMD;kernel_arguments=quiet",
         NO_GROUP,
         {"FAIL :: → enable IOMMU (AMD-Vi) in the firmware"}},
        {"IOMMU",
         "cpu_vendor=AuthenticAMD;kernel_arguments=amd_iommu=off",
         NO_GROUP,
         {"FAIL :: → take intel_iommu=off, amd_iommu=off"}},
        {"IOMMU",
         "remote",
         NO_GROUP,
         {"FAIL no device has an IOMMU group → run gpuvm check on the host itself"}},
        {"IOMMU",
         "kernel_arguments=quiet pcie_acs_override=downstream,multifunction",
         GPU,
         {"WARN pcie_acs_override splits groups :: → take pcie_acs_override off", "PASS"}},
        {"vfio-pci", "vfio=0;dma_entries=65535", "", {"PASS vfio-pci is loaded"}},
        {"vfio-pci",
         "vfio=0;dma_entries=1024",
         "",
         {"PASS vfio-pci is loaded",
          "WARN a VM may have 1024 DMA mappings, of 65535 :: → take dma_entry_limit off"}},
        {"interrupt remapping", "", "", {"unknown"}},
        {"interrupt remapping", "interrupt_remapping=1", "", {"PASS interrupts are remapped → none"}},
        {"interrupt remapping",
         "interrupt_remapping=0",
         "",
         {"FAIL interrupts are not remapped: :: → enable interrupt remapping"}},
        {"interrupt remapping", "interrupt_remapping=0;unsafe_interrupts=0", "", {"FAIL"}},
        {"interrupt remapping",
         "interrupt_remapping=0;unsafe_interrupts=1",
         "",
         {"WARN :: a guest can disturb the host"}},
        {"vfio-pci", "", "", {"unknown"}},
        {"vfio-pci", "vfio=0", "", {"PASS vfio-pci is loaded → none"}},
        {"vfio-pci",
         "vfio=1",
         "",
         {"WARN :: not loaded :: → echo vfio-pci | sudo tee /etc/modules-load.d/vfio-pci.conf"}},
        {"vfio-pci",
         "vfio=2",
         "",
         {"FAIL this kernel has no vfio-pci → sudo apt-get install linux-image-amd64"}},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

static void
cards(void **state G_GNUC_UNUSED)
{
    static const fitness_case cases[] = {
        {"GPUs", "", NIC, {"FAIL no GPU among 1 PCI device → lspci"}},
        {"GPUs",
         "",
         GPU NIC "0000:05:00.0 120000 1002:74a1 group=5\n",
         {"PASS 0000:01:00.0 :: (10de:2204), driver nvidia",
          "PASS 0000:05:00.0 :: (1002:74a1), driver none"}},
        {"GPU state", "", NIC, {NULL}},
        {"GPU state", "remote", GPU, {"unknown"}},
        {"GPU state", "", GPU, {"PASS 0000:01:00.0 answers → none"}},
        {"GPU state",
         "",
         "0000:01:00.0 030000 10de:2204 group=14 silent\n",
         {"FAIL 0000:01:00.0 does not answer :: → sudo gpuvm release 0000:01:00.0"}},
        {"GPU state",
         "",
         "0000:01:00.0 030000 10de:2204 group=14 reset=flr,bus\n0000:02:00.0 030000 1002:731f group=15 reset=\n",
         {"PASS 0000:01:00.0 answers, and is reset by flr bus",
          "WARN 0000:02:00.0 cannot be reset: :: → if it does not work"}},
        {"GPU state", "framebuffer=0000:01:00.0", GPU, {"WARN 0000:01:00.0 has the host's boot framebuffer"}},
        {"GPU state", "", "0000:00:02.0 030000 8086:3e98 group=1 boot=1 reset=\n", {"WARN 0000:00:02.0"}},
        {"GPU state",
         "framebuffer=0000:00:02.0",
         GPU "0000:00:02.0 030000 8086:3e98 group=1 boot=1 driver=vfio-pci\n",
         {"WARN 0000:00:02.0 has the host's boot framebuffer", "PASS 0000:01:00.0"}},
        {"GPU state", "framebuffer=0000:00:02.0", GPU BOOT_GPU, {"PASS 0000:01:00.0"}},
        {"IOMMU group",
         "",
         "0000:01:00.0 030000 10de:2204 group=14 reserved\n" NIC,
         {"FAIL 0000:01:00.0: the firmware wants memory mapped for group 14 :: → :: another slot"}},
        {"IOMMU group", "", NIC, {NULL}},
        {"IOMMU group", "", GPU AUDIO BRIDGE, {"PASS 0000:01:00.0 has group 14 to itself → none"}},
        {"IOMMU group",
         "",
         GPU NIC,
         {"WARN 0000:01:00.0 shares group 14 with 0000:02:00.0 (Ethernet controller, driver igb) → :: 'iommu_group: "
          "include' or 'detach'"}},
        {"IOMMU group",
         "",
         GPU "unknown 0000:05:00.0 group=14\n",
         {"WARN :: shares group 14 with 0000:05:00.0 →"}},
        {"IOMMU group", "", "0000:01:00.0 030000 10de:2204\n", {"FAIL 0000:01:00.0 has none"}},
        {"host display", "", GPU, {"PASS no GPU is the host's boot display"}},
        {"host display",
         "",
         GPU BOOT_GPU,
         {"PASS 0000:00:02.0 is the host's boot display and stays with the host"}},
        {"host display", "", BOOT_GPU, {"WARN the only GPU, 0000:00:02.0, :: allow_host_display: true"}},
        {"host display", "remote", BOOT_GPU, {"unknown"}},
        {"PCI Express link", "", GPU, {NULL}},
        {"PCI Express link",
         "",
         LINK("16x16/16x16"),
         {"PASS 0000:01:00.0 runs at 16 GT/s with 16 lanes, all it can"}},
        {"PCI Express link",
         "",
         LINK("16x16/2.5x16"),
         {"PASS 0000:01:00.0 runs at 2.5 of 16 GT/s :: look again under load"}},
        {"PCI Express link",
         "",
         LINK("16x16/16x8"),
         {"WARN 0000:01:00.0 runs with 8 of 16 lanes → move the card"}},
        {"PCI Express link", "", LINK("16x16/2.5x1"), {"WARN 0000:01:00.0 runs with 1 of 16 lanes"}},
    };

    run_cases(cases, G_N_ELEMENTS(cases));
}

static void
policies(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) facts = build_facts("");
    g_autoptr(GPtrArray) right =
        check("", facts, false, "{allowlist: ['10de:*', '1002:*'], denylist: ['10de:2204']}");
    g_autoptr(GPtrArray) wrong = check("", facts, false, NULL);
    g_autoptr(GPtrArray) builtin = check("", facts, false, gpuvm_policy_builtin);
    g_autofree char *builtin_text = findings_text(builtin, "policy");
    g_autofree char *right_text = findings_text(right, "policy"),
                    *wrong_text = findings_text(wrong, "policy");

    expect_text("built-in policy", builtin_text,
                "PASS the policy: display controllers, accelerators and co-processors are allowed → none\n");
    expect_text("policy", right_text, "PASS the policy: 2 rules allow, 1 denies → none\n");
    expect_text(
        "no policy", wrong_text,
        "FAIL the policy is wrong: nothing is allowed → gpuvm validate --kind policy /etc/gpuvm/policy.yaml\n");
}

/* Seen from afar, a host passes nothing that only the host itself knows. */
static void
remote_passes_nothing_unseen(void **state G_GNUC_UNUSED)
{
    static const char *const unseen[] = {"CPU virtualisation", "interrupt remapping", "vfio-pci", "hook",
                                         "host display",       "GPU state",           NULL};
    g_autoptr(gpuvm_facts) facts = build_facts(GPU "host type=kvm\n");
    g_autoptr(GPtrArray) findings =
        check("libvirt_version=9000000;hypervisor=QEMU;hypervisor_version=7002000;efi=1;default_network=1",
              facts, true, gpuvm_policy_builtin);
    guint unknown = 0;

    for (guint i = 0; i < findings->len; i++) {
        const gpuvm_finding *finding = findings->pdata[i];

        if (g_strv_contains(unseen, finding->topic))
            assert_int_equal(finding->verdict, GPUVM_CANNOT_SEE);
        unknown += g_strv_contains(unseen, finding->topic);
        assert_int_not_equal(finding->verdict, GPUVM_FAIL);
    }
    assert_int_equal(unknown, 6);
}

static void
in_short(void **state G_GNUC_UNUSED)
{
#define H100(bus, rest) "0000:" bus ":00.0 030200 10de:2330 driver=nvidia" rest "\n"
    static const struct {
        const char *topic, *facts, *text;
    } cases[] = {
        {"GPUs", H100("01", " group=1"),
         "PASS 0000:01:00.0 3D controller (10de:2330), driver nvidia → none\n"},
        {"GPUs", H100("01", " group=1") BOOT_GPU H100("02", " group=2"),
         "PASS 1 GPU: VGA compatible controller, driver i915; 2 GPUs: 3D controller, driver nvidia → none\n"},
        {"IOMMU group", H100("01", " group=1") H100("02", " group=2"),
         "PASS 2 GPUs: each has its group to itself → none\n"},
        {"IOMMU group", H100("01", " group=14") NIC H100("03", " group=3") H100("04", " group=4"),
         "WARN 0000:01:00.0 shares group 14 with 0000:02:00.0 (Ethernet controller, driver igb) → move the card "
         "to another slot, or use 'iommu_group: include' or 'detach'\n"},
        {"IOMMU group", H100("01", "") H100("02", ""), "FAIL 2 GPUs: none has one → none\n"},
        {"PCI Express link",
         H100("01", " link=16x16/2.5x16") H100("02", " link=16x16/2.5x16") H100("03", " link=16x16/16x16"),
         "PASS 2 GPUs: all 16 lanes, at 2.5 of 16 GT/s, as idle cards are; 1 GPU: all 16 lanes, at 16 GT/s → none\n"},
        {"PCI Express link",
         H100("01", " link=16x16/16x8") H100("02", " link=16x16/16x8") H100("03", " link=16x16/16x16"),
         "WARN 2 GPUs: 8 of 16 lanes → move the card to a slot with more lanes; clean its contacts and reseat it\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_facts) facts = build_facts(cases[i].facts);
        g_autoptr(GPtrArray) findings = check("", facts, false, gpuvm_policy_builtin);
        g_autoptr(GPtrArray) summary = gpuvm_fitness_summary(findings);
        g_autofree char *text = findings_text(summary, cases[i].topic);

        expect_text(cases[i].facts, text, cases[i].text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libvirt_and_its_machine),
        cmocka_unit_test(iommu_and_vfio),
        cmocka_unit_test(cards),
        cmocka_unit_test(policies),
        cmocka_unit_test(in_short),
        cmocka_unit_test(hook),
        cmocka_unit_test(remote_passes_nothing_unseen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
