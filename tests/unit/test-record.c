/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "base/xml.h"
#include "core/permit.h"
#include "core/record.h"

#define HOST                                                                                                 \
    "0000:01:00.0 030000 10de:2204 group=14\n0000:01:00.1 040300 10de:1aef group=14\n"                       \
    "0000:02:00.0 020000 8086:1533 group=14 driver=igb\n"

#define SHA "sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define VOLUME "sha256-0000000000000000000000000000000000000000000000000000000000000000"

/** Everything of @record in one line. */
static char *
record_text(const gpuvm_record *record)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_string_append_printf(text, "%s %s/%s;", record->source, gpuvm_functions_names[record->functions],
                           gpuvm_group_mode_names[record->iommu_group]);
    for (guint i = 0; i < record->labels->len; i++) {
        const gpuvm_pair *label = record->labels->pdata[i];
        g_string_append_printf(text, " %s=%s", label->key, label->value);
    }
    g_string_append(text, ";");
    for (guint i = 0; i < record->allowlist->len; i++) {
        g_autofree char *rule = gpuvm_rule_describe(record->allowlist->pdata[i]);
        g_string_append_printf(text, " [%s]", rule);
    }
    for (guint i = 0; i < record->plugin_allowlist->len; i++) {
        g_autofree char *rule = gpuvm_rule_describe(record->plugin_allowlist->pdata[i]);
        g_string_append_printf(text, " plugin[%s]", rule);
    }
    if (record->health_url)
        g_string_append_printf(text, " %s%s from %s in %" G_GUINT64_FORMAT " ms", record->health_url,
                               record->health_secret ? " and secrets" : "",
                               gpuvm_health_from_names[record->health_from], record->health_timeout_ms);
    for (guint i = 0; i < record->volumes->len; i++)
        g_string_append_printf(text, " %s/%s", record->pool, (const char *)record->volumes->pdata[i]);
    for (guint i = 0; i < record->images->len; i++) {
        const gpuvm_record_image *image = record->images->pdata[i];
        g_string_append_printf(text, " %s on %s%s", image->what, image->volume,
                               image->qcow2 ? " (qcow2)" : "");
    }
    g_string_append(text, ";");
    for (guint i = 0; i < record->devices->len; i++) {
        const gpuvm_record_device *device = &g_array_index(record->devices, gpuvm_record_device, i);
        g_string_append_printf(text, " %s %04x:%04x %s", GPUVM_PCI(&device->addr), device->identity.vendor_id,
                               device->identity.device_id, gpuvm_role_names[device->role]);
    }
    if (record->deployed)
        g_string_append_printf(text, " %u of %" G_GUINT64_FORMAT " of %s, %" G_GUINT64_FORMAT " %s%s: %s",
                               record->replica, record->deployed->replicas, record->deployed->name,
                               record->deployed->generation, record->deployed->digest,
                               record->deployed->secrets ? " with secrets" : "", record->deployed->text);
    return g_strdup(text->str);
}

/** What gpuvm_record_write makes of @plan, as text. */
static char *
write_record(const gpuvm_plan *plan)
{
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    xmlNode *metadata = xmlNewDocNode(doc, NULL, (const xmlChar *)"metadata", NULL);

    xmlDocSetRootElement(doc, metadata);
    gpuvm_record_write(plan, "sha256:11", metadata);
    assert_non_null(metadata->children);
    assert_null(metadata->children->next);
    assert_string_equal((const char *)metadata->children->ns->href, GPUVM_METADATA_NS);
    return gpuvm_xml_print(metadata->children);
}

static void
reads_what_it_wrote(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *definition, *expected;
    } cases[] = {
        {"", "vm.yaml all/refuse;;;"},
        {"devices: {pci_passthrough: ['01:00.1']}",
         "vm.yaml all/refuse;;; 0000:01:00.0 10de:2204 same-card 0000:01:00.1 10de:1aef requested"},
        {"devices: {pci_passthrough: ['01:00'], iommu_group: detach}",
         "vm.yaml all/detach;;; 0000:01:00.0 10de:2204 requested 0000:01:00.1 10de:1aef requested"
         " 0000:02:00.0 8086:1533 detached"},
        {"devices: {pci_passthrough: ['01:00.0'], iommu_group: include, functions: requested}",
         "vm.yaml requested/include;;; 0000:01:00.0 10de:2204 requested 0000:02:00.0 8086:1533 group-member"},
        {"devices: {allowlist: ['10DE:*', '8086:56a0', {class: '0B40'}, {address: '1:01:00'}, "
         "{id: '10de:*', class: '03', address: '01:00.0'}]}",
         "vm.yaml all/refuse;; [10de:*] [8086:56a0] [class 0b40] [at 0001:01:00] [10de:* of class 03 at 0000:01:00.0];"},
        {"labels: {team: vision, empty: '', 'a \"b\" <c> & ''d''': 'x & <y> \"z\" é 東'}",
         "vm.yaml all/refuse; team=vision empty= a \"b\" <c> & 'd'=x & <y> \"z\" é 東;;"},
        {"workload: {base_url: 'http://h:80/a@b?page=1'}\nhealth_check: {endpoint: /c}",
         "vm.yaml all/refuse;; http://h:80/a@b/c?page=1 from host in 30000 ms;"},
        {"workload: {base_url: 'http://me:x@h:80/a@b?key=k'}\nhealth_check: {endpoint: /c, from: guest}",
         "vm.yaml all/refuse;; http://h:80/a@b/c?key=*** and secrets from guest in 30000 ms;"},
        {"labels: {lines: \"one\\ntwo\\tthree\"}", "vm.yaml all/refuse; lines=one\ntwo\tthree;;"},
        {"kernel: {url: 'http://h/k', checksum: '" SHA "'}\nrootfs: {url: 'http://h/r', checksum: '" SHA
         "'}\ndisks: [{source: 'http://h/d', readonly: true}]",
         "vm.yaml all/refuse;; gpuvm/vm.rootfs.qcow2 kernel on " VOLUME " rootfs on " VOLUME " (qcow2);"},
        {"description: \"\\n <a> & ]]> \\u202e \\n\\n\"", "vm.yaml all/refuse;;;"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(HOST, cases[i].definition, "allowlist: ['*:*']", NULL);
        g_autofree char *xml = NULL, *text = NULL;
        g_autoptr(gpuvm_record) record = NULL;

        scene_plan(scene);
        xml = write_record(scene->plan);
        record = gpuvm_record_parse(xml, NULL);
        assert_non_null(record);
        text = record_text(record);
        expect_text(cases[i].definition, text, cases[i].expected);
        assert_string_equal(record->digest, scene->plan->digest);
        assert_string_equal(record->definition, scene->plan->definition);
        assert_string_equal(record->made, "sha256:11");
        assert_null(record->seen);
    }
}

/** What libvirt had is known of the same XML only. */
static void
keeps_what_was_seen(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *made, *seen, *expected;
    } cases[] = {
        {"sha256:11", "sha256:22", "sha256:22"},
        {"sha256:12", "sha256:22", NULL},
        {NULL, NULL, NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(HOST, "", NULL, NULL);
        g_autoptr(gpuvm_record) record = NULL;
        g_autofree char *xml = NULL;

        scene->record = gpuvm_record_new();
        scene->record->made = g_strdup(cases[i].made);
        scene->record->seen = g_strdup(cases[i].seen);
        scene->record->seen_by = 9000000;
        scene_plan(scene);
        xml = write_record(scene->plan);
        record = gpuvm_record_parse(xml, NULL);
        assert_int_equal(g_strcmp0(record->seen, cases[i].expected), 0);
        assert_int_equal(record->seen_by, cases[i].expected ? 9000000 : 0);
    }
}

static void
records_the_deployment(void **state G_GNUC_UNUSED)
{
    gpuvm_deployed deployed = {"fleet", 12, 3, "sha256:22", "name: fleet\ntitle: |\n  <a> & b\n\n", false};
    g_autoptr(plan_scene) scene = scene_new(HOST, "", NULL, NULL);
    g_autofree char *xml = NULL, *text = NULL;
    g_autoptr(gpuvm_record) record = NULL;

    scene_plan(scene);
    scene->plan->deployed = &deployed;
    scene->plan->replica = 11;
    xml = write_record(scene->plan);
    record = gpuvm_record_parse(xml, NULL);
    assert_non_null(record);
    text = record_text(record);
    assert_string_equal(text, "vm.yaml all/refuse;;; 11 of 12 of fleet, 3 sha256:22: "
                              "name: fleet\ntitle: |\n  <a> & b\n\n");
}

#define GOOD "digest='sha256:00' source='a' functions='all' iommu_group='refuse'"
#define NS " xmlns='" GPUVM_METADATA_NS "'"

static void
reads_what_libvirt_gives(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *xml, *expected;
    } cases[] = {
        {"<vm" NS " " GOOD "/>", "a all/refuse;;;"},
        {"<gpuvm:vm xmlns:gpuvm='" GPUVM_METADATA_NS "' " GOOD "><gpuvm:label key='a' value='b'/>"
         "<gpuvm:function address='0000:01:00.0' id='10de:2204' role='detached'/></gpuvm:vm>",
         "a all/refuse; a=b;; 0000:01:00.0 10de:2204 detached"},
        {"<vm" NS " " GOOD ">\n  <label key='a' value='b'/>\n  <!-- a comment -->\n  <more/>\n</vm>",
         "a all/refuse; a=b;;"},
        {"<vm" NS " " GOOD "><allow id='10de:*'/><allow of='plugin' class='03'/></vm>",
         "a all/refuse;; [10de:*] plugin[class 03];"},
        {"<vm" NS " " GOOD "><health url='http://127.0.0.1/h' timeout_ms='5000'/></vm>",
         "a all/refuse;; http://127.0.0.1/h from host in 5000 ms;"},
        {"<vm" NS " " GOOD
         "><volume pool='p' name='a.rootfs.qcow2'/><volume pool='p' name='a.seed.iso'/></vm>",
         "a all/refuse;; p/a.rootfs.qcow2 p/a.seed.iso;"},
        {"<vm" NS " " GOOD "><deployment name='f' replica='2' replicas='3' generation='4' digest='sha256:11' "
         "secrets='yes'>name: f\n</deployment></vm>",
         "a all/refuse;;; 2 of 3 of f, 4 sha256:11 with secrets: name: f\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(gpuvm_record) record = gpuvm_record_parse(cases[i].xml, NULL);
        g_autofree char *text = NULL;

        if (!record)
            fail_msg("not read: %s", cases[i].xml);
        text = record_text(record);
        expect_text(cases[i].xml, text, cases[i].expected);
    }
}

static void
refuses_what_is_damaged(void **state G_GNUC_UNUSED)
{
    static const char *const cases[] = {
        "",
        "no XML",
        "<vm" NS " " GOOD ">",
        "<!DOCTYPE vm [<!ENTITY a 'b'>]><vm" NS " " GOOD "/>",
        "<domain" NS " " GOOD "/>",
        "<vm" NS " source='a' functions='all' iommu_group='refuse'/>",
        "<vm" NS " digest='sha256:00' source='a' iommu_group='refuse'/>",
        "<vm" NS " digest='sha256:00' source='a' functions='some' iommu_group='refuse'/>",
        "<vm" NS " digest='sha256:00' source='a' functions='all'/>",
        "<vm" NS " digest='sha256:00' source='a' functions='all' iommu_group='newer'/>",
        "<vm" NS " " GOOD " seen='sha256:00' seen_by='new'/>",
        "<vm" NS " " GOOD "><function id='10de:2204' role='requested'/></vm>",
        "<vm" NS " " GOOD "><function address='0000:01:00.0' role='requested'/></vm>",
        "<vm" NS " " GOOD "><function address='0000:01:00.0' id='10de:2204'/></vm>",
        "<vm" NS " " GOOD "><function address='0000:01:00.0' id='10de:2204' role='owner'/></vm>",
        "<vm" NS " " GOOD "><function address='0000:01:00.8' id='10de:2204' role='requested'/></vm>",
        "<vm" NS " " GOOD "><function address='0000:01:00' id='10de:2204' role='requested'/></vm>",
        "<vm" NS " " GOOD "><function address='0000:01:00.0' id='10de:*' role='requested'/></vm>",
        "<vm" NS " " GOOD "><function address='0000:01:00.0' id='*:*' role='requested'/></vm>",
        "<vm" NS " " GOOD "><function address='0000:01:00.0' id='' role='requested'/></vm>",
        "<vm" NS " " GOOD "><allow/></vm>",
        "<vm" NS " " GOOD "><allow id='10de'/></vm>",
        "<vm" NS " " GOOD "><allow address='gpu0'/></vm>",
        "<vm" NS " " GOOD "><allow class=''/></vm>",
        "<vm" NS " " GOOD "><allow class='0x03'/></vm>",
        "<vm" NS " " GOOD "><health timeout_ms='5000'/></vm>",
        "<vm" NS " " GOOD "><health url='http://127.0.0.1/' timeout_ms='soon'/></vm>",
        "<vm" NS " " GOOD "><volume pool='p'/></vm>",
        "<vm" NS " " GOOD "><volume name='a'/></vm>",
        "<vm" NS " " GOOD "><volume pool='p' name='a'/><volume pool='q' name='b'/></vm>",
        "<vm" NS " " GOOD "><image what='a'/></vm>",
        "<vm" NS " " GOOD "><image volume='a'/></vm>",
        "<vm" NS " " GOOD "><label key='a'/></vm>",
        "<vm" NS " " GOOD "><label value='a'/></vm>",
        "<vm" NS " " GOOD
        "><deployment replica='0' replicas='1' generation='1' digest='d'>a</deployment></vm>",
        "<vm" NS " " GOOD "><deployment name='a' replicas='1' generation='1' digest='d'>a</deployment></vm>",
        "<vm" NS " " GOOD
        "><deployment name='a' replica='-1' replicas='1' generation='1' digest='d'>a</deployment></vm>",
        "<vm" NS " " GOOD "><deployment name='a' replica='0' replicas='1' generation='1'>a</deployment></vm>",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(gpuvm_record) record = gpuvm_record_parse(cases[i], &error);

        if (record)
            fail_msg("read: %s", cases[i]);
        if (gpuvm_error_exit(error) != GPUVM_EXIT_FAILED || !strstr(error->message, "gpuvm define FILE"))
            fail_msg("%s: exit code %d: %s", cases[i], gpuvm_error_exit(error), error->message);
    }
}

static void
records_what_is_transient(void **state G_GNUC_UNUSED)
{
    for (int transient = 0; transient < 2; transient++) {
        g_autoptr(plan_scene) scene = scene_new(HOST, "", NULL, NULL);
        g_autoptr(gpuvm_record) record = NULL;
        g_autofree char *xml = NULL;

        scene->transient = transient;
        scene_plan(scene);
        xml = write_record(scene->plan);
        record = gpuvm_record_parse(xml, NULL);
        assert_int_equal(record->transient, transient);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_wrote),     cmocka_unit_test(keeps_what_was_seen),
        cmocka_unit_test(records_the_deployment),  cmocka_unit_test(reads_what_libvirt_gives),
        cmocka_unit_test(refuses_what_is_damaged), cmocka_unit_test(records_what_is_transient),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
