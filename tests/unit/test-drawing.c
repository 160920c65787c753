/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/drawing.h"

#define CELL "cell 0 cpus=0-3\n"
#define BRIDGE(address, below) address " 060400 1000:c030 bridge link=32x16/32x16 below=" below "\n"
#define PORT "0000:10:00.0 060400 8086:352a bridge numa=0 link=32x16/32x16\n"
#define GPU(address, rest) address " 030200 10de:2330" rest "\n"
#define NIC(address, rest) address " 020000 15b3:1021" rest "\n"

/* "cell#cell_0 'cell 0'{passable#gpu_pci_0000_01_00_0* 'its' 'lines'}": styles, ids, texts; of what is emphasized a star. */
static void
describe(GString *text, const gpuvm_box *box)
{
    g_string_append_printf(text, "%s%s%s%s", text->len > 0 ? " " : "", gpuvm_styles[box->style].name,
                           box->id ? "#" : "", box->id ? box->id : "");
    if (box->emphasized)
        g_string_append_c(text, '*');
    for (guint i = 0; i < box->labels->len; i++)
        g_string_append_printf(text, " '%s'", ((const gpuvm_label *)box->labels->pdata[i])->text);
    if (box->boxes->len == 0)
        return;
    g_string_append(text, " {");
    for (guint i = 0; i < box->boxes->len; i++)
        describe(text, box->boxes->pdata[i]);
    g_string_append(text, " }");
}

static bool
is_apart(const gpuvm_box *a, const gpuvm_box *b)
{
    return a->x + a->width <= b->x || b->x + b->width <= a->x || a->y + a->height <= b->y ||
           b->y + b->height <= a->y;
}

/* What holds of every picture: each box and each text is inside what it is in, no box is over another, no id is there twice. */
static void
expect_order(const char *name, const gpuvm_box *box, GHashTable *ids)
{
    if (box->id && !g_hash_table_add(ids, box->id))
        fail_msg("%s: two boxes are %s", name, box->id);
    for (guint i = 0; i < box->labels->len; i++) {
        const gpuvm_label *label = box->labels->pdata[i];
        double width = (double)g_utf8_strlen(label->text, -1) * label->size * GPUVM_PICTURE_CHARACTER;

        if (label->x < box->x || label->x + width > box->x + box->width || label->y - label->size < box->y ||
            label->y > box->y + box->height)
            fail_msg("%s: '%s' leaves its box", name, label->text);
    }
    for (guint i = 0; i < box->boxes->len; i++) {
        const gpuvm_box *inner = box->boxes->pdata[i];

        if (inner->x < box->x || inner->x + inner->width > box->x + box->width || inner->y < box->y ||
            inner->y + inner->height > box->y + box->height)
            fail_msg("%s: %s leaves %s", name, inner->id, box->id);
        for (guint k = 0; k < i; k++) {
            if (!is_apart(inner, box->boxes->pdata[k]))
                fail_msg("%s: %s is over another", name, inner->id);
        }
        expect_order(name, inner, ids);
    }
}

/* A picture in order, of @scene's host, for its VM, and @guest. */
static gpuvm_box *
draw(const char *name, const plan_scene *scene, const char *unseen, const gpuvm_branch *guest)
{
    g_autoptr(gpuvm_branch) host = gpuvm_topology_host(scene->facts, &scene->policies, unseen, "vm", false);
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    gpuvm_box *page = gpuvm_drawing_make(host, guest);

    expect_order(name, page, ids);
    return page;
}

#define IN_CELL "page { machine#machine 'host' { cell#cell_0 'cell 0' 'memory unknown, CPUs 0-3' { "
#define DEVICE "'3D controller' 'gpu 0000:00:02.0' "
#define PASSABLE " } } passable 'can be passed' }"

static void
hosts_are_boxes(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *facts, *unseen, *expected;
    } cases[] = {
        {"nothing at all", "", NULL, "page { machine#machine 'host' }"},
        {"no device: no legend", CELL, NULL,
         "page { machine#machine 'host' { cell#cell_0 'cell 0' 'memory unknown, CPUs 0-3' } }"},
        {"one that is passable", CELL GPU("0000:00:02.0", " group=7"), NULL,
         IN_CELL "passable#gpu_pci_0000_00_02_0 " DEVICE "'group 7  passable'" PASSABLE},
        {"each state is in the legend once, each reason below it",
         CELL GPU("0000:00:02.0", " group=1") GPU("0000:00:03.0", " group=2") NIC("0000:00:04.0", " group=3")
             NIC("0000:00:05.0", " group=4") "0000:00:06.0 030000 8086:3e98 group=5 boot=1\n"
                                             "domain a active 0000:00:03.0\n",
         NULL,
         "page 'not in allowlist: 0000:00:04.0, 0000:00:05.0' 'is the host's boot display: 0000:00:06.0' "
         "{ machine#machine 'host' { cell#cell_0 'cell 0' 'memory unknown, CPUs 0-3' { "
         "passable#gpu_pci_0000_00_02_0 '3D controller' 'gpu 0000:00:02.0' 'group 1  passable' "
         "vm#gpu_pci_0000_00_03_0 '3D controller' 'gpu 0000:00:03.0' 'group 2  vm a' "
         "denied#nic_pci_0000_00_04_0 'Ethernet controller' 'nic 0000:00:04.0' 'group 3  denied' "
         "denied#nic_pci_0000_00_05_0 'Ethernet controller' 'nic 0000:00:05.0' 'group 4  denied' "
         "host#gpu_pci_0000_00_06_0 'VGA compatible controller' 'gpu 0000:00:06.0' 'group 5  host' } } "
         "passable 'can be passed' vm 'in a VM that runs' host 'used by the host' denied 'cannot be passed' }"},
        {"what cannot be seen", CELL GPU("0000:00:02.0", " group=1"), "it cannot be seen",
         "page 'it cannot be seen: 0000:00:02.0' "
         "{ machine#machine 'host' { cell#cell_0 'cell 0' 'memory unknown, CPUs 0-3' { "
         "unknown#gpu_pci_0000_00_02_0 " DEVICE "'group 1  unknown' } } unknown 'use by the host unknown' }"},
        {"what the VM names is emphasized, and who else does is counted",
         CELL GPU("0000:00:02.0", " group=1") "domain vm 0000:00:02.0\ndomain b 0000:00:02.0\n", NULL,
         IN_CELL "passable#gpu_pci_0000_00_02_0* " DEVICE "'group 1  passable for b +1'" PASSABLE},
        {"without a group, and a reason of two lines", CELL GPU("0000:00:02.0", ""), NULL,
         "page 'has no IOMMU group (IOMMU may not be' 'enabled): 0000:00:02.0' "
         "{ machine#machine 'host' { cell#cell_0 'cell 0' 'memory unknown, CPUs 0-3' { "
         "denied#gpu_pci_0000_00_02_0 " DEVICE "'denied' } } denied 'cannot be passed' }"},
        {"a switch in a port",
         CELL PORT BRIDGE("0000:11:00.0", "0000:10:00.0") BRIDGE("0000:12:00.0", "0000:11:00.0")
             GPU("0000:13:00.0", " group=6 below=0000:12:00.0"),
         NULL,
         IN_CELL "port#port_pci_0000_10_00_0 'port 0000:10:00.0' { switch#switch_pci_0000_11_00_0 "
                 "'switch 0000:11:00.0' { passable#gpu_pci_0000_13_00_0 '3D controller' 'gpu 0000:13:00.0' "
                 "'group 6  passable' } }" PASSABLE},
        {"virtual functions in their card",
         CELL GPU("0000:00:02.0", " group=1") GPU("0000:00:02.1", " group=2 vf=0000:00:02.0")
             GPU("0000:00:02.2", " group=3 vf=0000:00:02.0"),
         NULL,
         IN_CELL "passable#gpu_pci_0000_00_02_0 " DEVICE
                 "'group 1  passable' { passable#gpu_pci_0000_00_02_1 "
                 "'2 virtual functions' 'gpu 0000:00:02.1 +1' 'group 2-3  passable' }" PASSABLE},
        {"no cell known", CELL "cell 1 cpus=4-7\n" GPU("0000:00:02.0", " group=1"), NULL,
         "page { machine#machine 'host' { cell#cell_0 'cell 0' 'memory unknown, CPUs 0-3' "
         "cell#cell_1 'cell 1' 'memory unknown, CPUs 4-7' cell#cell_-1 'no cell known' { "
         "passable#gpu_pci_0000_00_02_0 " DEVICE "'group 1  passable'" PASSABLE},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(cases[i].facts, "", NULL, NULL);
        g_autoptr(gpuvm_box) page = draw(cases[i].name, scene, cases[i].unseen, NULL);
        g_autoptr(GString) text = g_string_new(NULL);

        describe(text, page);
        expect_text(cases[i].name, text->str, cases[i].expected);
    }
}

static void
guest_is_beside_its_host(void **state G_GNUC_UNUSED)
{
    static const char xml[] =
        "<domain><name>vm</name><memory unit='KiB'>1048576</memory><vcpu>2</vcpu><devices>"
        "<controller type='pci' index='0' model='pcie-root'/>"
        "<controller type='pci' index='1' model='pcie-root-port'>"
        "<address type='pci' domain='0' bus='0' slot='1' function='0'/></controller>"
        "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='1' slot='0' function='0'/></source>"
        "<address type='pci' domain='0' bus='1' slot='0' function='0'/></hostdev></devices></domain>";
    g_autoptr(plan_scene) scene =
        scene_new(CELL GPU("0000:01:00.0", " group=1") "domain vm active 0000:01:00.0\n", "", NULL, NULL);
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "vm", NULL);
    g_autoptr(gpuvm_branch) guest = gpuvm_topology_guest(xmlDocGetRootElement(doc), scene->facts, NULL);
    g_autoptr(gpuvm_box) page = draw("guest", scene, NULL, guest);
    g_autoptr(GString) text = g_string_new(NULL);

    describe(text, page);
    expect_text("guest", text->str,
                IN_CELL
                "vm#gpu_pci_0000_01_00_0* '3D controller' 'gpu 0000:01:00.0' 'group 1  vm vm' } } "
                "machine#guest_machine 'guest vm' { cell#guest_cell_0 'cell 0' '1.0 GiB, 2 CPUs' "
                "{ port#guest_port_pci_0000_00_01_0 'port 0000:00:01.0' { vm#guest_gpu_pci_0000_01_00_0 "
                "'3D controller' 'gpu 0000:01:00.0' 'on the host 0000:01:00.0' } } } "
                "vm 'in a VM that runs' }");
}

/* The box @id in @box; NULL. */
static const gpuvm_box *
find(const gpuvm_box *box, const char *id)
{
    const gpuvm_box *found = g_strcmp0(box->id, id) == 0 ? box : NULL;

    for (guint i = 0; i < box->boxes->len && !found; i++)
        found = find(box->boxes->pdata[i], id);
    return found;
}

static void
many_devices_are_in_rows(void **state G_GNUC_UNUSED)
{
    g_autoptr(GString) facts = g_string_new(CELL);
    const gpuvm_box *machine;

    for (unsigned i = 1; i <= 24; i++)
        g_string_append_printf(facts, GPU("0000:%02x:00.0", " group=%u"), i, i);
    g_autoptr(plan_scene) scene = scene_new(facts->str, "", NULL, NULL);
    g_autoptr(gpuvm_box) page = draw("many", scene, NULL, NULL);
    machine = find(page, "machine");
    assert_true(machine->width < 3 * machine->height && machine->height < 2 * machine->width);
}

static void
a_long_or_rude_name_is_cut_and_told_in_full(void **state G_GNUC_UNUSED)
{
    static const char name[] = "a\033[31m name of more than thirty characters, so that it is cut";
    g_autoptr(plan_scene) scene = scene_new(CELL GPU("0000:01:00.0", " group=1"), "", NULL, NULL);
    gpuvm_device *device = (gpuvm_device *)gpuvm_facts_device(scene->facts, &(gpuvm_pci_addr){.bus = 1});

    g_free(device->product);
    device->product = g_strdup(name);
    g_autoptr(gpuvm_box) page = draw("a name", scene, NULL, NULL);
    const gpuvm_box *box = find(page, "gpu_pci_0000_01_00_0");
    const char *label = ((const gpuvm_label *)box->labels->pdata[0])->text;
    if (!g_str_has_suffix(label, "…") || strpbrk(label, "\033") || strpbrk(box->title, "\033") ||
        !strstr(box->title, "so that it is cut"))
        fail_msg("it is %s, and in full %s", label, box->title);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_boxes),
        cmocka_unit_test(guest_is_beside_its_host),
        cmocka_unit_test(many_devices_are_in_rows),
        cmocka_unit_test(a_long_or_rude_name_is_cut_and_told_in_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
