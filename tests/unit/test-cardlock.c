/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/relock.h"

#define UUID "4c4c4544-0051-3610-8052-b4c04f575931"
#define GPU "030000 10de:2204 "
#define AT1 "path=0000:00:01.0/00.0"
#define AT2 "path=0000:00:02.0/00.0"

/** The lock of @addrs ("0000:01:00.0 …") on @facts, laid over @former (NULL: none). */
static gpuvm_spec *
lock(gpuvm_facts *facts, const char *addrs, bool all, const gpuvm_spec *former, GArray *cards,
     char **ret_text)
{
    g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    g_auto(GStrv) words = g_strsplit(addrs, " ", -1);

    for (char **word = words; *word && **word; word++) {
        gpuvm_pci_addr addr = build_addr(*word);
        gpuvm_pci_addrs_add(list, &addr);
    }
    if (!facts->uuid)
        facts->uuid = g_strdup(UUID);
    *ret_text = gpuvm_relock_write(
        &(gpuvm_relock_input){.former = former, .addrs = list, .all = all, .facts = facts}, cards);
    return build_spec(*ret_text, "lock");
}

static GArray *
cards_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(gpuvm_relock_card));
}

/** Pairs of hosts: one whose card is locked, and the same later. */
static void
finds_cards_again(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *before, *after;
        const char *item;  /* NULL: 01:00.0 */
        const char *found; /* NULL: refused */
        const char *said[3];
    } cases[] = {
        {"nothing changed",
         "0000:01:00.0 " GPU "serial=S1 " AT1,
         "0000:01:00.0 " GPU "serial=S1 " AT1,
         NULL,
         "0000:01:00.0",
         {NULL}},
        {"by serial, although its place changed",
         "0000:01:00.0 " GPU "serial=S1 " AT1,
         "0000:01:00.0 " GPU "serial=S1 " AT2,
         NULL,
         "0000:01:00.0",
         {NULL}},
        {"moved, by serial",
         "0000:01:00.0 " GPU "serial=S1 " AT1,
         "0000:01:00.0 " GPU "serial=S2 " AT1 "\n0000:02:00.0 " GPU "serial=S1 " AT2,
         NULL,
         "0000:02:00.0",
         {"serial S1 :: from 0000:01:00.0 to 0000:02:00.0 :: gpuvm lock FILE"}},
        {"shifted, by path",
         "0000:01:00.0 " GPU AT1,
         "0000:01:00.0 " GPU AT2 "\n0000:02:00.0 " GPU AT1,
         NULL,
         "0000:02:00.0",
         {"moved from 0000:01:00.0 to 0000:02:00.0"}},
        {"shifted, and its own address is empty",
         "0000:01:00.0 " GPU AT1,
         "0000:02:00.0 " GPU AT1,
         NULL,
         "0000:02:00.0",
         {"moved from 0000:01:00.0 to 0000:02:00.0"}},
        {"another of the model, by serial",
         "0000:01:00.0 " GPU "serial=S1 " AT1,
         "0000:01:00.0 " GPU "serial=S2 " AT1,
         NULL,
         NULL,
         {"5 0000:01:00.0 is now :: 10de:2204, serial S2 :: gpuvm.lock has :: 10de:2204, serial S1 :: gpuvm lock --accept 0000:01:00.0 FILE"}},
        {"another of the model, by subsystem",
         "0000:01:00.0 " GPU "subsystem=104387af " AT1,
         "0000:01:00.0 " GPU "subsystem=10de1467 " AT1,
         NULL,
         NULL,
         {"5 subsystem 10de:1467 :: subsystem 1043:87af"}},
        {"another model",
         "0000:01:00.0 " GPU AT1,
         "0000:01:00.0 030000 1002:73bf " AT1,
         NULL,
         NULL,
         {"5 is now :: 1002:73bf :: 10de:2204"}},
        {"in another slot without a serial",
         "0000:01:00.0 " GPU AT1,
         "0000:01:00.0 " GPU AT2,
         NULL,
         NULL,
         {"5 path 0000:00:02.0/00.0 :: path 0000:00:01.0/00.0"}},
        {"gone",
         "0000:01:00.0 " GPU "serial=S1 " AT1,
         "0000:02:00.0 " GPU "serial=S2 " AT2,
         NULL,
         NULL,
         {"5 PCI device not found: 0000:01:00.0 :: serial S1"}},
        {"the serial cannot be seen any more",
         "0000:01:00.0 " GPU "serial=S1 " AT1,
         "0000:02:00.0 " GPU AT1,
         NULL,
         "0000:02:00.0",
         {"moved"}},
        {"a serial of several is none",
         "0000:01:00.0 " GPU "serial=0 " AT1 "\n0000:02:00.0 " GPU "serial=0 " AT2,
         "0000:01:00.0 " GPU "serial=0 " AT2 "\n0000:02:00.0 " GPU "serial=0 " AT1,
         NULL,
         "0000:02:00.0",
         {"path 0000:00:01.0/00.0 :: moved"}},
        {"copied later, it is told by its path",
         "0000:01:00.0 " GPU "serial=S1 " AT1,
         "0000:02:00.0 " GPU "serial=S1 " AT1 "\n0000:03:00.0 " GPU "serial=S1 " AT2,
         NULL,
         "0000:02:00.0",
         {"moved"}},
        {"copied and moved, it cannot be told",
         "0000:01:00.0 " GPU "serial=S1 " AT1,
         "0000:02:00.0 " GPU "serial=S1 path=0000:00:03.0/00.0\n0000:03:00.0 " GPU "serial=S1 " AT2,
         NULL,
         NULL,
         {"5 PCI device not found"}},
        {"the first of two ports of one serial",
         "0000:01:00.0 020000 8086:1521 serial=S1 " AT1
         "\n0000:01:00.1 020000 8086:1521 serial=S1 path=0000:00:01.0/00.1",
         "0000:03:00.0 020000 8086:1521 serial=S1 " AT2
         "\n0000:03:00.1 020000 8086:1521 serial=S1 path=0000:00:02.0/00.1",
         NULL,
         "0000:03:00.0",
         {"moved"}},
        {"a function has its card's serial",
         "0000:01:00.0 " GPU "serial=S1 " AT1 "\n0000:01:00.1 040300 10de:1aef "
         "path=0000:00:01.0/00.1",
         "0000:03:00.0 " GPU "serial=S1 " AT2 "\n0000:03:00.1 040300 10de:1aef path=0000:00:02.0/00.1",
         "01:00.1",
         "0000:03:00.1",
         {"moved from 0000:01:00.1 to 0000:03:00.1"}},
        {"a whole card",
         "0000:01:00.0 " GPU "serial=S1 " AT1,
         "0000:02:00.0 " GPU "serial=S1 " AT2,
         "01:00",
         "0000:02:00.0",
         {"moved from 0000:01:00 to 0000:02:00"}},
        {"a virtual function, by its physical one",
         "0000:01:00.0 020000 8086:1572 serial=S1 " AT1
         "\n0000:01:02.1 020000 8086:154c vf=0000:01:00.0\n0000:01:02.2 020000 8086:154c vf=0000:01:00.0",
         "0000:05:00.0 020000 8086:1572 serial=S1 " AT2
         "\n0000:05:02.1 020000 8086:154c vf=0000:05:00.0\n0000:05:02.2 020000 8086:154c vf=0000:05:00.0",
         "01:02.2",
         "0000:05:02.2",
         {"moved from 0000:01:02.2 to 0000:05:02.2"}},
        {"not in the lock", "0000:02:00.0 " GPU AT2, "0000:01:00.0 " GPU AT1, NULL, "0000:01:00.0", {NULL}},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *item = cases[i].item ? cases[i].item : "01:00.0", *none[] = {NULL};
        g_autofree char *text = NULL,
                        *definition = g_strdup_printf("devices: {pci_passthrough: ['%s']}", item);
        g_autoptr(gpuvm_facts) before = build_facts(cases[i].before), after = build_facts(cases[i].after);
        g_autoptr(plan_scene) scene = scene_new("", definition, NULL, NULL);
        const gpuvm_passthrough *named = scene->vm->vm->body.devices->pci_passthrough->pdata[0];
        g_autoptr(GPtrArray) all = gpuvm_facts_devices(before);
        g_autoptr(GString) addrs = g_string_new(NULL);
        g_autoptr(GArray) cards = cards_new();
        g_autoptr(gpuvm_spec) spec = NULL;
        const gpuvm_locked_host *host;
        gpuvm_pci_ref ref;
        bool locked, found;

        for (guint k = 0; k < all->len; k++)
            g_string_append_printf(addrs, "%s%s", k > 0 ? " " : "",
                                   GPUVM_PCI(&((const gpuvm_device *)all->pdata[k])->addr));
        spec = lock(before, addrs->str, true, NULL, cards, &text);
        host = gpuvm_cardlock_host(spec->lock, UUID);
        if (gpuvm_cardlock_lost(host, scene->vm->vm, after) != (cases[i].said[0] != NULL))
            fail_msg("%s: whether it is lost", cases[i].name);
        found = gpuvm_cardlock_resolve(host, named, after, scene->diags, &ref, &locked);
        expect_text(cases[i].name, found ? GPUVM_PCI(&ref.addr) : "", cases[i].found ? cases[i].found : "");
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_WARNING, found ? cases[i].said : none);
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_ERROR, found ? none : cases[i].said);
    }
}

/** "0000:01:00.0 added, …" */
static char *
cards_text(const GArray *cards)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < cards->len; i++) {
        const gpuvm_relock_card *card = &g_array_index(cards, gpuvm_relock_card, i);
        g_string_append_printf(text, "%s%s %s", i > 0 ? ", " : "", GPUVM_PCI(&card->addr),
                               gpuvm_relock_names[card->what]);
    }
    return g_strdup(text->str);
}

/** What comes of a lock that is written again. */
static void
locks_again(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *facts, *addrs;
        bool all;
        const char *cards;
        bool same; /* the same bytes */
    } cases[] = {
        {"nothing changed", "0000:01:00.0 " GPU "serial=S1 " AT1 " slot=4\n0000:02:00.0 " GPU AT2,
         "0000:01:00.0 0000:02:00.0", true, "0000:01:00.0 unchanged, 0000:02:00.0 unchanged", true},
        {"one of two is named", "0000:01:00.0 " GPU "serial=S1 " AT1 " slot=4\n0000:02:00.0 " GPU AT2,
         "0000:01:00.0", false, "0000:01:00.0 unchanged", true},
        {"one of two is named any more",
         "0000:01:00.0 " GPU "serial=S1 " AT1 " slot=4\n0000:02:00.0 " GPU AT2, "0000:01:00.0", true,
         "0000:01:00.0 unchanged, 0000:02:00.0 removed", false},
        {"less can be seen", "0000:01:00.0 " GPU AT1 "\n0000:02:00.0 " GPU AT2, "0000:01:00.0", false,
         "0000:01:00.0 unchanged", true},
        {"one is absent", "0000:02:00.0 " GPU AT2, "0000:01:00.0 0000:07:00.0", false,
         "0000:01:00.0 absent, 0000:07:00.0 absent", true},
        {"another is there", "0000:01:00.0 " GPU "serial=S2 " AT1 "\n0000:02:00.0 " GPU AT2, "0000:01:00.0",
         false, "0000:01:00.0 changed", false},
        {"one more", "0000:01:00.0 " GPU AT1 "\n0000:03:00.0 " GPU AT2, "0000:03:00.0", false,
         "0000:03:00.0 added", false},
        {"its serial is that of another, too",
         "0000:01:00.0 " GPU "serial=S1 " AT1 "\n0000:02:00.0 " GPU "serial=S1 " AT2, "0000:01:00.0", false,
         "0000:01:00.0 changed", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_facts) before =
            build_facts("0000:01:00.0 " GPU "serial=S1 " AT1 " slot=4\n0000:02:00.0 " GPU AT2);
        g_autoptr(gpuvm_facts) now = build_facts(cases[i].facts);
        g_autoptr(GArray) first = cards_new(), cards = cards_new();
        g_autofree char *former_text = NULL, *text = NULL, *said = NULL;
        g_autoptr(gpuvm_spec) former =
            lock(before, "0000:01:00.0 0000:02:00.0", true, NULL, first, &former_text);
        g_autoptr(gpuvm_spec) spec = lock(now, cases[i].addrs, cases[i].all, former, cards, &text);

        said = cards_text(cards);
        expect_text(cases[i].name, said, cases[i].cards);
        if (g_str_equal(text, former_text) != cases[i].same)
            fail_msg("%s: it is %s", cases[i].name, text);
    }
}

/** Another host's part stays as it is, in the order of UUIDs; a serial number is text, whatever it looks like. */
static void
keeps_other_hosts(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_facts) one = build_facts("0000:01:00.0 " GPU "serial=00123 " AT1);
    g_autoptr(gpuvm_facts) other = build_facts("0000:01:00.0 030000 1002:73bf serial=~ " AT2);
    g_autoptr(GArray) cards = cards_new();
    g_autofree char *first = NULL, *both = NULL, *again = NULL;
    g_autoptr(gpuvm_spec) a = lock(one, "0000:01:00.0", true, NULL, cards, &first), b = NULL, c = NULL;

    other->uuid = g_strdup("11111111-2222-3333-4444-555555555555");
    b = lock(other, "0000:01:00.0", true, a, cards, &both);
    assert_int_equal(b->lock->hosts->len, 2);
    expect_text("the first", ((const gpuvm_locked_host *)b->lock->hosts->pdata[0])->uuid, other->uuid);
    assert_non_null(strstr(both, "serial: '00123'"));
    assert_non_null(strstr(both, "serial: '~'"));
    c = lock(one, "0000:01:00.0", true, b, cards, &again);
    expect_text("again", again, both);
}

/** A start refuses what is not the card that was recorded, and says where that is. */
static void
starts_the_card_that_was_locked(void **state G_GNUC_UNUSED)
{
    static const char *const said[] = {
        "5 device 0000:01:00.0 is now 10de:2204, serial S2 :: it was 10de:2204, serial S1 at define :: "
        "from 0000:01:00.0 to 0000:02:00.0 :: gpuvm define FILE",
        NULL};
    g_autoptr(plan_scene) scene =
        scene_new("0000:01:00.0 " GPU "group=1 serial=S2 " AT1 "\n0000:02:00.0 " GPU "group=2 serial=S1 " AT2,
                  "title: x", NULL, NULL);

    scene->record = build_record("0000:01:00.0 10de:2204 requested");
    g_array_index(scene->record->devices, gpuvm_record_device, 0).identity.serial = g_strdup("S1");
    assert_true(gpuvm_cardid_lost(scene->record, scene->facts));
    scene_start(scene, "0000:01:00.0", 0);
    expect_diags("moved", scene->diags, GPUVM_DIAG_ERROR, said);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_cards_again),
        cmocka_unit_test(locks_again),
        cmocka_unit_test(keeps_other_hosts),
        cmocka_unit_test(starts_the_card_that_was_locked),
    };

    return cmocka_run_group_tests_name("cardlock", tests, NULL, NULL);
}
