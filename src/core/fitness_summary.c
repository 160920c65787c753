/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "base/text.h"
#include "core/fitness_gpus.h"

static bool
is_good(const gpuvm_finding *finding)
{
    return finding->verdict == GPUVM_PASS;
}

/* The index behind the findings of one topic that begin at @from. */
static guint
end_of_topic(const GPtrArray *findings, guint from)
{
    const gpuvm_finding *first = findings->pdata[from];
    guint end = from + 1;

    while (end < findings->len && ((const gpuvm_finding *)findings->pdata[end])->topic == first->topic)
        end++;
    return end;
}

/* How many findings before @end are of GPUs that are like that of @finding; *@ret_first is the first of them. */
static guint
count_alike(const GPtrArray *findings, guint from, guint end, const gpuvm_finding *finding, guint *ret_first)
{
    guint n = 0;

    for (guint i = end; i-- > from;) {
        const gpuvm_finding *other = findings->pdata[i];

        if (other->verdict == finding->verdict && g_strcmp0(other->each, finding->each) == 0) {
            *ret_first = i;
            n++;
        }
    }
    return n;
}

/* Adds @evidence to the line of GPUs that have what they need, *@line, which is made if there is none. */
static void
add_good(GPtrArray *summary, const gpuvm_finding *finding, const char *evidence, gpuvm_finding **line)
{
    g_autofree char *before = NULL;

    if (!*line) {
        *line = gpuvm_finding_add(summary, finding->topic, finding->verdict, NULL, "%s", evidence);
        return;
    }
    before = (*line)->evidence;
    (*line)->evidence = g_strdup_printf("%s; %s", before, evidence);
}

/* The findings from @from to @end are of one topic, in which something is @bad. */
static void
summarise(const GPtrArray *findings, guint from, guint end, bool bad, GPtrArray *summary)
{
    gpuvm_finding *good = NULL;

    for (guint i = from; i < end; i++) {
        const gpuvm_finding *finding = findings->pdata[i];
        bool collect = finding->each && is_good(finding) && end - from > 1;
        guint first = i, alike = finding->each ? count_alike(findings, from, end, finding, &first) : 1;
        g_autofree char *gpus = gpuvm_text_count(alike, "GPU");
        g_autofree char *evidence = collect || alike > 1 ? g_strdup_printf("%s: %s", gpus, finding->each)
                                                         : g_strdup(finding->evidence);

        if (first != i || (collect && bad))
            continue;
        if (collect)
            add_good(summary, finding, evidence, &good);
        else
            gpuvm_finding_add(summary, finding->topic, finding->verdict, finding->remedy, "%s", evidence);
    }
}

GPtrArray *
gpuvm_fitness_summary(const GPtrArray *findings)
{
    GPtrArray *summary = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_finding_free);

    for (guint from = 0, end; from < findings->len; from = end) {
        bool bad = false;

        end = end_of_topic(findings, from);
        for (guint i = from; i < end; i++)
            bad |= !is_good(findings->pdata[i]);
        summarise(findings, from, end, bad, summary);
    }
    return summary;
}
