/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/fithosts.h"

#include <errno.h>
#include <string.h>

#include <libxml/parser.h>

#include "ops/defaults.h"

static void
free_host(gpointer data)
{
    gpuvm_fit_host *host = data;

    gpuvm_room_free(host->room);
    g_clear_pointer(&host->vms, g_hash_table_unref);
    g_clear_pointer(&host->checked, g_hash_table_unref);
    gpuvm_session_free(host->session);
    g_free(host->name);
    g_free(host->file);
    g_free(host);
}

typedef struct work {
    const GPtrArray *hosts;
    gpuvm_fit *fit;
    void (*call)(gpuvm_fit *fit, gpuvm_fit_host *host);
    guint next; /* the host that no thread has taken yet */
} work;

static gpointer
work_on(gpointer data)
{
    work *all = data;

    for (guint i; (i = g_atomic_int_add(&all->next, 1)) < all->hosts->len;)
        all->call(all->fit, all->hosts->pdata[i]);
    return NULL;
}

/* This thread does what others that could not be made would have done. */
void
gpuvm_fit_each_host(gpuvm_fit *fit, void (*call)(gpuvm_fit *fit, gpuvm_fit_host *host))
{
    work all = {.hosts = fit->hosts, .fit = fit, .call = call};
    g_autoptr(GPtrArray) threads = g_ptr_array_new();
    GThread *thread;

    while (threads->len + 1 < MIN(g_get_num_processors(), fit->hosts->len) &&
           (thread = g_thread_try_new("fit", work_on, &all, NULL)))
        g_ptr_array_add(threads, thread);
    work_on(&all);
    for (guint i = 0; i < threads->len; i++)
        g_thread_join(threads->pdata[i]);
}

/* Whether nobody said @diag before: what is wrong with one file comes up with each host. */
static bool
is_new(const gpuvm_diag *diag, void *said)
{
    return g_hash_table_add(said, gpuvm_diag_format(diag, false));
}

void
gpuvm_fit_collect(gpuvm_session *session, const gpuvm_fit *fit)
{
    g_autoptr(GHashTable) said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < fit->hosts->len; i++) {
        const gpuvm_fit_host *host = fit->hosts->pdata[i];

        gpuvm_diags_take_some(session->diags, host->session->diags, is_new, said);
    }
}

static gpuvm_fit_host *
new_host(const gpuvm_session *session, const char *directory, const char *file)
{
    gpuvm_fit_host *host = g_new0(gpuvm_fit_host, 1);

    host->name = g_strndup(file, strlen(file) - strlen(".xml"));
    host->file = g_build_filename(directory, file, NULL);
    host->session = gpuvm_session_new();
    host->session->host_file = host->file;
    host->session->policy_file = session->policy_file;
    host->session->defaults_file = session->defaults_file;
    host->session->plugin_dir = session->plugin_dir;
    host->session->pool = session->pool;
    return host;
}

/* Reads the host's file, its policy and its defaults. */
static void
read_host(gpuvm_fit *fit, gpuvm_fit_host *host)
{
    (void)fit;
    if (gpuvm_session_gather(host->session))
        gpuvm_defaults_read(host->session);
}

/* What may be a host file: one that cannot be looked at is, so that its error is said; a pipe would be waited for. */
static bool
is_host_file(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    return *name != '.' && g_str_has_suffix(name, ".xml") &&
           (g_file_test(path, G_FILE_TEST_IS_REGULAR) || !g_file_test(path, G_FILE_TEST_EXISTS));
}

static void
find_hosts(gpuvm_fit *fit, gpuvm_session *session, const char *directory)
{
    g_autoptr(GPtrArray) names = gpuvm_load_names(directory);

    if (!names) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "cannot read directory %s: %s", directory,
                          g_strerror(errno));
        return;
    }
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];

        if (is_host_file(directory, name))
            g_ptr_array_add(fit->hosts, new_host(session, directory, name));
    }
    if (fit->hosts->len == 0)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID, NULL,
                                          "no host files in directory %s: a host file's name ends in .xml",
                                          directory),
                        "write them on the hosts: gpuvm capture -o HOST.xml");
}

/* Reads them all, and leaves out those that are wrong. */
static void
load_hosts(gpuvm_fit *fit, gpuvm_session *session)
{
    gpuvm_fit_each_host(fit, read_host);
    gpuvm_fit_collect(session, fit);
    for (guint i = 0; i < fit->hosts->len;) {
        const gpuvm_session *of = ((const gpuvm_fit_host *)fit->hosts->pdata[i])->session;

        if (of->defaults_read && of->policies.n > 0)
            i++;
        else
            g_ptr_array_remove_index(fit->hosts, i);
    }
}

/* @definitions, to be composed: their specs are shared. */
static GPtrArray *
copy_definitions(const GPtrArray *definitions)
{
    GPtrArray *copies = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_definition_free);

    for (guint i = 0; i < definitions->len; i++) {
        const gpuvm_definition *definition = definitions->pdata[i];
        gpuvm_definition *copy = g_new0(gpuvm_definition, 1);

        copy->spec = gpuvm_spec_ref(definition->spec);
        copy->source = g_strdup(definition->source);
        copy->directory = g_strdup(definition->directory);
        copy->found = definition->found;
        g_ptr_array_add(copies, copy);
    }
    return copies;
}

/* The VMs of @definitions by kind and name, with the defaults of @session; the replicas of a deployment as one. */
static GHashTable *
compose(gpuvm_fit *fit, gpuvm_session *session, const GPtrArray *definitions)
{
    GHashTable *vms =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    g_autoptr(GPtrArray) copies = copy_definitions(definitions), order = NULL;
    GPtrArray *drafts = gpuvm_drafts_new(session, copies);

    if (!drafts)
        return vms;
    g_ptr_array_add(fit->drafts, drafts);
    order = gpuvm_drafts_order(session, drafts);
    for (guint i = 0; i < order->len; i++) {
        const gpuvm_spec *spec = ((const gpuvm_draft *)order->pdata[i])->definition->spec;
        g_autofree char *key = spec->deployed ? g_strconcat("deployment ", spec->deployed->name, NULL)
                                              : g_strconcat("vm ", spec->vm->name, NULL);
        GPtrArray *of = g_hash_table_lookup(vms, key);

        if (!of) {
            of = g_ptr_array_new();
            g_hash_table_insert(vms, g_strdup(key), of);
        }
        g_ptr_array_add(of, order->pdata[i]);
    }
    return vms;
}

/* What is shared under @key, a reference; NULL: nothing yet. */
static GHashTable *
find_shared(GHashTable *shared, const char *key)
{
    GHashTable *found = g_hash_table_lookup(shared, key);

    return found ? g_hash_table_ref(found) : NULL;
}

static void
free_reason(gpointer data)
{
    gpuvm_fit_reason *reason = data;

    if (!reason)
        return;
    g_free(reason->message);
    g_free(reason->hint);
    g_free(reason);
}

/*
 * Hosts with the same defaults share what the definitions are with them; those that have the same policy and emulator besides, what
 * the domain XML has that stands in the way.
 */
static void
compose_all(gpuvm_fit *fit, const GPtrArray *definitions)
{
    g_autoptr(GHashTable) shared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < fit->hosts->len; i++) {
        gpuvm_fit_host *host = fit->hosts->pdata[i];
        const gpuvm_facts *facts = host->session->facts;
        const char *own = host->session->defaults_file ? NULL : facts->defaults;
        char *defaults = g_strconcat("defaults ", own ? own : "", NULL);
        char *class = g_strjoin("\n", "class", defaults, facts->policy ? facts->policy : "",
                                facts->emulator ? facts->emulator : "", NULL);

        host->index = i;
        host->vms = find_shared(shared, defaults);
        if (!host->vms)
            host->vms = compose(fit, host->session, definitions);
        host->checked = find_shared(shared, class);
        if (!host->checked)
            host->checked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_reason);
        g_hash_table_insert(shared, defaults, host->vms);
        g_hash_table_insert(shared, class, host->checked);
    }
}

static void
free_vm(gpointer data)
{
    gpuvm_fit_vm *vm = data;

    g_free(vm->key);
    g_ptr_array_unref(vm->reasons);
    g_ptr_array_unref(vm->devices);
    g_free(vm);
}

static void
add_vm(gpuvm_fit *fit, const char *key, const GPtrArray *drafts)
{
    gpuvm_fit_vm *vm = g_new0(gpuvm_fit_vm, 1);
    const gpuvm_spec *spec;

    vm->key = g_strdup(key);
    vm->first = drafts->pdata[0];
    spec = vm->first->definition->spec;
    vm->name = spec->deployed ? spec->deployed->name : spec->vm->name;
    vm->replicas = spec->deployed ? drafts->len : 0;
    for (guint i = 0; i < drafts->len; i++)
        gpuvm_demand_add(&vm->demand, ((const gpuvm_draft *)drafts->pdata[i])->definition->spec->vm);
    vm->reasons = g_ptr_array_new_with_free_func(free_reason);
    g_ptr_array_set_size(vm->reasons, (gint)fit->hosts->len);
    vm->devices = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(fit->vms, vm);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    const gpuvm_fit_vm *x = *(const gpuvm_fit_vm *const *)a, *y = *(const gpuvm_fit_vm *const *)b;
    int order = strcmp(x->name, y->name);

    return order != 0 ? order : strcmp(x->key, y->key);
}

/* Every VM that is one on some host. */
static void
list_vms(gpuvm_fit *fit)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < fit->hosts->len; i++) {
        GHashTableIter iter;
        gpointer key, drafts;

        g_hash_table_iter_init(&iter, ((const gpuvm_fit_host *)fit->hosts->pdata[i])->vms);
        while (g_hash_table_iter_next(&iter, &key, &drafts)) {
            if (g_hash_table_add(seen, key))
                add_vm(fit, key, drafts);
        }
    }
    g_ptr_array_sort(fit->vms, compare_names);
}

gpuvm_fit *
gpuvm_fit_load(gpuvm_session *session, const char *directory, char **paths)
{
    g_autoptr(GPtrArray) definitions = gpuvm_load_paths(paths, NULL, false, NULL, session->diags);
    gpuvm_fit *fit = g_new0(gpuvm_fit, 1);

    xmlInitParser(); /* before there are threads */
    fit->hosts = g_ptr_array_new_with_free_func(free_host);
    fit->vms = g_ptr_array_new_with_free_func(free_vm);
    fit->drafts = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    find_hosts(fit, session, directory);
    load_hosts(fit, session);
    compose_all(fit, definitions);
    gpuvm_fit_collect(session, fit);
    list_vms(fit);
    return fit;
}

void
gpuvm_fit_free(gpuvm_fit *fit)
{
    if (!fit)
        return;
    g_ptr_array_unref(fit->vms);
    g_ptr_array_unref(fit->hosts);
    g_ptr_array_unref(fit->drafts);
    g_free(fit);
}
