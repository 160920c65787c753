/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/verdict.h"

const char *const gpuvm_judgement_names[] = {"does not apply", "passes", "notes", "warns", "refuses", NULL};

static void
free_verdict(gpointer data)
{
    gpuvm_verdict *verdict = data;

    gpuvm_diags_free(verdict->diags);
    g_ptr_array_unref(verdict->drawn);
    g_free(verdict);
}

GArray *
gpuvm_verdict_subject(const gpuvm_facts *facts, const GPtrArray *functions, const gpuvm_pci_ref *ref)
{
    const gpuvm_plan_function *planned = gpuvm_functions_find(functions, &ref->addr);
    g_autoptr(GPtrArray) card = gpuvm_facts_card(facts, &ref->addr);
    GArray *subject = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));

    for (guint i = 0; planned && planned->mark.source && i < functions->len; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];

        if (function->role == GPUVM_ROLE_REQUESTED && gpuvm_mark_equal(&function->mark, &planned->mark))
            g_array_append_val(subject, function->device->addr);
    }
    if (subject->len > 0)
        return subject;
    for (guint i = 0; ref->whole_card && i < card->len; i++)
        gpuvm_pci_addrs_add(subject, &((const gpuvm_device *)card->pdata[i])->addr);
    if (subject->len == 0)
        g_array_append_val(subject, ref->addr);
    return subject;
}

/* Names what is at @subject, without a place, then the others that were requested, with @others for one: so a diagnostic tells which. */
static void
name_all(const gpuvm_admission *alone, const GPtrArray *functions, const GArray *subject,
         const gpuvm_mark *others)
{
    for (guint i = 0; i < subject->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(subject, gpuvm_pci_addr, i);
        const gpuvm_plan_function *known = gpuvm_functions_find(functions, addr);

        gpuvm_admission_name(alone, addr, known ? known->role : GPUVM_ROLE_REQUESTED, &(gpuvm_mark){0}, NULL);
    }
    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];

        if (function->role == GPUVM_ROLE_REQUESTED || alone->occasion == GPUVM_START)
            gpuvm_functions_add(alone->functions, function->device, function->role, others, NULL);
    }
}

static void
drop_others(gpuvm_diags *diags, const gpuvm_source *others)
{
    for (guint i = diags->items->len; i-- > 0;) {
        if (((const gpuvm_diag *)diags->items->pdata[i])->mark.source == others)
            g_ptr_array_remove_index(diags->items, i);
    }
}

static gpuvm_judgement
worst(const gpuvm_diags *diags)
{
    static const gpuvm_judgement of[] = {[GPUVM_DIAG_NOTE] = GPUVM_NOTES,
                                         [GPUVM_DIAG_WARNING] = GPUVM_WARNS,
                                         [GPUVM_DIAG_ERROR] = GPUVM_REFUSES};
    gpuvm_judgement judgement = GPUVM_PASSES;

    for (guint i = 0; i < diags->items->len; i++)
        judgement = MAX(judgement, of[((const gpuvm_diag *)diags->items->pdata[i])->severity]);
    return judgement;
}

/* Applies @rule to what @alone has by now. */
static gpuvm_verdict *
judge(const gpuvm_admission *alone, const gpuvm_admit_rule *rule, const gpuvm_source *others)
{
    gpuvm_verdict *verdict = g_new0(gpuvm_verdict, 1);
    gpuvm_admission admission = *alone;
    guint before = alone->functions->len;

    verdict->rule = rule;
    verdict->diags = gpuvm_diags_new();
    verdict->drawn = g_ptr_array_new_with_free_func(g_free);
    admission.diags = verdict->diags;
    if (!(rule->occasions & alone->occasion) || (alone->absent->len > 0 && rule != gpuvm_admit_rules))
        return verdict;
    rule->apply(&admission);
    drop_others(verdict->diags, others);
    verdict->judgement = worst(verdict->diags);
    for (guint i = before; i < alone->functions->len; i++) {
        const gpuvm_plan_function *function = alone->functions->pdata[i];

        if (function->mark.source != others)
            g_ptr_array_add(verdict->drawn,
                            g_strdup_printf("%s, %s", GPUVM_PCI(&function->device->addr), function->why));
    }
    return verdict;
}

GPtrArray *
gpuvm_verdicts(const gpuvm_admission *admission, const GArray *subject)
{
    g_autoptr(gpuvm_source) others = gpuvm_source_new("", g_strdup(""), 0);
    g_autoptr(GPtrArray) functions = gpuvm_functions_new();
    g_autoptr(GArray) absent = g_array_new(FALSE, FALSE, sizeof(gpuvm_absent));
    GPtrArray *verdicts = g_ptr_array_new_with_free_func(free_verdict);
    gpuvm_admission alone = *admission;

    alone.functions = functions;
    alone.absent = absent;
    name_all(&alone, admission->functions, subject, &(gpuvm_mark){.source = others});
    for (const gpuvm_admit_rule *rule = gpuvm_admit_rules; rule->name; rule++)
        g_ptr_array_add(verdicts, judge(&alone, rule, others));
    return verdicts;
}

bool
gpuvm_verdicts_pass(const GPtrArray *verdicts)
{
    for (guint i = 0; i < verdicts->len; i++) {
        if (((const gpuvm_verdict *)verdicts->pdata[i])->judgement == GPUVM_REFUSES)
            return false;
    }
    return true;
}
