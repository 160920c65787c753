/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/kubevirt.h"

#include "core/replicas.h"
#include "model/paths.h"
#include "ops/compose.h"
#include "ops/inline.h"

/*
 * Puts what its replicas have in common in the place of each deployment of @definitions: from there on it is a VM like any. Adds to
 * @deployments what each VM that there is then is the template of, NULL or a reference; what is wrong is in the diagnostics.
 */
static void
take_templates(gpuvm_session *session, GPtrArray *definitions, GPtrArray *deployments)
{
    for (guint i = 0; i < definitions->len; i++) {
        gpuvm_definition *item = definitions->pdata[i];
        gpuvm_spec *deployment = item->spec, *template;

        if (deployment->kind == GPUVM_KIND_VM)
            g_ptr_array_add(deployments, NULL);
        if (deployment->kind != GPUVM_KIND_DEPLOYMENT ||
            !gpuvm_inline_texts(deployment, item->directory, session->diags))
            continue;
        gpuvm_paths_resolve(deployment, item->directory);
        template = gpuvm_replicas_template(deployment, session->diags);
        if (!template)
            continue;
        g_ptr_array_add(deployments, deployment);
        item->spec = template;
    }
}

/* Adds @vm, or the pool of @deployment (NULL), whose replicas must be right; the digests that these record are for nobody. */
static void
add(gpuvm_kube *kube, const gpuvm_spec *vm, const gpuvm_spec *deployment)
{
    g_autoptr(GPtrArray) replicas =
        deployment ? gpuvm_replicas_expand(deployment, vm, NULL, kube->diags) : NULL;

    if (!deployment || replicas)
        gpuvm_kube_add(kube, vm, deployment);
}

/* The policies, and what a machine in a file has of devices; no other host is asked. */
static bool
gather(gpuvm_session *session)
{
    return gpuvm_session_has_file(session) ? gpuvm_session_gather_all(session)
                                           : gpuvm_session_policies(session);
}

gpuvm_kube *
gpuvm_kubevirt(gpuvm_session *session, char **paths, bool strict)
{
    gpuvm_diags *diags = session->diags;
    g_autoptr(GPtrArray) definitions = gpuvm_load_paths(paths, NULL, true, NULL, diags);
    g_autoptr(GPtrArray) deployments = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_spec_free);
    g_autoptr(gpuvm_kube) kube = NULL;

    take_templates(session, definitions, deployments);
    if (!gpuvm_compose(session, definitions) || !gather(session) || diags->errors > 0)
        return NULL;
    kube = gpuvm_kube_new(&session->policies, session->facts, strict, diags);
    for (guint i = 0; i < definitions->len; i++)
        add(kube, ((const gpuvm_definition *)definitions->pdata[i])->spec, deployments->pdata[i]);
    return diags->errors == 0 ? g_steal_pointer(&kube) : NULL;
}
