/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/workload.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "core/image.h"

#define SERVICE "gpuvm-workload.service"

static int
compare_keys(gconstpointer a, gconstpointer b)
{
    const gpuvm_pair *const *x = a, *const *y = b;

    return strcmp((*x)->key, (*y)->key);
}

/* By name: their order means nothing, so it must not make a difference. Borrowed. */
static GPtrArray *
sorted_env(const gpuvm_workload *workload)
{
    GPtrArray *env = g_ptr_array_new();

    for (guint i = 0; i < workload->env->len; i++)
        g_ptr_array_add(env, workload->env->pdata[i]);
    g_ptr_array_sort(env, compare_keys);
    return env;
}

static void
add_member(JsonBuilder *builder, const char *name, const char *value)
{
    if (!value)
        return;
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static void
add_workload(JsonBuilder *builder, const gpuvm_workload *workload)
{
    g_autoptr(GPtrArray) env = sorted_env(workload);

    json_builder_set_member_name(builder, "workload");
    json_builder_begin_object(builder);
    add_member(builder, "type", workload->type);
    add_member(builder, "base_url", workload->base_url);
    json_builder_set_member_name(builder, "entrypoint");
    json_builder_begin_array(builder);
    for (guint i = 0; i < workload->entrypoint->len; i++)
        json_builder_add_string_value(builder, workload->entrypoint->pdata[i]);
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "env");
    json_builder_begin_object(builder);
    for (guint i = 0; i < env->len; i++) {
        const gpuvm_pair *pair = env->pdata[i];

        add_member(builder, pair->key, pair->value);
    }
    json_builder_end_object(builder);
    add_member(builder, "workdir", workload->workdir);
    json_builder_end_object(builder);
}

const char *
gpuvm_workload_runtime(const gpuvm_plan *plan)
{
    const gpuvm_plugin *plugin = plan->plugin;

    return plan->vm->runtime || !plugin ? plan->vm->runtime : gpuvm_plugin_runtime(plugin);
}

static char *
make_manifest(const gpuvm_plan *plan)
{
    const gpuvm_body *body = &plan->vm->body;
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_object(builder);
    add_member(builder, "name", plan->vm->name);
    add_member(builder, "plugin", plan->plugin ? plan->plugin->name : NULL);
    add_member(builder, "runtime", gpuvm_workload_runtime(plan));
    add_workload(builder, body->workload);
    if (body->health_check) {
        json_builder_set_member_name(builder, "health_check");
        json_builder_begin_object(builder);
        add_member(builder, "endpoint", body->health_check->endpoint);
        json_builder_set_member_name(builder, "timeout_ms");
        json_builder_add_int_value(builder, (gint64)body->health_check->timeout_ms);
        json_builder_end_object(builder);
    }
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, FALSE);
}

void
gpuvm_workload_plan(gpuvm_plan *plan)
{
    g_autofree char *digest = NULL;

    if (!plan->kernel || !plan->vm->body.workload)
        return;
    plan->manifest = make_manifest(plan);
    digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, plan->manifest, -1);
    plan->manifest_volume = gpuvm_image_text_volume(plan, GPUVM_IMAGE_MANIFEST, digest);
}

bool
gpuvm_workload_by_cloud_init(const gpuvm_plan *plan)
{
    const gpuvm_body *body = &plan->vm->body;

    return !plan->kernel && body->workload && body->workload->entrypoint->len > 0;
}

/*
 * A word in double quotes, which keep all but the quote and the backslash (systemd.syntax(7), "Quoting"). Characters of
 * @doubled have a meaning otherwise: '%' begins a specifier (systemd.unit(5)), in a command '$' a variable.
 */
static void
append_word(GString *line, const char *text, const char *doubled)
{
    g_string_append_c(line, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '\n')
            g_string_append(line, "\\n");
        else if (*c == '\t')
            g_string_append(line, "\\t");
        else if (*c == '"' || *c == '\\')
            g_string_append_printf(line, "\\%c", *c);
        else if (strchr(doubled, *c))
            g_string_append_printf(line, "%c%c", *c, *c);
        else
            g_string_append_c(line, *c);
    }
    g_string_append_c(line, '"');
}

static void
check_program(const gpuvm_workload *workload, gpuvm_diags *diags)
{
    const char *program = workload->entrypoint->pdata[0];
    gpuvm_mark mark = gpuvm_object_mark(&workload->object, "entrypoint");

    /* a first character such as '-' or '@' means something to systemd, quoted or not */
    if (*program == '/' || ((g_ascii_isalnum(*program) || *program == '_') && !strchr(program, '/')))
        return;
    gpuvm_diag_hint(
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark,
                          "entrypoint must begin with the absolute path of a program, or with a name "
                          "that systemd finds, not '%s'",
                          program),
        "a relative path would not start from workdir; write, say, /opt/app/run or python3");
}

static void
check_env_name(const gpuvm_workload *workload, const char *name, gpuvm_diags *diags)
{
    gpuvm_mark mark = gpuvm_object_mark(&workload->object, "env");
    bool right = g_ascii_isalpha(*name) || *name == '_';

    for (const char *c = name; *c && right; c++)
        right = g_ascii_isalnum(*c) || *c == '_';
    if (!right)
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark,
                                          "env: '%s' is not the name of an environment variable", name),
                        "a name has letters, digits and underscores, and does not begin with a digit");
}

/*
 * The directory is taken as it stands, but for specifiers; a slash at its end keeps a blank or a backslash before it from
 * meaning something as the end of a line.
 */
static void
append_workdir(GString *unit, const gpuvm_workload *workload, gpuvm_diags *diags)
{
    gpuvm_mark mark = gpuvm_object_mark(&workload->object, "workdir");

    if (!workload->workdir)
        return;
    if (*workload->workdir != '/')
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark,
                          "workdir must be an absolute path of the guest, not '%s'", workload->workdir);
    g_string_append(unit, "WorkingDirectory=");
    for (const char *c = workload->workdir; *c; c++) {
        g_string_append_c(unit, *c);
        if (*c == '%')
            g_string_append_c(unit, '%');
    }
    g_string_append(unit, g_str_has_suffix(workload->workdir, "/") ? "\n" : "/\n");
}

/*
 * Each setting is one line, whatever is in it. The output goes to the console, too, where the host can see it. A service
 * that fails is tried for ever: what it needs, such as a driver, may take its time.
 */
static char *
make_unit(const gpuvm_plan *plan, gpuvm_diags *diags)
{
    const gpuvm_workload *workload = plan->vm->body.workload;
    g_autoptr(GPtrArray) env = sorted_env(workload);
    g_autoptr(GString) unit = g_string_new("[Unit]\n");

    g_string_append_printf(unit, "Description=Workload of %s\n", plan->vm->name);
    g_string_append(unit,
                    "Wants=network-online.target\nAfter=network-online.target\nStartLimitIntervalSec=0\n\n"
                    "[Service]\n");
    append_workdir(unit, workload, diags);
    for (guint i = 0; i < env->len; i++) {
        const gpuvm_pair *pair = env->pdata[i];
        g_autofree char *assignment = g_strconcat(pair->key, "=", pair->value, NULL);

        check_env_name(workload, pair->key, diags);
        g_string_append(unit, "Environment=");
        append_word(unit, assignment, "%");
        g_string_append_c(unit, '\n');
    }
    check_program(workload, diags);
    g_string_append(unit, "ExecStart=");
    for (guint i = 0; i < workload->entrypoint->len; i++) {
        if (i > 0)
            g_string_append_c(unit, ' ');
        append_word(unit, workload->entrypoint->pdata[i],
                    i > 0 ? "%$" : "%"); /* the program itself is not a variable */
    }
    g_string_append(unit, "\nRestart=on-failure\nRestartSec=5\nStandardOutput=journal+console\n\n"
                          "[Install]\nWantedBy=multi-user.target\n");
    return g_string_free(g_steal_pointer(&unit), FALSE);
}

char *
gpuvm_workload_script(const gpuvm_plan *plan, gpuvm_diags *diags)
{
    g_autofree char *unit = make_unit(plan, diags);

    /* No line of the unit is "EOF", and in quotes it keeps the shell from looking into the text. The start must not be
     * waited for: cloud-init, which runs this, may be among what it comes after. */
    return g_strdup_printf("#!/bin/sh\n"
                           "set -e\n"
                           "cat >/etc/systemd/system/" SERVICE " <<'EOF'\n"
                           "%s"
                           "EOF\n"
                           "systemctl daemon-reload\n"
                           "systemctl enable " SERVICE "\n"
                           "systemctl --no-block restart " SERVICE "\n",
                           unit);
}
