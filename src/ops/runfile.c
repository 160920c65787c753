/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/runfile.h"

#include <limits.h>

#include "ops/create.h"

static const gpuvm_flag name_flag = {.name = "--name", .path = "name"};
static const gpuvm_flag replica_flag = {.name = "--replica", .path = "replicas"};

static bool
has_vms(const gpuvm_definition *definition)
{
    return definition->spec->kind == GPUVM_KIND_VM || definition->spec->kind == GPUVM_KIND_DEPLOYMENT;
}

static const char *
name_of(const gpuvm_definition *definition)
{
    return gpuvm_spec_name(definition->spec);
}

/* Leaves of @definitions one that has VMs, which is returned, and what it may need; NULL: see the diagnostics. */
static gpuvm_definition *
choose(gpuvm_session *session, GPtrArray *definitions, const char *file, const char *name)
{
    g_autoptr(GString) names = g_string_new(NULL);
    gpuvm_definition *chosen = NULL;
    guint n = 0;

    for (guint i = 0; i < definitions->len; i++) {
        gpuvm_definition *each = definitions->pdata[i];

        if (!has_vms(each))
            continue;
        g_string_append_printf(names, "%s%s", n++ > 0 ? ", " : "", name_of(each));
        if (!chosen || g_strcmp0(name_of(each), name) == 0)
            chosen = each;
    }
    if (n > 1 && g_strcmp0(name_of(chosen), name) != 0) {
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL,
                                          "%s has several definitions%s%s", file,
                                          name ? ", and none is called " : "", name ? name : ""),
                        "say which one with --name: %s", names->str);
        return NULL;
    }
    for (guint i = definitions->len; i-- > 0;) {
        if (has_vms(definitions->pdata[i]) && definitions->pdata[i] != chosen)
            g_ptr_array_remove_index(definitions, i);
    }
    return chosen;
}

/* Has @definition called @name, where that is not NULL, and as large as it must be for its replica @number. */
static bool
adapt(gpuvm_session *session, gpuvm_definition *definition, const char *name, bool replica, unsigned number)
{
    const gpuvm_spec *spec = definition->spec;
    bool deployment = spec->kind == GPUVM_KIND_DEPLOYMENT;
    g_autofree char *text = !deployment && replica
                                ? g_strdup_printf("%s-%u", name ? name : name_of(definition), number)
                                : g_strdup(name);
    g_autofree char *size = g_strdup_printf("%u", number + 1);
    const gpuvm_flag_value called = {&name_flag, text}, sized = {&replica_flag, size};
    g_autoptr(GPtrArray) values = g_ptr_array_new();

    if (text && !g_str_equal(text, name_of(definition)))
        g_ptr_array_add(values, (gpointer)&called);
    if (deployment && number >= spec->deployment->replicas)
        g_ptr_array_add(values, (gpointer)&sized);
    return values->len == 0 || gpuvm_create_over(session, definition, values);
}

/* Whether there is a number where there is to be one; *@ret_number is it. */
static bool
read_replica(gpuvm_session *session, const gpuvm_definition *definition, const char *text,
             unsigned *ret_number)
{
    guint64 number = 0;

    if (text && !g_ascii_string_to_unsigned(text, 10, 0, INT_MAX, &number, NULL))
        gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL,
                          "--replica takes the number of a replica, 0, 1 and so on, not '%s'", text);
    if (!text && definition && definition->spec->kind == GPUVM_KIND_DEPLOYMENT)
        gpuvm_diag_hint(gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL,
                                          "'%s' is a deployment, of whose replicas one is run at a time",
                                          name_of(definition)),
                        "say which one: --replica 0");
    *ret_number = (unsigned)number;
    return session->diags->errors == 0;
}

/* Leaves of @drafts, where they are a deployment's, replica @number. */
static void
keep_replica(GPtrArray *drafts, unsigned number)
{
    for (guint i = drafts->len; i-- > 0;) {
        const gpuvm_spec *spec = ((const gpuvm_draft *)drafts->pdata[i])->definition->spec;

        if (spec->deployed && spec->replica != number)
            g_ptr_array_remove_index(drafts, i);
    }
}

GPtrArray *
gpuvm_run_drafts(gpuvm_session *session, const char *file, const gpuvm_run_options *options)
{
    g_autoptr(GPtrArray) definitions = gpuvm_load_file(file, NULL, session->diags), drafts = NULL;
    gpuvm_definition *chosen = choose(session, definitions, file, options->name);
    unsigned number;
    bool right = read_replica(session, chosen, options->replica, &number);

    if (chosen)
        right = adapt(session, chosen, options->name, options->replica != NULL, number) && right;
    if (!right)
        return NULL;
    drafts = gpuvm_drafts_new(session, definitions);
    if (!drafts || session->diags->errors > 0)
        return NULL;
    keep_replica(drafts, number);
    ((gpuvm_draft *)drafts->pdata[0])->transient = true;
    return g_steal_pointer(&drafts);
}
