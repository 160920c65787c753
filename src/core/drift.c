/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/drift.h"

#include <string.h>

#include "base/text.h"
#include "core/record.h"

static xmlNode *
find_record(const xmlNode *domain)
{
    return gpuvm_xml_foreign(gpuvm_xml_child(domain, "metadata"), GPUVM_METADATA_NS);
}

/* @node as XML, to be compared and not to be shown. */
static char *
dump(xmlNode *node)
{
    xmlBuffer *buffer = xmlBufferCreate();
    char *text;

    xmlNodeDump(buffer, node->doc, node, 0, 0);
    text = g_strdup((const char *)xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return text;
}

/* The devices of @domain, which are taken out of it, as sorted texts. */
static GPtrArray *
take_devices(xmlNode *domain)
{
    GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);
    xmlNode *devices = gpuvm_xml_child(domain, "devices");

    for (xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE)
            g_ptr_array_add(texts, dump(node));
    }
    gpuvm_xml_remove(devices);
    g_ptr_array_sort(texts, gpuvm_text_compare);
    return texts;
}

/* The same text for all that say the same; @domain loses its devices. g_malloc. */
static char *
normalise(xmlNode *domain)
{
    g_autoptr(GPtrArray) devices = take_devices(domain);
    g_autofree char *rest = dump(domain), *all = NULL;

    g_ptr_array_add(devices, NULL);
    all = g_strjoinv("\n", (char **)devices->pdata);
    return g_strconcat(rest, "\n", all, NULL);
}

static char *
digest(xmlNode *domain)
{
    g_autofree char *text = normalise(domain);
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    return g_strconcat("sha256:", sum, NULL);
}

/* Of libvirt's @xml: what gpuvm decided, and what others changed. NULL: it is not XML. */
static char *
normalise_decided(const char *xml)
{
    static const char *const beside[] = {"source", "made", "seen", "seen_by"};
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);
    xmlNode *record = doc ? find_record(xmlDocGetRootElement(doc)) : NULL;

    for (size_t i = 0; record && i < G_N_ELEMENTS(beside); i++)
        xmlUnsetProp(record, (const xmlChar *)beside[i]);
    for (xmlNode *node = record ? record->children : NULL, *next; node; node = next) {
        next = node->next;
        if (gpuvm_xml_is(node, "definition") || gpuvm_xml_is(node, "image") ||
            gpuvm_xml_is(node, "deployment"))
            gpuvm_xml_remove(node);
    }
    return doc ? normalise(xmlDocGetRootElement(doc)) : NULL;
}

bool
gpuvm_drift_equal(const char *a, const char *b)
{
    g_autofree char *one = normalise_decided(a), *other = normalise_decided(b);

    return one && g_strcmp0(one, other) == 0;
}

/* What libvirt adds to a domain's XML when that starts: elements, and attributes of those that were there. */
static const char *const added_elements[] = {"alias", "backingStore", "resource", "seclabel", "source", NULL};
static const char *const added_attributes[] = {"bridge", "dev",   "id",  "index",
                                               "portid", "state", "tty", NULL};

static bool runs(const xmlNode *now, const xmlNode *then);

/* Whether @parent has a child that is @then, not among @taken yet, where it is put. */
static bool
has_child(const xmlNode *parent, const xmlNode *then, GHashTable *taken)
{
    for (xmlNode *child = parent->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE && !g_hash_table_contains(taken, child) && runs(child, then))
            return g_hash_table_add(taken, child);
    }
    return false;
}

static bool
runs_attributes(const xmlNode *now, const xmlNode *then)
{
    for (const xmlAttr *attr = then->properties; attr; attr = attr->next) {
        g_autofree char *value = gpuvm_xml_attr(then, (const char *)attr->name);

        if (value && !gpuvm_xml_attr_is(now, (const char *)attr->name, value))
            return false;
    }
    for (const xmlAttr *attr = now->properties; attr; attr = attr->next) {
        if (!xmlHasProp(then, attr->name) && !g_strv_contains(added_attributes, (const char *)attr->name))
            return false;
    }
    return true;
}

/* Whether the element @now, of a domain that runs, is @then, of its definition. */
static bool
runs(const xmlNode *now, const xmlNode *then)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
    bool leaf = !xmlFirstElementChild((xmlNode *)then);
    g_autofree char *text = leaf ? gpuvm_xml_text(then) : NULL, *has = leaf ? gpuvm_xml_text(now) : NULL;
    bool same = xmlStrEqual(now->name, then->name) && (!leaf || g_strcmp0(text, has) == 0) &&
                runs_attributes(now, then);

    for (const xmlNode *child = then->children; same && child; child = child->next)
        same = child->type != XML_ELEMENT_NODE || has_child(now, child, taken);
    for (xmlNode *child = now->children; same && child; child = child->next)
        same = child->type != XML_ELEMENT_NODE || g_hash_table_contains(taken, child) ||
               g_strv_contains(added_elements, (const char *)child->name);
    return same;
}

/* Where the firmware that was chosen stands in place of the choice, or beside it, takes both out of @now and @then. */
static void
remove_firmware(const xmlNode *now, const xmlNode *then)
{
    static const char *const chosen[] = {"loader", "nvram"};
    xmlNode *const os[] = {gpuvm_xml_child(now, "os"), gpuvm_xml_child(then, "os")};

    if (!gpuvm_xml_child(os[0], "loader") || !os[1] || !xmlHasProp(os[1], (const xmlChar *)"firmware"))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(os); i++) {
        xmlUnsetProp(os[i], (const xmlChar *)"firmware");
        for (size_t k = 0; k < G_N_ELEMENTS(chosen); k++)
            gpuvm_xml_remove(gpuvm_xml_child(os[i], chosen[k]));
    }
}

bool
gpuvm_drift_runs(const char *running, const char *defined)
{
    g_autoptr(xmlDoc) now = gpuvm_xml_parse(running, strlen(running), "domain", NULL);
    g_autoptr(xmlDoc) then = gpuvm_xml_parse(defined, strlen(defined), "domain", NULL);
    const xmlNode *has = xmlDocGetRootElement(now), *is = xmlDocGetRootElement(then);

    if (!now || !then)
        return false;
    gpuvm_xml_remove(gpuvm_xml_child(has, "metadata"));
    gpuvm_xml_remove(gpuvm_xml_child(is, "metadata"));
    remove_firmware(has, is);
    return runs(has, is);
}

char *
gpuvm_drift_digest_made(const xmlNode *domain)
{
    g_autoptr(xmlDoc) copy = xmlCopyDoc(domain->doc, 1);
    xmlNode *root = xmlDocGetRootElement(copy), *devices = gpuvm_xml_child(root, "devices");

    gpuvm_xml_remove(find_record(root));
    gpuvm_xml_remove(gpuvm_xml_child(root, "uuid"));
    for (xmlNode *nic = gpuvm_xml_child(devices, "interface"); nic; nic = gpuvm_xml_next(nic))
        gpuvm_xml_remove(gpuvm_xml_child(nic, "mac"));
    return digest(root);
}

/* The digest of libvirt's @doc, which loses its devices and @ret_record: gpuvm's element, to be freed; NULL: there is none. */
static char *
digest_seen(xmlDoc *doc, xmlNode **ret_record)
{
    xmlNode *domain = xmlDocGetRootElement(doc);

    *ret_record = find_record(domain);
    if (!*ret_record)
        return NULL;
    xmlUnlinkNode(*ret_record);
    return digest(domain);
}

/* As libvirt wants the element, which it gives the namespace itself. */
static void
strip_namespace(xmlNode *node)
{
    xmlSetNs(node, NULL);
    for (xmlNode *child = node->children; child; child = child->next) {
        if (child->type == XML_ELEMENT_NODE)
            strip_namespace(child);
    }
    xmlFreeNsList(g_steal_pointer(&node->nsDef));
}

char *
gpuvm_drift_note(const char *xml, uint64_t libvirt)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);
    xmlNode *record = NULL;
    g_autofree char *now = doc ? digest_seen(doc, &record) : NULL;
    g_autofree char *by = g_strdup_printf("%" G_GUINT64_FORMAT, libvirt), *text = NULL;

    if (!record)
        return NULL;
    if (!gpuvm_xml_attr_is(record, "seen", now) || !gpuvm_xml_attr_is(record, "seen_by", by)) {
        gpuvm_record_set_seen(record, now, libvirt);
        strip_namespace(record);
        text = gpuvm_xml_print(record);
    }
    xmlFreeNode(record);
    return g_steal_pointer(&text);
}

int
gpuvm_drift_look_at(const gpuvm_record *record, xmlDoc *doc, uint64_t libvirt)
{
    g_autofree char *now = NULL;
    xmlNode *element = NULL;

    if (!record || !record->seen || record->seen_by != libvirt)
        return GPUVM_UNKNOWN;
    now = digest_seen(doc, &element);
    xmlFreeNode(element);
    return now ? !g_str_equal(now, record->seen) : GPUVM_UNKNOWN;
}

int
gpuvm_drift_look(const gpuvm_record *record, const char *xml, uint64_t libvirt)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "domain", NULL);

    return doc ? gpuvm_drift_look_at(record, doc, libvirt) : GPUVM_UNKNOWN;
}
