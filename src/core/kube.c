/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kube.c: manifests, and what they are made with */
#include <config.h>

#include "core/kube.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "core/kube_vm.h"

#define LABEL_MAX 63 /* characters of a label: RFC 1123, 2.1 */

static void
free_manifest(gpointer data)
{
    gpuvm_kube_manifest *manifest = data;

    json_object_unref(manifest->json);
    g_ptr_array_unref(manifest->comments);
    g_free(manifest);
}

gpuvm_kube *
gpuvm_kube_new(const gpuvm_policies *policies, const gpuvm_facts *facts, bool strict, gpuvm_diags *diags)
{
    gpuvm_kube *kube = g_new0(gpuvm_kube, 1);

    kube->policies = policies;
    kube->facts = facts;
    kube->strict = strict;
    kube->diags = diags;
    kube->manifests = g_ptr_array_new_with_free_func(free_manifest);
    kube->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return kube;
}

void
gpuvm_kube_free(gpuvm_kube *kube)
{
    if (!kube)
        return;
    g_ptr_array_unref(kube->manifests);
    g_hash_table_unref(kube->names);
    g_free(kube);
}

JsonObject *
gpuvm_kube_at(JsonObject *object, const char *path)
{
    g_auto(GStrv) keys = g_strsplit(path, ".", -1);

    for (char **key = keys; *key; key++) {
        if (!json_object_has_member(object, *key))
            json_object_set_object_member(object, *key, json_object_new());
        object = json_object_get_object_member(object, *key);
    }
    return object;
}

JsonObject *
gpuvm_kube_item(JsonObject *object, const char *member, const char *name)
{
    JsonObject *item = json_object_new();

    if (!json_object_has_member(object, member))
        json_object_set_array_member(object, member, json_array_new());
    json_array_add_object_element(json_object_get_array_member(object, member), item);
    if (name)
        json_object_set_string_member(item, "name", name);
    return item;
}

char *
gpuvm_kube_name(const char *text)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);
    const char *begin, *end;

    g_strcanon(lower, "abcdefghijklmnopqrstuvwxyz0123456789", '-');
    begin = lower + strspn(lower, "-");
    end = begin + MIN(strlen(begin), LABEL_MAX);
    while (end > begin && end[-1] == '-')
        end--;
    return end > begin ? g_strndup(begin, (gsize)(end - begin)) : g_strdup("unnamed");
}

void
gpuvm_kube_comment(gpuvm_kube_manifest *manifest, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *line = g_strdup_vprintf(format, args), *safe = gpuvm_text_printable(line);
    va_end(args);
    g_ptr_array_add(manifest->comments, g_steal_pointer(&safe));
}

void
gpuvm_kube_claim(gpuvm_kube *kube, const char *kind, const char *name, const gpuvm_mark *mark)
{
    if (!g_hash_table_add(kube->names, g_strconcat(kind, " ", name, NULL)))
        gpuvm_diag_hint(gpuvm_diags_error(kube->diags, GPUVM_EXIT_INVALID, mark,
                                          "two resources of Kubernetes would have the name %s (%s)", name,
                                          kind),
                        "names there differ in more than capitals, '.' and '_': give one of them another");
}

gpuvm_kube_manifest *
gpuvm_kube_manifest_add(gpuvm_kube *kube, const char *api, const char *kind, const char *name,
                        const gpuvm_mark *mark)
{
    gpuvm_kube_manifest *manifest = g_new(gpuvm_kube_manifest, 1);

    manifest->json = json_object_new();
    manifest->comments = g_ptr_array_new_with_free_func(g_free);
    json_object_set_string_member(manifest->json, "apiVersion", api);
    json_object_set_string_member(manifest->json, "kind", kind);
    json_object_set_string_member(gpuvm_kube_at(manifest->json, "metadata"), "name", name);
    g_ptr_array_add(kube->manifests, manifest);
    gpuvm_kube_claim(kube, kind, name, mark);
    return manifest;
}

void
gpuvm_kube_lose(gpuvm_kube *kube, gpuvm_kube_manifest *manifest, const char *key, const gpuvm_mark *mark,
                const char *why)
{
    if (kube->strict)
        gpuvm_diags_error(kube->diags, GPUVM_EXIT_USAGE, mark, "%s is lost: %s", key, why);
    else
        gpuvm_diags_warning(kube->diags, mark, "%s is lost: %s", key, why);
    if (mark->line > 0)
        gpuvm_kube_comment(manifest, "lost: %s: %s:%u: %s", key, mark->source->name, mark->line, why);
    else
        gpuvm_kube_comment(manifest, "lost: %s: %s", key, why);
}

void
gpuvm_kube_vm_lose(const gpuvm_kube_vm *vm, const char *path, const gpuvm_object *object, const char *key,
                   const char *why)
{
    gpuvm_mark mark = gpuvm_object_mark(object, key);

    gpuvm_kube_lose(vm->kube, vm->manifest, path, &mark, why);
}

JsonObject *
gpuvm_kube_secret_add(gpuvm_kube *kube, const char *name, const gpuvm_mark *mark, const char *what)
{
    gpuvm_kube_manifest *secret = gpuvm_kube_manifest_add(kube, "v1", "Secret", name, mark);

    gpuvm_kube_comment(secret, "in plain text: %s", what);
    gpuvm_diag_hint(gpuvm_diags_note(kube->diags, mark, "the Secret %s has %s in plain text", name, what),
                    "kubectl apply takes it from there: keep it out of files that others read");
    return gpuvm_kube_at(secret->json, "stringData");
}
