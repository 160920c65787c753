/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/tail.h"

static void
reads_lines(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *written, *expected; /* lines, joined by '|' */
    } cases[] = {
        {"", ""},
        {"one", "one"},
        {"one\r\ntwo\r\n", "one|two"},
        {"one\n\n \t\r\n\ntwo", "one|two"},
        {"one \ntwo\t\n", "one|two"},
        {"1\n2\n3\n4\n5\n", "3|4|5"},
        /* SGR, cursor, modes, with intermediates */
        {"[\033[0;32m  OK  \033[0m] Started\033[K", "[  OK  ] Started"},
        {"\033[?25l\033[1 qone\033[?25h", "one"},
        /* firmware draws with the cursor */
        {"\033[2J\033[01;01HBdsDxe: loading\033[02;01HBdsDxe: starting", "BdsDxe: loading|BdsDxe: starting"},
        {"a\033[Bb\033[3dc", "a|b|c"},
        {"a\033[3Cb\033[2Dc", "abc"},
        /* other strings: title, device control */
        {"\033]0;root@vm: ~\aroot@vm:~# ls", "root@vm:~# ls"},
        {"\033]0;title\033\\text\033P+q544e\033\\more", "textmore"},
        {"\033]0;never ended\nnext", "0;never ended|next"},
        {"\033(B\033)0\033=\033>\033cone\0337\0338", "one"},
        /* cut off */
        {"one\033", "one"},
        {"one\033[", "one"},
        {"one\033[12;", "one"},
        {"one\033]", "one"},
        {"\033[\033[1mone", "one"},
        /* progress, backspace, bells */
        {"10%\r20%\r100%\r\ndone", "100%|done"},
        {"ab\b\bcd\b", "c"},
        {"\b\bone", "one"},
        {"o\a\1\177ne", "one"},
        /* characters */
        {"Gr\303\274\303\237e \342\234\223", "Grüße ✓"},
        {"bad\377byte", "bad\\xffbyte"},
        {"c1\302\233x", "c1<U+009B>x"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) lines = gpuvm_tail_lines(cases[i].written, strlen(cases[i].written), 3);
        g_autofree char *text = g_strjoinv("|", lines);

        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("case %zu: got \"%s\" instead of \"%s\"", i, text, cases[i].expected);
    }
}

static void
has_limits(void **state G_GNUC_UNUSED)
{
    g_autofree char *wide = g_strnfill(100000, 'x');
    g_auto(GStrv) lines = gpuvm_tail_lines(wide, 100000, 3);
    g_auto(GStrv) zeros = gpuvm_tail_lines("a\0b\nc", 5, 3);
    g_auto(GStrv) none = gpuvm_tail_lines("a\nb", 3, 0);

    assert_int_equal(g_strv_length(lines), 1);
    assert_int_equal(strlen(lines[0]), 200);
    assert_string_equal(zeros[0], "ab");
    assert_string_equal(zeros[1], "c");
    assert_int_equal(g_strv_length(none), 0);
}

/* Whatever a guest writes: valid text without control characters. */
static void
survives_anything(void **state G_GNUC_UNUSED)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(5);
    char bytes[512];

    for (unsigned round = 0; round < 5000; round++) {
        size_t size = (size_t)g_rand_int_range(random, 0, sizeof bytes);

        for (size_t i = 0; i < size; i++)
            bytes[i] = g_rand_boolean(random) ? (char)g_rand_int_range(random, 0, 256)
                                              : "\033[]P\\;?0Hm\r\n\b\a"[g_rand_int_range(random, 0, 15)];
        g_auto(GStrv) lines = gpuvm_tail_lines(bytes, size, 20);
        for (char **line = lines; *line; line++) {
            assert_true(g_utf8_validate(*line, -1, NULL));
            for (const char *p = *line; *p; p = g_utf8_next_char(p))
                assert_true(g_unichar_isprint(g_utf8_get_char(p)));
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lines),
        cmocka_unit_test(has_limits),
        cmocka_unit_test(survives_anything),
    };

    return cmocka_run_group_tests_name("tail", tests, NULL, NULL);
}
