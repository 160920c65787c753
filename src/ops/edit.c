/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/edit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host/editor.h"
#include "host/watchdog.h"
#include "ops/export.h"
#include "ops/lifecycle.h"
#include "ops/load.h"

/* A new file with @text; NULL: see @error. */
static char *
write_file(const char *text, GError **error)
{
    g_autofree char *file = NULL;
    int fd = g_file_open_tmp("gpuvm-XXXXXX.yaml", &file, error); /* 0600 */
    bool written;

    if (fd < 0)
        return NULL;
    close(fd);
    written = g_file_set_contents_full(file, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, error);
    if (!written)
        unlink(file);
    return written ? g_steal_pointer(&file) : NULL;
}

/* What would be edited is not what the replicas of a deployment are made from. */
static bool
check_replica(gpuvm_session *session, const char *name, const gpuvm_record *record)
{
    const gpuvm_deployed *of = record->deployed;

    if (of)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_REFUSED, NULL,
                                          "VM '%s' is a replica of deployment '%s'", name, of->name),
                        "change the deployment's definition: gpuvm deployment create %s --config FILE",
                        of->name);
    return !of;
}

gpuvm_edit *
gpuvm_edit_begin(gpuvm_session *session, const char *name)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    GError *error = NULL;
    bool may = domain && check_replica(session, name, record);
    g_autofree char *xml = may ? gpuvm_domain_xml(domain, true, &error) : NULL;
    g_autofree char *text = xml ? gpuvm_export(session, name) : NULL;
    char *file = text ? write_file(text, &error) : NULL;
    gpuvm_edit *edit;

    if (error)
        gpuvm_session_fail(session, error);
    if (!file)
        return NULL;
    edit = g_new(gpuvm_edit, 1);
    *edit = (gpuvm_edit){g_strdup(name), g_steal_pointer(&xml), g_steal_pointer(&text), file, NULL};
    return edit;
}

bool
gpuvm_edit_run(gpuvm_session *session, gpuvm_edit *edit, bool *ret_changed)
{
    GError *error = NULL;
    bool edited;

    gpuvm_watchdog_pause(); /* who thinks for an hour loses nothing when libvirtd is restarted meanwhile */
    edited = gpuvm_editor_run(edit->file, &error);
    gpuvm_watchdog_resume();
    gpuvm_source_unref(edit->saved);
    edit->saved = gpuvm_load_source(edit->file, session->diags); /* what a broken editor saved, too */
    if (edit->saved)
        *ret_changed = !g_str_equal(edit->saved->text, edit->text);
    return edited ? edit->saved != NULL : gpuvm_session_fail(session, error);
}

GPtrArray *
gpuvm_edit_load(gpuvm_session *session, const gpuvm_edit *edit)
{
    unsigned errors = session->diags->errors;
    g_autoptr(GPtrArray) definitions = gpuvm_load_text(edit->saved, "vm", session->diags);

    for (guint i = 0; i < definitions->len; i++) {
        gpuvm_definition *definition = definitions->pdata[i];
        gpuvm_mark mark = gpuvm_object_mark(definition->spec->object, "name");

        if (!g_str_equal(gpuvm_spec_name(definition->spec), edit->name))
            gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_INVALID, &mark,
                                              "this would be another VM than '%s'", edit->name),
                            "define that from a file of its own: gpuvm define FILE");
        g_free(definition->source);
        g_free(definition->directory);
        definition->source = g_strdup("gpuvm edit");
        definition->directory = g_get_current_dir();
    }
    return session->diags->errors == errors ? g_steal_pointer(&definitions) : NULL;
}

void
gpuvm_edit_end(gpuvm_edit *edit, bool keep)
{
    if (!keep)
        unlink(edit->file);
    g_free(edit->name);
    g_free(edit->xml);
    g_free(edit->text);
    g_free(edit->file);
    gpuvm_source_unref(edit->saved);
    g_free(edit);
}
