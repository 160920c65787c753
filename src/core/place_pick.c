/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* place_pick.c: which of the host's CPUs, when each of the guest's gets one */
#include <config.h>

#include "core/place.h"

/* A core that has free CPUs. */
typedef struct core {
    int id;
    int cache;
    unsigned threads; /* that it has; free ones may be fewer */
    guint first, n;   /* its free CPUs, in picking.free; once they are taken, n is 0 */
} core;

typedef struct picking {
    GArray *free;  /* gpuvm_cpu, by core */
    GArray *cores; /* core, by id */
    uint64_t need;
    unsigned threads; /* of the largest core */
    GHashTable *used; /* the caches that it has CPUs of, by number */
    GArray *picked;   /* int */
} picking;

static int
compare_cpus(gconstpointer a, gconstpointer b)
{
    const gpuvm_cpu *left = a, *right = b;

    return left->core != right->core ? left->core - right->core : left->id - right->id;
}

static unsigned
count_threads(const GArray *all, int id)
{
    unsigned n = 0;

    for (guint i = 0; i < all->len; i++)
        n += g_array_index(all, gpuvm_cpu, i).core == id;
    return n;
}

static void
find_cores(picking *p, const GArray *all)
{
    for (guint i = 0; i < p->free->len; i++) {
        const gpuvm_cpu *cpu = &g_array_index(p->free, gpuvm_cpu, i);
        core *last = p->cores->len > 0 ? &g_array_index(p->cores, core, p->cores->len - 1) : NULL;

        if (last && last->id == cpu->core) {
            last->n++;
        } else {
            const core found = {cpu->core, cpu->cache, count_threads(all, cpu->core), i, 1};
            g_array_append_val(p->cores, found);
        }
    }
}

/* How many CPUs @of has to give: as a whole core that is not too large, or any. */
static guint
room_of(const picking *p, const core *of, bool whole)
{
    return !whole || (of->n == of->threads && of->n <= p->need) ? of->n : 0;
}

/* The same of all cores of @cache. */
static guint
room_in(const picking *p, int cache, bool whole)
{
    guint room = 0;

    for (guint i = 0; i < p->cores->len; i++) {
        const core *each = &g_array_index(p->cores, core, i);
        room += each->cache == cache ? room_of(p, each, whole) : 0;
    }
    return room;
}

/* How good @cache is: one that it is in already, the smallest that has enough of all, then the largest; 0: it has none. */
static guint
rate(const picking *p, int cache, bool whole)
{
    guint most = p->free->len, room = room_in(p, cache, whole), all = room_in(p, cache, false);
    bool enough = all >= p->need && room + (whole ? p->threads - 1 : 0) >= p->need;

    if (room == 0)
        return 0;
    return (g_hash_table_contains(p->used, GINT_TO_POINTER(cache)) ? 3 * most : 0) +
           (enough ? 2 * most - all + 1 : room);
}

static void
take(picking *p, core *from)
{
    guint n = (guint)MIN(from->n, p->need);

    for (guint i = 0; i < n; i++)
        g_array_append_val(p->picked, g_array_index(p->free, gpuvm_cpu, from->first + i).id);
    g_hash_table_add(p->used, GINT_TO_POINTER(from->cache));
    from->first += n;
    from->n -= n;
    p->need -= n;
}

/* From the best cache. Single CPUs come from cores that are broken already while there are any. */
static bool
take_from_best(picking *p, bool whole)
{
    guint best = 0;
    int cache = GPUVM_UNKNOWN;

    for (guint i = 0; i < p->cores->len; i++) {
        const core *each = &g_array_index(p->cores, core, i);
        guint rating = i > 0 && each[-1].cache == each->cache ? 0 : rate(p, each->cache, whole);

        if (rating > best) {
            best = rating;
            cache = each->cache;
        }
    }
    for (int unbroken = whole; best > 0 && unbroken < 2; unbroken++) {
        for (guint i = 0; i < p->cores->len && p->need > 0; i++) {
            core *each = &g_array_index(p->cores, core, i);

            if (each->cache == cache && room_of(p, each, whole) > 0 && (each->n == each->threads) == unbroken)
                take(p, each);
        }
    }
    return best > 0;
}

GArray *
gpuvm_place_pick(const GArray *free, const GArray *all, uint64_t n, unsigned *ret_threads)
{
    picking p = {.free = g_array_new(FALSE, FALSE, sizeof(gpuvm_cpu)),
                 .cores = g_array_new(FALSE, FALSE, sizeof(core)),
                 .need = n,
                 .used = g_hash_table_new(NULL, NULL),
                 .picked = g_array_new(FALSE, FALSE, sizeof(int))};
    unsigned threads;

    if (free->len > 0)
        g_array_append_vals(p.free, free->data, free->len);
    g_array_sort(p.free, compare_cpus);
    find_cores(&p, all);
    threads = p.cores->len > 0 ? g_array_index(p.cores, core, 0).threads : 1;
    for (guint i = 0; i < p.cores->len; i++) {
        const core *each = &g_array_index(p.cores, core, i);

        p.threads = MAX(p.threads, each->threads);
        threads = each->threads == threads ? threads : 1;
    }
    while (p.need > 0 && take_from_best(&p, true))
        continue;
    *ret_threads = p.need == 0 ? threads : 1;
    while (p.need > 0 && take_from_best(&p, false))
        continue;
    g_array_unref(p.free);
    g_array_unref(p.cores);
    g_hash_table_unref(p.used);
    return p.picked;
}
