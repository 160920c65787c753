/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/domxml.h"
#include "core/guestcheck.h"
#include "core/template.h"

#define DOMAIN(rest, devices)                                                                                \
    "<domain type='kvm'><name>vm</name><memory unit='KiB'>262144</memory>" rest "<devices>" devices          \
    "</devices></domain>"
#define DISK(attributes, source, more)                                                                       \
    "<disk " attributes " device='disk'><driver type='raw'/><source " source "/><target dev='vda'/>" more    \
    "</disk>"
#define LOG "<serial type='pty'><log file='/var/log/libvirt/qemu/vm-serial0.log'/></serial>"
#define DATA(more) DISK("type='file'", "file='/data'", more)

/* "KIND NAME", a line each, as the XML has them. */
static char *
assets_text(const GPtrArray *assets)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < assets->len; i++) {
        const gpuvm_asset *asset = assets->pdata[i];

        g_string_append_printf(text, "%s%d %s: %s", i > 0 ? ", " : "", (int)asset->kind, asset->what,
                               asset->name);
        if (asset->disk)
            g_string_append_printf(text, "%s%s%s", asset->readonly ? " ro" : "",
                                   asset->shareable ? " shared" : "", asset->optional ? " optional" : "");
    }
    return g_string_free(text, FALSE);
}

static void
reads_what_is_named(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *xml, *assets;
    } cases[] = {
        {DOMAIN("", ""), ""},
        {DOMAIN("<os><kernel>/k</kernel><initrd>/i</initrd><dtb>/d</dtb><loader>/l</loader></os>", ""),
         "0 firmware: /l, 0 kernel: /k, 0 initramfs: /i, 0 device tree: /d"},
        {DOMAIN("<sysinfo type='smbios'/><sysinfo type='fwcfg'><entry name='a'>text</entry>"
                "<entry name='b' file='/b'/></sysinfo>",
                ""),
         "0 firmware configuration: /b"},
        {DOMAIN("", DATA("")), "0 disk vda: /data"},
        {DOMAIN("", DATA("<readonly/>") DATA("<shareable/>")),
         "0 disk vda: /data ro, 0 disk vda: /data shared"},
        {DOMAIN("", DISK("type='file'", "file='/data' startupPolicy='optional'", "")),
         "0 disk vda: /data optional"},
        {DOMAIN("", DISK("type='block'", "dev='/dev/sdb'", "")), "0 disk vda: /dev/sdb"},
        {DOMAIN("", DISK("type='dir'", "dir='/d'", "")), "0 disk vda: /d"},
        {DOMAIN("", DISK("type='volume'", "pool='p' volume='v'", "")), "3 disk vda: p/v"},
        {DOMAIN("", DISK("type='network'", "protocol='nbd' name='x'", "")), ""},
        {DOMAIN("", "<disk type='file' device='cdrom'><target dev='sda'/></disk>"), ""},
        {DOMAIN("", "<interface type='network'><source network='lan'/></interface>"
                    "<interface type='bridge'><source bridge='br0'/></interface>"
                    "<interface type='direct'><source dev='eth0'/></interface><interface type='user'/>"),
         "2 network: lan, 1 bridge: br0, 1 interface: eth0"},
        {DOMAIN("", "<hostdev type='pci'><source><address bus='0x01'/></source><rom file='/rom'/></hostdev>"
                    "<hostdev type='pci'><source><address bus='0x02'/></source><rom bar='off'/></hostdev>"
                    "<hostdev type='usb'><source><vendor id='1'/></source></hostdev>"),
         "0 ROM of device 0000:01:00.0: /rom"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_guest) guest = gpuvm_guest_parse(cases[i].xml, NULL);
        g_autofree char *assets = guest ? assets_text(guest->assets) : NULL;

        expect_text(cases[i].xml, assets, cases[i].assets);
    }
}

static void
reads_memory(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *memory;
        uint64_t kib;
    } cases[] = {{"<memory unit='KiB'>2048</memory>", 2048},
                 {"<memory>2048</memory>", 2048},
                 {"<memory unit='MiB'>2</memory>", 2048},
                 {"", 0}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strdup_printf("<domain>%s</domain>", cases[i].memory);
        g_autoptr(gpuvm_guest) guest = gpuvm_guest_parse(xml, NULL);

        assert_int_equal(guest->memory_kib, cases[i].kib);
    }
    assert_null(gpuvm_guest_parse("<domain><memory>much</memory></domain>", NULL));
}

/* What is said of one asset, before and at the start. */
static const struct {
    const char *name, *xml;
    int exists, active, passes_devices;
    const char *writer;                 /* of /data */
    const char *warnings[4], *notes[2]; /* at plan */
    const char *errors[4];              /* at start */
} cases[] = {
    {"a file that is there", DOMAIN("", DATA("")), 1, -1, -1, NULL, {NULL}, {NULL}, {NULL}},
    {"one that is not",
     DOMAIN("", DATA("")),
     0,
     -1,
     -1,
     NULL,
     {"disk vda does not exist: /data"},
     {NULL},
     {"5 disk vda does not exist: /data :: gpuvm define"}},
    {"its own log", DOMAIN("", LOG), 0, -1, -1, NULL, {NULL}, {NULL}, {NULL}},
    {"a log of nobody knows whom", DOMAIN("", LOG), -1, -1, -1, NULL, {NULL}, {NULL}, {NULL}},
    {"another's",
     DOMAIN("", LOG),
     1,
     -1,
     -1,
     NULL,
     {"the log of <serial> is by its name one of domain 'vm-serial0' :: vm.serial0.log"},
     {NULL},
     {"4 the log of <serial> is by its name one of domain 'vm-serial0'"}},
    {"one that cannot be seen", DOMAIN("", DATA("")), -1, -1, -1, NULL, {NULL}, {NULL}, {NULL}},
    {"one that need not be there",
     DOMAIN("", DISK("type='file'", "file='/data' startupPolicy='optional'", "")),
     0,
     -1,
     -1,
     NULL,
     {NULL},
     {NULL},
     {NULL}},
    {"all that is wrong",
     DOMAIN("<os><kernel>/k</kernel></os>",
            DATA("") "<interface type='bridge'><source bridge='br0'/></interface>"),
     0,
     -1,
     -1,
     NULL,
     {"kernel does not exist: /k", "disk vda does not exist: /data", "bridge does not exist: br0 :: ip link"},
     {NULL},
     {"5 kernel does not exist: /k", "5 disk vda does not exist: /data", "5 bridge does not exist: br0"}},
    {"a network that is off is started",
     DOMAIN("", "<interface type='network'><source network='lan'/></interface>"),
     1,
     0,
     0,
     NULL,
     {NULL},
     {NULL},
     {NULL}},
    {"one that is not there",
     DOMAIN("", "<interface type='network'><source network='lan'/></interface>"),
     0,
     -1,
     -1,
     NULL,
     {"network does not exist: lan :: virsh net-list --all"},
     {NULL},
     {"5 network does not exist: lan"}},
    {"one that passes devices",
     DOMAIN("", "<interface type='network'><source network='lan'/></interface>"),
     1,
     1,
     1,
     NULL,
     {"network 'lan' gives its guests devices :: pci_passthrough"},
     {NULL},
     {"4 network 'lan' gives its guests devices"}},
    {"a volume of a pool that is off",
     DOMAIN("", DISK("type='volume'", "pool='p' volume='v'", "")),
     -1,
     0,
     -1,
     NULL,
     {"disk vda is in storage pool 'p', which is not active :: virsh pool-start p"},
     {NULL},
     {"5 disk vda is in storage pool 'p', which is not active"}},
    {"a volume that is not there",
     DOMAIN("", DISK("type='volume'", "pool='p' volume='v'", "")),
     0,
     1,
     -1,
     NULL,
     {"disk vda does not exist: p/v"},
     {NULL},
     {"5 disk vda does not exist: p/v"}},
    {"a disk that a running domain writes to",
     DOMAIN("", DATA("")),
     1,
     -1,
     -1,
     "other",
     {NULL},
     {"disk vda is also that of domain 'other', which is running: the two cannot run together"},
     {"5 disk vda is in use by domain 'other', which is running: /data :: virsh shutdown other"}},
    {"one that it only reads",
     DOMAIN("", DATA("<readonly/>")),
     1,
     -1,
     -1,
     "other",
     {NULL},
     {"disk vda is also that of domain 'other'"},
     {"5 disk vda is in use by domain 'other'"}},
    {"one that is shared", DOMAIN("", DATA("<shareable/>")), 1, -1, -1, "other", {NULL}, {NULL}, {NULL}},
    {"its own", DOMAIN("", DATA("")), 1, -1, -1, "vm", {NULL}, {NULL}, {NULL}},
    {"the kernel is no disk",
     DOMAIN("<os><kernel>/data</kernel></os>", ""),
     1,
     -1,
     -1,
     "other",
     {NULL},
     {NULL},
     {NULL}},
};

static void
judge(gpuvm_occasion occasion, const gpuvm_guest *guest, const GPtrArray *functions, const gpuvm_facts *facts,
      gpuvm_diags *diags)
{
    gpuvm_guest_check(&(gpuvm_guest_question){.occasion = occasion,
                                              .guest = guest,
                                              .domain = "vm",
                                              .functions = functions,
                                              .facts = facts,
                                              .policies = &(gpuvm_policies){.n = 0},
                                              .diags = diags});
}

static void
run_case(size_t i, gpuvm_occasion occasion)
{
    static const char *const nothing[] = {NULL};
    g_autoptr(gpuvm_guest) guest = gpuvm_guest_parse(cases[i].xml, NULL);
    g_autoptr(gpuvm_facts) facts = gpuvm_facts_new();
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    bool starts = occasion == GPUVM_START;

    guest->boots = true;
    for (guint a = 0; a < guest->assets->len; a++) {
        gpuvm_asset *asset = guest->assets->pdata[a];

        asset->exists = cases[i].exists;
        asset->active = cases[i].active;
        asset->passes_devices = cases[i].passes_devices;
    }
    if (cases[i].writer) {
        gpuvm_claim *claim = gpuvm_claim_new(cases[i].writer, NULL);

        claim->active = true;
        g_ptr_array_add(claim->writes, g_strdup("/data"));
        gpuvm_facts_add_claim(facts, claim);
    }
    judge(occasion, guest, functions, facts, diags);
    expect_diags(cases[i].name, diags, GPUVM_DIAG_ERROR, starts ? cases[i].errors : nothing);
    expect_diags(cases[i].name, diags, GPUVM_DIAG_WARNING, starts ? nothing : cases[i].warnings);
    expect_diags(cases[i].name, diags, GPUVM_DIAG_NOTE, starts ? nothing : cases[i].notes);
}

static void
warns_before_and_refuses_at_start(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        run_case(i, GPUVM_PLAN);
        run_case(i, GPUVM_START);
    }
}

static void
sees_what_it_boots_from(void **state G_GNUC_UNUSED)
{
#define CDROM(more) "<disk type='file' device='cdrom'>" more "<target dev='sda'/></disk>"
#define FULL "<source file='/cd'/>"
#define NIC(more) "<interface type='network'><source network='lan'/>" more "</interface>"
#define OS(boot) "<os><boot dev='" boot "'/></os>"
    static const struct {
        const char *xml;
        bool boots;
    } rows[] = {
        {DOMAIN("", ""), false},
        {DOMAIN("<os><kernel>/k</kernel></os>", ""), true},
        {DOMAIN("", DATA("")), true},
        {DOMAIN("", "<disk type='file'>" FULL "</disk>"), true},
        {DOMAIN(OS("hd"), DATA("")), true},
        {DOMAIN(OS("hd"), ""), false},
        {DOMAIN("", CDROM(FULL)), false},
        {DOMAIN(OS("hd"), CDROM(FULL)), false},
        {DOMAIN(OS("cdrom"), CDROM(FULL)), true},
        {DOMAIN(OS("cdrom"), CDROM("")), false},
        {DOMAIN("", CDROM(FULL "<boot order='1'/>")), true},
        {DOMAIN("", NIC("")), false},
        {DOMAIN("", NIC("<boot order='1'/>")), true},
        {DOMAIN(OS("network"), NIC("")), true},
        {DOMAIN(OS("network"), ""), false},
        {DOMAIN("<os><boot dev='cdrom'/><boot dev='hd'/></os>", DATA("")), true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(gpuvm_guest) guest = gpuvm_guest_parse(rows[i].xml, NULL);

        if (guest->boots != rows[i].boots)
            fail_msg("%s: boots is %d", rows[i].xml, guest->boots);
    }
}

/* Warnings, whether it is planned or about to start. */
static void
warns_of_what_is_of_no_use(void **state G_GNUC_UNUSED)
{
#define BOOT "nothing to boot from :: rootfs"
    static const struct {
        const char *name, *type, *memory, *devices;
        const char *passed; /* a device, as facts-builder.h says */
        const char *warnings[4];
    } rows[] = {
        {"a VM like others", "kvm", "262144", DATA(""), "", {NULL}},
        {"nothing to boot from", "kvm", "262144", "", "", {BOOT}},
        {"nor on a card", "kvm", "262144", "", "0000:01:00.0 030000 10de:2204", {BOOT}},
        {"but on a passed disk", "kvm", "262144", "", "0000:01:00.0 010802 144d:a808", {NULL}},
        {"or by a passed NIC", "kvm", "262144", "", "0000:01:00.0 020000 8086:1533", {NULL}},
        {"hardly any memory", "kvm", "1024", DATA(""), "", {"1 MiB of memory: too little"}},
        {"little enough", "kvm", "65536", DATA(""), "", {NULL}},
        {"memory unknown", "kvm", "0", DATA(""), "", {NULL}},
        {"emulated", "qemu", "262144", DATA(""), "", {"emulated, without KVM :: gpuvm check"}},
        {"libvirt's test driver", "test", "262144", DATA(""), "", {NULL}},
        {"all of it", "qemu", "1024", "", "", {BOOT, "too little", "emulated"}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows) * 2; i++) {
        size_t r = i / 2;
        g_autofree char *xml =
            g_strdup_printf("<domain type='%s'><memory>%s</memory><devices>%s</devices></domain>",
                            rows[r].type, rows[r].memory, rows[r].devices);
        g_autoptr(gpuvm_guest) guest = gpuvm_guest_parse(xml, NULL);
        g_autoptr(gpuvm_facts) facts = build_facts(rows[r].passed);
        g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
        g_autoptr(GPtrArray) functions = gpuvm_functions_new();
        gpuvm_pci_addr addr = build_addr("0000:01:00.0");

        if (*rows[r].passed)
            gpuvm_functions_add(functions, gpuvm_facts_device(facts, &addr), GPUVM_ROLE_REQUESTED,
                                &(gpuvm_mark){0}, NULL);
        judge(i % 2 ? GPUVM_PLAN : GPUVM_START, guest, functions, facts, diags);
        expect_diags(rows[r].name, diags, GPUVM_DIAG_WARNING, rows[r].warnings);
        assert_int_equal(diags->errors, 0);
    }
}

/* What define makes is not looked for; what it makes that of is. */
static void
leaves_out_what_define_makes(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition, *assets;
    } rows[] = {
        {"network: {mode: none}", ""},
        {"", "2 network: default"},
        {"network: {mode: none}\nkernel: {path: k}\ninitramfs: {url: 'http://h/i'}",
         "0 kernel: /definitions/k"},
        {"network: {mode: none}\nrootfs: {path: base.qcow2}", "0 the rootfs: /definitions/base.qcow2 ro"},
        {"network: {mode: none}\nrootfs: {url: 'http://h/base.qcow2'}", ""},
        {"network: {mode: none}\ndisks: [{name: a, source: /a.raw}, {name: b, source: 'http://h/b.raw'}]",
         "0 disk vda: /a.raw"},
        {"network: {mode: none}\ncloud_init: {user_data: {content: x}}\nworkload: {entrypoint: [/a]}", ""},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(plan_scene) scene = scene_new("", rows[i].definition, NULL, NULL);
        g_autofree char *xml = NULL, *assets = NULL;
        g_autoptr(gpuvm_guest) guest = NULL;

        scene_plan(scene);
        xml = gpuvm_domxml_make(scene->plan, gpuvm_template_domain, "template", NULL, scene->diags);
        guest = gpuvm_guest_of_plan(scene->plan, xml, NULL);
        assets = assets_text(guest->assets);
        expect_text(rows[i].definition, assets, rows[i].assets);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_named),
        cmocka_unit_test(reads_memory),
        cmocka_unit_test(warns_before_and_refuses_at_start),
        cmocka_unit_test(sees_what_it_boots_from),
        cmocka_unit_test(warns_of_what_is_of_no_use),
        cmocka_unit_test(leaves_out_what_define_makes),
    };

    return cmocka_run_group_tests_name("guestcheck", tests, NULL, NULL);
}
