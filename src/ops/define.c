/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/define.h"

#include "core/domxml.h"
#include "core/image.h"
#include "ops/images.h"
#include "ops/startcheck.h"

/* The domain that is there under the VM's name, if any, must be one that may be replaced. */
static void
check_domain(gpuvm_session *session, const gpuvm_draft *draft, const gpuvm_define_options *options)
{
    const gpuvm_domain *domain = draft->domain;

    if (domain && options->create)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                          "domain '%s' exists already", domain->name),
                        "give the VM another name, or change the one there is: gpuvm define FILE");
    else if (domain && !draft->managed && !options->adopt)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_REFUSED, NULL,
                                          "domain '%s' exists and was not defined by gpuvm", domain->name),
                        "give the VM another name, or replace the domain's definition with --adopt");
}

static bool
set_autostart(gpuvm_draft *draft, gpuvm_domain *domain, const gpuvm_define_options *options, GError **error)
{
    const gpuvm_body *body = &draft->definition->spec->vm->body;
    bool wanted = domain->autostart;

    if (gpuvm_object_has(&body->object, "autostart"))
        wanted = body->autostart;
    if (options->autostart)
        wanted = true;
    return wanted == domain->autostart || gpuvm_domain_set_autostart(domain, wanted, error);
}

/* Whether anything changed is seen by comparing libvirt's own XML before and after. */
static bool
define_one(gpuvm_session *session, gpuvm_draft *draft, const gpuvm_define_options *options)
{
    GError *error = NULL;
    g_autoptr(gpuvm_domain) domain =
        gpuvm_domain_define(session->connection, draft->xml, draft->domain, &error);
    g_autofree char *after = domain ? gpuvm_domain_xml(domain, true, &error) : NULL;
    gpuvm_change change = GPUVM_CREATED;

    if (!domain)
        gpuvm_images_discard(session, draft);
    g_ptr_array_set_size(draft->locks, 0);
    if (!after || !set_autostart(draft, domain, options, &error))
        return gpuvm_session_fail(session, error);
    if (draft->before)
        change = gpuvm_domxml_equal(draft->before, after) ? GPUVM_UNCHANGED : GPUVM_UPDATED;
    if (draft->record)
        gpuvm_image_note_dropped(draft->plan, draft->record, session->diags);
    if (change == GPUVM_UPDATED && domain->active)
        gpuvm_diag_hint(
            gpuvm_diags_note(session->diags, NULL,
                             "domain '%s' is running: it keeps its old definition until its next start",
                             domain->name),
            "gpuvm restart %s", domain->name);
    if (domain->autostart && change != GPUVM_UNCHANGED)
        gpuvm_diags_note(session->diags, NULL,
                         "domain '%s' starts with the host: libvirt does that, without gpuvm's checks",
                         domain->name);
    options->defined(options->data, domain->name, change);
    return true;
}

static bool
define_each(gpuvm_session *session, const GPtrArray *drafts, const gpuvm_define_options *options)
{
    guint n = 0;

    while (n < drafts->len && define_one(session, drafts->pdata[n], options))
        n++;
    for (guint i = n + 1; i < drafts->len; i++)
        gpuvm_images_discard(session, drafts->pdata[i]);
    return n == drafts->len;
}

static bool
start_one(gpuvm_session *session, const char *name, const gpuvm_define_options *options)
{
    gpuvm_start_options how = *options->start;
    gpuvm_outcome outcome = GPUVM_NOTHING_TO_DO;
    bool running;

    how.planned = true;

    gpuvm_diags_set_subject(session->diags, name);
    running = gpuvm_start(session, name, &how, &outcome);
    options->started(options->data, name, running, outcome);
    gpuvm_diags_set_subject(session->diags, NULL);
    return running;
}

/* A VM that is created to be started is not made when it may not start. */
static bool
check_start(gpuvm_session *session, const gpuvm_draft *draft)
{
    bool may;

    gpuvm_diags_set_subject(session->diags, draft->plan->vm->name);
    may = gpuvm_check_create(session, draft->xml, draft->guest);
    gpuvm_diags_set_subject(session->diags, NULL);
    return may;
}

bool
gpuvm_define_all(gpuvm_session *session, GPtrArray *definitions, const gpuvm_define_options *options)
{
    g_autoptr(GPtrArray) drafts =
        gpuvm_session_connect(session) ? gpuvm_plan_definitions(session, definitions) : NULL;
    bool defined, done;

    for (guint i = 0; drafts && i < drafts->len; i++)
        check_domain(session, drafts->pdata[i], options);
    if (!drafts || session->diags->errors > 0)
        return false;
    for (guint i = 0; options->create && options->start && i < drafts->len; i++)
        check_start(session, drafts->pdata[i]);
    if (session->diags->errors > 0 || !gpuvm_images_prepare(session, drafts))
        return false;
    defined = done = define_each(session, drafts, options);
    for (guint i = 0; defined && options->start && i < drafts->len; i++)
        done &= start_one(session, ((const gpuvm_draft *)drafts->pdata[i])->plan->vm->name, options);
    return done;
}
