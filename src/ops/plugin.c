/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/plugin.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "base/text.h"
#include "model/scalars.h"
#include "ops/load.h"

char *
gpuvm_plugin_directory(const gpuvm_session *session)
{
    if (session->plugin_dir)
        return g_strdup(session->plugin_dir);
    return geteuid() == 0 ? g_strdup("/var/lib/gpuvm/plugins")
                          : g_build_filename(g_get_user_data_dir(), "gpuvm", "plugins", NULL);
}

static bool
is_name(const char *name)
{
    g_autofree char *value = NULL, *why = NULL, *hint = NULL;

    return gpuvm_scalar_name.parse(name, &value, &why, &hint);
}

char *
gpuvm_plugin_file(const gpuvm_session *session, const char *name)
{
    g_autofree char *directory = gpuvm_plugin_directory(session), *file = g_strconcat(name, ".yaml", NULL);

    return g_build_filename(directory, file, NULL);
}

GPtrArray *
gpuvm_plugin_names(gpuvm_session *session)
{
    g_autofree char *directory = gpuvm_plugin_directory(session);
    g_autoptr(GPtrArray) entries = gpuvm_load_names(directory);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    if (!entries && errno != ENOENT) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "cannot read the plugin directory %s: %s",
                          directory, g_strerror(errno));
        return NULL;
    }
    for (guint i = 0; entries && i < entries->len; i++) {
        const char *entry = entries->pdata[i];
        g_autofree char *name =
            g_str_has_suffix(entry, ".yaml") ? g_strndup(entry, strlen(entry) - strlen(".yaml")) : NULL;

        if (name && is_name(name))
            g_ptr_array_add(names, g_steal_pointer(&name));
    }
    g_ptr_array_sort(names, gpuvm_text_compare);
    return g_steal_pointer(&names);
}

bool
gpuvm_plugin_is_installed(gpuvm_session *session, const char *name, const gpuvm_mark *mark)
{
    g_autofree char *file = gpuvm_plugin_file(session, name);
    g_autoptr(GPtrArray) names = NULL;
    const char *nearest = NULL;
    gpuvm_diag *diag;

    if (is_name(name) && !gpuvm_load_is_absent(file))
        return true;
    diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, mark, "plugin '%s' is not installed", name);
    names = gpuvm_plugin_names(session);
    if (names)
        nearest = gpuvm_nearest(name, (const char *const *)names->pdata, names->len);
    if (nearest)
        gpuvm_diag_hint(diag, "did you mean '%s'?", nearest);
    gpuvm_diag_hint(diag, "install it: gpuvm plugin install FILE");
    return false;
}

gpuvm_spec *
gpuvm_plugin_get(gpuvm_session *session, const char *name, const gpuvm_mark *mark)
{
    g_autofree char *file = gpuvm_plugin_file(session, name);
    bool of_root = !session->plugin_dir && geteuid() == 0;
    g_autoptr(gpuvm_source) source = NULL;
    g_autoptr(gpuvm_spec) spec = NULL;

    if (!gpuvm_plugin_is_installed(session, name, mark))
        return NULL;
    source = gpuvm_load_guarded(file, of_root ? GPUVM_GUARD_SYSTEM : GPUVM_GUARD_GIVEN, NULL, session->diags);
    if (!source)
        return NULL;
    spec = gpuvm_spec_parse_one(source, GPUVM_KIND_PLUGIN, session->diags);
    if (!spec || g_str_equal(spec->plugin->name, name))
        return g_steal_pointer(&spec);
    gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID, NULL, "%s is not the one plugin '%s'", file, name);
    return NULL;
}

gpuvm_spec *
gpuvm_plugin_load(gpuvm_session *session, const char *name, const gpuvm_mark *mark)
{
    g_autoptr(gpuvm_spec) spec = gpuvm_plugin_get(session, name, mark);

    if (!spec || spec->plugin->enabled)
        return g_steal_pointer(&spec);
    gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, mark, "plugin '%s' is disabled", name),
                    "gpuvm plugin enable %s", name);
    return NULL;
}
