/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/nearest.h"

#include <string.h>

#include <glib.h>

#define LONGEST 63       /* bytes of a word; longer ones are never near */
#define SHORT_WORD 4     /* up to this many letters, two slips would make any word of any other */
#define SHORTEST_BEGIN 3 /* letters of which one word may be the beginning of another */

enum { SAME, ONE_SLIP, TWO_SLIPS, BEGINNING, FAR };

/* Lower case and without '-' and '_'. Returns the length; 0 when @word is too long. */
static size_t
normalize(const char *word, char ret_plain[LONGEST + 1])
{
    size_t n = 0;

    if (strlen(word) > LONGEST)
        return 0;
    for (; *word; word++) {
        if (*word != '-' && *word != '_')
            ret_plain[n++] = g_ascii_tolower(*word);
    }
    ret_plain[n] = '\0';
    return n;
}

/* Optimal string alignment: letters added, left out, replaced, or swapped with the next one. */
static unsigned
count_slips(const char *a, size_t a_size, const char *b, size_t b_size)
{
    unsigned rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b_size; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        unsigned *oldest = before;

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            row[j] = MIN(MIN(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = MIN(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_size];
}

static unsigned
distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t shorter = MIN(a_size, b_size), longer = MAX(a_size, b_size);
    unsigned allowed = shorter <= SHORT_WORD ? ONE_SLIP : TWO_SLIPS;

    if (shorter == 0)
        return FAR;
    if (longer - shorter <= allowed) {
        unsigned slips = count_slips(a, a_size, b, b_size);

        if (slips <= allowed && 2 * slips < longer)
            return slips;
    }
    return shorter >= SHORTEST_BEGIN && memcmp(a, b, shorter) == 0 ? BEGINNING : FAR;
}

const char *
gpuvm_nearest(const char *word, const char *const *words, size_t n)
{
    char plain[LONGEST + 1], other[LONGEST + 1];
    size_t size = normalize(word, plain);
    const char *nearest = NULL;
    unsigned least = FAR;

    for (size_t i = 0; i < n; i++) {
        unsigned far = distance(plain, size, other, normalize(words[i], other));

        if (far < least) {
            least = far;
            nearest = words[i];
        }
    }
    return nearest;
}
