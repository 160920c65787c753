/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include <string.h>

#include "core/drift.h"
#include "core/record.h"

#define DEVICES(devices) "<domain><name>a</name><devices>" devices "</devices></domain>"
#define RECORD(attributes, children)                                                                         \
    "<domain><metadata><x xmlns='urn:x'/><gpuvm:vm xmlns:gpuvm='" GPUVM_METADATA_NS "' " attributes          \
    ">" children "</gpuvm:vm></metadata></domain>"

static void
compares_domains(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *one, *other;
        bool equal;
    } cases[] = {
        {DEVICES("<disk a='1'/><disk a='2'/>"), DEVICES("<disk a='1'/><disk a='2'/>"), true},
        {DEVICES("<controller index='0'/><controller index='1'/>"),
         DEVICES("<controller index='1'/>\n  <controller index='0'/>"), true},
        {DEVICES("<disk a='1'/><disk a='1'/>"), DEVICES("<disk a='1'/>"), false},
        {DEVICES("<disk a='1'/><disk a='2'/>"), DEVICES("<disk a='1'/><disk a='3'/>"), false},
        {DEVICES("<disk><boot order='1'/></disk>"), DEVICES("<disk><boot order='2'/></disk>"), false},
        {"<domain><name>a</name></domain>", "<domain><name>b</name></domain>", false},
        {"<domain><name>a</name></domain>", "<domain><name>a</name></domain>", true},
        {"<domain><name>a</name></domain>", DEVICES(""), true},
        {"<domain><name>a</name></domain>", "no XML", false},
        {RECORD("source='a' made='1' seen='2' seen_by='3'", "<definition>x</definition><label key='k'/>"),
         RECORD("source='b' made='4'", "<label key='k'/><definition>y</definition>"), true},
        {RECORD("", "<label key='k'/>"), RECORD("", "<label key='l'/>"), false},
        {RECORD("digest='a'", ""), RECORD("digest='b'", ""), false},
        {RECORD("", ""), "<domain><metadata/></domain>", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (gpuvm_drift_equal(cases[i].one, cases[i].other) != cases[i].equal)
            fail_msg("%s and %s", cases[i].one, cases[i].other);
    }
}

static void
tells_what_runs_from_what_is_defined(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *running, *defined;
        bool so;
    } cases[] = {
        {"<domain id='1'><name>a</name></domain>", "<domain><name>a</name></domain>", true},
        {"<domain><name>b</name></domain>", "<domain><name>a</name></domain>", false},
        {"<domain><name/></domain>", "<domain><name>a</name></domain>", false},
        {"<domain/>", "<domain><on_crash>destroy</on_crash></domain>", false},
        {DEVICES("<disk a='1'><alias name='d'/><source index='1'/></disk>"),
         DEVICES("<disk a='1'><source/></disk>"), true},
        {DEVICES("<disk a='1'/>"), DEVICES("<disk a='2'/>"), false},
        {DEVICES("<disk/>"), DEVICES("<disk a='2'/>"), false},
        {DEVICES("<disk a='2'/><disk a='1'/>"), DEVICES("<disk a='1'/>\n<disk a='2'/>"), true},
        {DEVICES("<disk a='1'/><disk a='2'/>"), DEVICES("<disk a='1'/>"), false}, /* attached to what runs */
        {DEVICES("<disk a='1'/><nic/>"), DEVICES("<disk a='1'/><disk a='1'/>"), false},
        {DEVICES("<disk><driver cache='unsafe'/></disk>"), DEVICES("<disk><driver/></disk>"), false},
        {"<domain><resource/><seclabel/><cputune/></domain>", "<domain/>", false},
        {"<domain><resource/><seclabel/></domain>", "<domain/>", true},
        {"<domain><os><loader/><nvram/><boot/></os></domain>",
         "<domain><os firmware='efi'><boot/></os></domain>", true},
        {"<domain><os firmware='efi'><loader/></os></domain>",
         "<domain><os firmware='efi'><loader/></os></domain>", true},
        {"<domain><os><loader/></os></domain>", "<domain><os/></domain>", false},
        {"<domain><os/></domain>", "<domain><os firmware='efi'/></domain>", false},
        {RECORD("digest='a'", ""), RECORD("digest='b'", ""), true},
        {"no XML", "<domain/>", false},
        {"<domain/>", "no XML", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (gpuvm_drift_runs(cases[i].running, cases[i].defined) != cases[i].so)
            fail_msg("%s and %s", cases[i].running, cases[i].defined);
    }
}

static char *
digest_made(const char *xml)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);
    char *digest = gpuvm_drift_digest_made(xmlDocGetRootElement(doc));
    g_autofree char *again = gpuvm_drift_digest_made(xmlDocGetRootElement(doc)); /* nothing was taken out */

    assert_string_equal(digest, again);
    return digest;
}

static void
knows_what_was_made(void **state G_GNUC_UNUSED)
{
    static const struct {
        const char *one, *other;
        bool same;
    } cases[] = {
        {RECORD("digest='a'", ""), RECORD("digest='b'", "<definition>x</definition>"), true},
        {"<domain><uuid>u</uuid><name>a</name></domain>", "<domain><name>a</name></domain>", true},
        {DEVICES("<interface><mac address='1'/><model/></interface>"),
         DEVICES("<interface><model/></interface>"), true},
        {DEVICES("<interface type='a'/>"), DEVICES("<interface type='b'/>"), false},
        {"<domain><name>a</name></domain>", "<domain><name>b</name></domain>", false},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *one = digest_made(cases[i].one), *other = digest_made(cases[i].other);

        if (g_str_equal(one, other) != cases[i].same)
            fail_msg("%s and %s", cases[i].one, cases[i].other);
    }
}

#define RIGHT "digest='d' functions='all' iommu_group='refuse' "

/** @xml with @note as gpuvm's metadata, as libvirt puts it there. g_malloc. */
static char *
with_note(const char *xml, const char *note)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);
    g_autoptr(xmlDoc) new = gpuvm_xml_parse(note, strlen(note), "note", NULL);
    xmlNode *metadata = gpuvm_xml_child(xmlDocGetRootElement(doc), "metadata");
    xmlNode *node = xmlDocCopyNode(xmlDocGetRootElement(new), doc, 1);

    assert_null(node->ns);
    gpuvm_xml_remove(gpuvm_xml_foreign(metadata, GPUVM_METADATA_NS));
    xmlAddChild(metadata, node);
    xmlSetNs(node, xmlNewNs(node, (const xmlChar *)GPUVM_METADATA_NS, (const xmlChar *)"gpuvm"));
    return gpuvm_xml_print(xmlDocGetRootElement(doc));
}

static void
sees_what_others_change(void **state G_GNUC_UNUSED)
{
    g_autofree char *note = gpuvm_drift_note(RECORD(RIGHT, "<definition>x</definition>"), 9000000);
    g_autoptr(gpuvm_record) record = gpuvm_record_parse(note, NULL);
    g_autofree char *seen = with_note(RECORD(RIGHT, "<definition>x</definition>"), note);
    g_autofree char *again = gpuvm_drift_note(seen, 9000000), *newer = gpuvm_drift_note(seen, 9000001);
    g_autoptr(gpuvm_record) former = build_record("");
    const struct {
        const char *xml;
        uint64_t libvirt;
        int drifted;
    } cases[] = {
        {seen, 9000000, 0},
        {RECORD("digest='another'", ""), 9000000, 0},
        {seen, 9000001, GPUVM_UNKNOWN},
        {"<domain><metadata><gpuvm:vm xmlns:gpuvm='" GPUVM_METADATA_NS "'/></metadata></domain>", 9000000, 1},
        {"<domain><metadata/></domain>", 9000000, GPUVM_UNKNOWN},
        {"no XML", 9000000, GPUVM_UNKNOWN},
    };

    assert_string_equal(record->definition, "x");
    assert_int_equal(record->seen_by, 9000000);
    assert_null(again);
    assert_non_null(newer);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int drifted = gpuvm_drift_look(record, cases[i].xml, cases[i].libvirt);

        if (drifted != cases[i].drifted)
            fail_msg("%s: %d", cases[i].xml, drifted);
    }
    assert_int_equal(gpuvm_drift_look(former, seen, 9000000), GPUVM_UNKNOWN);
    assert_int_equal(gpuvm_drift_look(NULL, seen, 9000000), GPUVM_UNKNOWN);
    assert_null(gpuvm_drift_note("<domain><metadata/></domain>", 1));
    assert_null(gpuvm_drift_note("no XML", 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_domains),
        cmocka_unit_test(tells_what_runs_from_what_is_defined),
        cmocka_unit_test(knows_what_was_made),
        cmocka_unit_test(sees_what_others_change),
    };

    return cmocka_run_group_tests_name("drift", tests, NULL, NULL);
}
