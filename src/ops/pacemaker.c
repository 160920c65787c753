/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/pacemaker.h"

#include "core/cib.h"
#include "ops/draft.h"
#include "ops/fithosts.h"

#define URI "qemu:///system"

/* The paths that the nodes have the definitions at, with blanks between. */
static char *
resolve(gpuvm_session *session, char **paths)
{
    g_autoptr(GPtrArray) absolute = g_ptr_array_new_with_free_func(g_free);

    for (; *paths; paths++) {
        char *path = g_canonicalize_filename(*paths, NULL);

        g_ptr_array_add(absolute, path);
        if (g_str_equal(*paths, "-"))
            gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL,
                                              "standard input is no file that the nodes can read"),
                            "give the file by its path, which must be the same on all nodes");
    }
    g_ptr_array_add(absolute, NULL);
    return g_strjoinv(" ", (char **)absolute->pdata);
}

static void
check_plain(gpuvm_session *session, const char *text)
{
    if (!gpuvm_cib_is_plain(text))
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL,
                                          "'%s' cannot be told to Pacemaker", text),
                        "it has blanks, quotes, or what is not UTF-8: give it another name");
}

static void
free_vm(gpointer data)
{
    gpuvm_cib_vm *vm = data;

    g_free(vm->file);
    g_free(vm);
}

/* Each VM, and the first replica of each deployment, of @drafts. */
static GPtrArray *
find_vms(gpuvm_session *session, const GPtrArray *drafts)
{
    g_autoptr(GPtrArray) order = gpuvm_drafts_order(session, drafts);
    GPtrArray *vms = g_ptr_array_new_with_free_func(free_vm);

    for (guint i = 0; i < order->len; i++) {
        const gpuvm_definition *definition = ((const gpuvm_draft *)order->pdata[i])->definition;
        gpuvm_cib_vm *vm;

        if (definition->spec->deployed && definition->spec->replica > 0)
            continue;
        vm = g_new0(gpuvm_cib_vm, 1);
        vm->spec = definition->spec;
        vm->file = g_canonicalize_filename(definition->source, NULL);
        check_plain(session, vm->file);
        g_ptr_array_add(vms, vm);
    }
    return vms;
}

static void
gather(gpuvm_fit *fit, gpuvm_fit_host *host)
{
    (void)fit;
    gpuvm_session_gather_all(host->session);
    gpuvm_session_gather_claims(host->session);
}

/* The hosts of @fit as nodes (gpuvm_cib_node). */
static GPtrArray *
make_nodes(gpuvm_session *session, gpuvm_fit *fit)
{
    GPtrArray *nodes = g_ptr_array_new_with_free_func(g_free);

    gpuvm_fit_each_host(fit, gather);
    gpuvm_fit_collect(session, fit);
    for (guint i = 0; i < fit->hosts->len; i++) {
        const gpuvm_fit_host *host = fit->hosts->pdata[i];
        gpuvm_cib_node *node = g_new0(gpuvm_cib_node, 1);

        node->name = host->name;
        node->facts = host->session->facts;
        node->policies = &host->session->policies;
        g_ptr_array_add(nodes, node);
    }
    if (fit->drafts->len > 1)
        gpuvm_diag_hint(
            gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL,
                              "the nodes have different defaults, with which a VM is not the same"),
            "give all of them the same, or say with --defaults FILE which");
    return nodes;
}

char *
gpuvm_pacemaker_export(gpuvm_session *session, char **paths, const char *hosts, char *const *bindings,
                       gpuvm_pacemaker_form form)
{
    g_autofree char *definitions = resolve(session, paths);
    g_autoptr(gpuvm_fit) fit = NULL;
    g_autoptr(GPtrArray) own = NULL, nodes = NULL, vms = NULL, resources = NULL;
    gpuvm_cib_input input = {
        .bindings = bindings, .uri = session->uri ? session->uri : URI, .definitions = definitions};
    const GPtrArray *drafts;

    if (session->diags->errors > 0)
        return NULL;
    if (hosts) {
        fit = gpuvm_fit_load(session, hosts, paths);
        input.nodes = nodes = make_nodes(session, fit);
        drafts = fit->drafts->len > 0 ? fit->drafts->pdata[0] : NULL;
    } else {
        g_autoptr(GPtrArray) all = gpuvm_load_paths(paths, NULL, false, NULL, session->diags);

        session->key = g_bytes_new_static("", 0); /* no digest of a secret leaves this run */
        drafts = own = gpuvm_drafts_new(session, all);
    }
    if (!drafts)
        return NULL;
    for (char **path = paths; *path; path++) {
        g_autofree char *absolute = g_canonicalize_filename(*path, NULL);

        check_plain(session, absolute);
    }
    check_plain(session, input.uri);
    input.vms = vms = find_vms(session, drafts);
    resources = gpuvm_cib_make(&input, session->diags);
    if (!resources || session->diags->errors > 0)
        return NULL;
    return form == GPUVM_PACEMAKER_CRM   ? gpuvm_cib_print_crm(resources)
           : form == GPUVM_PACEMAKER_PCS ? gpuvm_cib_print_pcs(resources)
                                         : gpuvm_cib_print_xml(resources, session->diags);
}
