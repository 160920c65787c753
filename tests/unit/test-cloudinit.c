/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/cloudinit.h"
#include "core/image.h"

#define RUN "workload: {entrypoint: [run]}\n"

static plan_scene *
planned(const char *definition)
{
    plan_scene *scene = scene_new("", definition, NULL, NULL);

    scene_plan(scene);
    expect_diags(definition, scene->diags, GPUVM_DIAG_ERROR, (const char *const[]){NULL});
    return scene;
}

static void
makes_texts(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition;
        const char *user_data, *meta_data,
            *network_config; /* what it begins with; NULL: no seed, or not there */
    } cases[] = {
        {"", NULL, NULL, NULL},
        {"workload: {base_url: 'http://localhost:80'}", NULL, NULL, NULL},
        {"kernel: /boot/vmlinuz\n" RUN, NULL, NULL, NULL},
        {"cloud_init: {}", "#cloud-config\n", "instance-id: \"vm-", NULL},
        {"cloud_init: {user_data: ''}", "#cloud-config\n", "instance-id: \"vm-", NULL},
        {"cloud_init: {user_data: 'hello é'}", "hello é", "instance-id: \"vm-", NULL},
        {"kernel: /boot/vmlinuz\ncloud_init: {user_data: hello}\n" RUN, "hello", "instance-id: \"vm-", NULL},
        {RUN, "#!/bin/sh\n", "instance-id: \"vm-", NULL},
        {"cloud_init: {network_config: 'version: 2'}\n" RUN, "#!/bin/sh\n", "instance-id: \"vm-",
         "version: 2"},
        {"cloud_init: {meta_data: 'instance-id: x'}", "#cloud-config\n", "instance-id: x", NULL},
        {"verify: true", "#!/bin/sh\n", "instance-id: \"vm-", NULL},
        {"verify: false", NULL, NULL, NULL},
        {"kernel: /boot/vmlinuz\nverify: true\n" RUN, "#!/bin/sh\n", "instance-id: \"vm-", NULL},
        {"verify: true\n" RUN, "Content-Type: multipart/mixed; boundary=\"==gpuvm-", "instance-id: \"vm-",
         NULL},
        {"cloud_init: {user_data: hello}\n" RUN, "Content-Type: multipart/mixed; boundary=\"==gpuvm-",
         "instance-id: \"vm-", NULL},
        {"cloud_init: {datasource: nocloud, seed_mode: vfat, user_data: {content: hello, inline: yes}}",
         "hello", "instance-id: \"vm-", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = planned(cases[i].definition);
        const gpuvm_plan_seed *seed = scene->plan->seed;
        const char *const actual[] = {seed ? seed->user_data : NULL, seed ? seed->meta_data : NULL,
                                      seed ? seed->network_config : NULL};
        const char *const expected[] = {cases[i].user_data, cases[i].meta_data, cases[i].network_config};

        for (size_t k = 0; k < G_N_ELEMENTS(actual); k++) {
            if (!actual[k] != !expected[k] || (actual[k] && !g_str_has_prefix(actual[k], expected[k])))
                fail_msg("%s: '%s' does not begin with '%s'", cases[i].definition, actual[k], expected[k]);
        }
        if (seed)
            assert_true(gpuvm_image_is_text("vm", seed->volume));
    }
}

static void
says_who_the_guest_is(void **state G_GNUC_UNUSED)
{
    static const char *const cases[][2] = {{"vm", "local-hostname: \"vm\""},
                                           {"123", "local-hostname: \"123\""},
                                           {"gpu_1.lab", "local-hostname: \"gpu-1.lab\""}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = planned("cloud_init: {}");
        gpuvm_plan *plan = scene->plan;
        g_autofree char *id = g_strdup_printf("instance-id: \"%s-", cases[i][0]);

        g_free(scene->vm->vm->name);
        scene->vm->vm->name = g_strdup(cases[i][0]);
        g_clear_pointer(&plan->seed, gpuvm_plan_seed_free);
        gpuvm_cloudinit_plan(plan, scene->diags);
        assert_true(g_str_has_prefix(plan->seed->meta_data, id));
        assert_non_null(strstr(plan->seed->meta_data, cases[i][1]));
    }
}

/** The texts of the parts of @message, each with its type and name before it, between "|". */
static char *
parts_text(const char *message)
{
    const char *begin = strchr(message, '"') + 1;
    g_autofree char *boundary = g_strndup(begin, (gsize)(strchr(begin, '"') - begin));
    g_autofree char *between = g_strdup_printf("\n--%s", boundary);
    g_auto(GStrv) parts = g_strsplit(message, between, -1);
    g_autoptr(GString) text = g_string_new(NULL);
    guint n = g_strv_length(parts);

    assert_string_equal(parts[n - 1], "--\n");
    for (guint i = 1; i + 1 < n; i++) {
        char *body = strstr(parts[i], "\n\n");

        assert_non_null(body);
        *body = '\0';
        body += 2;
        if (strstr(parts[i], "base64")) {
            gsize size;
            g_autofree guchar *plain = g_base64_decode(body, &size);

            g_string_append_printf(text, "%s|%.*s|", strstr(parts[i], "text/plain") ? "plain" : "script",
                                   (int)size, (const char *)plain);
        } else {
            g_string_append_printf(text, "%s|%s|", parts[i] + 1, body);
        }
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
keeps_the_user_s_part(void **state G_GNUC_UNUSED)
{
    static const char message[] =
        "Content-Type: multipart/mixed; boundary=\"x\"\nMime-Version: 1.0\n\n--x\n\né\n--x--\n";
    g_autofree char *far = g_strnfill(4096, 'x');
    g_autofree char *far_mark = g_strconcat(far, "\nMIME-Version: 1.0\n", NULL);
    const char *const cases[] = {"#cloud-config\nruncmd: [é]\n",
                                 "#!/bin/sh\necho \"$HOME\"\n",
                                 "#include\nhttp://example.com/x\n",
                                 "## template: jinja\n#cloud-config\n",
                                 "--==gpuvm\r\nFrom here\r\n.\r\n no line break at the end",
                                 far_mark,
                                 message};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = planned(RUN "cloud_init: {}\n"), alone = planned(RUN);
        gpuvm_cloud_init *given = scene->vm->vm->body.cloud_init;
        g_autofree char *actual = NULL, *expected = NULL;

        given->user_data = g_new0(gpuvm_content, 1);
        given->user_data->content = g_strdup(cases[i]);
        g_clear_pointer(&scene->plan->seed, gpuvm_plan_seed_free);
        gpuvm_cloudinit_plan(scene->plan, scene->diags);
        actual = parts_text(scene->plan->seed->user_data);
        if (cases[i] == message)
            expected =
                g_strdup_printf("Content-Type: multipart/mixed; boundary=\"x\"\nMime-Version: 1.0|--x\n\né\n"
                                "--x--\n|script|%s|",
                                alone->plan->seed->user_data);
        else
            expected = g_strdup_printf("plain|%s|script|%s|", cases[i], alone->plan->seed->user_data);
        expect_text(cases[i], actual, expected);
    }
}

static void
puts_its_own_scripts_behind(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition, *parts;
    } cases[] = {
        {"verify: true\n" RUN, "script|VERIFY|script|RUN|"},
        {"verify: true\ncloud_init: {user_data: a}", "plain|a|script|VERIFY|"},
        {"verify: true\ncloud_init: {user_data: a}\n" RUN, "plain|a|script|VERIFY|script|RUN|"},
    };
    g_autoptr(plan_scene) verify = planned("verify: true"), run = planned(RUN);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = planned(cases[i].definition);
        g_autofree char *actual = parts_text(scene->plan->seed->user_data);
        g_autoptr(GString) expected = g_string_new(cases[i].parts);

        g_string_replace(expected, "VERIFY", verify->plan->seed->user_data, 0);
        g_string_replace(expected, "RUN", run->plan->seed->user_data, 0);
        expect_text(cases[i].definition, actual, expected->str);
    }
}

/** What cloud-init knows this instance by. */
static char *
instance_of(const char *definition)
{
    g_autoptr(plan_scene) scene = planned(definition);
    const char *begin = scene->plan->seed->meta_data;

    return g_strndup(begin, strcspn(begin, "\n"));
}

static void
is_another_instance_when_told_something_else(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *one, *other;
        bool same;
    } cases[] = {
        {"cloud_init: {user_data: a}", "cloud_init: {user_data: a}", true},
        {"cloud_init: {user_data: a}",
         "cloud_init: {user_data: {inline: yes, content: a}}\nresources: {cpu_cores: 7}", true},
        {"cloud_init: {user_data: a}", "cloud_init: {user_data: b}", false},
        {"cloud_init: {user_data: a}", "cloud_init: {user_data: a, network_config: b}", false},
        {"cloud_init: {network_config: a}", "cloud_init: {network_config: b}", false},
        {"cloud_init: {user_data: a}", "cloud_init: {user_data: a}\n" RUN, false},
        {"workload: {entrypoint: [run], env: {A: 1, B: 2}}",
         "workload: {env: {B: 2, A: 1}, entrypoint: [run]}", true},
        {"workload: {entrypoint: [run], env: {A: 1, B: 2}}",
         "workload: {entrypoint: [run], env: {A: 1, B: 3}}", false},
        {"cloud_init: {meta_data: 'instance-id: i'}",
         "cloud_init: {meta_data: 'instance-id: i', user_data: a}", true},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *one = instance_of(cases[i].one), *other = instance_of(cases[i].other);

        if (g_str_equal(one, other) != cases[i].same)
            fail_msg("%s: %s\n%s: %s", cases[i].one, one, cases[i].other, other);
    }
}

static void
knows_one_datasource(void **state G_GNUC_UNUSED)
{
    static const plan_case cases[] = {
        {"as it is written", "", "cloud_init: {datasource: NoCloud}"},
        {"in another case", "", "cloud_init: {datasource: NOCLOUD}"},
        {"another", "", "cloud_init: {datasource: ConfigDrive}",
         .errors = {"3 datasource must be NoCloud :: 'ConfigDrive'"}},
    };

    run_plan_cases(cases, G_N_ELEMENTS(cases));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_texts),
        cmocka_unit_test(says_who_the_guest_is),
        cmocka_unit_test(keeps_the_user_s_part),
        cmocka_unit_test(puts_its_own_scripts_behind),
        cmocka_unit_test(is_another_instance_when_told_something_else),
        cmocka_unit_test(knows_one_datasource),
    };

    return cmocka_run_group_tests_name("cloudinit", tests, NULL, NULL);
}
