/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diff_domain.c: what differs between two domains, as far as definitions tell, and beyond */
#include <config.h>

#include "core/diff.h"

#include <string.h>

#include "core/sketch.h"

/* What @field is a part of: a list, a mapping, or, of the resources, the field itself. */
static size_t
part_length(const char *field)
{
    return g_str_has_prefix(field, "resources.") ? strlen(field) : strcspn(field, ".[");
}

/* Whether the first @n of @differences have one in the same part as @field. */
static bool
has_part(const GPtrArray *differences, guint n, const char *field)
{
    size_t length = part_length(field);

    for (guint i = 0; i < n; i++) {
        const char *other = ((const gpuvm_difference *)differences->pdata[i])->field;

        if (part_length(other) == length && strncmp(other, field, length) == 0)
            return true;
    }
    return false;
}

/* Whether @quotes has one that begins with the same word as @quote: libvirt writes more of an element than a template. */
static bool
has_element(const GPtrArray *quotes, const char *quote)
{
    size_t length = strcspn(quote, " >");

    for (guint i = 0; i < quotes->len; i++) {
        const char *other = quotes->pdata[i];

        if (strcspn(other, " >") == length && strncmp(other, quote, length) == 0)
            return true;
    }
    return false;
}

void
gpuvm_diff_domains(GPtrArray *differences, const xmlNode *now, const xmlNode *then, bool outside)
{
    g_autoptr(GPtrArray) beyond_now = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) beyond_then = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(gpuvm_doc) had = gpuvm_sketch_make(now, beyond_now);
    g_autoptr(gpuvm_doc) has = gpuvm_sketch_make(then, beyond_then);
    guint before = differences->len;

    gpuvm_diff_trees(differences, &gpuvm_vm_table, had->root, has->root);
    for (guint i = differences->len; i-- > before;) {
        gpuvm_difference *difference = differences->pdata[i];

        difference->outside = outside;
        if (has_part(differences, before, difference->field))
            g_ptr_array_remove_index(differences, i);
    }
    for (guint i = 0; i < beyond_now->len; i++) {
        if (!has_element(beyond_then, beyond_now->pdata[i]))
            gpuvm_diff_add(differences, "domain", beyond_now->pdata[i], NULL, GPUVM_WHEN_START)->outside =
                outside;
    }
    for (guint i = 0; i < beyond_then->len; i++) {
        if (!has_element(beyond_now, beyond_then->pdata[i]))
            gpuvm_diff_add(differences, "domain", NULL, beyond_then->pdata[i], GPUVM_WHEN_START)->outside =
                outside;
    }
}
