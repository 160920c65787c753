/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/guestcheck.h"

#define PROTECT(words) "protect: [" words "]"
#define MOUNTED "holds the file system mounted at /srv"
#define ROOT "holds the file system mounted at /"
#define PART "is a part of /dev/md0"
#define HELD "is open as /dev/sda in process 7 (dd)"

/* A disk of the domain "vm": what it is, and what is said of it whether that is planned or about to start. */
typedef struct disk_case {
    const char *name;
    const char *disk; /* /NAME: the path of what sdb is, or of a file */
    bool readonly;
    const char *uses;    /* "DISK[<ORIGIN] KIND[ root][ ro] WHAT[ → REMEDY]" lines */
    const char *domains; /* "NAME DISK [shares]" lines: what runs */
    const char *policy, *second_policy;
    const char *errors[3];
    const char *image; /* that names it; NULL: the domain does */
} disk_case;

#define BLOCK "/dev/sdb1"
#define FILE "/data"
#define IN_USE(exit, disk, what) exit " disk vda is in use by the host: " disk " " what

static const disk_case cases[] = {
    {"of which nothing is known", BLOCK, false, "", "", NULL, NULL, {NULL}},
    {"another disk is mounted", BLOCK, false, "sda storage " MOUNTED, "", NULL, NULL, {NULL}},
    {"mounted",
     BLOCK,
     false,
     "sdb1 storage " MOUNTED " → sudo umount /srv",
     "",
     NULL,
     NULL,
     {IN_USE("4", BLOCK, MOUNTED " :: sudo umount /srv")}},
    {"mounted, and only to be read",
     BLOCK,
     true,
     "sdb1 storage " MOUNTED,
     "",
     NULL,
     NULL,
     {IN_USE("4", BLOCK, MOUNTED)}},
    {"mounted, and a part of something",
     BLOCK,
     false,
     "sdb1<md0 storage " MOUNTED "\nsdb1 storage " PART,
     "",
     NULL,
     NULL,
     {IN_USE("4", BLOCK, MOUNTED), IN_USE("4", BLOCK, PART)}},
    {"open",
     BLOCK,
     false,
     "sdb1 holders " HELD " → sudo kill 7",
     "",
     NULL,
     NULL,
     {IN_USE("5", BLOCK, HELD " :: sudo kill 7")}},
    {"what it is a part of is open",
     BLOCK,
     false,
     "sdb holders " HELD,
     "",
     NULL,
     NULL,
     {IN_USE("5", BLOCK, HELD)}},
    {"another partition is", BLOCK, false, "sdb<sdb2 holders " HELD, "", NULL, NULL, {NULL}},
    {"another partition is mounted", BLOCK, false, "sdb storage " MOUNTED, "", NULL, NULL, {NULL}},
    {"a file of a mounted loop device",
     FILE,
     false,
     "file/8:1/7<loop0 storage " MOUNTED,
     "",
     NULL,
     NULL,
     {IN_USE("4", FILE, MOUNTED)}},
    {"one that is mounted to be read",
     FILE,
     false,
     "file/8:1/7<loop0 storage ro " MOUNTED,
     "",
     NULL,
     NULL,
     {IN_USE("4", FILE, MOUNTED)}},
    {"and the guest reads it, too",
     FILE,
     true,
     "file/8:1/7<loop0 storage ro " MOUNTED,
     "",
     NULL,
     NULL,
     {NULL}},
    {"a file that is open",
     FILE,
     false,
     "file/8:1/7 holders " HELD,
     "",
     NULL,
     NULL,
     {IN_USE("5", FILE, HELD)}},

    {"given up", BLOCK, false, "sdb1 storage " MOUNTED "\nsdb1 holders " HELD, "", PROTECT(""), NULL, {NULL}},
    {"of both, one given up",
     BLOCK,
     false,
     "sdb1 storage " MOUNTED "\nsdb1 holders " HELD,
     "",
     PROTECT("holders"),
     NULL,
     {IN_USE("5", BLOCK, HELD)}},
    {"the other one",
     BLOCK,
     false,
     "sdb1 storage " MOUNTED "\nsdb1 holders " HELD,
     "",
     PROTECT("storage"),
     NULL,
     {IN_USE("4", BLOCK, MOUNTED)}},
    {"a second policy does not",
     BLOCK,
     false,
     "sdb1 storage " MOUNTED,
     "",
     PROTECT(""),
     PROTECT("storage"),
     {IN_USE("4", BLOCK, MOUNTED)}},
    {"the root file system is not to be given up",
     BLOCK,
     false,
     "sdb1 storage root " ROOT,
     "",
     PROTECT(""),
     NULL,
     {IN_USE("4", BLOCK, ROOT)}},

    {"open in its own emulator", BLOCK, false, "sdb1 holders " HELD, "vm sdb1", NULL, NULL, {NULL}},
    {"which shares it", BLOCK, false, "sdb1 holders " HELD, "vm sdb1 shares", NULL, NULL, {NULL}},
    {"which has the whole disk still", BLOCK, false, "sdb holders " HELD, "vm sdb", NULL, NULL, {NULL}},
    {"another domain's emulator has the whole disk",
     BLOCK,
     false,
     "sdb holders " HELD,
     "other sdb",
     NULL,
     NULL,
     {IN_USE("5", BLOCK, HELD)}},
    {"another one has it to read",
     BLOCK,
     true,
     "sdb1 holders " HELD,
     "other sdb1 shares",
     NULL,
     NULL,
     {NULL}},
    {"open in its own emulator with the image that names it",
     FILE,
     false,
     "file/8:1/7 holders " HELD,
     "vm file/8:1/8",
     NULL,
     NULL,
     {NULL},
     "file/8:1/8"},
    {"named by an image that nobody runs with",
     FILE,
     false,
     "file/8:1/7 holders " HELD,
     "vm file/8:1/9",
     NULL,
     NULL,
     {IN_USE("5", FILE, HELD)},
     "file/8:1/8"},
    {"its loop device is mounted, whoever runs with the image",
     FILE,
     false,
     "file/8:1/7<loop0 storage " MOUNTED,
     "vm file/8:1/8",
     NULL,
     NULL,
     {IN_USE("4", FILE, MOUNTED)},
     "file/8:1/8"},
    {"running with it does not unmount it",
     BLOCK,
     false,
     "sdb1 storage " MOUNTED,
     "vm sdb1",
     NULL,
     NULL,
     {IN_USE("4", BLOCK, MOUNTED)}},

    {"allowed by its name", BLOCK, false, "", "", "block_devices: [/dev/sdb*]", NULL, {NULL}},
    {"by another one", BLOCK, false, "", "", "block_devices: [/dev/sda, /dev/disk/by-id/x-*]", NULL, {NULL}},
    {"not allowed",
     BLOCK,
     false,
     "",
     "",
     "block_devices: [/dev/sda*]",
     NULL,
     {"4 disk vda is a block device that the policy does not allow: /dev/sdb1 :: block_devices of the policy"}},
    {"nor by a pattern of the directory above",
     BLOCK,
     false,
     "",
     "",
     "block_devices: ['/dev/disk/*']",
     NULL,
     {"4 disk vda is a block device"}},
    {"to be read, not either",
     BLOCK,
     true,
     "",
     "",
     "block_devices: [/dev/sda*]",
     NULL,
     {"4 disk vda is a block device"}},
    {"none is allowed", BLOCK, false, "", "", "block_devices: []", NULL, {"4 disk vda is a block device"}},
    {"by one of two policies",
     BLOCK,
     false,
     "",
     "",
     "block_devices: [/dev/*]",
     "block_devices: [/dev/vg0/*]",
     {"4 disk vda is a block device that the second policy does not allow"}},
    {"allowed, and mounted",
     BLOCK,
     false,
     "sdb1 storage " MOUNTED,
     "",
     "block_devices: [/dev/*]",
     NULL,
     {IN_USE("4", BLOCK, MOUNTED)}},
    {"files are allowed", FILE, false, "", "", "block_devices: []", NULL, {NULL}},
};

static GPtrArray *
list(const char *words)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) each = g_strsplit(words, " ", -1);

    for (char **word = each; *word; word++)
        g_ptr_array_add(texts, g_strdup(*word));
    return texts;
}

/* As if it had been looked at. */
static void
see(gpuvm_asset *asset, const disk_case *row)
{
    bool file = g_str_equal(row->disk, FILE);

    asset->readonly = row->readonly;
    asset->exists = 1;
    asset->identity = g_strdup(file ? "file/8:1/7" : "sdb1");
    asset->image = g_strdup(row->image);
    asset->block = !file;
    if (file)
        return;
    asset->below = list("sdb");
    asset->paths = list("/dev/sdb1 /dev/disk/by-id/x-part1");
}

static bool
take(char **text, const char *word)
{
    bool has = g_str_has_prefix(*text, word);

    *text += has ? strlen(word) : 0;
    return has;
}

static void
add_use(gpuvm_facts *facts, const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line, " ", 3), of = g_strsplit(parts[0], "<", 2);
    char *what = parts[2], *remedy = strstr(what, " → ");
    gpuvm_use use = {.disk = of[1] ? of[1] : of[0]};

    while (!g_str_equal(gpuvm_use_names[use.kind], parts[1]))
        use.kind++;
    use.root = take(&what, "root ");
    use.readonly = take(&what, "ro ");
    if (remedy) {
        *remedy = '\0';
        use.remedy = remedy + strlen(" → ");
    }
    use.what = what;
    gpuvm_facts_add_disk_use(facts, of[0], &use);
}

static void
add_domain(gpuvm_facts *facts, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    gpuvm_claim *claim = gpuvm_claim_new(words[0], NULL);

    g_ptr_array_add(words[2] ? claim->shares : claim->writes, g_strdup(words[1]));
    gpuvm_facts_add_claim(facts, claim);
}

static void
each_line(gpuvm_facts *facts, const char *text, void (*add)(gpuvm_facts *facts, const char *line))
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line && **line; line++)
        add(facts, *line);
}

static gpuvm_guest *
make_guest(const char *disk)
{
    g_autofree char *xml =
        g_strdup_printf("<domain><memory>262144</memory><devices><disk type='%s'><driver type='raw'/>"
                        "<source %s='%s'/><target dev='vda'/></disk></devices></domain>",
                        g_str_has_prefix(disk, "/dev/") ? "block" : "file",
                        g_str_has_prefix(disk, "/dev/") ? "dev" : "file", disk);

    return gpuvm_guest_parse(xml, NULL);
}

static void
judge(plan_scene *scene, const gpuvm_guest *guest, gpuvm_occasion occasion)
{
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();

    gpuvm_guest_check(&(gpuvm_guest_question){.occasion = occasion,
                                              .guest = guest,
                                              .domain = "vm",
                                              .functions = functions,
                                              .facts = scene->facts,
                                              .policies = &scene->policies,
                                              .diags = scene->diags});
}

static void
refuses_what_the_host_uses(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases) * 2; i++) {
        const disk_case *row = &cases[i / 2];
        g_autoptr(plan_scene) scene = scene_new("", "", row->policy, row->second_policy);
        g_autoptr(gpuvm_guest) guest = make_guest(row->disk);

        see(guest->assets->pdata[0], row);
        gpuvm_facts_looked_at_disks(scene->facts);
        each_line(scene->facts, row->uses, add_use);
        each_line(scene->facts, row->domains, add_domain);
        judge(scene, guest, i % 2 ? GPUVM_START : GPUVM_PLAN);
        expect_diags(row->name, scene->diags, GPUVM_DIAG_ERROR, row->errors);
    }
}

/* What only the kernel knows is said when nothing better is. */
static void
believes_the_kernel(void **state G_GNUC_UNUSED)
{
#define CLAIMED IN_USE("4", BLOCK, "is mounted somewhere, or a part of an array or a pool :: lsblk")
    static const disk_case rows[] = {
        {"claimed", BLOCK, false, "", "", NULL, NULL, {CLAIMED}},
        {"claimed, and open",
         BLOCK,
         false,
         "sdb1 holders " HELD,
         "",
         NULL,
         NULL,
         {CLAIMED, IN_USE("5", BLOCK, HELD)}},
        {"by what is known",
         BLOCK,
         false,
         "sdb1 storage " MOUNTED,
         "",
         NULL,
         NULL,
         {IN_USE("4", BLOCK, MOUNTED)}},
        {"by what is known and given up",
         BLOCK,
         false,
         "sdb1 storage " MOUNTED,
         "",
         PROTECT(""),
         NULL,
         {NULL}},
        {"given up", BLOCK, false, "", "", PROTECT(""), NULL, {NULL}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(plan_scene) scene = scene_new("", "", rows[i].policy, NULL);
        g_autoptr(gpuvm_guest) guest = make_guest(rows[i].disk);
        gpuvm_asset *asset = guest->assets->pdata[0];

        see(asset, &rows[i]);
        asset->claimed = 1;
        gpuvm_facts_looked_at_disks(scene->facts);
        each_line(scene->facts, rows[i].uses, add_use);
        judge(scene, guest, GPUVM_START);
        expect_diags(rows[i].name, scene->diags, GPUVM_DIAG_ERROR, rows[i].errors);
    }
}

/* By whatever path the two domains name it. */
static void
knows_a_disk_by_what_it_is(void **state G_GNUC_UNUSED)
{
    g_autoptr(plan_scene) scene = scene_new("", "", NULL, NULL);
    g_autoptr(gpuvm_guest) guest = make_guest(BLOCK);
    gpuvm_claim *claim = gpuvm_claim_new("other", NULL);

    see(guest->assets->pdata[0], &cases[0]);
    gpuvm_facts_looked_at_disks(scene->facts);
    g_ptr_array_add(claim->writes, g_strdup("/dev/disk/by-id/x-part1"));
    gpuvm_facts_add_claim(scene->facts, claim);
    gpuvm_facts_identify(scene->facts, "/dev/disk/by-id/x-part1", "sdb1");
    gpuvm_facts_identify(scene->facts, "/dev/absent", "sdb2");
    judge(scene, guest, GPUVM_START);
    expect_diags(
        "the same disk", scene->diags, GPUVM_DIAG_ERROR,
        (const char *[]){"5 disk vda is in use by domain 'other', which is running: /dev/sdb1", NULL});
    assert_false(gpuvm_facts_runs_with(scene->facts, "sdb2"));
}

/* Not from here, or not all of it. */
static void
says_what_it_cannot_see(void **state G_GNUC_UNUSED)
{
#define UNSEEN "whether the host uses these devices itself cannot be seen from here"
#define HIDDEN "whether processes have these devices open cannot be seen"
    static const struct {
        const char *name, *disk, *policy;
        bool looked, hidden;
        const char *warnings[2], *errors[2]; /* at plan, at start */
    } rows[] = {
        {"all is seen", BLOCK, NULL, true, false, {NULL}, {NULL}},
        {"not from here", BLOCK, NULL, false, false, {UNSEEN}, {"4 " UNSEEN}},
        {"some processes are hidden", BLOCK, NULL, true, true, {HIDDEN}, {"4 " HIDDEN}},
        {"given up", BLOCK, PROTECT(""), false, false, {NULL}, {NULL}},
        {"a file may be of another host's", FILE, NULL, false, true, {NULL}, {NULL}},
        {"not allowed by the name it has",
         BLOCK,
         "block_devices: [/dev/sda]",
         true,
         false,
         {NULL},
         {"4 disk vda is a block device that the policy does not allow: /dev/sdb1"}},
        {"allowed by that", BLOCK, "block_devices: [/dev/sdb1]", true, false, {NULL}, {NULL}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(plan_scene) scene = scene_new("", "", rows[i].policy, NULL);
        g_autoptr(gpuvm_guest) guest = make_guest(rows[i].disk);

        if (!rows[i].looked)
            gpuvm_facts_forget_uses(scene->facts);
        scene->facts->processes_hidden = rows[i].hidden;
        judge(scene, guest, GPUVM_PLAN);
        expect_diags(rows[i].name, scene->diags, GPUVM_DIAG_WARNING, rows[i].warnings);
        gpuvm_diags_free(scene->diags);
        scene->diags = gpuvm_diags_new();
        judge(scene, guest, GPUVM_START);
        expect_diags(rows[i].name, scene->diags, GPUVM_DIAG_ERROR, rows[i].errors);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_the_host_uses),
        cmocka_unit_test(believes_the_kernel),
        cmocka_unit_test(knows_a_disk_by_what_it_is),
        cmocka_unit_test(says_what_it_cannot_see),
    };

    return cmocka_run_group_tests_name("diskcheck", tests, NULL, NULL);
}
