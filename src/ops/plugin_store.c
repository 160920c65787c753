/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/plugin_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "core/secret.h"
#include "doc/build.h"
#include "doc/emit.h"
#include "host/lock.h"
#include "ops/create.h"
#include "ops/draft.h"
#include "ops/manifest.h"
#include "ops/plugin.h"

/* Has @session report to @diags; returns those it reported to before. */
static gpuvm_diags *
redirect(gpuvm_session *session, gpuvm_diags *diags)
{
    gpuvm_diags *before = session->diags;

    session->diags = diags;
    return before;
}

/* Adds a note on the domains that use plugin @name, if there are any, and @what becomes of them. */
static void
note_users(gpuvm_session *session, const char *name, const char *what)
{
    g_autoptr(gpuvm_diags) found = gpuvm_diags_new();
    gpuvm_diags *diags = redirect(session, found);
    g_autoptr(GPtrArray) domains = gpuvm_list_managed(session);
    g_autoptr(GString) users = g_string_new(NULL);

    redirect(session, diags);
    if (found->errors > 0)
        gpuvm_diags_note(diags, NULL, "cannot see every domain that may use plugin '%s': %s", name,
                         ((const gpuvm_diag *)found->items->pdata[0])->message);
    for (guint i = 0; domains && i < domains->len; i++) {
        const gpuvm_instance *instance = domains->pdata[i];

        if (g_strcmp0(instance->record->plugin, name) == 0)
            g_string_append_printf(users, "%s'%s'", users->len > 0 ? ", " : "", instance->domain->name);
    }
    if (users->len > 0)
        gpuvm_diags_note(diags, NULL, "plugin '%s' is used by %s: %s", name, users->str, what);
}

/*
 * Adds a note on each thing of the host that a VM of plugin @name and nothing else would lack now, as a plan says it. Where
 * there is no host to be asked, nothing is said.
 */
static void
note_lacks(gpuvm_session *session, const char *name)
{
    static const gpuvm_flag flag = {.name = "--plugin", .path = "plugin"};
    gpuvm_flag_value value = {&flag, name};
    g_autoptr(GPtrArray) values = g_ptr_array_new(), drafts = NULL;
    g_autoptr(GPtrArray) definitions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_definition_free);
    g_autoptr(gpuvm_diags) found = gpuvm_diags_new();
    gpuvm_diags *diags = redirect(session, found);
    bool planned;

    g_ptr_array_add(values, &value);
    g_ptr_array_add(definitions, gpuvm_create_definition(session, GPUVM_KIND_VM, name, NULL, values));
    drafts = gpuvm_session_gather(session) ? gpuvm_drafts_new(session, definitions) : NULL;
    planned = drafts && gpuvm_drafts_plan(session, drafts);
    redirect(session, diags);
    for (guint i = 0; planned && i < found->items->len; i++) {
        const gpuvm_diag *lack = found->items->pdata[i];
        gpuvm_diag *note;

        if (lack->severity == GPUVM_DIAG_NOTE)
            continue;
        note = gpuvm_diags_note(diags, lack->mark.line > 0 ? &lack->mark : NULL, "on this host as it is: %s",
                                lack->message);
        if (lack->hint)
            gpuvm_diag_hint(note, "%s", lack->hint);
    }
}

/*
 * The plugin of @name that is installed now; NULL: there is none, or its text is damaged, which nobody needs to know. False:
 * nobody knows what is there, such as whether it is disabled.
 */
static bool
find_installed(gpuvm_session *session, const char *name, gpuvm_spec **ret_spec)
{
    g_autoptr(gpuvm_diags) found = gpuvm_diags_new();
    gpuvm_diags *diags = redirect(session, found);

    *ret_spec = gpuvm_plugin_get(session, name, NULL);
    redirect(session, diags);
    if (*ret_spec || gpuvm_diags_exit(found) != GPUVM_EXIT_FAILED)
        return true;
    gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_FAILED, NULL, "%s",
                                      ((const gpuvm_diag *)found->items->pdata[0])->message),
                    "if it is of no use: gpuvm plugin remove %s", name);
    return false;
}

static bool
cannot_write(gpuvm_session *session, const char *why)
{
    g_autofree char *directory = gpuvm_plugin_directory(session);

    gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                      "cannot write to the plugin directory %s: %s", directory, why),
                    "another one: --plugin-dir DIR");
    return false;
}

static void
say_waiting(void *data)
{
    gpuvm_session_wait(data, "waiting for another gpuvm, which changes the plugins");
}

/*
 * Makes the plugin directory when it is missing, and takes its lock: a file that others cannot open, so that nobody
 * else can hold it. NULL: see the diagnostics.
 */
static gpuvm_lock *
lock_store(gpuvm_session *session)
{
    g_autofree char *directory = gpuvm_plugin_directory(session);
    g_autofree char *file = g_build_filename(directory, ".lock", NULL);
    g_autoptr(GError) error = NULL;
    gpuvm_lock *lock = NULL;

    if (g_mkdir_with_parents(directory, 0755) != 0)
        cannot_write(session, g_strerror(errno));
    else if (!(lock = gpuvm_lock_file(file, true, say_waiting, session, &error)))
        cannot_write(session, error->message);
    return lock;
}

/* Written only when it says no, so that a file is the same however often that is turned. */
static void
set_enabled(gpuvm_doc *doc, bool enabled)
{
    gpuvm_mark mark = doc->root->mark;
    gpuvm_node *no;

    gpuvm_node_remove(doc->root, "enabled");
    if (enabled)
        return;
    no = gpuvm_doc_scalar(doc, "false", &mark);
    no->plain = true;
    gpuvm_doc_set(doc, doc->root, gpuvm_doc_scalar(doc, "enabled", &mark), no);
}

/* Whether @text, which is about to be the file of a plugin, will be one when it is read. */
static bool
reads_back(gpuvm_session *session, const char *file, const char *text)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new(file, g_strdup(text), strlen(text));
    g_autoptr(gpuvm_spec) spec = gpuvm_spec_parse_one(source, GPUVM_KIND_PLUGIN, session->diags);

    return spec != NULL;
}

/* Makes @text the content of @file in one step; false with errno. The lock keeps others from the same name. */
static bool
replace_file(const char *file, const char *text, mode_t mode)
{
    g_autofree char *beside = g_strconcat(file, ".new", NULL);
    FILE *stream;
    bool written;
    int error, fd;

    unlink(beside); /* what somebody left has a mode of its own */
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (!stream)
        return false;
    written = fputs(text, stream) >= 0 && fflush(stream) == 0 && fsync(fd) == 0;
    error = errno;
    fclose(stream);
    if (written && rename(beside, file) == 0)
        return true;
    error = written ? errno : error;
    unlink(beside);
    errno = error;
    return false;
}

/* Who may read the file of @spec; the umask may take more away. */
static mode_t
mode_of(const gpuvm_spec *spec)
{
    bool secrets;
    g_autoptr(gpuvm_doc) shown = gpuvm_secret_hide(gpuvm_kind_table(spec->kind), spec->doc, &secrets);

    return secrets ? 0600 : 0644;
}

/* Writes @spec, which came from @origin, over the plugin of its name. To be called with the lock. */
static bool
write_plugin(gpuvm_session *session, const gpuvm_spec *spec, const gpuvm_origin *origin)
{
    g_autofree char *file = gpuvm_plugin_file(session, spec->plugin->name);
    g_autofree char *comment = gpuvm_origin_comment(origin), *manifest = gpuvm_emit_yaml(spec->doc->root);
    g_autofree char *text = g_strconcat(comment, manifest, NULL);

    return reads_back(session, file, text) &&
           (replace_file(file, text, mode_of(spec)) || cannot_write(session, g_strerror(errno)));
}

/* Whether @installed, in @file, is @spec, and nobody may read it who should not. */
static bool
is_same(const gpuvm_spec *installed, const char *file, const gpuvm_spec *spec)
{
    g_autofree char *one = gpuvm_node_digest(installed->doc->root),
                    *other = gpuvm_node_digest(spec->doc->root);
    struct stat status;

    return g_str_equal(one, other) && stat(file, &status) == 0 && !(status.st_mode & 0777 & ~mode_of(spec));
}

/* Whether @installed says that it came from @origin. */
static bool
is_from(const gpuvm_spec *installed, const gpuvm_origin *origin)
{
    g_auto(gpuvm_origin) before = gpuvm_origin_of(installed);

    return g_strcmp0(before.from, origin->from) == 0 && g_strcmp0(before.digest, origin->digest) == 0;
}

/* Puts @spec in the place of the plugin of its name, if there is one. To be called with the lock. */
static bool
put_plugin(gpuvm_session *session, gpuvm_spec *spec, const gpuvm_origin *origin, gpuvm_change *ret_change)
{
    const char *name = spec->plugin->name;
    g_autofree char *file = gpuvm_plugin_file(session, name);
    g_autoptr(gpuvm_spec) before = NULL;
    bool present = !gpuvm_load_is_absent(file), enabled, same;

    if (!find_installed(session, name, &before))
        return false;
    enabled = spec->plugin->enabled && (!before || before->plugin->enabled);
    set_enabled(spec->doc, enabled);
    gpuvm_schema_arrange(gpuvm_kind_table(GPUVM_KIND_PLUGIN), spec->doc->root);
    same = before && is_same(before, file, spec);
    if (!(same && is_from(before, origin)) && !write_plugin(session, spec, origin))
        return false;
    if (!enabled)
        gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL, "plugin '%s' is disabled", name),
                        "gpuvm plugin enable %s", name);
    *ret_change = same ? GPUVM_UNCHANGED : present ? GPUVM_UPDATED : GPUVM_CREATED;
    return true;
}

bool
gpuvm_plugin_install(gpuvm_session *session, const char *from, const char *checksum, bool trusted,
                     char **ret_name, gpuvm_change *ret_change)
{
    g_auto(gpuvm_origin) origin = {0};
    g_autoptr(gpuvm_spec) spec = gpuvm_manifest_read(session, from, checksum, trusted, &origin);
    g_autoptr(gpuvm_lock) lock = spec ? lock_store(session) : NULL;

    if (!lock || !put_plugin(session, spec, &origin, ret_change))
        return false;
    g_clear_pointer(&lock, gpuvm_lock_release);
    if (*ret_change == GPUVM_UPDATED)
        note_users(session, spec->plugin->name, "what they took from it stays until they are defined again");
    note_lacks(session, spec->plugin->name);
    *ret_name = g_strdup(spec->plugin->name);
    return true;
}

bool
gpuvm_plugin_set_enabled(gpuvm_session *session, const char *name, bool enabled, gpuvm_outcome *ret_outcome)
{
    g_autoptr(gpuvm_lock) lock = gpuvm_plugin_is_installed(session, name, NULL) ? lock_store(session) : NULL;
    g_autoptr(gpuvm_spec) spec = lock ? gpuvm_plugin_get(session, name, NULL) : NULL;
    bool changes = spec && spec->plugin->enabled != enabled;
    g_auto(gpuvm_origin) origin = {0};

    if (changes) {
        set_enabled(spec->doc, enabled);
        origin = gpuvm_origin_of(spec);
    }
    if (!spec || (changes && !write_plugin(session, spec, &origin)))
        return false;
    *ret_outcome = changes ? GPUVM_DONE : GPUVM_NOTHING_TO_DO;
    return true;
}

bool
gpuvm_plugin_remove(gpuvm_session *session, const char *name)
{
    g_autofree char *file = gpuvm_plugin_file(session, name);
    g_autoptr(gpuvm_lock) lock = gpuvm_plugin_is_installed(session, name, NULL) ? lock_store(session) : NULL;

    if (!lock || !gpuvm_plugin_is_installed(session, name, NULL) || /* another gpuvm may have been faster */
        (g_unlink(file) != 0 && !cannot_write(session, g_strerror(errno))))
        return false;
    g_clear_pointer(&lock, gpuvm_lock_release);
    note_users(session, name, "they go on without it, but cannot be defined again");
    return true;
}
