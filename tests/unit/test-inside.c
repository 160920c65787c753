/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/inside.h"
#include "model/cpuset.h"

#define END "cpus 0-1\nend\n"
#define FUNCTION(path) "function " path " 0x10de 0x2204 0x030000 0 16.0 16 nvidia\n"
#define CARD FUNCTION("/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0")

/* What was read, as text. */
static char *
describe(const gpuvm_inside *inside)
{
    GString *text = g_string_new(NULL);
    g_autofree char *cpus = gpuvm_cpuset_format(inside->cpus);

    g_string_append_printf(text, "cpus %s; memory %" G_GUINT64_FORMAT, cpus, inside->memory_kib);
    for (guint i = 0; i < inside->cells->len; i++) {
        const gpuvm_inside_cell *cell = inside->cells->pdata[i];
        g_autofree char *own = gpuvm_cpuset_format(cell->cpus);

        g_string_append_printf(text, "; cell %d %" G_GUINT64_FORMAT " %s", cell->id, cell->memory_kib, own);
    }
    for (guint i = 0; i < inside->tools->len; i++) {
        const gpuvm_inside_tool *tool = inside->tools->pdata[i];

        g_string_append_printf(text, "; %s %u", tool->name, tool->count);
    }
    for (guint i = 0; i < inside->functions->len; i++) {
        const gpuvm_inside_function *function = inside->functions->pdata[i];
        const gpuvm_device *device = function->device;

        g_string_append_printf(
            text, "; %s %s %04x:%04x %06x node %d link %gx%d %s bars %" G_GUINT64_FORMAT "+%u",
            function->place, GPUVM_PCI(&device->addr), device->vendor_id, device->device_id,
            device->class_code, device->numa_node, device->link_max_speed, device->link_max_width,
            device->driver ? device->driver : "none", device->memory_size, function->unassigned);
    }
    return g_string_free(text, FALSE);
}

static void
reads_what_the_script_prints(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *expected; /* NULL: not understood */
    } cases[] = {
        {END, "cpus 0-1; memory 0"},
        {"cpus 0-3,8\nmemory 1024\ncell 0 512 0-1\ncell 1 512 -\ntool nvidia-smi 2\nend\nmore\n",
         "cpus 0-3,8; memory 1024; cell 0 512 0-1; cell 1 512 ; nvidia-smi 2"},
        {CARD "resource 0x0000000040000000 0x0000000040ffffff 0x0000000000040200\n"
              "resource 0x0000000000000000 0x0000000001ffffff 0x000000000014220c\n"
              "resource 0x0000000050000000 0x0000000051ffffff 0x000000002014220c\n"
              "resource 0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
              "resource 0x000000000000e000 0x000000000000e07f 0x0000000000040101\n"
              "resource 0x0000000060000000 0x0000000060000fff 0x0000000000040200\n" END,
         "cpus 0-1; memory 0; 00:01.0/00.0 0000:01:00.0 10de:2204 030000 node 0 link 16x16 nvidia bars "
         "16781312+2"},
        {"function /sys/devices/pci0000:40/0000:40:00.0/0000:41:00.1 0x1002 0x74a1 0x120000 -1 Unknown 255 -\n" END,
         "cpus 0-1; memory 0; 40:00.0/00.1 0000:41:00.1 1002:74a1 120000 node -1 link 0x0 none bars 0+0"},
        {FUNCTION("/sys/devices/platform/4010000000.pcie/pci0000:00/0000:00:02.1") END,
         "cpus 0-1; memory 0; 00:02.1 0000:00:02.1 10de:2204 030000 node 0 link 16x16 nvidia bars 0+0"},
        {FUNCTION("/sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:01.0") END,
         "cpus 0-1; memory 0; 10000:e0:01.0 10000:e0:01.0 10de:2204 030000 node 0 link 16x16 nvidia bars "
         "0+0"},
        {FUNCTION("/sys/devices/pci0000:00") END, NULL},
        {FUNCTION("/sys/devices/pci0000:00/pci0000:01") END, NULL},
        {FUNCTION("/sys/devices/0000:00:01.0") END, NULL},
        {FUNCTION("/sys/devices/pci0000:00/usb1") END, NULL},
        {FUNCTION("") END, NULL},
        {"function /sys/devices/pci0000:00/0000:00:01.0 - 0x2204 0x030000 0 16.0 16 nvidia\n" END, NULL},
        {"function /sys/devices/pci0000:00/0000:00:01.0 0x10de 0x12204 0x030000 0 16.0 16 nvidia\n" END,
         NULL},
        {"function /sys/devices/pci0000:00/0000:00:01.0 0x10de 0x2204 0x030000 -2 16.0 16 nvidia\n" END,
         NULL},
        {"function /sys/devices/pci0000:00/0000:00:01.0 0x10de 0x2204 0x030000 0 16.0 16\n" END, NULL},
        {"function /sys/devices/pci0000:00/0000:00:01.0 0x10de 0x2204 0x030000 0 inf 16 -\n" END,
         "cpus 0-1; memory 0; 00:01.0 0000:00:01.0 10de:2204 030000 node 0 link 0x0 none bars 0+0"},
        {"resource 0x1 0x2 0x200\n" END, NULL},
        {CARD "resource 0x1 0x2\n" END, NULL},
        {CARD "resource 0x1 0x2 0x10000000000000000\n" END, NULL},
        {"memory -\n" END, NULL},
        {"memory 99999999999999999999\n" END, NULL},
        {"cell 65536 1 0\n" END, NULL},
        {"cell 0 1 1-0\n" END, NULL},
        {"tool nvidia-smi -1\n" END, NULL},
        {"tool nvidia-smi\n" END, NULL},
        {"cpus 0-4294967295\nend\n", NULL},
        {"cpus 0-16383\nend\n", "cpus 0-16383; memory 0"},
        {"cpus 65535,1\nend\n", NULL},
        {"memory 1\nend\n", NULL},
        {"cpus 0-1\n", NULL},
        {"\n" END, NULL},
        {"hello\n" END, NULL},
        {"", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_inside) inside = gpuvm_inside_parse(cases[i].text);
        g_autofree char *seen = inside ? describe(inside) : g_strdup("not understood");

        expect_text(cases[i].text, seen, cases[i].expected ? cases[i].expected : "not understood");
    }
}

static void
is_limited(void **state G_GNUC_UNUSED)
{
    g_autofree char *lines = g_strnfill(2 * 1024 * 1024, '\n'), *text = g_strconcat(END, lines, NULL);

    assert_null(gpuvm_inside_parse(text));
}

static void
finds_by_place(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_inside) inside = gpuvm_inside_parse(CARD END);

    assert_non_null(gpuvm_inside_find(inside, "00:01.0/00.0"));
    assert_null(gpuvm_inside_find(inside, "00:01.0"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_script_prints),
        cmocka_unit_test(is_limited),
        cmocka_unit_test(finds_by_place),
    };

    return cmocka_run_group_tests_name("inside", tests, NULL, NULL);
}
