/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/inside.h"

#include <string.h>

#include "model/cpuset.h"
#include "model/host.h"

#define SIZE_LIMIT (1024 * 1024) /* of the text: hundreds of functions */

/* linux/ioport.h: IORESOURCE_MEM, the kind of a BAR in the flags of `resource`; IORESOURCE_UNSET: it has no address */
#define RESOURCE_MEM UINT64_C(0x200)
#define RESOURCE_UNSET UINT64_C(0x20000000)

static void
free_function(gpointer data)
{
    gpuvm_inside_function *function = data;

    g_free(function->place);
    gpuvm_device_free(function->device);
    g_free(function);
}

static void
free_tool(gpointer data)
{
    gpuvm_inside_tool *tool = data;

    g_free(tool->name);
    g_free(tool);
}

static void
free_cell(gpointer data)
{
    gpuvm_inside_cell *cell = data;

    g_array_unref(cell->cpus);
    g_free(cell);
}

void
gpuvm_inside_free(gpuvm_inside *inside)
{
    if (!inside)
        return;
    g_ptr_array_unref(inside->functions);
    g_clear_pointer(&inside->cpus, g_array_unref);
    g_ptr_array_unref(inside->cells);
    g_ptr_array_unref(inside->tools);
    g_free(inside);
}

static bool
read_number(const char *word, uint64_t max, uint64_t *ret_number)
{
    bool hex = g_str_has_prefix(word, "0x");

    return g_ascii_string_to_unsigned(word + (hex ? 2 : 0), hex ? 16 : 10, 0, max, ret_number, NULL);
}

/* "-" is none; NULL: it is wrong. */
static GArray *
read_cpus(const char *word)
{
    return g_str_equal(word, "-") ? g_array_new(FALSE, FALSE, sizeof(int)) : gpuvm_cpuset_parse(word);
}

/* The place of what has @path in sysfs, and its address; NULL: it is not on a PCI bus, or not in a known way. */
static char *
read_place(const char *path, gpuvm_pci_addr *ret_addr)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    g_autoptr(GString) place = g_string_new(NULL);
    const char *before = NULL; /* what separates the next one */

    for (char **part = parts; *part; part++) {
        if (g_str_has_prefix(*part, "pci")) { /* a root bus */
            g_string_assign(place, *part + strlen(g_str_has_prefix(*part, "pci0000:") ? "pci0000:" : "pci"));
            before = ":";
        } else if (before) {
            if (!gpuvm_pci_addr_parse(*part, ret_addr, NULL, NULL))
                return NULL;
            g_string_append_printf(place, "%s%02x.%x", before, ret_addr->slot, ret_addr->function);
            before = "/";
        }
    }
    return g_strcmp0(before, "/") == 0 ? g_string_free(g_steal_pointer(&place), FALSE) : NULL;
}

/* What is wrong is unknown: the kernel has words for that. */
static void
read_link(const char *speed, const char *width, gpuvm_device *device)
{
    double able = g_ascii_strtod(speed, NULL);
    uint64_t lanes;

    if (able > 0 && able < 1000 && read_number(width, 32, &lanes)) {
        device->link_max_speed = able;
        device->link_max_width = (int)lanes;
    }
}

static bool
read_function(gpuvm_inside *inside, char **words)
{
    gpuvm_inside_function *function;
    gpuvm_pci_addr addr;
    uint64_t vendor, device, class_code;
    gint64 node;
    char *place;

    if (!read_number(words[2], UINT16_MAX, &vendor) || !read_number(words[3], UINT16_MAX, &device) ||
        !read_number(words[4], 0xffffff, &class_code) ||
        !g_ascii_string_to_signed(words[5], 10, -1, GPUVM_INSIDE_MAX, &node, NULL))
        return false;
    place = read_place(words[1], &addr);
    if (!place)
        return false;
    function = g_new0(gpuvm_inside_function, 1);
    function->place = place;
    function->device = gpuvm_device_new(&addr);
    function->device->vendor_id = (uint16_t)vendor;
    function->device->device_id = (uint16_t)device;
    function->device->class_code = (uint32_t)class_code;
    function->device->numa_node = node < 0 ? GPUVM_UNKNOWN : (int)node;
    read_link(words[6], words[7], function->device);
    function->device->driver = g_str_equal(words[8], "-") ? NULL : g_strdup(words[8]);
    g_ptr_array_add(inside->functions, function);
    return true;
}

static bool
read_resource(gpuvm_inside *inside, char **words)
{
    gpuvm_inside_function *function =
        inside->functions->len > 0 ? inside->functions->pdata[inside->functions->len - 1] : NULL;
    uint64_t start, end, flags;

    if (!function || !read_number(words[1], UINT64_MAX, &start) || !read_number(words[2], UINT64_MAX, &end) ||
        !read_number(words[3], UINT64_MAX, &flags))
        return false;
    if (!(flags & RESOURCE_MEM) || end <= start)
        return true;
    if (start == 0 || flags & RESOURCE_UNSET)
        function->unassigned++;
    else
        function->device->memory_size += end - start + 1;
    return true;
}

static bool
read_online(gpuvm_inside *inside, char **words)
{
    g_clear_pointer(&inside->cpus, g_array_unref);
    inside->cpus = read_cpus(words[1]);
    return inside->cpus != NULL;
}

static bool
read_memory(gpuvm_inside *inside, char **words)
{
    return read_number(words[1], UINT64_MAX / 1024, &inside->memory_kib);
}

static bool
read_cell(gpuvm_inside *inside, char **words)
{
    uint64_t id, kib;
    GArray *cpus = NULL;
    gpuvm_inside_cell *cell;

    if (!read_number(words[1], GPUVM_INSIDE_MAX, &id) || !read_number(words[2], UINT64_MAX / 1024, &kib) ||
        !(cpus = read_cpus(words[3])))
        return false;
    cell = g_new(gpuvm_inside_cell, 1);
    *cell = (gpuvm_inside_cell){.id = (int)id, .memory_kib = kib, .cpus = cpus};
    g_ptr_array_add(inside->cells, cell);
    return true;
}

static bool
read_tool(gpuvm_inside *inside, char **words)
{
    gpuvm_inside_tool *tool;
    uint64_t count;

    if (!read_number(words[2], UINT16_MAX, &count))
        return false;
    tool = g_new0(gpuvm_inside_tool, 1);
    tool->name = g_strdup(words[1]);
    tool->count = (unsigned)count;
    g_ptr_array_add(inside->tools, tool);
    return true;
}

static const struct {
    const char *name;
    guint words;
    bool (*read)(gpuvm_inside *inside, char **words);
} lines[] = {
    {"function", 9, read_function}, {"resource", 4, read_resource}, {"cpus", 2, read_online},
    {"memory", 2, read_memory},     {"cell", 4, read_cell},         {"tool", 3, read_tool},
};

static bool
read_line(gpuvm_inside *inside, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        if (words[0] && g_str_equal(words[0], lines[i].name))
            return g_strv_length(words) == lines[i].words && lines[i].read(inside, words);
    }
    return false;
}

gpuvm_inside *
gpuvm_inside_parse(const char *text)
{
    g_autoptr(gpuvm_inside) inside = g_new0(gpuvm_inside, 1);
    g_auto(GStrv) texts = NULL;
    char **line;

    inside->functions = g_ptr_array_new_with_free_func(free_function);
    inside->cells = g_ptr_array_new_with_free_func(free_cell);
    inside->tools = g_ptr_array_new_with_free_func(free_tool);
    if (strlen(text) > SIZE_LIMIT)
        return NULL;
    texts = g_strsplit(text, "\n", -1);
    for (line = texts; *line && !g_str_equal(*line, "end"); line++) {
        if (!read_line(inside, *line))
            return NULL;
    }
    return *line && inside->cpus ? g_steal_pointer(&inside) : NULL;
}

const gpuvm_inside_function *
gpuvm_inside_find(const gpuvm_inside *inside, const char *place)
{
    for (guint i = 0; i < inside->functions->len; i++) {
        const gpuvm_inside_function *function = inside->functions->pdata[i];

        if (g_str_equal(function->place, place))
            return function;
    }
    return NULL;
}
