/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/healthurl.h"

#include "base/url.h"
#include "core/health.h"
#include "ops/compose.h"
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

static char *
from_definition(gpuvm_session *session, const char *name, const gpuvm_record *record)
{
    g_autoptr(GPtrArray) definitions = record->source && g_file_test(record->source, G_FILE_TEST_IS_REGULAR)
                                           ? gpuvm_load_file(record->source, NULL, session->diags)
                                           : g_ptr_array_new();
    char *url = NULL;

    gpuvm_compose(session, definitions);
    for (guint i = 0; !url && i < definitions->len; i++) {
        const gpuvm_vm *vm = ((const gpuvm_definition *)definitions->pdata[i])->spec->vm;

        if (g_str_equal(vm->name, name))
            url = url_of(&vm->body, record->health_url);
    }
    return url;
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
    url = from_definition(session, name, record);
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
