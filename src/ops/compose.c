/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/compose.h"

#include "core/merge.h"
#include "core/replicas.h"
#include "model/paths.h"
#include "model/tables.h"
#include "ops/defaults.h"
#include "ops/inline.h"
#include "ops/plugin.h"

/* An error of what somebody named; what is in a directory need not be of use. */
static gpuvm_diag *
useless(gpuvm_session *session, const gpuvm_definition *definition, const char *why)
{
    const gpuvm_mark *mark = &definition->spec->doc->root->mark;

    return definition->found ? gpuvm_diags_note(session->diags, mark, "%s", why)
                             : gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, mark, "%s", why);
}

static bool
has_vms(const gpuvm_spec *spec)
{
    return spec->kind == GPUVM_KIND_VM || spec->kind == GPUVM_KIND_DEPLOYMENT;
}

/* A policy, defaults and a lock are not VMs, and a plugin alone does nothing. */
static void
refuse_kind(gpuvm_session *session, const gpuvm_definition *definition)
{
    const gpuvm_spec *spec = definition->spec;
    g_autofree char *alone =
        g_strdup_printf("plugin '%s' is named by no VM that is given with it", gpuvm_spec_name(spec));

    if (spec->kind == GPUVM_KIND_POLICY)
        gpuvm_diag_hint(useless(session, definition, "this is a policy, not a VM"),
                        "give it with --policy FILE");
    else if (spec->kind == GPUVM_KIND_DEFAULTS)
        gpuvm_diag_hint(useless(session, definition, "these are a host's defaults, not a VM"),
                        "put them into " GPUVM_DEFAULTS_FILE
                        ", or give them with --defaults FILE: they lie below every VM and plugin");
    else if (spec->kind == GPUVM_KIND_LOCK)
        gpuvm_diag_hint(useless(session, definition, "this is a lock, not a VM"),
                        "it is read as " GPUVM_LOCKFILE " beside the definitions, which gpuvm lock writes");
    else
        gpuvm_diag_hint(useless(session, definition, alone),
                        "to have it at hand for VMs: gpuvm plugin install %s", definition->source);
}

/* The plugins among @definitions: name → gpuvm_definition. */
static GHashTable *
given_plugins(const GPtrArray *definitions)
{
    GHashTable *given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < definitions->len; i++) {
        const gpuvm_spec *spec = ((const gpuvm_definition *)definitions->pdata[i])->spec;

        if (spec->kind == GPUVM_KIND_PLUGIN)
            g_hash_table_insert(given, g_strdup(spec->plugin->name), definitions->pdata[i]);
    }
    return given;
}

/* @definition, a plugin that is given, as it would be installed; NULL: see the diagnostics. */
static gpuvm_spec *
take_given(gpuvm_session *session, const gpuvm_definition *definition, const gpuvm_mark *mark)
{
    gpuvm_spec *plugin = definition->spec;

    if (!plugin->plugin->enabled) {
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, mark, "plugin '%s' is disabled",
                                          plugin->plugin->name),
                        "%s says enabled: false", definition->source);
        return NULL;
    }
    if (!gpuvm_inline_texts(plugin, definition->directory, session->diags))
        return NULL;
    gpuvm_paths_resolve(plugin, definition->directory);
    return gpuvm_spec_ref(plugin);
}

/* The plugin that @vm names, which comes to be in @used (name → gpuvm_spec); NULL: see the diagnostics. */
static gpuvm_spec *
find_plugin(gpuvm_session *session, GHashTable *given, GHashTable *used, const gpuvm_vm *vm)
{
    gpuvm_mark mark = gpuvm_object_mark(&vm->body.object, "plugin");
    gpuvm_spec *plugin = g_hash_table_lookup(used, vm->plugin);
    const gpuvm_definition *definition = g_hash_table_lookup(given, vm->plugin);

    if (plugin)
        return plugin;
    plugin =
        definition ? take_given(session, definition, &mark) : gpuvm_plugin_load(session, vm->plugin, &mark);
    if (plugin)
        g_hash_table_insert(used, plugin->plugin->name, plugin);
    return plugin;
}

/* Puts the VM that @spec makes with all that belongs to it in its place; false: see the diagnostics. */
static bool
complete(gpuvm_session *session, GHashTable *given, GHashTable *used, gpuvm_spec **spec,
         const char *directory)
{
    gpuvm_spec *plugin = NULL, *merged;

    if (!gpuvm_inline_texts(*spec, directory, session->diags))
        return false;
    if ((*spec)->vm->plugin) {
        plugin = find_plugin(session, given, used, (*spec)->vm);
        if (!plugin)
            return false;
    }
    merged = gpuvm_merge(*spec, plugin, session->defaults, session->diags);
    if (!merged)
        return false;
    gpuvm_spec_free(*spec);
    *spec = merged;
    gpuvm_paths_resolve(*spec, directory); /* what is remembered of it has no directory */
    return true;
}

static gpuvm_definition *
new_definition(gpuvm_spec *spec, const gpuvm_definition *from)
{
    gpuvm_definition *definition = g_new0(gpuvm_definition, 1);

    definition->spec = gpuvm_spec_ref(spec);
    definition->source = g_strdup(from->source);
    definition->directory = g_strdup(from->directory);
    return definition;
}

/* Adds the VMs of @definition, a deployment, to @vms; what is wrong with them is in the diagnostics. */
static void
expand(gpuvm_session *session, GHashTable *given, GHashTable *used, const gpuvm_definition *definition,
       GPtrArray *vms)
{
    gpuvm_spec *deployment = definition->spec;
    g_autoptr(gpuvm_spec) template = NULL;
    g_autoptr(GPtrArray) replicas = NULL;

    if (!gpuvm_inline_texts(deployment, definition->directory, session->diags))
        return;
    gpuvm_paths_resolve(deployment, definition->directory);
    template = gpuvm_replicas_template(deployment, session->diags);
    if (template && complete(session, given, used, &template, definition->directory) &&
        gpuvm_session_need_key(session, &gpuvm_deployment_table, deployment->doc->root) &&
        gpuvm_session_need_key(session, &gpuvm_vm_table, template->doc->root))
        replicas = gpuvm_replicas_expand(deployment, template, session->key, session->diags);
    for (guint i = 0; replicas && i < replicas->len; i++)
        g_ptr_array_add(vms, new_definition(replicas->pdata[i], definition));
}

/* Whether @definition is a plugin that one of @all names. */
static bool
is_named(const gpuvm_definition *definition, const GPtrArray *all)
{
    for (guint i = 0; definition->spec->kind == GPUVM_KIND_PLUGIN && i < all->len; i++) {
        const gpuvm_spec *spec = ((const gpuvm_definition *)all->pdata[i])->spec;
        const char *plugin = spec->kind == GPUVM_KIND_VM           ? spec->vm->plugin
                             : spec->kind == GPUVM_KIND_DEPLOYMENT ? spec->deployment->plugin
                                                                   : NULL;

        if (g_strcmp0(plugin, definition->spec->plugin->name) == 0)
            return true;
    }
    return false;
}

bool
gpuvm_compose(gpuvm_session *session, GPtrArray *definitions)
{
    g_autoptr(GHashTable) given = given_plugins(definitions);
    g_autoptr(GHashTable) used =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)gpuvm_spec_free);
    g_autoptr(GPtrArray) vms = g_ptr_array_new();

    if (!gpuvm_defaults_read(session))
        return false;
    for (guint i = 0; i < definitions->len; i++) {
        gpuvm_definition *item = definitions->pdata[i];

        if (!has_vms(item->spec) && !is_named(item, definitions))
            refuse_kind(session, item);
    }
    for (guint i = 0; i < definitions->len; i++) {
        gpuvm_definition *item = definitions->pdata[i];

        if (item->spec->kind == GPUVM_KIND_DEPLOYMENT)
            expand(session, given, used, item, vms);
        else if (item->spec->kind == GPUVM_KIND_VM &&
                 complete(session, given, used, &item->spec, item->directory))
            g_ptr_array_add(vms, new_definition(item->spec, item));
    }
    g_ptr_array_set_size(definitions, 0);
    g_ptr_array_extend_and_steal(definitions, g_steal_pointer(&vms));
    return true;
}
