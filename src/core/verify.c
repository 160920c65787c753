/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/verify.h"

#include "base/size.h"
#include "model/cpuset.h"
#include "model/guest.h"
#include "model/pcixml.h"

/* What a kernel keeps for itself: its page structures grow with the memory, a reserve for crash dumps does not. */
#define KERNEL_PART 8
#define KERNEL_KIB (256 * 1024)

#define DEPTH 8 /* bridges above a function, at most */

/* What is compared. */
typedef struct verification {
    const xmlNode *domain, *devices;
    const gpuvm_facts *facts;
    const gpuvm_inside *inside;
    GPtrArray *functions; /* planned */
    GPtrArray *promises;  /* gpuvm_promise */
} verification;

/* A function that the domain has. */
typedef struct planned {
    gpuvm_pci_addr addr;        /* on the host */
    const gpuvm_device *device; /* NULL: not known */
    char *place;                /* as gpuvm_inside_function has it */
    int numa_node;              /* of the guest; GPUVM_UNKNOWN: none is promised */
} planned;

void
gpuvm_promise_free(gpuvm_promise *promise)
{
    g_free(promise->device);
    g_free(promise->guest);
    g_free(promise->what);
    g_free(promise->planned);
    g_free(promise->seen);
    g_free(promise);
}

static void
free_planned(gpointer data)
{
    planned *function = data;

    g_free(function->place);
    g_free(function);
}

/* Takes @what, @expected and @seen. */
static gpuvm_promise *
compare(char *what, char *expected, char *seen, bool equal)
{
    gpuvm_promise *promise = g_new0(gpuvm_promise, 1);

    promise->what = what;
    promise->planned = expected;
    promise->seen = seen;
    promise->equal = equal;
    return promise;
}

/* Takes the same. @function: that it is about; NULL: none; @seen_function: where the guest has it; NULL. */
static void
add(verification *v, const planned *function, const gpuvm_inside_function *seen_function, char *what,
    char *expected, char *seen, bool equal)
{
    gpuvm_promise *promise = compare(what, expected, seen, equal);

    if (function)
        promise->device = g_strdup(GPUVM_PCI(&function->addr));
    if (seen_function)
        promise->guest = g_strdup(GPUVM_PCI(&seen_function->device->addr));
    g_ptr_array_add(v->promises, promise);
}

/* Texts that are equal when they say the same. Takes all three. */
static void
add_texts(verification *v, const planned *function, const gpuvm_inside_function *seen_function, char *what,
          char *expected, char *seen)
{
    add(v, function, seen_function, what, expected, seen, g_strcmp0(expected, seen) == 0);
}

static void
compare_memory(verification *v, char *what, uint64_t planned_kib, uint64_t seen_kib)
{
    bool enough = seen_kib <= planned_kib && planned_kib - seen_kib <= planned_kib / KERNEL_PART + KERNEL_KIB;

    add(v, NULL, NULL, what, gpuvm_size_format(planned_kib * 1024), gpuvm_size_format(seen_kib * 1024),
        enough);
}

static bool
compare_resources(verification *v, GError **error)
{
    const xmlNode *vcpu = gpuvm_xml_child(v->domain, "vcpu");
    uint64_t cpus = 1, kib = 0;

    if (!gpuvm_xml_number(vcpu, NULL, GPUVM_INSIDE_MAX, &cpus, error) ||
        !gpuvm_xml_number(vcpu, "current", GPUVM_INSIDE_MAX, &cpus, error) ||
        !gpuvm_guest_memory(v->domain, &kib, error))
        return false;
    add_texts(v, NULL, NULL, g_strdup("CPUs"), g_strdup_printf("%" G_GUINT64_FORMAT, cpus),
              g_strdup_printf("%u", v->inside->cpus->len));
    compare_memory(v, g_strdup("memory"), kib, v->inside->memory_kib);
    return true;
}

static const gpuvm_inside_cell *
find_cell(const gpuvm_inside *inside, uint64_t id)
{
    for (guint i = 0; i < inside->cells->len; i++) {
        const gpuvm_inside_cell *cell = inside->cells->pdata[i];

        if ((uint64_t)cell->id == id)
            return cell;
    }
    return NULL;
}

static xmlNode *
first_cell(const verification *v)
{
    return gpuvm_xml_child(gpuvm_xml_child(gpuvm_xml_child(v->domain, "cpu"), "numa"), "cell");
}

static bool
compare_cells(verification *v, GError **error)
{
    for (const xmlNode *node = first_cell(v); node; node = gpuvm_xml_next(node)) {
        g_autofree char *text = gpuvm_xml_attr(node, "cpus");
        g_autoptr(GArray) cpus = text ? gpuvm_cpuset_parse(text) : g_array_new(FALSE, FALSE, sizeof(int));
        const gpuvm_inside_cell *seen;
        uint64_t id = 0, kib = 0;

        if (!gpuvm_xml_number(node, "id", GPUVM_INSIDE_MAX, &id, error) ||
            !gpuvm_xml_number(node, "memory", UINT64_MAX / 1024, &kib, error))
            return false;
        if (!cpus)
            return gpuvm_xml_fail(node, error, "attribute cpus of <cell> is not a list of CPUs: '%s'", text);
        seen = find_cell(v->inside, id);
        add_texts(v, NULL, NULL, g_strdup_printf("CPUs of node %" G_GUINT64_FORMAT, id),
                  gpuvm_cpuset_format(cpus), seen ? gpuvm_cpuset_format(seen->cpus) : NULL);
        compare_memory(v, g_strdup_printf("memory of node %" G_GUINT64_FORMAT, id), kib,
                       seen ? seen->memory_kib : 0);
    }
    return true;
}

/* *@ret_controller: that of PCI bus @index; NULL: there is none. */
static bool
find_controller(const verification *v, uint64_t index, const xmlNode **ret_controller, GError **error)
{
    const xmlNode *node = gpuvm_xml_child(v->devices, "controller");

    for (; node; node = gpuvm_xml_next(node)) {
        uint64_t number = UINT64_MAX;

        if (gpuvm_xml_attr_is(node, "type", "pci") &&
            !gpuvm_xml_number(node, "index", UINT8_MAX, &number, error))
            return false;
        if (number == index)
            break;
    }
    *ret_controller = node;
    return true;
}

/* Puts the root bus that @controller is, a root or an expander, before @place. */
static bool
end_place(const xmlNode *controller, GString *place, int *ret_node, GError **error)
{
    const xmlNode *target = gpuvm_xml_child(controller, "target");
    g_autofree char *root = NULL, *node = gpuvm_xml_text(gpuvm_xml_child(target, "node"));
    uint64_t bus = 0, number;

    if (!gpuvm_xml_number(target, "busNr", UINT8_MAX, &bus, error))
        return false;
    root = g_strdup_printf("%02x:", (unsigned)bus);
    g_string_prepend(place, root);
    if (node && g_ascii_string_to_unsigned(node, 10, 0, GPUVM_INSIDE_MAX, &number, NULL))
        *ret_node = (int)number;
    return true;
}

/* Where the guest has what is at @address, by the controllers above it. */
static bool
find_place(const verification *v, const xmlNode *address, planned *function, GError **error)
{
    g_autoptr(GString) place = g_string_new(NULL);
    const xmlNode *node = address, *controller = NULL;

    for (unsigned depth = 0; depth < DEPTH; depth++) {
        g_autofree char *step = NULL, *model = NULL;
        gpuvm_pci_addr addr;

        if (!gpuvm_xml_address(node, &addr, error))
            return false;
        step = g_strdup_printf("%02x.%x%s", addr.slot, addr.function, place->len > 0 ? "/" : "");
        g_string_prepend(place, step);
        if (!find_controller(v, addr.bus, &controller, error))
            return false;
        model = gpuvm_xml_attr(controller, "model");
        node = gpuvm_xml_child(controller, "address");
        if (!model || !node || g_str_has_suffix(model, "-root") || g_str_equal(model, "pcie-expander-bus")) {
            if (!end_place(controller, place, &function->numa_node, error))
                return false;
            function->place = g_string_free(g_steal_pointer(&place), FALSE);
            return true;
        }
    }
    return gpuvm_xml_fail(address, error, "more than %d bridges above a device", DEPTH);
}

static bool
read_functions(verification *v, GError **error)
{
    for (const xmlNode *node = v->devices ? v->devices->children : NULL; node; node = node->next) {
        const xmlNode *address = gpuvm_xml_child(node, "address"),
                      *source = gpuvm_xml_child(gpuvm_xml_child(node, "source"), "address");
        planned *function;

        /* one that is unassigned is not the guest's to see; of an NVMe disk QEMU makes a disk */
        if (!gpuvm_xml_takes_pci(node) || gpuvm_xml_is(node, "disk") || !source ||
            !gpuvm_xml_attr_is(address, "type", "pci"))
            continue;
        function = g_new0(planned, 1);
        function->numa_node = GPUVM_UNKNOWN;
        g_ptr_array_add(v->functions, function);
        if (!gpuvm_xml_address(source, &function->addr, error) || !find_place(v, address, function, error))
            return false;
        function->device = gpuvm_facts_device(v->facts, &function->addr);
    }
    return true;
}

/* Exactly: "32816 MiB". */
static char *
format_exactly(uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    size_t unit = 0;

    for (; unit + 1 < G_N_ELEMENTS(units) && bytes > 0 && bytes % 1024 == 0; unit++)
        bytes /= 1024;
    return g_strdup_printf("%" G_GUINT64_FORMAT " %s", bytes, units[unit]);
}

static void
compare_bars(verification *v, const planned *function, const gpuvm_inside_function *seen)
{
    uint64_t size = function->device ? function->device->memory_size : 0;
    char *expected = size > 0 ? format_exactly(size) : g_strdup("with addresses");
    char *found = size > 0 ? format_exactly(seen->device->memory_size) : g_strdup(expected);

    if (seen->unassigned == 0) {
        add_texts(v, function, seen, g_strdup("BARs"), expected, found);
        return;
    }
    add(v, function, seen, g_strdup("BARs"), expected,
        g_strdup_printf("%u without an address", seen->unassigned), false);
    g_free(found);
}

/* NULL: it has none, or is not seen. */
static char *
format_link(const gpuvm_device *device)
{
    return device->link_max_speed > 0 && device->link_max_width > 0
               ? g_strdup_printf("%g GT/s x%d", device->link_max_speed, device->link_max_width)
               : NULL;
}

/* Whether @function stands beside a GPU of the guest's, on its card, as its sound does. */
static bool
is_beside_gpu(const verification *v, const planned *function)
{
    bool beside = false;

    if (!function->device || gpuvm_device_is_gpu(function->device))
        return false;
    for (guint i = 0; i < v->functions->len && !beside; i++) {
        const gpuvm_device *other = ((const planned *)v->functions->pdata[i])->device;

        beside = other && gpuvm_device_is_gpu(other) && gpuvm_device_same_card(other, function->device);
    }
    return beside;
}

static void
compare_function(verification *v, const planned *function)
{
    const gpuvm_inside_function *seen = gpuvm_inside_find(v->inside, function->place);
    const gpuvm_device *device = function->device;
    char *link = device ? format_link(device) : NULL;

    add_texts(v, function, seen, g_strdup("place"), g_strdup(function->place),
              seen ? g_strdup(seen->place) : NULL);
    if (!seen) {
        g_free(link);
        return;
    }
    if (device)
        add_texts(v, function, seen, g_strdup("ids"),
                  g_strdup_printf("%04x:%04x", device->vendor_id, device->device_id),
                  g_strdup_printf("%04x:%04x", seen->device->vendor_id, seen->device->device_id));
    compare_bars(v, function, seen);
    if (link)
        add_texts(v, function, seen, g_strdup("link"), link, format_link(seen->device));
    if (function->numa_node != GPUVM_UNKNOWN)
        add_texts(v, function, seen, g_strdup("NUMA node"), g_strdup_printf("%d", function->numa_node),
                  seen->device->numa_node == GPUVM_UNKNOWN ? NULL
                                                           : g_strdup_printf("%d", seen->device->numa_node));
    if (!is_beside_gpu(v, function))
        add(v, function, seen, g_strdup("driver"), g_strdup("any"), g_strdup(seen->device->driver),
            seen->device->driver != NULL);
}

/* Programs that come with drivers, and the vendor whose GPUs they count; 0: any, as often as there are drivers for one. */
static const struct {
    const char *name;
    uint16_t vendor;
} counters[] = {{"nvidia-smi", 0x10de}, {"rocm-smi", 0x1002}, {"clinfo", 0}};

static unsigned
count_gpus(const verification *v, uint16_t vendor)
{
    unsigned count = 0;

    for (guint i = 0; i < v->functions->len; i++) {
        const gpuvm_device *device = ((const planned *)v->functions->pdata[i])->device;

        count += device && gpuvm_device_is_gpu(device) && (vendor == 0 || device->vendor_id == vendor);
    }
    return count;
}

static void
compare_tool(verification *v, const gpuvm_inside_tool *tool)
{
    for (size_t i = 0; i < G_N_ELEMENTS(counters); i++) {
        bool any = counters[i].vendor == 0;
        unsigned count = count_gpus(v, counters[i].vendor);

        if (count > 0 && g_str_equal(tool->name, counters[i].name))
            add(v, NULL, NULL, g_strconcat("GPUs of ", tool->name, NULL),
                g_strdup_printf("%s%u", any ? "at least " : "", count), g_strdup_printf("%u", tool->count),
                tool->count == count || (any && tool->count > count));
    }
}

GPtrArray *
gpuvm_verify_compare(const xmlNode *domain, const gpuvm_facts *facts, const gpuvm_inside *inside,
                     GError **error)
{
    g_autoptr(GPtrArray) functions = g_ptr_array_new_with_free_func(free_planned);
    g_autoptr(GPtrArray) promises = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_promise_free);
    verification v = {.domain = domain,
                      .devices = gpuvm_xml_child(domain, "devices"),
                      .facts = facts,
                      .inside = inside,
                      .functions = functions,
                      .promises = promises};

    if (!compare_resources(&v, error) || !compare_cells(&v, error) || !read_functions(&v, error))
        return NULL;
    for (guint i = 0; i < functions->len; i++)
        compare_function(&v, functions->pdata[i]);
    for (guint i = 0; i < inside->tools->len; i++)
        compare_tool(&v, inside->tools->pdata[i]);
    return g_steal_pointer(&promises);
}

gpuvm_promise *
gpuvm_verify_command(const gpuvm_guestexec *process, unsigned seconds)
{
    bool late = gpuvm_guestexec_timed_out(process);

    return compare(g_strdup("command"), g_strdup("exit status 0"),
                   late ? g_strdup_printf("no end in %u s", seconds)
                        : g_strdup_printf("exit status %d", process->exit_code),
                   !late && process->exit_code == 0);
}
