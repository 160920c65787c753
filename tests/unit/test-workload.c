/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/workload.h"
#include "core/image.h"

#define KERNEL "kernel: /boot/vmlinuz\n"
#define CONSOLE "console=ttyS0"

/** As scene_plan, with @plugin, which may be NULL. */
static void
plan(plan_scene *scene, const gpuvm_spec *plugin)
{
    const gpuvm_plan_input input = {.vm = scene->vm->vm,
                                    .plugin = plugin ? plugin->plugin : NULL,
                                    .source = "vm.yaml",
                                    .directory = "/definitions",
                                    .facts = scene->facts,
                                    .policies = &scene->policies};

    scene->plan = gpuvm_planner_make(&input, scene->diags);
}

static void
tells_a_guest_with_a_kernel(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition, *plugin;
        const char *cmdline, *manifest; /* NULL: none */
    } cases[] = {
        {"", NULL, NULL, NULL},
        {"workload: {entrypoint: [run]}", NULL, NULL, NULL},
        {KERNEL, NULL, CONSOLE, NULL},
        {KERNEL "kernel_cmdline: quiet", NULL, CONSOLE " quiet", NULL},
        {KERNEL "kernel_cmdline: quiet", "name: torch",
         CONSOLE " quiet gpuvm.plugin=torch gpuvm.runtime=torch", NULL},
        {KERNEL, "name: torch\nruntime: cuda", CONSOLE " gpuvm.plugin=torch gpuvm.runtime=cuda", NULL},
        {KERNEL "runtime: own", "name: torch\nruntime: cuda", CONSOLE " gpuvm.plugin=torch gpuvm.runtime=own",
         NULL},
        {KERNEL "workload: {entrypoint: [run]}", NULL, CONSOLE,
         "{\"name\":\"vm\",\"workload\":{\"entrypoint\":[\"run\"],\"env\":{}}}"},
        {KERNEL
         "workload: {type: http, base_url: 'http://127.0.0.1:8000', entrypoint: [run, -v], env: {B: 1, A: 2}, "
         "workdir: /srv}\nhealth_check: {endpoint: /health, timeout_ms: 500}",
         "name: torch", CONSOLE " gpuvm.plugin=torch gpuvm.runtime=torch",
         "{\"name\":\"vm\",\"plugin\":\"torch\",\"runtime\":\"torch\",\"workload\":{\"type\":\"http\","
         "\"base_url\":\"http://127.0.0.1:8000\",\"entrypoint\":[\"run\",\"-v\"],\"env\":{\"A\":\"2\",\"B\":\"1\"},"
         "\"workdir\":\"/srv\"},\"health_check\":{\"endpoint\":\"/health\",\"timeout_ms\":500}}"},
        /* what this guest does with a name or a path is its own affair */
        {KERNEL
         "workload: {entrypoint: [./run, \"a\\nb\\t\\\"c\\\" \\\\ é \U0001F600 %n $x , <&>\"], env: {a-b: ''}}",
         NULL, CONSOLE,
         "{\"name\":\"vm\",\"workload\":{\"entrypoint\":[\"./run\",\"a\\nb\\t\\\"c\\\" \\\\ é \U0001F600 %n $x , "
         "<&>\"],\"env\":{\"a-b\":\"\"}}}"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new("", cases[i].definition, NULL, NULL);
        gpuvm_spec *plugin = cases[i].plugin ? build_spec(cases[i].plugin, "plugin") : NULL;

        plan(scene, plugin);
        expect_diags(cases[i].definition, scene->diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
        expect_text(cases[i].definition, scene->plan->cmdline ? scene->plan->cmdline : "none",
                    cases[i].cmdline ? cases[i].cmdline : "none");
        expect_text(cases[i].definition, scene->plan->manifest ? scene->plan->manifest : "none",
                    cases[i].manifest ? cases[i].manifest : "none");
        assert_int_equal(!cases[i].manifest, !scene->plan->manifest_volume);
        if (cases[i].manifest)
            assert_true(gpuvm_image_is_text("vm", scene->plan->manifest_volume));
        gpuvm_spec_free(plugin);
    }
}

/*
 * The words of systemd are those that its manual says, and that systemd 252 gives to a program. What YAML's double
 * quotes take away is in the definition twice.
 */
static void
writes_a_unit(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *workload, *lines; /* of the unit */
    } cases[] = {
        {"{entrypoint: [run]}", "\nExecStart=\"run\"\n"},
        {"{entrypoint: [run]}", "\n[Service]\nExecStart="},
        {"{entrypoint: [/opt/run, --port, 8000]}", "\nExecStart=\"/opt/run\" \"--port\" \"8000\"\n"},
        {"{entrypoint: [run, 'a b', ';', '{x}', '*', '#', '-x', ' ', '\\;']}",
         "\nExecStart=\"run\" \"a b\" \";\" \"{x}\" \"*\" \"#\" \"-x\" \" \" \"\\\\;\"\n"},
        {"{entrypoint: [run, '$HOME', '${A}b', '$$', 'a$', '%n', '50%', '%%']}",
         "\nExecStart=\"run\" \"$$HOME\" \"$${A}b\" \"$$$$\" \"a$$\" \"%%n\" \"50%%\" \"%%%%\"\n"},
        {"{entrypoint: ['/a$b%c', '$b']}", "\nExecStart=\"/a$b%%c\" \"$$b\"\n"},
        {"{entrypoint: [run, \"a\\\"b\", \"it's\", \"\\\\n\", \"end\\\\\", \"two\\nlines\\n\", \"a\\tb\"]}",
         "\nExecStart=\"run\" \"a\\\"b\" \"it's\" \"\\\\n\" \"end\\\\\" \"two\\nlines\\n\" \"a\\tb\"\n"},
        {"{entrypoint: [run, é, \U0001F600, \"EOF\", \"a\\nEOF\\nrm -rf /\"]}",
         "\nExecStart=\"run\" \"é\" \"\U0001F600\" \"EOF\" \"a\\nEOF\\nrm -rf /\"\n"},
        {"{entrypoint: [run], env: {B: 'x y', A: '', _c1: \"two\\nlines \\\\ \\\"q\\\" $HOME %h 'q'\"}}",
         "\nEnvironment=\"A=\"\nEnvironment=\"B=x y\"\n"
         "Environment=\"_c1=two\\nlines \\\\ \\\"q\\\" $HOME %%h 'q'\"\nExecStart="},
        {"{entrypoint: [run], workdir: /srv}", "\nWorkingDirectory=/srv/\n"},
        {"{entrypoint: [run], workdir: /}", "\nWorkingDirectory=/\n"},
        {"{entrypoint: [run], workdir: '/a \"b\" %h $x é \\ '}",
         "\nWorkingDirectory=/a \"b\" %%h $x é \\ /\n"},
        {"{entrypoint: [run], workdir: '/a\\'}", "\nWorkingDirectory=/a\\/\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *definition = g_strdup_printf("workload: %s\n", cases[i].workload), *script = NULL;
        g_autoptr(plan_scene) scene = scene_new("", definition, NULL, NULL);

        scene_plan(scene);
        assert_true(gpuvm_workload_by_cloud_init(scene->plan));
        script = gpuvm_workload_script(scene->plan, scene->diags);
        expect_diags(cases[i].workload, scene->diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
        if (!strstr(script, cases[i].lines))
            fail_msg("%s: '%s' is not in:\n%s", cases[i].workload, cases[i].lines, script);
        assert_true(g_str_has_prefix(script, "#!/bin/sh\n"));
    }
}

static void
judges_what_systemd_would_not_take(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"a relative program", "", "workload: {entrypoint: [./run]}",
         .errors = {"3 entrypoint must begin with :: './run' :: /opt/app/run"}},
        {"a program below", "", "workload: {entrypoint: [bin/run]}", .errors = {"3 entrypoint :: 'bin/run'"}},
        {"a prefix", "", "workload: {entrypoint: ['-run']}", .errors = {"3 entrypoint :: '-run'"}},
        {"another prefix", "", "workload: {entrypoint: ['@/bin/sh']}",
         .errors = {"3 entrypoint :: '@/bin/sh'"}},
        {"a name", "", "workload: {entrypoint: [python3.11]}"},
        {"a directory", "", "workload: {entrypoint: [run], workdir: srv}",
         .errors = {"3 workdir must be an absolute path"}},
        {"home", "", "workload: {entrypoint: [run], workdir: '~'}",
         .errors = {"3 workdir must be an absolute path"}},
        {"a variable", "", "workload: {entrypoint: [run], env: {a-b: 1, 1a: 2, 'a=b': 3, 'é': 4}}",
         .errors = {"3 'a-b' is not the name of an environment variable", "3 '1a'", "3 'a=b'", "3 'é'"}},
        {"nothing to run", "", "workload: {base_url: 'http://127.0.0.1:80', workdir: x}"},
        {"another guest", "", KERNEL "workload: {entrypoint: [./run], workdir: x}"},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_a_guest_with_a_kernel),
        cmocka_unit_test(writes_a_unit),
        cmocka_unit_test(judges_what_systemd_would_not_take),
    };

    return cmocka_run_group_tests_name("workload", tests, NULL, NULL);
}
