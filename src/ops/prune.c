/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/prune.h"

#include "ops/stop.h"
#define STOP_SECONDS 90

static bool
is_defined(const GPtrArray *drafts, const char *name)
{
    for (guint i = 0; i < drafts->len; i++) {
        if (g_str_equal(((const gpuvm_draft *)drafts->pdata[i])->definition->spec->vm->name, name))
            return true;
    }
    return false;
}

static bool
is_among(const GPtrArray *instances, const char *name)
{
    for (guint i = 0; i < instances->len; i++) {
        if (g_str_equal(((const gpuvm_instance *)instances->pdata[i])->domain->name, name))
            return true;
    }
    return false;
}

GPtrArray *
gpuvm_prune_find(gpuvm_session *session, const GPtrArray *drafts, const gpuvm_define_options *options,
                 const GPtrArray *among)
{
    GPtrArray *found = options->set ? gpuvm_list_managed(session)
                                    : g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_instance_free);

    if (options->set)
        gpuvm_session_leave(session, NULL);
    for (guint i = found ? found->len : 0; i-- > 0;) {
        const gpuvm_instance *instance = found->pdata[i];
        const char *name = instance->domain->name;

        if (g_strcmp0(instance->record->set, options->set) != 0 ||
            !gpuvm_record_is_of(instance->record, name) || is_defined(drafts, name) ||
            (among && !is_among(among, name)))
            g_ptr_array_remove_index(found, i);
        else if (options->prune)
            g_hash_table_add(session->leaving, g_strdup(name));
    }
    return found;
}

bool
gpuvm_prune_check(gpuvm_session *session, const GPtrArray *doomed, const gpuvm_define_options *options)
{
    bool right = true;

    for (guint i = 0; i < doomed->len; i++) {
        const gpuvm_domain *domain = ((const gpuvm_instance *)doomed->pdata[i])->domain;

        if (!options->prune) {
            gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL, "VM '%s' of set '%s' is in no definition",
                                             domain->name, options->set),
                            "--prune removes it");
        } else if (domain->active && !options->stop) {
            gpuvm_diag_hint(
                gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                  "domain '%s', which is to be removed, is running", domain->name),
                "stop it first: gpuvm stop %s, or with --stop; or put its definition back", domain->name);
            right = false;
        }
    }
    return right;
}

static bool
prune(gpuvm_session *session, const char *name, const gpuvm_define_options *options)
{
    const gpuvm_undefine_options how = {.storage = options->storage};
    const gpuvm_stop_options gently = {.seconds = STOP_SECONDS};
    gpuvm_outcome outcome;

    return (!options->stop || gpuvm_stop(session, name, &gently, &outcome)) &&
           gpuvm_undefine_locked(session, name, &how);
}

bool
gpuvm_prune_all(gpuvm_session *session, const GPtrArray *doomed, const gpuvm_define_options *options)
{
    bool pruned = true;

    for (guint i = 0; options->prune && i < doomed->len; i++) {
        const char *name = ((const gpuvm_instance *)doomed->pdata[i])->domain->name;

        gpuvm_diags_set_subject(session->diags, name);
        if (prune(session, name, options))
            options->defined(options->data, name, GPUVM_REMOVED);
        else
            pruned = false;
        gpuvm_diags_set_subject(session->diags, NULL);
    }
    return pruned;
}
