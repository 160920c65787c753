/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/digest.h"

#include <gnutls/crypto.h>

#include "base/error.h"
#include "host/library.h"

/* keep sorted */
#define FUNCTIONS(X)                                                                                         \
    X(hash)                                                                                                  \
    X(hash_deinit)                                                                                           \
    X(hash_init)                                                                                             \
    X(hash_output)

#define MEMBER(name) __typeof__(&gnutls_##name) name;
static struct functions {
    FUNCTIONS(MEMBER)
} gnutls;

struct gpuvm_digest {
    const char *kind;
    size_t size; /* bytes */
    gnutls_hash_hd_t hash;
};

static const gpuvm_library library = {.soname = GPUVM_GNUTLS_SONAME,
                                      .title = "GnuTLS",
                                      .package = GPUVM_GNUTLS_PACKAGE,
                                      .version = "3.7",
                                      .prefix = "gnutls_",
                                      .names = (const char *const[]){FUNCTIONS(GPUVM_LIBRARY_NAME) NULL},
                                      .functions = &gnutls};

gpuvm_digest *
gpuvm_digest_new(const char *checksum, GError **error)
{
    bool longer = checksum && g_str_has_prefix(checksum, "sha512:");
    g_autofree gpuvm_digest *digest = g_new0(gpuvm_digest, 1);

    if (!gpuvm_library_load(&library, error))
        return NULL;
    digest->kind = longer ? "sha512" : "sha256";
    digest->size = longer ? 64 : 32;
    if (gnutls.hash_init(&digest->hash, longer ? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256) < 0) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "GnuTLS has no %s", digest->kind);
        return NULL;
    }
    return g_steal_pointer(&digest);
}

void
gpuvm_digest_add(gpuvm_digest *digest, const void *bytes, size_t size)
{
    gnutls.hash(digest->hash, bytes, size);
}

char *
gpuvm_digest_finish(gpuvm_digest *digest)
{
    GString *text = g_string_new(digest->kind);
    uint8_t bytes[64];

    gnutls.hash_output(digest->hash, bytes);
    g_string_append_c(text, ':');
    for (size_t i = 0; i < digest->size; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    return g_string_free(text, FALSE);
}

void
gpuvm_digest_free(gpuvm_digest *digest)
{
    if (!digest)
        return;
    gnutls.hash_deinit(digest->hash, NULL);
    g_free(digest);
}
