/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/compare.h"

#include <string.h>

#include "core/drift.h"
#include "core/image.h"

const char *const gpuvm_step_names[] = {"create", "update", "unchanged", "remove", "too many", NULL};

gpuvm_comparison *
gpuvm_comparison_new(const char *name, const char *source, gpuvm_step step)
{
    gpuvm_comparison *comparison = g_new0(gpuvm_comparison, 1);

    comparison->name = g_strdup(name);
    comparison->source = g_strdup(source);
    comparison->step = step;
    comparison->drifted = GPUVM_UNKNOWN;
    comparison->differences = gpuvm_diff_new();
    return comparison;
}

void
gpuvm_comparison_free(gpuvm_comparison *comparison)
{
    if (!comparison)
        return;
    g_free(comparison->name);
    g_free(comparison->source);
    g_ptr_array_unref(comparison->differences);
    g_free(comparison);
}

/* libvirt keeps it apart from the domain's XML. */
static void
compare_autostart(GPtrArray *differences, const gpuvm_draft *draft)
{
    const gpuvm_body *body = &draft->plan->vm->body;
    bool said = false;

    for (guint i = 0; i < differences->len; i++)
        said |= g_str_equal(((const gpuvm_difference *)differences->pdata[i])->field, "autostart");
    if (!said && gpuvm_object_has(&body->object, "autostart") && body->autostart != draft->domain->autostart)
        gpuvm_diff_add(differences, "autostart", draft->domain->autostart ? "true" : "false",
                       body->autostart ? "true" : "false", GPUVM_WHEN_NOW);
}

/* Where the definition is the same, so are the images that it would fetch. */
static void
learn_images(gpuvm_session *session, gpuvm_draft *draft)
{
    bool learnt = false;

    for (guint i = 0; i < draft->plan->images->len; i++) {
        gpuvm_plan_image *image = draft->plan->images->pdata[i];
        const gpuvm_record_image *former = gpuvm_record_find_image(draft->record, image->what);

        if (!former || image->volume || !image->url)
            continue;
        gpuvm_image_learn(draft->plan, image, former->volume, former->qcow2);
        learnt = true;
    }
    if (learnt)
        gpuvm_draft_make_xml(session, draft);
}

/* What is not in the definition: its template, where libvirt's storage is, another version of gpuvm. */
static void
compare_made(gpuvm_session *session, gpuvm_draft *draft, GPtrArray *differences)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autofree char *made = NULL;

    if (!draft->xml || !draft->record->made)
        return;
    learn_images(session, draft);
    doc = gpuvm_xml_parse(draft->xml, strlen(draft->xml), "domain", NULL);
    made = gpuvm_drift_digest_made(xmlDocGetRootElement(doc));
    if (!g_str_equal(made, draft->record->made))
        gpuvm_diff_add(differences, "domain XML", draft->record->made, made, GPUVM_WHEN_START);
}

/* The domain as it is, whatever gpuvm remembers of it. */
static void
compare_domain(const gpuvm_draft *draft, bool outside, GPtrArray *differences)
{
    g_autoptr(xmlDoc) now = gpuvm_xml_parse(draft->before, strlen(draft->before), "domain", NULL);
    g_autoptr(xmlDoc) then = gpuvm_xml_parse(draft->xml, strlen(draft->xml), "domain", NULL);
    guint before = differences->len;

    gpuvm_diff_domains(differences, xmlDocGetRootElement(now), xmlDocGetRootElement(then), outside);
    if (differences->len == before)
        gpuvm_diff_add(differences, "domain", "other XML", "as defined", GPUVM_WHEN_START)->outside = outside;
}

static void
compare_record(gpuvm_session *session, gpuvm_draft *draft, GPtrArray *differences)
{
    if (!draft->record) {
        gpuvm_diff_add(differences, "metadata", "damaged", "as defined", GPUVM_WHEN_NOW);
        return;
    }
    gpuvm_diff_plan(differences, draft->plan);
    if (differences->len == 0)
        compare_made(session, draft, differences);
}

gpuvm_comparison *
gpuvm_compare(gpuvm_session *session, gpuvm_draft *draft)
{
    g_autoptr(gpuvm_comparison) comparison =
        gpuvm_comparison_new(draft->plan->vm->name, draft->plan->source, GPUVM_STEP_CREATE);
    GPtrArray *differences = comparison->differences;
    GError *error = NULL;
    uint64_t version;

    if (!draft->domain)
        return g_steal_pointer(&comparison);
    if (!gpuvm_connection_version(session->connection, &version, &error)) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    comparison->drifted = gpuvm_drift_look(draft->record, draft->before, version);
    if (draft->managed)
        compare_record(session, draft, differences);
    if (draft->xml && (!draft->managed || comparison->drifted == 1))
        compare_domain(draft, draft->managed, differences);
    compare_autostart(differences, draft);
    comparison->step = differences->len > 0 ? GPUVM_STEP_UPDATE : GPUVM_STEP_UNCHANGED;
    return g_steal_pointer(&comparison);
}
