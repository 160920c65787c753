/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/manifest.h"

#include "base/text.h"
#include "base/url.h"
#include "core/image.h"
#include "host/digest.h"
#include "host/fetch.h"
#include "model/paths.h"
#include "model/scalars.h"
#include "ops/inline.h"
#include "ops/load.h"

/* A manifest as it came. */
typedef struct manifest {
    gpuvm_source *source;
    char *from;      /* its absolute path, or its URL without a password */
    char *directory; /* what its relative paths start from */
    bool remote;     /* of somebody else: no file of this host goes into it */
} manifest;

static void
manifest_clear(manifest *of)
{
    g_clear_pointer(&of->source, gpuvm_source_unref);
    g_free(of->from);
    g_free(of->directory);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(manifest, manifest_clear)

static bool
fetch_manifest(gpuvm_session *session, const char *url, manifest *ret_manifest)
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
    *ret_manifest = (manifest){.source = gpuvm_source_new(shown, text, size),
                               .from = g_steal_pointer(&shown),
                               .directory = g_strdup("/"),
                               .remote = true};
    return true;
}

static bool
read_manifest(gpuvm_session *session, const char *from, manifest *ret_manifest)
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
    ret_manifest->from = g_strdup(g_str_equal(file, "-") ? "<stdin>" : path);
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
verify(gpuvm_session *session, const manifest *of, const char *checksum)
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
    if (!expected && !of->remote)
        return true;
    digest = gpuvm_digest_new(expected, &error);
    if (!digest)
        return gpuvm_session_fail(session, error);
    gpuvm_digest_add(digest, of->source->text, of->source->size);
    seen = gpuvm_digest_finish(digest);
    if (!expected)
        return may_lack_checksum(session, of->source->name, seen);
    if (g_str_equal(expected, seen))
        return true;
    gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                                      "checksum mismatch: expected %s got %s: %s", expected, seen,
                                      of->source->name),
                    "if it is the one that is meant: --checksum %s", seen);
    return false;
}

/* The one plugin of @of, complete in itself. */
static gpuvm_spec *
complete(gpuvm_session *session, const manifest *of, bool trusted)
{
    unsigned errors = session->diags->errors;
    g_autoptr(gpuvm_spec) spec = gpuvm_spec_parse_one(of->source, GPUVM_KIND_PLUGIN, session->diags);

    if (spec && of->remote)
        gpuvm_paths_check_foreign(spec, trusted, session->diags);
    if (session->diags->errors > errors || !gpuvm_inline_texts(spec, of->directory, session->diags))
        return NULL;
    gpuvm_paths_resolve(spec, of->directory);
    return g_steal_pointer(&spec);
}

gpuvm_spec *
gpuvm_manifest_read(gpuvm_session *session, const char *from, const char *checksum, bool trusted,
                    gpuvm_origin *ret_origin)
{
    g_auto(manifest) of = {0};
    gpuvm_spec *spec = NULL;

    if (read_manifest(session, from, &of) && verify(session, &of, checksum))
        spec = complete(session, &of, trusted);
    if (spec) {
        g_autofree char *sum =
            g_compute_checksum_for_string(G_CHECKSUM_SHA256, of.source->text, (gssize)of.source->size);

        ret_origin->from = gpuvm_text_printable(of.from);
        ret_origin->digest = g_strconcat("sha256:", sum, NULL);
    }
    return spec;
}
