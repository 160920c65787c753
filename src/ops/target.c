/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/target.h"

#include "core/secret.h"
#include "model/tables.h"
#include "ops/compose.h"

/* Whether @vm is certainly not what @record remembers: secrets can be compared only with the key that they were sealed with. */
static bool
is_changed(gpuvm_session *session, const gpuvm_vm *vm, const gpuvm_record *record)
{
    bool secrets = false;
    g_autoptr(gpuvm_doc) doc =
        gpuvm_secret_digest(&gpuvm_vm_table, vm->body.object.node, vm->name, session->key, &secrets);
    g_autofree char *digest = gpuvm_node_digest(doc->root);
    g_autofree char *key = secrets ? gpuvm_secret_key_id(session->key) : NULL;

    return g_strcmp0(key, record->key) == 0 && g_strcmp0(digest, record->digest) != 0;
}

static bool
note_changed(gpuvm_session *session, const gpuvm_definition *definition, const gpuvm_record *record)
{
    const gpuvm_vm *vm = definition->spec->vm;

    if (!gpuvm_session_need_key(session, &gpuvm_vm_table, vm->body.object.node))
        return false;
    if (is_changed(session, vm, record))
        gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL,
                                         "VM '%s' was defined otherwise than %s has it now", vm->name,
                                         definition->source),
                        "to see what differs: gpuvm diff %s", definition->source);
    return true;
}

GPtrArray *
gpuvm_target_files(gpuvm_session *session, char **paths)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) definitions = gpuvm_load_paths(paths, NULL, false, NULL, session->diags);
    g_autoptr(GPtrArray) managed = NULL;

    if (!gpuvm_compose(session, definitions) || session->diags->errors > 0 ||
        !(managed = gpuvm_list_undamaged(session)))
        return NULL;
    if (definitions->len == 0) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID, NULL, "there is no VM among the definitions");
        return NULL;
    }
    for (guint i = 0; i < definitions->len; i++) {
        const gpuvm_definition *definition = definitions->pdata[i];

        g_ptr_array_add(names, g_strdup(definition->spec->vm->name));
        for (guint k = 0; k < managed->len; k++) {
            const gpuvm_instance *instance = managed->pdata[k];

            if (g_str_equal(instance->domain->name, definition->spec->vm->name) &&
                !note_changed(session, definition, instance->record))
                return NULL;
        }
    }
    return g_steal_pointer(&names);
}

GPtrArray *
gpuvm_target_all(gpuvm_session *session, bool active)
{
    g_autoptr(GPtrArray) managed = gpuvm_list_managed(session);
    GPtrArray *names = managed ? g_ptr_array_new_with_free_func(g_free) : NULL;

    for (guint i = 0; names && i < managed->len; i++) {
        const gpuvm_domain *domain = ((const gpuvm_instance *)managed->pdata[i])->domain;

        if (domain->active == active)
            g_ptr_array_add(names, g_strdup(domain->name));
    }
    return names;
}
