/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/cloudinit.h"

#include <string.h>

#include "core/image.h"
#include "core/nccl.h"
#include "core/reporter.h"
#include "core/workload.h"

/* cloud-init takes user data for a MIME message when this is in its first bytes, in any case. */
#define MIME_MARK "mime-version:"
#define MIME_MARK_WITHIN 4096

#define SCRIPTS 3 /* of gpuvm's, at most */

#define LINE_OF_BASE64 57 /* bytes in a line of 76 characters (RFC 2045, 6.8) */

static const char *
text_of(const gpuvm_content *content)
{
    return content && content->content && *content->content ? content->content : NULL;
}

/* The first 16 hex digits of the SHA-256 of @texts, which are told apart. */
static char *
digest_of(const char *const *texts, size_t n)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    for (size_t i = 0; i < n; i++)
        g_checksum_update(checksum, (const guchar *)(texts[i] ? texts[i] : ""),
                          texts[i] ? (gssize)strlen(texts[i]) + 1 : 1);
    return g_strndup(g_checksum_get_string(checksum), 16);
}

static bool
is_mime(const char *text)
{
    g_autofree char *begin = g_strndup(text, MIME_MARK_WITHIN);
    g_autofree char *lower = g_ascii_strdown(begin, -1);

    return strstr(lower, MIME_MARK) != NULL;
}

/* In base64, so that neither the boundary, nor a line's length or end, nor what is not ASCII can be mistaken. */
static void
append_part(GString *message, const char *type, const char *name, const char *text)
{
    size_t size = strlen(text);

    g_string_append_printf(message,
                           "Content-Type: %s; charset=\"utf-8\"\n"
                           "MIME-Version: 1.0\n"
                           "Content-Transfer-Encoding: base64\n",
                           type);
    if (name)
        g_string_append_printf(message, "Content-Disposition: attachment; filename=\"%s\"\n", name);
    g_string_append_c(message, '\n');
    for (size_t at = 0; at < size; at += LINE_OF_BASE64) {
        g_autofree char *line = g_base64_encode((const guchar *)text + at, MIN(LINE_OF_BASE64, size - at));

        g_string_append_printf(message, "%s\n", line);
    }
}

/*
 * What the guest is told: the user's own part, and scripts of gpuvm's, which run in the order of their names when the user's have done
 * their work.
 */
typedef struct parts {
    const char *own; /* NULL: none */
    const char *names[SCRIPTS];
    char *scripts[SCRIPTS]; /* owned */
    size_t n;
} parts;

/* Takes @script. */
static void
add_script(parts *of, const char *name, char *script)
{
    of->names[of->n] = name;
    of->scripts[of->n++] = script;
}

static void
clear_parts(parts *of)
{
    for (size_t i = 0; i < of->n; i++)
        g_free(of->scripts[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(parts, clear_parts)

/* RFC 2046, 5.1. A message that the user brings goes into it as it is, with its own header. */
static char *
make_multipart(const parts *of)
{
    const char *texts[SCRIPTS + 1] = {of->own};
    g_autofree char *digest = NULL, *boundary = NULL;
    g_autoptr(GString) message = g_string_new(NULL);

    for (size_t i = 0; i < of->n; i++)
        texts[i + 1] = of->scripts[i];
    digest = digest_of(texts, of->n + 1);
    boundary = g_strconcat("==gpuvm-", digest, "==", NULL); /* in no text that it is made from */
    g_string_append_printf(message, "Content-Type: multipart/mixed; boundary=\"%s\"\nMIME-Version: 1.0\n\n",
                           boundary);
    if (of->own) {
        g_string_append_printf(message, "--%s\n", boundary);
        if (is_mime(of->own))
            g_string_append(message, of->own);
        else
            append_part(message, "text/plain", NULL, of->own);
        g_string_append_c(message, '\n');
    }
    for (size_t i = 0; i < of->n; i++) {
        g_string_append_printf(message, "--%s\n", boundary);
        append_part(message, "text/x-shellscript", of->names[i], of->scripts[i]);
        g_string_append_c(message, '\n');
    }
    g_string_append_printf(message, "--%s--\n", boundary);
    return g_string_free(g_steal_pointer(&message), FALSE);
}

static char *
make_user_data(const parts *of)
{
    if (of->n + (of->own != NULL) > 1)
        return make_multipart(of);
    if (of->n > 0 || of->own)
        return g_strdup(of->own ? of->own : of->scripts[0]);
    return g_strdup("#cloud-config\n"); /* nothing: but a seed without the file is none */
}

/* In quotes, since a name may look like a number. A host name has no underscore (RFC 1123, 2.1). */
static char *
make_meta_data(const char *name, const gpuvm_plan_seed *seed)
{
    const char *texts[] = {seed->user_data, seed->network_config};
    g_autofree char *digest = digest_of(texts, G_N_ELEMENTS(texts));
    g_autofree char *host = g_strdelimit(g_strdup(name), "_", '-');

    return g_strdup_printf("instance-id: \"%s-%s\"\nlocal-hostname: \"%s\"\n", name, digest, host);
}

static char *
name_volume(const gpuvm_plan *plan, const gpuvm_plan_seed *seed)
{
    const char *texts[] = {seed->user_data, seed->meta_data, seed->network_config};
    g_autofree char *digest = digest_of(texts, G_N_ELEMENTS(texts));

    return gpuvm_image_text_volume(plan, GPUVM_IMAGE_SEED, digest);
}

static void
check_datasource(const gpuvm_cloud_init *given, gpuvm_diags *diags)
{
    gpuvm_mark mark = gpuvm_object_mark(&given->object, "datasource");

    if (g_ascii_strcasecmp(given->datasource, "NoCloud") != 0)
        gpuvm_diag_hint(
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "datasource must be NoCloud, not '%s'",
                              given->datasource),
            "the seed is a disk labelled CIDATA, which cloud-init knows as NoCloud; leave it out");
}

void
gpuvm_cloudinit_plan(gpuvm_plan *plan, gpuvm_diags *diags)
{
    const gpuvm_cloud_init *given = plan->vm->body.cloud_init;
    g_auto(parts) told = {.own = given ? text_of(given->user_data) : NULL};
    gpuvm_plan_seed *seed;

    if (plan->nccl_topology)
        add_script(&told, "zz-gpuvm-nccl", gpuvm_nccl_setup(plan));
    if (plan->vm->body.verify)
        add_script(&told, "zz-gpuvm-verify", gpuvm_reporter_setup());
    if (gpuvm_workload_by_cloud_init(plan))
        add_script(&told, "zz-gpuvm-workload", gpuvm_workload_script(plan, diags));
    if (!given && told.n == 0)
        return;
    if (given)
        check_datasource(given, diags);
    seed = g_new0(gpuvm_plan_seed, 1);
    seed->user_data = make_user_data(&told);
    seed->network_config = g_strdup(given ? text_of(given->network_config) : NULL);
    seed->meta_data = g_strdup(given ? text_of(given->meta_data) : NULL);
    if (!seed->meta_data)
        seed->meta_data = make_meta_data(plan->vm->name, seed);
    seed->volume = name_volume(plan, seed);
    plan->seed = seed;
}
