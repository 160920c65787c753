/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "fake-tree.h"
#include "host/assets.h"
#include "model/host.h"

typedef struct asset_case {
    gpuvm_asset_kind kind;
    const char *name;
    int exists, active, passes_devices;
} asset_case;

static GPtrArray *
make_assets(const asset_case *cases, size_t n)
{
    GPtrArray *assets = g_ptr_array_new();

    for (size_t i = 0; i < n; i++)
        g_ptr_array_add(assets, gpuvm_asset_new(cases[i].kind, g_strdup("it"), cases[i].name));
    return assets;
}

static void
expect_assets(const asset_case *cases, GPtrArray *assets)
{
    for (guint i = 0; i < assets->len; i++) {
        gpuvm_asset *asset = assets->pdata[i];

        if (asset->exists != cases[i].exists || asset->active != cases[i].active ||
            asset->passes_devices != cases[i].passes_devices)
            fail_msg("%s: exists %d, active %d, passes devices %d", asset->name, asset->exists, asset->active,
                     asset->passes_devices);
        g_free(asset->what);
        g_free(asset->name);
        g_free(asset);
    }
    g_ptr_array_unref(assets);
}

#define UNKNOWN GPUVM_UNKNOWN, GPUVM_UNKNOWN

static void
sees_files_and_interfaces(void **state G_GNUC_UNUSED)
{
    static const asset_case cases[] = {
        {GPUVM_ASSET_FILE, "/srv/a.raw", 1, UNKNOWN},
        {GPUVM_ASSET_FILE, "/srv", 1, UNKNOWN},
        {GPUVM_ASSET_FILE, "/srv/b.raw", 0, UNKNOWN},
        {GPUVM_ASSET_FILE, "/srv/a.raw/b", 0, UNKNOWN},
        {GPUVM_ASSET_FILE, "/srv/dangling", 0, UNKNOWN},
        {GPUVM_ASSET_FILE, "/srv/circle", GPUVM_UNKNOWN, UNKNOWN},
        {GPUVM_ASSET_INTERFACE, "br0", 1, UNKNOWN},
        {GPUVM_ASSET_INTERFACE, "br1", 0, UNKNOWN},
        {GPUVM_ASSET_NETWORK, "br0", GPUVM_UNKNOWN, UNKNOWN},
        {GPUVM_ASSET_VOLUME, "srv/a.raw", GPUVM_UNKNOWN, UNKNOWN},
    };
    GPtrArray *assets = make_assets(cases, G_N_ELEMENTS(cases));
    char *root =
        tree_make("srv/a.raw: x\nsys/class/net/br0/\nsrv/dangling => nothing\nsrv/circle => circle\n");

    gpuvm_assets_look_at_files(root, assets);
    expect_assets(cases, assets);
    tree_remove(root);
}

static void
knows_no_interface_without_sysfs(void **state G_GNUC_UNUSED)
{
    static const asset_case cases[] = {{GPUVM_ASSET_INTERFACE, "br0", GPUVM_UNKNOWN, UNKNOWN}};
    GPtrArray *assets = make_assets(cases, G_N_ELEMENTS(cases));
    char *root = tree_make("srv/\n");

    gpuvm_assets_look_at_files(root, assets);
    expect_assets(cases, assets);
    tree_remove(root);
}

/* libvirt's test driver has a network "default" and a pool "default-pool", and no files that could be seen. */
static void
asks_libvirt(void **state G_GNUC_UNUSED)
{
    static const asset_case cases[] = {
        {GPUVM_ASSET_NETWORK, "default", 1, 1, 0},
        {GPUVM_ASSET_NETWORK, "lan", 0, UNKNOWN},
        {GPUVM_ASSET_VOLUME, "default-pool/absent", 0, 1, GPUVM_UNKNOWN},
        {GPUVM_ASSET_VOLUME, "pool/a", 0, UNKNOWN},
        {GPUVM_ASSET_FILE, "/", GPUVM_UNKNOWN, UNKNOWN},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(gpuvm_connection) connection = gpuvm_connection_open("test:///default", &error);
    GPtrArray *assets = make_assets(cases, G_N_ELEMENTS(cases));

    assert_null(error);
    gpuvm_assets_look(connection, assets);
    expect_assets(cases, assets);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_files_and_interfaces),
        cmocka_unit_test(knows_no_interface_without_sysfs),
        cmocka_unit_test(asks_libvirt),
    };

    return cmocka_run_group_tests_name("assets", tests, NULL, NULL);
}
