/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/reset.h"

#include "base/error.h"
#include "host/file.h"
#include "host/sysfs.h"

#define PCI "/sys/bus/pci/"
#define DEVICES PCI "devices/"
#define BUS "bus"

static bool
fail(GError **error, const char *why)
{
    g_set_error_literal(error, GPUVM_ERROR, GPUVM_EXIT_HOST, why);
    return false;
}

/* The kernel's words for how it is reset: none of a kernel before 5.15, which chooses by itself. */
static char **
read_methods(const char *root, const gpuvm_pci_addr *addr)
{
    g_autofree char *text = gpuvm_file_text(root, DEVICES "%s/reset_method", GPUVM_PCI(addr));

    return g_strsplit(text ? text : "", " ", -1);
}

static bool
write_methods(const char *root, const gpuvm_pci_addr *addr, const char *methods, GError **error)
{
    return gpuvm_file_write(root, methods, error, DEVICES "%s/reset_method", GPUVM_PCI(addr));
}

static bool
reset(const char *root, const gpuvm_pci_addr *addr, GError **error)
{
    return gpuvm_file_write(root, "1", error, DEVICES "%s/reset", GPUVM_PCI(addr));
}

bool
gpuvm_reset_function(const char *root, const gpuvm_pci_addr *addr, GError **error)
{
    g_auto(GStrv) methods = read_methods(root, addr);

    if (!gpuvm_file_exists(root, DEVICES "%s/reset", GPUVM_PCI(addr)) || g_strcmp0(methods[0], BUS) == 0)
        return fail(error, "the kernel has none");
    return reset(root, addr, error);
}

/* Whether what is at @neighbour, on the bus of the card at @addr, needs it. */
static bool
needs_bus(const char *root, const gpuvm_pci_addr *neighbour, const gpuvm_pci_addr *addr)
{
    g_autoptr(gpuvm_device) device = gpuvm_sysfs_device(root, neighbour);

    if (!device || (gpuvm_pci_addr_same_slot(neighbour, addr) && !device->virtual_function))
        return false;
    return device->bridge || device->driver;
}

static bool
is_bus_free(const char *root, const gpuvm_pci_addr *addr, GError **error)
{
    g_autofree char *bus = g_strdup_printf("%04x:%02x:", addr->domain, addr->bus);
    g_autoptr(GPtrArray) names = gpuvm_file_list(root, bus, PCI "devices");

    for (guint i = 0; i < names->len; i++) {
        gpuvm_pci_addr neighbour;

        if (gpuvm_pci_addr_parse(names->pdata[i], &neighbour, NULL, NULL) &&
            needs_bus(root, &neighbour, addr)) {
            g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_HOST, "%s, on the same bus, is in use",
                        GPUVM_PCI(&neighbour));
            return false;
        }
    }
    return true;
}

/* The bridge that the function is behind; "pci0000:00" on a root bus; NULL: it is not there. */
static char *
find_parent(const char *root, const gpuvm_pci_addr *addr)
{
    g_autofree char *path = g_strdup_printf("%s" DEVICES "%s", root, GPUVM_PCI(addr));
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *above = target ? g_path_get_dirname(target) : NULL;

    return above ? g_path_get_basename(above) : NULL;
}

bool
gpuvm_reset_bus(const char *root, const gpuvm_pci_addr *addr, GError **error)
{
    g_autofree char *parent = find_parent(root, addr);
    g_auto(GStrv) methods = read_methods(root, addr);
    g_autofree char *former = g_strjoinv(" ", methods);
    bool done;

    if (!is_bus_free(root, addr, error))
        return false;
    if (parent && gpuvm_file_exists(root, DEVICES "%s/reset_subordinate", parent))
        return gpuvm_file_write(root, "1", error, DEVICES "%s/reset_subordinate", parent);
    if (!g_strv_contains((const char *const *)methods, BUS))
        return fail(error, "the kernel has none");
    done = write_methods(root, addr, BUS, error) && reset(root, addr, error);
    write_methods(root, addr, former, NULL);
    return done;
}

bool
gpuvm_reset_rescan(const char *root, const GArray *addrs, GError **error)
{
    g_autofree char *parent = find_parent(root, &g_array_index(addrs, gpuvm_pci_addr, 0));
    bool done = true;

    for (guint i = 0; done && i < addrs->len; i++)
        done = gpuvm_file_write(root, "1", error, DEVICES "%s/remove",
                                GPUVM_PCI(&g_array_index(addrs, gpuvm_pci_addr, i)));
    /* what was removed is to come back, whatever failed; a root bus has none of its own */
    if (!(parent && gpuvm_file_write(root, "1", NULL, DEVICES "%s/rescan", parent)))
        done = gpuvm_file_write(root, "1", done ? error : NULL, PCI "rescan") && done;
    for (guint i = 0; done && i < addrs->len; i++) {
        const char *address = GPUVM_PCI(&g_array_index(addrs, gpuvm_pci_addr, i));

        if (!gpuvm_file_exists(root, DEVICES "%s", address)) {
            g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_HOST, "%s is gone from its bus", address);
            done = false;
        }
    }
    return done;
}
