/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "fake-tree.h"
#include "host/reset.h"

#define AT(address) "sys/bus/pci/devices/" address
#define FUNCTION(address)                                                                                    \
    AT(address) "/class: 0x030000\n" AT(address) "/vendor: 0x10de\n" AT(address) "/device: 0x2204\n"
#define CARD                                                                                                 \
    FUNCTION("0000:01:00.0")                                                                                 \
    FUNCTION("0000:01:00.1") AT("0000:01:00.1") "/driver => ../drivers/snd_hda_intel\n"
#define METHODS(text) AT("0000:01:00.0") "/reset_method: " text "\n" AT("0000:01:00.0") "/reset: 0\n"

static const gpuvm_pci_addr card = {0, 1, 0, 0};

/* What is written to a file of the function, without the end of what was there. */
static void
expect_file(const char *name, const char *root, const char *file, const char *expected)
{
    g_autofree char *path = g_strdup_printf("%s/%s", root, file), *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !g_str_has_prefix(text, expected))
        fail_msg("%s: %s is '%s', not '%s'", name, file, text, expected);
}

static void
test_function(void **state)
{
    static const struct {
        const char *name, *tree, *why;
    } rows[] = {
        {"by FLR", CARD METHODS("flr bus")},
        {"of an older kernel", CARD AT("0000:01:00.0") "/reset: 0\n"},
        {"by nothing but the bus", CARD METHODS("bus"), "the kernel has none"},
        {"by nothing", CARD, "the kernel has none"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        char *root = tree_make(rows[i].tree);
        bool done = gpuvm_reset_function(root, &card, &error);

        if (done != !rows[i].why || (error && !g_str_equal(error->message, rows[i].why)))
            fail_msg("%s: %s", rows[i].name, error ? error->message : "done");
        if (done)
            expect_file(rows[i].name, root, AT("0000:01:00.0") "/reset", "1");
        tree_remove(root);
    }
}

static void
test_bus(void **state)
{
    static const struct {
        const char *name, *tree, *why, *file;
    } rows[] = {
        {"by its method", CARD METHODS("flr bus"), NULL, AT("0000:01:00.0") "/reset"},
        {"without one", CARD METHODS("flr"), "the kernel has none", NULL},
        {"that a neighbour without a driver is on", CARD METHODS("bus") FUNCTION("0000:01:01.0"), NULL,
         AT("0000:01:00.0") "/reset"},
        {"that a neighbour is on",
         CARD METHODS("bus") FUNCTION("0000:01:01.0") AT("0000:01:01.0") "/driver => ../drivers/igb\n",
         "0000:01:01.0, on the same bus, is in use", NULL},
        {"that a bridge is on",
         CARD METHODS("bus") AT("0000:01:01.0") "/class: 0x060400\n" AT(
             "0000:01:01.0") "/vendor: 0x8086\n" AT("0000:01:01.0") "/device: 0x0001\n",
         "0000:01:01.0, on the same bus, is in use", NULL},
        {"that a virtual function is on",
         CARD METHODS("bus") FUNCTION("0000:01:00.2") AT("0000:01:00.2") "/physfn => ../0000:01:00.0\n" AT(
             "0000:01:00.2") "/driver => ../drivers/vfio-pci\n",
         "0000:01:00.2, on the same bus, is in use", NULL},
        {"other than the next",
         CARD METHODS("bus") FUNCTION("0000:02:00.0") AT("0000:02:00.0") "/driver => ../drivers/igb\n", NULL,
         AT("0000:01:00.0") "/reset"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        char *root = tree_make(rows[i].tree);
        bool done = gpuvm_reset_bus(root, &card, &error);

        if (done != !rows[i].why || (error && !g_str_equal(error->message, rows[i].why)))
            fail_msg("%s: %s", rows[i].name, error ? error->message : "done");
        if (rows[i].file)
            expect_file(rows[i].name, root, rows[i].file, "1");
        else
            expect_file(rows[i].name, root, AT("0000:01:00.0") "/reset", "0");
        tree_remove(root);
    }
}

/* By the file of the bridge, where the kernel has it, which is also for a card of more than one function. */
static void
test_subordinate(void **state)
{
    const char *above = "sys/devices/pci0000:00/0000:00:01.0/";
    g_autofree char *tree =
        g_strdup_printf("%s0000:01:00.0/class: 0x030000\n" AT("0000:01:00.0") " -> %s0000:01:00.0\n" AT(
                            "0000:00:01.0") "/reset_subordinate: 0\n",
                        above, above);
    char *root = tree_make(tree);

    (void)state;
    assert_true(gpuvm_reset_bus(root, &card, NULL));
    expect_file("subordinate", root, AT("0000:00:01.0") "/reset_subordinate", "1");
    tree_remove(root);
}

static void
test_rescan(void **state)
{
    static const struct {
        const char *name, *tree, *why, *rescan;
    } rows[] = {
        {"a root bus", FUNCTION("0000:01:00.0") AT("0000:01:00.0") "/remove: 0\nsys/bus/pci/rescan: 0\n",
         NULL, "1"},
        {"what cannot be removed comes back", FUNCTION("0000:01:00.0") "sys/bus/pci/rescan: 0\n",
         "cannot write to ", "1"},
        {"what is gone", AT("0000:01:00.7") "/remove: 0\nsys/bus/pci/rescan: 0\n", "cannot write to ", "1"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
        g_autoptr(GError) error = NULL;
        char *root = tree_make(rows[i].tree);
        bool done;

        g_array_append_val(addrs, card);
        done = gpuvm_reset_rescan(root, addrs, &error);
        if (done != !rows[i].why || (error && !g_str_has_prefix(error->message, rows[i].why)))
            fail_msg("%s: %s", rows[i].name, error ? error->message : "done");
        expect_file(rows[i].name, root, "sys/bus/pci/rescan", rows[i].rescan);
        if (done)
            expect_file(rows[i].name, root, AT("0000:01:00.0") "/remove", "1");
        tree_remove(root);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_function), cmocka_unit_test(test_bus),
                                       cmocka_unit_test(test_subordinate), cmocka_unit_test(test_rescan)};

    return cmocka_run_group_tests_name("reset", tests, NULL, NULL);
}
