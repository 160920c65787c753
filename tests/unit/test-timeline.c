/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/timeline.h"

#define NONE GPUVM_TIME_UNKNOWN
#define S G_USEC_PER_SEC
#define TEN (1795168800 * (gint64)S) /* 2026-11-20 10:00:00 UTC */

static void
stamps_are_read(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *line;
        gint64 time;
        const char *rest;
    } cases[] = {
        {"2026-11-20 10:00:00.123+0000: starting up", TEN + 123000, "starting up"},
        {"2026-11-20T10:00:00.123456Z qemu: x", TEN + 123456, "qemu: x"},
        {"2026-11-20T11:00:00+0100 host kernel: x", TEN, "host kernel: x"},
        {"2026-11-20T10:00:00,500000+00:00 x", TEN + S / 2, "x"},
        {"2026-11-20 10:00:00 x", TEN, "x"},
        {"[    2.000001] x", TEN + 2 * S + 1, "x"},
        {"<6>[    2.000001] x", TEN + 2 * S + 1, "x"},
        {"[Fri Nov 20 11:00:00 2026] x", TEN, "x"},
        {"[Fri Nov 20 11:00:00] x", NONE, "[Fri Nov 20 11:00:00] x"},
        {"Nov 20 11:00:00 host kernel: x", TEN, "host kernel: x"},
        {"Nov 20 12:00:00 x", TEN + 3600 * (gint64)S, "x"}, /* of a zone that is not ours */
        {"Nov 22 11:00:00 x", TEN - 363 * G_TIME_SPAN_DAY, "x"},
        {"Feb 29 11:00:00 x", NONE, "Feb 29 11:00:00 x"},
        {"Nov 40 11:00:00 x", NONE, "Nov 40 11:00:00 x"},
        {"Nov 20 99:00:00 x", NONE, "Nov 20 99:00:00 x"},
        {"Foo 20 11:00:00 x", NONE, "Foo 20 11:00:00 x"},
        {"Nov", NONE, "Nov"},
        {"2026-13-40T99:00:00Z x", NONE, "2026-13-40T99:00:00Z x"},
        {"[99999999999999999999.000000] x", NONE, "[99999999999999999999.000000] x"},
        {"2026 was a year", NONE, "2026 was a year"},
        {"\xff\xfe", NONE, "\xff\xfe"},
        {"", NONE, ""},
    };

    g_autoptr(GTimeZone) zone = g_time_zone_new_offset(3600);
    const gpuvm_clock clock = {
        .boot = TEN, .written = TEN + S, .now = TEN + 300 * G_TIME_SPAN_DAY, .zone = zone};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *at = cases[i].line;
        gint64 time = gpuvm_timeline_stamp(&at, &clock, NONE);

        if (time != cases[i].time || strcmp(at, cases[i].rest) != 0)
            fail_msg("%s: %" G_GINT64_FORMAT ", '%s'", cases[i].line, time, at);
    }
}

/* the year is that of the other logs, and never in the future */
static void
years_are_found(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *line;
        int near, now; /* days from TEN */
        int days;
    } cases[] = {
        {"Nov 21 10:00:00 x", 0, 2000, 1},      {"Nov 19 10:00:00 x", 0, 2000, -1},
        {"Jan 01 10:00:00 x", 0, 2000, 42},     {"Jan 01 10:00:00 x", 0, 10, 42 - 365},
        {"Dec 31 10:00:00 x", 43, 2000, 41},    {"Nov 20 10:00:00 x", -730, 2000, -730},
        {"Apr  1 10:00:00 x", 0, 1, 132 - 365},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const gpuvm_clock clock = {
            .boot = NONE, .written = NONE, .now = TEN + cases[i].now * G_TIME_SPAN_DAY};
        const char *at = cases[i].line;
        gint64 time = gpuvm_timeline_stamp(&at, &clock, TEN + cases[i].near * G_TIME_SPAN_DAY);

        if (time != TEN + cases[i].days * G_TIME_SPAN_DAY)
            fail_msg("%s, %d, %d: %" G_GINT64_FORMAT, cases[i].line, cases[i].near, cases[i].now,
                     (time - TEN) / G_TIME_SPAN_DAY);
    }
}

static void
since_is_read(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text;
        gint64 time;
    } cases[] = {
        {"-1h", TEN - 3600 * (gint64)S},
        {"-30 min", TEN - 1800 * (gint64)S},
        {"2 days ago", TEN - 2 * G_TIME_SPAN_DAY},
        {"2026-11-20", TEN - 11 * G_TIME_SPAN_HOUR},
        {"2026-11-20 11:00", TEN},
        {"2026-11-20T11:00:01", TEN + S},
        {"2026-11-20T10:00Z", TEN},
        {"2026-11-20T12:00:00+02:00", TEN},
        {"@1795168800", TEN},
        {"1h", NONE},
        {"-0h", NONE},
        {"-1 fortnight", NONE},
        {"-99999999999999h", NONE},
        {"2026-02-30", NONE},
        {"ago", NONE},
        {"", NONE},
    };
    g_autoptr(GTimeZone) zone = g_time_zone_new_offset(3600);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 time = gpuvm_timeline_since(cases[i].text, TEN, zone);

        if (time != cases[i].time)
            fail_msg("%s: %" G_GINT64_FORMAT, cases[i].text, time);
    }
}

static void
files_are_told_apart(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *file;
        int log; /* -1: none */
    } cases[] = {
        {"vm.log", GPUVM_LOG_QEMU},
        {"qemu.log", GPUVM_LOG_QEMU},
        {"libvirtd.log", GPUVM_LOG_LIBVIRT},
        {"dmesg", GPUVM_LOG_KERNEL},
        {"kernel.log", GPUVM_LOG_KERNEL},
        {"vm-serial0.log", GPUVM_LOG_CONSOLE},
        {"console.log", GPUVM_LOG_CONSOLE},
        {"vm.yaml", -1},
        {"vm.log.1", -1},
        {"", -1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gpuvm_log log = GPUVM_LOG_QEMU;
        bool is = gpuvm_timeline_log_of(cases[i].file, &log);

        if (is != (cases[i].log >= 0) || (is && (int)log != cases[i].log))
            fail_msg("%s", cases[i].file);
    }
}

static void
add(GPtrArray *events, gpuvm_log log, const char *text, gint64 begin)
{
    gpuvm_timeline_add(events, log, text, strlen(text), begin,
                       &(gpuvm_clock){.boot = begin, .written = NONE, .now = TEN});
}

#define OLD                                                                                                  \
    "2026-11-19 10:00:00.000+0000: starting up libvirt version: 9.0.0\n"                                     \
    "2026-11-19T10:00:01Z qemu: group 14 is not viable\n"                                                    \
    "2026-11-19 10:00:02.000+0000: shutting down, reason=failed\n"

/* the last start alone, each line where its time says, those without one behind the one before */
static void
lines_are_merged(void **state G_GNUC_UNUSED)
{
    static const char *const expected[] = {
        "starting up libvirt version: 9.0.0",
        "at the same time",
        "kernel's",
        "qemu: one",
        "no time",
        "[   2.5] no stamp",
        "late",
    };
    GPtrArray *events = gpuvm_timeline_new();

    add(events, GPUVM_LOG_QEMU,
        OLD
        "2026-11-20 10:00:00.000+0000: starting up libvirt version: 9.0.0\n2026-11-20T10:00:02Z qemu: one\nno time\n",
        NONE);
    assert_int_equal(gpuvm_timeline_started(events), TEN);
    add(events, GPUVM_LOG_KERNEL,
        "2026-11-20T09:57:59+0000 host kernel: long before\n2026-11-20T10:00:01+0000 host kernel: kernel's\n"
        "2026-11-20T10:00:04.000000+0000 host libvirtd[12]: 2026-11-20 10:00:04.000+0000: 12: late\n",
        NONE);
    add(events, GPUVM_LOG_CONSOLE, "at the same time\r\n[    2.000001] [   2.5] no stamp\r\n", TEN);
    events = gpuvm_timeline_settle(events, NONE);
    assert_int_equal(events->len, G_N_ELEMENTS(expected));
    for (guint i = 0; i < events->len; i++)
        assert_string_equal(((gpuvm_event *)events->pdata[i])->text, expected[i]);
    assert_int_equal(((gpuvm_event *)events->pdata[6])->log, GPUVM_LOG_LIBVIRT);
    g_ptr_array_unref(events);
}

/* What is known is found at the end of a very long line, and behind a zero. */
static void
lines_are_whole(void **state G_GNUC_UNUSED)
{
    static const char end[] = "vfio 0000:01:00.0: group 14 is not viable\n";
    g_autofree char *filler = g_strnfill(20000, 'x');

    for (unsigned zero = 0; zero < 2; zero++) {
        GPtrArray *events = gpuvm_timeline_new();
        g_autoptr(GString) bytes = g_string_new(
            "2026-11-20 10:00:00.000+0000: starting up libvirt version: 9.0.0\n2026-11-20T10:00:01Z qemu: ");

        if (zero)
            g_string_append_len(bytes, "a\0b ", 4);
        else
            g_string_append(bytes, filler);
        g_string_append(bytes, end);
        gpuvm_timeline_add(events, GPUVM_LOG_QEMU, bytes->str, bytes->len, NONE,
                           &(gpuvm_clock){.boot = NONE, .written = NONE, .now = TEN});
        assert_int_equal(events->len, 2);
        assert_string_equal(((gpuvm_event *)events->pdata[1])->fault->id, "qemu-group-not-viable");
        g_ptr_array_unref(events);
    }
}

static void
since_takes_earlier_starts(void **state G_GNUC_UNUSED)
{
    GPtrArray *events = gpuvm_timeline_new();

    add(events, GPUVM_LOG_QEMU,
        "without a time\n" OLD "2026-11-20 10:00:00.000+0000: starting up libvirt version: 9.0.0\n", NONE);
    events = gpuvm_timeline_settle(events, TEN - 2 * G_TIME_SPAN_DAY);
    assert_int_equal(events->len, 5);
    events = gpuvm_timeline_settle(events, TEN);
    assert_int_equal(events->len, 2); /* what has no time stays */
    g_ptr_array_unref(events);
}

/* the ids of the faults of @events (taken), joined by blanks */
static char *
ids_of(GPtrArray *events)
{
    GString *ids = g_string_new(NULL);

    events = gpuvm_timeline_settle(events, NONE);
    g_autoptr(GPtrArray) faults = gpuvm_timeline_faults(events);
    for (guint i = 0; i < faults->len; i++)
        g_string_append_printf(ids, "%s%s", i ? " " : "", ((gpuvm_event *)faults->pdata[i])->fault->id);
    g_ptr_array_unref(events);
    return g_string_free(ids, FALSE);
}

static char *
faults_of(const char *text)
{
    GPtrArray *events = gpuvm_timeline_new();

    add(events, GPUVM_LOG_QEMU, text, NONE);
    return ids_of(events);
}

static void
cause_comes_first(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *text, *ids;
    } cases[] = {
        {"", ""},
        {"all is well\n", ""},
        {"qemu unexpectedly closed the monitor\n", "libvirt-qemu-died-at-start"},
        {"qemu unexpectedly closed the monitor\ngroup 1 is not viable\n", "qemu-group-not-viable"},
        {"qemu unexpectedly closed the monitor: group 1 is not viable\n", "qemu-group-not-viable"},
        {"AMD-Vi: Disabling interrupt remapping\ngroup 1 is not viable\ngroup 2 is not viable\n",
         "qemu-group-not-viable hk-amd-intremap-disabled"},
        {"group 1 is not viable\nNo available IOMMU models\n",
         "qemu-group-not-viable qemu-no-available-iommu-model"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *ids = faults_of(cases[i].text);

        if (strcmp(ids, cases[i].ids) != 0)
            fail_msg("%s: %s", cases[i].text, ids);
    }
}

/* an undated line, and one of another VM's card, is not the cause */
static void
others_are_no_cause(void **state G_GNUC_UNUSED)
{
    static const char qemu[] = "2026-11-20 10:00:00.000+0000: starting up libvirt version: 9.0.0\n"
                               "-name guest=vm \\\n%s"
                               "2026-11-20T10:00:02Z qemu: No available IOMMU models\n";
#define OWN "-device '{\"driver\":\"vfio-pci\",\"host\":\"0000:01:00.0\"}' \\\n"
#define CARD(address)                                                                                        \
    "Nov 20 10:00:01 host kernel: [    1.000000] NVRM: GPU " address                                         \
    ": RmInitAdapter failed! (0x25:0x65:1457)\n"
    static const struct {
        const char *devices, *kernel, *ids;
    } cases[] = {
        {OWN, CARD("0000:01:00.0"), "nv-rminit-25-load qemu-no-available-iommu-model"},
        {OWN, CARD("0000:01:00.1"), "nv-rminit-25-load qemu-no-available-iommu-model"},
        {OWN, CARD("0000:02:00.0"), "qemu-no-available-iommu-model"},
        {"", CARD("0000:02:00.0"), "qemu-no-available-iommu-model"},
        {OWN, "AMD-Vi: Event logged [IO_PAGE_FAULT device=02:00.0 domain=0x0008 address=0x0 flags=0x0]\n",
         "qemu-no-available-iommu-model"},
        {OWN, "pcieport 0000:00:01.0: AER: PCIe Bus Error: severity=Uncorrected (Fatal)\n",
         "qemu-no-available-iommu-model hk-aer-fatal"},
        {OWN, "[    9.000000] NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x25:0x65:1457)\n",
         "qemu-no-available-iommu-model nv-rminit-25-load"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GPtrArray *events = gpuvm_timeline_new();
        g_autofree char *log = g_strdup_printf(qemu, cases[i].devices), *ids = NULL;

        add(events, GPUVM_LOG_QEMU, log, NONE);
        add(events, GPUVM_LOG_KERNEL, cases[i].kernel, NONE);
        ids = ids_of(events);
        if (strcmp(ids, cases[i].ids) != 0)
            fail_msg("%zu: %s", i, ids);
    }
}

/* nothing that is written can reach the terminal as it is, or be without bound */
static void
lines_are_tamed(void **state G_GNUC_UNUSED)
{
    g_autofree char *huge = g_strnfill(1 << 20, 'x');
    GPtrArray *events = gpuvm_timeline_new();

    add(events, GPUVM_LOG_KERNEL, "\033[31mred\xff\n\n", NONE);
    add(events, GPUVM_LOG_QEMU, huge, NONE);
    gpuvm_timeline_add(events, GPUVM_LOG_LIBVIRT, "a\0b\nc", 5, NONE, &(gpuvm_clock){.boot = NONE});
    assert_int_equal(events->len, 4);
    assert_string_equal(((gpuvm_event *)events->pdata[0])->text, "\\x1b[31mred\\xff");
    assert_true(strlen(((gpuvm_event *)events->pdata[1])->text) < 5000);
    assert_string_equal(((gpuvm_event *)events->pdata[3])->text, "c");
    g_ptr_array_unref(events);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_are_read),
        cmocka_unit_test(years_are_found),
        cmocka_unit_test(since_is_read),
        cmocka_unit_test(files_are_told_apart),
        cmocka_unit_test(lines_are_merged),
        cmocka_unit_test(lines_are_whole),
        cmocka_unit_test(since_takes_earlier_starts),
        cmocka_unit_test(cause_comes_first),
        cmocka_unit_test(others_are_no_cause),
        cmocka_unit_test(lines_are_tamed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
