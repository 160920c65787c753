/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/defaults.h"

#include <string.h>

#include "model/paths.h"
#include "ops/inline.h"
#include "ops/load.h"

/* Where @session's defaults are, with *@ret_file to start their relative paths from; NULL, without an error: nowhere. */
static gpuvm_source *
find(gpuvm_session *session, const char **ret_file)
{
    const char *given = session->defaults_file;
    bool absent;

    *ret_file = given ? given : GPUVM_DEFAULTS_FILE;
    if (given)
        return *given ? gpuvm_load_guarded(given, GPUVM_GUARD_GIVEN, NULL, session->diags) : NULL;
    if (gpuvm_session_has_file(session)) {
        const char *text = gpuvm_session_gather(session) ? session->facts->defaults : NULL;

        return text ? gpuvm_source_new("the host file's defaults", g_strdup(text), strlen(text)) : NULL;
    }
    return gpuvm_load_guarded(GPUVM_DEFAULTS_FILE, GPUVM_GUARD_SYSTEM, &absent, session->diags);
}

bool
gpuvm_defaults_read(gpuvm_session *session)
{
    unsigned errors = session->diags->errors;
    g_autoptr(gpuvm_source) source = NULL;
    const char *file;

    if (session->defaults_read)
        return true;
    source = find(session, &file);
    if (source) {
        g_autofree char *path = g_canonicalize_filename(file, NULL), *directory = g_path_get_dirname(path);
        g_autoptr(gpuvm_spec) spec = gpuvm_spec_parse_one(source, GPUVM_KIND_DEFAULTS, session->diags);

        if (!spec || !gpuvm_inline_texts(spec, directory, session->diags))
            return false;
        gpuvm_paths_resolve(spec, directory);
        session->defaults = g_steal_pointer(&spec);
    }
    if (!session->pool)
        session->pool = session->defaults && session->defaults->defaults->pool
                            ? session->defaults->defaults->pool
                            : GPUVM_POOL;
    session->defaults_read = session->diags->errors == errors;
    return session->defaults_read;
}
