/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/plugin_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/url.h"
#include "core/image.h"
#include "doc/build.h"
#include "doc/emit.h"
#include "host/digest.h"
#include "host/fetch.h"
#include "host/lock.h"
#include "model/paths.h"
#include "model/scalars.h"
#include "ops/inline.h"
#include "ops/load.h"
#include "ops/plugin.h"

/* A manifest as it came, and where from. */
typedef struct origin {
    gpuvm_source *source;
    bool remote;     /* of somebody else: no file of this host goes into it */
    char *directory; /* what its relative paths start from; NULL of a remote one */
} origin;

static void
origin_clear(origin *manifest)
{
    g_clear_pointer(&manifest->source, gpuvm_source_unref);
    g_free(manifest->directory);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(origin, origin_clear)

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

/* The plugin of @name that is installed now; NULL: there is none, or it is damaged, which nobody needs to know. */
static gpuvm_spec *
find_installed(gpuvm_session *session, const char *name)
{
    g_autoptr(gpuvm_diags) unseen = gpuvm_diags_new();
    gpuvm_diags *diags = redirect(session, unseen);
    gpuvm_spec *spec = gpuvm_plugin_get(session, name, NULL);

    redirect(session, diags);
    return spec;
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
    gpuvm_session_say(data, "waiting for another gpuvm, which changes the plugins");
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
replace_file(const char *file, const char *text)
{
    g_autofree char *beside = g_strconcat(file, ".new", NULL);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");
    bool written;
    int error;

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

/* Writes @spec over the plugin of its name. To be called with the lock. */
static bool
write_plugin(gpuvm_session *session, const gpuvm_spec *spec)
{
    g_autofree char *file = gpuvm_plugin_file(session, spec->plugin->name);
    g_autofree char *text = gpuvm_emit_yaml(spec->doc->root);

    return reads_back(session, file, text) &&
           (replace_file(file, text) || cannot_write(session, g_strerror(errno)));
}

static bool
fetch_manifest(gpuvm_session *session, const char *url, origin *ret_manifest)
{
    g_autofree char *shown = gpuvm_url_shown(url), *right = NULL, *why = NULL, *hint = NULL;
    GError *error = NULL;
    char *text;
    size_t size;

    if (!gpuvm_scalar_url.parse(url, &right, &why, &hint)) {
        gpuvm_diag *diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL, "%s", why);
        if (hint)
            gpuvm_diag_hint(diag, "%s", hint);
        return false;
    }
    text = gpuvm_fetch_text(url, GPUVM_DOC_MAX_SIZE, &size, &error);
    if (!text)
        return gpuvm_session_fail(session, error);
    *ret_manifest = (origin){.source = gpuvm_source_new(shown, text, size), .remote = true};
    return true;
}

static bool
read_manifest(gpuvm_session *session, const char *from, origin *ret_manifest)
{
    g_autofree char *local = g_filename_from_uri(from, NULL, NULL);
    const char *file = local ? local : from;
    g_autofree char *path = g_canonicalize_filename(file, NULL);

    if (!local && gpuvm_url_is(from))
        return fetch_manifest(session, from, ret_manifest);
    ret_manifest->directory = g_path_get_dirname(path);
    if (!g_utf8_validate(ret_manifest->directory, -1, NULL)) { /* it would become part of what is written */
        gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "the name of directory %s is not UTF-8",
                          ret_manifest->directory);
        return false;
    }
    ret_manifest->source = gpuvm_load_source(file, session->diags);
    return ret_manifest->source != NULL;
}

/* Whether the policies let a file from a URL go without a checksum, which is @seen. */
static bool
may_lack_checksum(gpuvm_session *session, const char *name, const char *seen)
{
    const char *policy;
    gpuvm_diag *diag;

    if (!gpuvm_session_policies(session))
        return false;
    policy = gpuvm_policies_want_checksum(&session->policies);
    diag = policy ? gpuvm_diags_error(session->diags, GPUVM_EXIT_REFUSED, NULL,
                                      "%s has no checksum, which %s requires", name, policy)
                  : gpuvm_diags_note(session->diags, NULL, "%s was taken without a checksum", name);
    gpuvm_diag_hint(diag, "the one seen now: --checksum %s", seen);
    return !policy;
}

/* @checksum is as the user wrote it, or NULL. */
static bool
verify(gpuvm_session *session, const origin *manifest, const char *checksum)
{
    g_autofree char *expected = NULL, *why = NULL, *hint = NULL, *seen = NULL;
    g_autoptr(gpuvm_digest) digest = NULL;
    GError *error = NULL;

    if (checksum && !gpuvm_scalar_checksum.parse(checksum, &expected, &why, &hint)) {
        gpuvm_diag *diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL, "--checksum: %s", why);
        if (hint)
            gpuvm_diag_hint(diag, "%s", hint);
        return false;
    }
    if (!expected && !manifest->remote)
        return true;
    digest = gpuvm_digest_new(expected, &error);
    if (!digest)
        return gpuvm_session_fail(session, error);
    gpuvm_digest_add(digest, manifest->source->text, manifest->source->size);
    seen = gpuvm_digest_finish(digest);
    if (!expected)
        return may_lack_checksum(session, manifest->source->name, seen);
    if (g_str_equal(expected, seen))
        return true;
    gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "checksum mismatch: expected %s got %s: %s",
                      expected, seen, manifest->source->name);
    return false;
}

/* The one plugin of @manifest, complete in itself. */
static gpuvm_spec *
read_plugin(gpuvm_session *session, const origin *manifest)
{
    unsigned errors = session->diags->errors;
    g_autoptr(gpuvm_spec) spec = gpuvm_spec_parse_one(manifest->source, GPUVM_KIND_PLUGIN, session->diags);

    if (!spec)
        return NULL;
    if (manifest->directory)
        gpuvm_inline_texts(spec, manifest->directory, session->diags);
    gpuvm_paths_resolve(spec, manifest->directory, session->diags);
    return session->diags->errors == errors ? g_steal_pointer(&spec) : NULL;
}

static bool
is_same(const gpuvm_spec *a, const gpuvm_spec *b)
{
    g_autofree char *one = gpuvm_node_digest(a->doc->root), *other = gpuvm_node_digest(b->doc->root);

    return g_str_equal(one, other);
}

/* Puts @spec in the place of the plugin of its name, if there is one. To be called with the lock. */
static bool
put_plugin(gpuvm_session *session, gpuvm_spec *spec, gpuvm_change *ret_change)
{
    const char *name = spec->plugin->name;
    g_autofree char *file = gpuvm_plugin_file(session, name);
    g_autoptr(gpuvm_spec) before = find_installed(session, name);
    bool enabled = spec->plugin->enabled && (!before || before->plugin->enabled);
    bool present = !gpuvm_load_is_absent(file), same;

    set_enabled(spec->doc, enabled);
    same = before && is_same(before, spec);
    if (!same && !write_plugin(session, spec))
        return false;
    if (!enabled)
        gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL, "plugin '%s' is disabled", name),
                        "gpuvm plugin enable %s", name);
    *ret_change = same ? GPUVM_UNCHANGED : present ? GPUVM_UPDATED : GPUVM_CREATED;
    return true;
}

bool
gpuvm_plugin_install(gpuvm_session *session, const char *from, const char *checksum, char **ret_name,
                     gpuvm_change *ret_change)
{
    g_auto(origin) manifest = {0};
    g_autoptr(gpuvm_spec) spec = NULL;
    g_autoptr(gpuvm_lock) lock = NULL;

    if (!read_manifest(session, from, &manifest) || !verify(session, &manifest, checksum))
        return false;
    spec = read_plugin(session, &manifest);
    lock = spec ? lock_store(session) : NULL;
    if (!lock || !put_plugin(session, spec, ret_change))
        return false;
    g_clear_pointer(&lock, gpuvm_lock_release);
    if (*ret_change == GPUVM_UPDATED)
        note_users(session, spec->plugin->name, "what they took from it stays until they are defined again");
    *ret_name = g_strdup(spec->plugin->name);
    return true;
}

bool
gpuvm_plugin_set_enabled(gpuvm_session *session, const char *name, bool enabled, gpuvm_outcome *ret_outcome)
{
    g_autoptr(gpuvm_lock) lock = gpuvm_plugin_is_installed(session, name, NULL) ? lock_store(session) : NULL;
    g_autoptr(gpuvm_spec) spec = lock ? gpuvm_plugin_get(session, name, NULL) : NULL;
    bool changes = spec && spec->plugin->enabled != enabled;

    if (changes)
        set_enabled(spec->doc, enabled);
    if (!spec || (changes && !write_plugin(session, spec)))
        return false;
    *ret_outcome = changes ? GPUVM_DONE : GPUVM_NOTHING_TO_DO;
    return true;
}

bool
gpuvm_plugin_remove(gpuvm_session *session, const char *name)
{
    g_autofree char *file = gpuvm_plugin_file(session, name);
    g_autoptr(gpuvm_lock) lock = gpuvm_plugin_is_installed(session, name, NULL) ? lock_store(session) : NULL;

    if (!lock || (g_unlink(file) != 0 && !cannot_write(session, g_strerror(errno))))
        return false;
    g_clear_pointer(&lock, gpuvm_lock_release);
    note_users(session, name, "they go on without it, but cannot be defined again");
    return true;
}
