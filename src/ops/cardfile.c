/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/cardfile.h"

#include <string.h>

#include "ops/compose.h"
#include "ops/load.h"

/* The lock @file; NULL, without an error: there is none. */
static gpuvm_spec *
read_lock(gpuvm_session *session, const char *file, gpuvm_source **ret_source)
{
    gpuvm_source *source = gpuvm_load_is_absent(file) ? NULL : gpuvm_load_regular(file, session->diags);

    *ret_source = source;
    return source ? gpuvm_spec_parse_one(source, GPUVM_KIND_LOCK, session->diags) : NULL;
}

/* A lock says nothing of this host, whose cards are named. */
static void
note_unknown(gpuvm_session *session)
{
    if (session->facts->uuid)
        gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL,
                                         GPUVM_LOCKFILE " has no cards of this host (UUID %s)",
                                         session->facts->uuid),
                        "to have them in it: gpuvm lock FILE");
    else
        gpuvm_diag_hint(gpuvm_diags_note(session->diags, NULL,
                                         GPUVM_LOCKFILE
                                         " was not looked at: the UUID of this host is not known"),
                        "a host file has it that was made by: gpuvm capture --full");
}

bool
gpuvm_cardfile_find(gpuvm_session *session, const char *directory, const gpuvm_vm *vm,
                    const gpuvm_locked_host **ret_host)
{
    gpuvm_spec *lock = g_hash_table_lookup(session->locks, directory);
    g_autofree char *path = g_build_filename(directory, GPUVM_LOCKFILE, NULL);
    unsigned errors = session->diags->errors;

    *ret_host = NULL;
    if (vm->body.devices->pci_passthrough->len == 0)
        return true;
    if (!g_hash_table_contains(session->locks, directory)) {
        g_autoptr(gpuvm_source) source = NULL;

        lock = read_lock(session, path, &source);
        if (session->diags->errors > errors)
            return false;
        g_hash_table_insert(session->locks, g_strdup(directory), lock);
    }
    *ret_host = lock ? gpuvm_cardlock_host(lock->lock, session->facts->uuid) : NULL;
    if (lock && !*ret_host)
        note_unknown(session);
    return true;
}

static void
free_cardfile(gpointer data)
{
    gpuvm_cardfile *of = data;

    g_free(of->file);
    gpuvm_spec_free(of->former);
    g_array_unref(of->cards);
    gpuvm_lock_release(of->held);
    g_free(of);
}

/* The functions that @items name. */
static void
add_addrs(const gpuvm_facts *facts, const GPtrArray *items, GArray *addrs)
{
    for (guint i = 0; i < items->len; i++) {
        const gpuvm_pci_ref *ref = &((const gpuvm_passthrough *)items->pdata[i])->address;
        g_autoptr(GPtrArray) card = ref->whole_card ? gpuvm_facts_card(facts, &ref->addr) : NULL;

        gpuvm_pci_addrs_add(addrs, card && card->len > 0 ? &((const gpuvm_device *)card->pdata[0])->addr
                                                         : &ref->addr);
    }
}

/* Says of what is named and not there where the card is that the lock had there. */
static void
report_absent(gpuvm_session *session, const gpuvm_relock_card *card, const gpuvm_device *moved, bool whole)
{
    const char *address = GPUVM_PCI(&card->addr);
    gpuvm_diag *diag =
        whole ? gpuvm_diags_note(session->diags, NULL, "PCI device not found: %s", address)
              : gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "PCI device not found: %s", address);

    if (moved)
        gpuvm_diag_hint(diag, "its card moved to %s: write that into the definition",
                        GPUVM_PCI(&moved->addr));
    else
        gpuvm_diag_hint(diag, "see what the host has: gpuvm devices");
}

/* Whether the definitions that are locked name @moved, too. */
static bool
is_named(const gpuvm_cardfile *of, const gpuvm_device *moved)
{
    for (guint i = 0; i < of->cards->len; i++) {
        const gpuvm_relock_card *card = &g_array_index(of->cards, gpuvm_relock_card, i);

        if (card->device && gpuvm_device_same_card(card->device, moved) && card->what != GPUVM_RELOCK_REMOVED)
            return true;
    }
    return false;
}

static bool
means(const gpuvm_pci_ref *ref, const gpuvm_pci_addr *addr)
{
    return ref->whole_card ? gpuvm_pci_addr_same_slot(&ref->addr, addr)
                           : gpuvm_pci_addr_equal(&ref->addr, addr);
}

static bool
is_accepted(const GArray *accepted, const gpuvm_pci_addr *addr)
{
    for (guint i = 0; i < accepted->len; i++) {
        if (means(&g_array_index(accepted, gpuvm_pci_ref, i), addr))
            return true;
    }
    return false;
}

/*
 * Says of an address that it means another card from now on: the VM would lose its own, so that is wanted only when it is said, or when
 * the definitions that are locked have that card where it is now.
 */
static void
report_other(gpuvm_session *session, const gpuvm_cardfile *of, const gpuvm_relock_card *card,
             const gpuvm_identity *then, const gpuvm_device *moved, const GArray *accepted)
{
    g_autoptr(gpuvm_identity) now = gpuvm_cardid_of(card->device, session->facts);
    g_autofree char *lost = gpuvm_cardid_text(then, now, card->former->name);
    g_autofree char *name = gpuvm_device_name(card->device), *found = gpuvm_cardid_text(now, then, name);
    const char *address = GPUVM_PCI(&card->addr);
    gpuvm_diag *diag;

    if (gpuvm_cardid_same(then, now) || (moved && is_named(of, moved)) || is_accepted(accepted, &card->addr))
        return;
    diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL,
                             "%s is now %s, but " GPUVM_LOCKFILE " has %s", address, found, lost);
    if (moved)
        gpuvm_diag_hint(diag, "that card moved to %s: write that into the definition that means it",
                        GPUVM_PCI(&moved->addr));
    gpuvm_diag_hint(diag, "to have this one in its place: gpuvm lock --accept %s FILE", address);
}

static void
report(gpuvm_session *session, const gpuvm_cardfile *of, bool whole, const GArray *accepted)
{
    for (guint i = 0; i < of->cards->len; i++) {
        const gpuvm_relock_card *card = &g_array_index(of->cards, gpuvm_relock_card, i);
        const gpuvm_identity then = card->former ? gpuvm_locked_identity(card->former) : (gpuvm_identity){0};
        const gpuvm_device *moved = gpuvm_cardid_find(&then, session->facts);

        if (card->what == GPUVM_RELOCK_ABSENT)
            report_absent(session, card, moved, whole);
        else if (card->what == GPUVM_RELOCK_CHANGED)
            report_other(session, of, card, &then, moved, accepted);
    }
}

/* The new text of the lock of @of, whose file @source is (NULL: there is none). */
static char *
lock_one(gpuvm_session *session, const GArray *addrs, bool whole, const char *host, const GArray *accepted,
         gpuvm_cardfile *of)
{
    g_autoptr(gpuvm_source) source = NULL;
    unsigned errors = session->diags->errors;
    char *text;

    of->former = read_lock(session, of->file, &source);
    if (session->diags->errors > errors)
        return NULL;
    text = gpuvm_relock_write(
        &(gpuvm_relock_input){
            .former = of->former, .name = host, .addrs = addrs, .all = whole, .facts = session->facts},
        of->cards);
    of->created = !source && of->cards->len > 0;
    of->changed = of->created || (source && !g_str_equal(source->text, text));
    report(session, of, whole, accepted);
    return text;
}

/* directory → GArray of gpuvm_pci_addr: what the VMs of @definitions name. */
static GHashTable *
collect(const gpuvm_facts *facts, const GPtrArray *definitions)
{
    GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);

    for (guint i = 0; i < definitions->len; i++) {
        const gpuvm_definition *definition = definitions->pdata[i];
        GArray *addrs = g_hash_table_lookup(all, definition->directory);

        if (!addrs) {
            addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
            g_hash_table_insert(all, g_strdup(definition->directory), addrs);
        }
        add_addrs(facts, definition->spec->vm->body.devices->pci_passthrough, addrs);
    }
    return all;
}

/* The lock in @directory, called as the one of @definitions that is there was. g_malloc. */
static char *
name_lock(const GPtrArray *definitions, const char *directory)
{
    guint i = 0;

    while (!g_str_equal(((const gpuvm_definition *)definitions->pdata[i])->directory, directory))
        i++;
    g_autofree char *beside = g_path_get_dirname(((const gpuvm_definition *)definitions->pdata[i])->source);
    return g_str_equal(beside, ".") ? g_strdup(GPUVM_LOCKFILE)
                                    : g_build_filename(beside, GPUVM_LOCKFILE, NULL);
}

/* Whether @directory, with all that is in it, is among @paths. */
static bool
is_whole(char **paths, const char *directory)
{
    for (char **path = paths; *path; path++) {
        g_autofree char *given = g_canonicalize_filename(*path, NULL);
        size_t length = strlen(given);

        if (g_file_test(given, G_FILE_TEST_IS_DIR) && g_str_has_prefix(directory, given) &&
            (directory[length] == '/' || !directory[length] || g_str_equal(given, "/")))
            return true;
    }
    return false;
}

/* Whether @session knows which host it is, and all of its devices. */
static bool
look_at_host(gpuvm_session *session, char **ret_name)
{
    *ret_name = NULL;
    if (!gpuvm_session_gather(session) || !gpuvm_session_gather_all(session))
        return false;
    if (!session->facts->uuid) {
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL,
                                          "the UUID of this host is not known: a lock has cards by host"),
                        "a host file has it that was made by: gpuvm capture --full");
        return false;
    }
    if (session->connection && !session->connection->test)
        *ret_name = gpuvm_connection_hostname(session->connection);
    return true;
}

/* Writes @texts of @files, as far as they are changed. */
static bool
write_all(gpuvm_session *session, const GPtrArray *files, const GPtrArray *texts)
{
    for (guint i = 0; i < files->len; i++) {
        const gpuvm_cardfile *of = files->pdata[i];
        GError *error = NULL;

        if (of->changed && !g_file_set_contents(of->file, texts->pdata[i], -1, &error)) {
            gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "cannot write %s: %s", of->file,
                              error->message);
            g_error_free(error);
            return false;
        }
    }
    return true;
}

/* Of each that is @accepted, but in none of @all: a slip of the pen, perhaps. */
static void
warn_unnamed(gpuvm_session *session, GHashTable *all, const GArray *accepted)
{
    for (guint i = 0; i < accepted->len; i++) {
        const gpuvm_pci_ref *ref = &g_array_index(accepted, gpuvm_pci_ref, i);
        bool named = false;
        GHashTableIter iter;
        gpointer addrs;

        g_hash_table_iter_init(&iter, all);
        while (!named && g_hash_table_iter_next(&iter, NULL, &addrs)) {
            for (guint k = 0; k < ((GArray *)addrs)->len && !named; k++)
                named = means(ref, &g_array_index((GArray *)addrs, gpuvm_pci_addr, k));
        }
        if (!named)
            gpuvm_diags_warning(session->diags, NULL, "--accept %s: no definition names it",
                                GPUVM_PCI(&ref->addr));
    }
}

GPtrArray *
gpuvm_cardfile_lock(gpuvm_session *session, char **paths, const GArray *accepted, bool check)
{
    g_autoptr(GPtrArray) definitions = gpuvm_load_paths(paths, NULL, false, NULL, session->diags);
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(free_cardfile);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) all = NULL;
    g_autoptr(GList) directories = NULL;
    g_autofree char *name = NULL;

    if (!gpuvm_compose(session, definitions) || session->diags->errors > 0 || !look_at_host(session, &name))
        return NULL;
    all = collect(session->facts, definitions);
    directories = g_list_sort(g_hash_table_get_keys(all), (GCompareFunc)g_strcmp0);
    for (const GList *at = directories; at; at = at->next) {
        gpuvm_cardfile *of = g_new0(gpuvm_cardfile, 1);

        of->file = name_lock(definitions, at->data);
        of->held = gpuvm_lock_directory(at->data, NULL);
        of->cards = g_array_new(FALSE, FALSE, sizeof(gpuvm_relock_card));
        g_ptr_array_add(files, of);
        g_ptr_array_add(texts, lock_one(session, g_hash_table_lookup(all, at->data),
                                        is_whole(paths, at->data), name, accepted, of));
    }
    warn_unnamed(session, all, accepted);
    if (session->diags->errors > 0 || (!check && !write_all(session, files, texts)))
        return NULL;
    return g_steal_pointer(&files);
}
