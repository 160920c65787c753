/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/uses.h"

#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/use.h"

/* net/if.h: IFF_UP */
#define FLAG_UP 1
/* linux/ipv6_route.h, in /proc/net/ipv6_route: RTF_REJECT, an unreachable route */
#define ROUTE_REJECT 0x200
/* a global address, in /proc/net/if_inet6 */
#define SCOPE_GLOBAL "00"

/* Which interfaces have a default route, and which an address. */
typedef struct route_sets {
    GHashTable *with_default, *with_address; /* sets of char * */
} route_sets;

/* The lines of a table in /proc, as fields. */
static GPtrArray *
read_table(const char *root, const char *path)
{
    g_auto(GStrv) lines = gpuvm_file_lines(root, "%s", path);
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);

    for (char **line = lines; line && *line; line++) {
        g_auto(GStrv) words = g_strsplit_set(*line, " \t", -1);
        GStrvBuilder *fields = g_strv_builder_new();

        for (char **word = words; *word; word++) {
            if (**word)
                g_strv_builder_add(fields, *word);
        }
        g_ptr_array_add(rows, g_strv_builder_end(fields));
        g_strv_builder_unref(fields);
    }
    return rows;
}

static bool
all_zeros(const char *hex)
{
    return strspn(hex, "0") == strlen(hex);
}

/* IPv4: "Iface Destination Gateway …"; an interface with an address has a route to its own network, at least. */
static void
read_ipv4(const char *root, const route_sets *routes)
{
    g_autoptr(GPtrArray) rows = read_table(root, "/proc/net/route");

    for (guint i = 1; i < rows->len; i++) {
        char **fields = rows->pdata[i];

        if (g_strv_length(fields) < 8)
            continue;
        g_hash_table_add(all_zeros(fields[1]) && all_zeros(fields[7]) ? routes->with_default
                                                                      : routes->with_address,
                         g_strdup(fields[0]));
    }
}

/* IPv6: "destination length source length hop metric references uses flags interface". */
static void
read_ipv6(const char *root, const route_sets *routes)
{
    g_autoptr(GPtrArray) rows = read_table(root, "/proc/net/ipv6_route");
    g_autoptr(GPtrArray) addresses = read_table(root, "/proc/net/if_inet6");

    for (guint i = 0; i < rows->len; i++) {
        char **fields = rows->pdata[i];

        if (g_strv_length(fields) >= 10 && all_zeros(fields[0]) && all_zeros(fields[1]) &&
            !(strtoul(fields[8], NULL, 16) & ROUTE_REJECT))
            g_hash_table_add(routes->with_default, g_strdup(fields[9]));
    }
    for (guint i = 0; i < addresses->len; i++) {
        char **fields = addresses->pdata[i];

        if (g_strv_length(fields) >= 6 && g_str_equal(fields[3], SCOPE_GLOBAL))
            g_hash_table_add(routes->with_address, g_strdup(fields[5]));
    }
}

/* Adds the use to the devices under interface @name: its own, or those of what it is built on. */
static void
use_interface(const gpuvm_use_context *use, const char *name)
{
    g_autoptr(GPtrArray) lower = gpuvm_file_list(use->root, "lower_", "/sys/class/net/%s", name);

    for (guint i = 0; i < lower->len; i++)
        use_interface(use, (const char *)lower->pdata[i] + strlen("lower_"));
    gpuvm_use_path(use, "/sys/class/net/%s/device", name);
}

static bool
is_up(const char *root, const char *name)
{
    g_autofree char *flags = gpuvm_file_text(root, "/sys/class/net/%s/flags", name);

    return flags && strtoul(flags, NULL, 16) & FLAG_UP;
}

/* The one use of an interface that weighs most. */
static void
read_interface(gpuvm_use_context *use, const char *name, const route_sets *routes)
{
    g_autofree char *what = NULL, *remedy = g_strdup_printf("sudo ip link set %s down", name);

    if (g_hash_table_contains(routes->with_default, name)) {
        use->kind = GPUVM_USE_NETWORK;
        what = g_strdup_printf("carries the default route (interface %s)", name);
        g_free(remedy);
        remedy = g_strdup(
            "let another network card carry the default route"); /* this one may carry the user's ssh, too */
    } else if (g_hash_table_contains(routes->with_address, name)) {
        use->kind = GPUVM_USE_ADDRESS;
        what = g_strdup_printf("has an address (interface %s)", name);
    } else if (is_up(use->root, name)) {
        use->kind = GPUVM_USE_HOLDER;
        what = g_strdup_printf("has an interface that is up (%s)", name);
    } else {
        return;
    }
    use->what = what;
    use->remedy = remedy;
    use_interface(use, name);
}

void
gpuvm_uses_read_network(const char *root, gpuvm_facts *facts)
{
    g_autoptr(GPtrArray) names = gpuvm_file_list(root, "", "/sys/class/net");
    g_autoptr(GHashTable) with_default = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) with_address = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const route_sets routes = {.with_default = with_default, .with_address = with_address};
    gpuvm_use_context use = {.root = root, .facts = facts};

    read_ipv4(root, &routes);
    read_ipv6(root, &routes);
    for (guint i = 0; i < names->len; i++)
        read_interface(&use, names->pdata[i], &routes);
}
