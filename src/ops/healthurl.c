/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/healthurl.h"

#include "base/url.h"
#include "core/health.h"
#include "ops/compose.h"
#include "ops/create.h"
#include "ops/load.h"
#include "ops/plugin.h"

/* What @body asks, if but for secrets it is @url; NULL. */
static char *
url_of(const gpuvm_body *body, const char *url)
{
    const char *wrong;
    g_autofree char *whole =
        body->workload && body->workload->base_url && body->health_check
            ? gpuvm_health_join(body->workload->base_url, body->health_check->endpoint, &wrong)
            : NULL;
    g_autofree char *public = whole ? gpuvm_url_public(whole) : NULL;

    return g_strcmp0(public, url) == 0 ? g_steal_pointer(&whole) : NULL;
}

/* From the VM @name among @definitions, which are taken out. */
static char *
from_definitions(gpuvm_session *session, GPtrArray *definitions, const char *name, const gpuvm_record *record)
{
    char *url = NULL;

    gpuvm_compose(session, definitions);
    for (guint i = 0; !url && i < definitions->len; i++) {
        const gpuvm_vm *vm = ((const gpuvm_definition *)definitions->pdata[i])->spec->vm;

        if (g_str_equal(vm->name, name))
            url = url_of(&vm->body, record->health_url);
    }
    return url;
}

/* A deployment's file may say neither that it is one nor what it is called, or have it of another size. */
static char *
from_deployment(gpuvm_session *session, const char *name, const gpuvm_record *record)
{
    g_autofree char *number = g_strdup_printf("%u", record->replica + 1);
    gpuvm_flag_value replicas = {&gpuvm_replicas_flag, number};
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    g_autoptr(GPtrArray) definitions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_definition_free);
    gpuvm_definition *definition;

    g_ptr_array_add(values, &replicas);
    definition = gpuvm_create_definition(session, GPUVM_KIND_DEPLOYMENT, record->deployed->name,
                                         record->source, values);
    if (definition)
        g_ptr_array_add(definitions, definition);
    return from_definitions(session, definitions, name, record);
}

static char *
from_file(gpuvm_session *session, const char *name, const gpuvm_record *record)
{
    g_autoptr(GPtrArray) definitions = NULL;
    char *url;

    if (!record->source || !g_file_test(record->source, G_FILE_TEST_IS_REGULAR))
        return NULL;
    definitions = gpuvm_load_file(record->source, NULL, session->diags);
    url = from_definitions(session, definitions, name, record);
    return url || !record->deployed ? url : from_deployment(session, name, record);
}

static char *
from_plugin(gpuvm_session *session, const gpuvm_record *record)
{
    g_autoptr(gpuvm_spec) plugin = record->plugin ? gpuvm_plugin_get(session, record->plugin, NULL) : NULL;

    return plugin ? url_of(&plugin->plugin->body, record->health_url) : NULL;
}

char *
gpuvm_health_url(gpuvm_session *session, const char *name, const gpuvm_record *record)
{
    g_autoptr(gpuvm_diags) unseen = gpuvm_diags_new();
    gpuvm_diags *diags = session->diags;
    char *url;

    if (!record->health_secret)
        return g_strdup(record->health_url);
    session->diags = unseen;
    url = from_file(session, name, record);
    if (!url)
        url = from_plugin(session, record);
    session->diags = diags;
    if (url)
        return url;
    gpuvm_diag_hint(
        gpuvm_diags_note(session->diags, NULL,
                         "VM '%s' is asked without the password or token of its URL, which is not recorded",
                         name),
        "it is taken from the definition: ask where %s can be read", record->source);
    return g_strdup(record->health_url);
}
