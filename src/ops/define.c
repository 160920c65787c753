/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/define.h"

#include "core/domxml.h"
#include "core/image.h"
#include "ops/images.h"

const char *const gpuvm_change_names[] = {"created", "updated", "unchanged"};

bool
gpuvm_define_prepare(gpuvm_session *session, const GPtrArray *planned, const gpuvm_define_options *options)
{
    for (guint i = 0; i < planned->len; i++) {
        const gpuvm_planned *vm = planned->pdata[i];

        if (vm->domain && !vm->managed && !options->adopt) {
            gpuvm_diag *diag =
                gpuvm_diags_error(session->diags, GPUVM_EXIT_REFUSED, NULL,
                                  "domain '%s' exists and was not defined by gpuvm", vm->domain->name);
            gpuvm_diag_hint(diag,
                            "give the VM another name, or replace the domain's definition with --adopt");
        }
    }
    return session->diags->errors == 0 && gpuvm_images_prepare(session, planned);
}

static bool
set_autostart(gpuvm_planned *planned, gpuvm_domain *domain, const gpuvm_define_options *options,
              GError **error)
{
    const gpuvm_body *body = &planned->loaded->spec->vm->body;
    bool wanted = domain->autostart;

    if (gpuvm_object_has(&body->object, "autostart"))
        wanted = body->autostart;
    if (options->autostart)
        wanted = true;
    return wanted == domain->autostart || gpuvm_domain_set_autostart(domain, wanted, error);
}

bool
gpuvm_define(gpuvm_session *session, gpuvm_planned *planned, const gpuvm_define_options *options,
             gpuvm_change *ret_change)
{
    GError *error = NULL;
    g_autoptr(gpuvm_domain) domain =
        gpuvm_domain_define(session->connection, planned->xml, planned->domain, &error);
    g_autofree char *after = domain ? gpuvm_domain_xml(domain, true, &error) : NULL;

    if (!domain)
        gpuvm_images_discard(session, planned);
    g_ptr_array_set_size(planned->locks, 0);
    if (!after || !set_autostart(planned, domain, options, &error))
        return gpuvm_session_fail(session, error);
    if (!planned->before)
        *ret_change = GPUVM_CREATED;
    else
        *ret_change = gpuvm_domxml_equal(planned->before, after) ? GPUVM_UNCHANGED : GPUVM_UPDATED;
    if (planned->record)
        gpuvm_image_note_dropped(planned->plan, planned->record, session->diags);
    if (*ret_change == GPUVM_UPDATED && domain->active) {
        gpuvm_diag *diag = gpuvm_diags_note(
            session->diags, NULL, "domain '%s' is running: it keeps its old definition until its next start",
            domain->name);
        gpuvm_diag_hint(diag, "gpuvm restart %s", domain->name);
    }
    if (domain->autostart && *ret_change != GPUVM_UNCHANGED)
        gpuvm_diags_note(session->diags, NULL,
                         "domain '%s' starts with the host: libvirtd does that, without gpuvm's checks",
                         domain->name);
    return true;
}
