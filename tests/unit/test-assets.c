/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

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
        gpuvm_asset_free(asset);
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

    gpuvm_assets_look_at_files(root, assets, 0);
    expect_assets(cases, assets);
    tree_remove(root);
}

static void
knows_no_interface_without_sysfs(void **state G_GNUC_UNUSED)
{
    static const asset_case cases[] = {{GPUVM_ASSET_INTERFACE, "br0", GPUVM_UNKNOWN, UNKNOWN}};
    GPtrArray *assets = make_assets(cases, G_N_ELEMENTS(cases));
    char *root = tree_make("srv/\n");

    gpuvm_assets_look_at_files(root, assets, 0);
    expect_assets(cases, assets);
    tree_remove(root);
}

/* Two names of one file are one disk, and other files are others. */
static void
knows_what_a_file_is(void **state G_GNUC_UNUSED)
{
    static const asset_case cases[] = {
        {GPUVM_ASSET_FILE, "/srv/a.raw", 1, UNKNOWN},  {GPUVM_ASSET_FILE, "/srv/link", 1, UNKNOWN},
        {GPUVM_ASSET_FILE, "/srv/b.raw", 1, UNKNOWN},  {GPUVM_ASSET_FILE, "/srv", 1, UNKNOWN},
        {GPUVM_ASSET_FILE, "/dev/absent", 0, UNKNOWN},
    };
    GPtrArray *assets = make_assets(cases, G_N_ELEMENTS(cases));
    gpuvm_asset *const *asset = (gpuvm_asset *const *)assets->pdata;
    char *root = tree_make("srv/a.raw: x\nsrv/b.raw: x\nsrv/link => a.raw\n");

    for (guint i = 0; i < assets->len; i++)
        asset[i]->disk = true;
    gpuvm_assets_look_at_files(root, assets, 0);
    assert_non_null(asset[0]->identity);
    assert_string_equal(asset[0]->identity, asset[1]->identity);
    assert_string_not_equal(asset[0]->identity, asset[2]->identity);
    assert_null(asset[3]->identity);
    assert_null(asset[4]->identity);
    assert_false(asset[0]->block);
    expect_assets(cases, assets);
    tree_remove(root);
}

static char *
join(GPtrArray *texts)
{
    g_ptr_array_add(texts, NULL);
    return g_strjoinv(" ", (char **)texts->pdata);
}

/* A block device is made, by who may do that: no number is of a device, and opening it harms none. */
static void
knows_what_a_block_device_is(void **state G_GNUC_UNUSED)
{
    char *root = tree_make(
        "dev/mapper/\nsys/dev/block/0:0 => ../../devices/virtual/block/dm-1\n"
        "sys/devices/virtual/block/dm-1/slaves/sda2: \nsys/class/block/dm-1 -> sys/devices/virtual/block/dm-1\n"
        "sys/class/block/sda2 => ../../devices/ata1/sda/sda2\nsys/devices/ata1/sda/sda2/partition: 2\n"
        "run/udev/data/b0:0: S:vg/a\nrun/udev/data/b0:0: E:X=S:vg/b\nsrv/link => ../dev/mapper/vg-a\n"
        "dev/shm/link => ../mapper/vg-a\n");
    g_autofree char *node = g_build_filename(root, "dev/mapper/vg-a", NULL), *below = NULL, *paths = NULL;
    g_autoptr(GPtrArray) assets = g_ptr_array_new();
    g_autoptr(gpuvm_asset) asset = gpuvm_asset_new(GPUVM_ASSET_FILE, g_strdup("it"), "/dev/mapper/vg-a");
    g_autoptr(gpuvm_asset) link = gpuvm_asset_new(GPUVM_ASSET_FILE, g_strdup("it"), "/dev/shm/../shm/link");

    if (mknod(node, S_IFBLK | 0600, makedev(0, 0)) != 0) {
        tree_remove(root);
        skip();
    }
    asset->disk = link->disk = true;
    g_ptr_array_add(assets, asset);
    g_ptr_array_add(assets, link);
    gpuvm_assets_look_at_files(root, assets, 0);
    tree_remove(root);
    assert_true(asset->block && link->block);
    assert_string_equal(asset->identity, "dm-1");
    assert_string_equal(link->identity, "dm-1");
    below = join(asset->below);
    assert_string_equal(below, "sda2 sda");
    paths = join(link->paths);
    assert_string_equal(paths, "/dev/dm-1 /dev/vg/a");
    assert_true(g_ptr_array_find_with_equal_func(asset->paths, "/dev/mapper/vg-a", g_str_equal, NULL));
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
        {GPUVM_ASSET_DOMAIN, "test", 1, UNKNOWN},
        {GPUVM_ASSET_DOMAIN, "absent", 0, UNKNOWN},
        {GPUVM_ASSET_FILE, "/", GPUVM_UNKNOWN, UNKNOWN},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(gpuvm_connection) connection = gpuvm_connection_open("test:///default", &error);
    GPtrArray *assets = make_assets(cases, G_N_ELEMENTS(cases));

    assert_null(error);
    gpuvm_assets_look(connection, assets, 0);
    expect_assets(cases, assets);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_files_and_interfaces),
        cmocka_unit_test(knows_no_interface_without_sysfs),
        cmocka_unit_test(knows_what_a_file_is),
        cmocka_unit_test(knows_what_a_block_device_is),
        cmocka_unit_test(asks_libvirt),
    };

    return cmocka_run_group_tests_name("assets", tests, NULL, NULL);
}
