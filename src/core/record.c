/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/record.h"

#include <string.h>

#include "base/text.h"
#include "base/url.h"
#include "base/xml.h"
#include "model/scalars.h"

/* A template may be the XML of a domain that gpuvm defined. */
static void
remove_old(xmlNode *metadata)
{
    for (xmlNode *node; (node = gpuvm_xml_foreign(metadata, GPUVM_METADATA_NS));)
        gpuvm_xml_remove(node);
}

/* @of: whose list it is; NULL: the VM's own. */
static void
write_allowlist(const GPtrArray *rules, const char *of, xmlNode *vm)
{
    for (guint i = 0; i < rules->len; i++) {
        const gpuvm_rule *rule = rules->pdata[i];
        xmlNode *node = gpuvm_xml_add(vm, "allow", NULL);

        if (of)
            gpuvm_xml_set(node, "of", "%s", of);
        if (rule->id) {
            g_autofree char *id = gpuvm_pci_pattern_format(rule->id);
            gpuvm_xml_set(node, "id", "%s", id);
        }
        if (rule->device_class)
            gpuvm_xml_set(node, "class", "%s", rule->device_class);
        if (rule->address) {
            g_autofree char *address = gpuvm_pci_ref_format(rule->address);
            gpuvm_xml_set(node, "address", "%s", address);
        }
    }
}

static void
write_volume(const gpuvm_plan *plan, const char *name, xmlNode *vm)
{
    xmlNode *node;

    if (!name)
        return;
    node = gpuvm_xml_add(vm, "volume", NULL);
    gpuvm_xml_set(node, "pool", "%s", plan->pool);
    gpuvm_xml_set(node, "name", "%s", name);
}

static void
write_volumes(const gpuvm_plan *plan, xmlNode *vm)
{
    for (guint i = 0; i < plan->images->len; i++)
        write_volume(plan, ((const gpuvm_plan_image *)plan->images->pdata[i])->overlay, vm);
    if (plan->seed)
        write_volume(plan, plan->seed->volume, vm);
    write_volume(plan, plan->manifest_volume, vm);
}

static void
write_deployed(const gpuvm_deployed *deployed, unsigned replica, xmlNode *vm)
{
    xmlNode *node = gpuvm_xml_add(vm, "deployment", deployed->text);

    gpuvm_xml_set(node, "name", "%s", deployed->name);
    gpuvm_xml_set(node, "replica", "%u", replica);
    gpuvm_xml_set(node, "replicas", "%" G_GUINT64_FORMAT, deployed->replicas);
    gpuvm_xml_set(node, "generation", "%" G_GUINT64_FORMAT, deployed->generation);
    gpuvm_xml_set(node, "digest", "%s", deployed->digest);
    if (deployed->secrets)
        gpuvm_xml_set(node, "secrets", "yes");
}

static void
write_images(const gpuvm_plan *plan, xmlNode *vm)
{
    for (guint i = 0; i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];
        xmlNode *node = image->volume ? gpuvm_xml_add(vm, "image", NULL) : NULL;

        if (!node)
            continue;
        gpuvm_xml_set(node, "what", "%s", image->what);
        gpuvm_xml_set(node, "volume", "%s", image->volume);
        if (image->disk && image->disk->qcow2)
            gpuvm_xml_set(node, "format", "qcow2");
    }
}

static void
write_identity(const gpuvm_identity *identity, xmlNode *function)
{
    if (identity->subsystem)
        gpuvm_xml_set(function, "subsystem", "%04x:%04x", identity->subsystem >> 16,
                      identity->subsystem & UINT16_MAX);
    if (identity->serial)
        gpuvm_xml_set(function, "serial", "%s", identity->serial);
    if (identity->path)
        gpuvm_xml_set(function, "path", "%s", identity->path);
}

void
gpuvm_record_set_seen(xmlNode *vm, const char *digest, uint64_t by)
{
    gpuvm_xml_set(vm, "seen", "%s", digest);
    gpuvm_xml_set(vm, "seen_by", "%" G_GUINT64_FORMAT, by);
}

void
gpuvm_record_write(const gpuvm_plan *plan, const char *made, xmlNode *metadata)
{
    const gpuvm_record *former = plan->former;
    const gpuvm_devices *devices = plan->vm->body.devices;
    const GPtrArray *labels = plan->vm->body.labels;
    g_autofree char *source =
        gpuvm_text_printable(plan->source); /* a file's name may be what XML cannot hold */
    xmlNode *vm;

    remove_old(metadata);
    vm = gpuvm_xml_add(metadata, "vm", NULL);
    xmlSetNs(vm, xmlNewNs(vm, (const xmlChar *)GPUVM_METADATA_NS, (const xmlChar *)GPUVM_METADATA_PREFIX));
    gpuvm_xml_set(vm, "digest", "%s", plan->digest);
    if (plan->key_id)
        gpuvm_xml_set(vm, "key", "%s", plan->key_id);
    gpuvm_xml_set(vm, "source", "%s", source);
    if (plan->vm->plugin)
        gpuvm_xml_set(vm, "plugin", "%s", plan->vm->plugin);
    if (plan->set)
        gpuvm_xml_set(vm, "set", "%s", plan->set);
    if (plan->transient)
        gpuvm_xml_set(vm, "transient", "yes");
    gpuvm_xml_set(vm, "functions", "%s", gpuvm_functions_names[devices->functions]);
    gpuvm_xml_set(vm, "iommu_group", "%s", gpuvm_group_mode_names[devices->iommu_group]);
    gpuvm_xml_set(vm, "made", "%s", made);
    if (former && former->seen && g_strcmp0(former->made, made) == 0)
        gpuvm_record_set_seen(vm, former->seen, former->seen_by);
    gpuvm_xml_add(vm, "definition", plan->definition);
    for (guint i = 0; i < labels->len; i++) {
        const gpuvm_pair *label = labels->pdata[i];
        xmlNode *node = gpuvm_xml_add(vm, "label", NULL);

        gpuvm_xml_set(node, "key", "%s", label->key);
        gpuvm_xml_set(node, "value", "%s", label->value);
    }
    write_allowlist(devices->allowlist, NULL, vm);
    if (plan->plugin)
        write_allowlist(plan->plugin->body.devices->allowlist, "plugin", vm);
    if (plan->health_url) {
        g_autofree char *url = gpuvm_url_public(plan->health_url);
        xmlNode *node = gpuvm_xml_add(vm, "health", NULL);

        gpuvm_xml_set(node, "url", "%s", url);
        if (!g_str_equal(url, plan->health_url))
            gpuvm_xml_set(node, "secret", "yes");
        if (plan->vm->body.health_check->from == GPUVM_HEALTH_FROM_GUEST)
            gpuvm_xml_set(node, "from", "guest");
        gpuvm_xml_set(node, "timeout_ms", "%" G_GUINT64_FORMAT, plan->health_timeout_ms);
    }
    write_volumes(plan, vm);
    write_images(plan, vm);
    if (plan->deployed)
        write_deployed(plan->deployed, plan->replica, vm);
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];
        xmlNode *node = gpuvm_xml_add(vm, "function", NULL);

        gpuvm_xml_set(node, "address", "%s", GPUVM_PCI(&function->device->addr));
        gpuvm_xml_set(node, "id", "%04x:%04x", function->device->vendor_id, function->device->device_id);
        gpuvm_xml_set(node, "role", "%s", gpuvm_role_names[function->role]);
        if (function->locked)
            write_identity(function->locked, node);
    }
}

/* The index of attribute @name's value among @words; -1 when it is none of them. */
static int
get_word(const xmlNode *node, const char *name, const char *const *words)
{
    g_autofree char *value = gpuvm_xml_attr(node, name);

    for (int i = 0; value && words[i]; i++) {
        if (g_str_equal(words[i], value))
            return i;
    }
    return -1;
}

static bool
read_function(const xmlNode *node, gpuvm_record *record)
{
    g_autofree char *address = gpuvm_xml_attr(node, "address");
    g_autofree char *id = gpuvm_xml_attr(node, "id");
    g_autofree char *subsystem = gpuvm_xml_attr(node, "subsystem");
    gpuvm_record_device device = {0};
    gpuvm_pci_pattern pattern, board = {0};
    int role = get_word(node, "role", gpuvm_role_names);

    if (!address || !id || role < 0 || !gpuvm_pci_addr_parse(address, &device.addr, NULL, NULL) ||
        !gpuvm_pci_pattern_parse(id, &pattern, NULL, NULL) || pattern.vendor < 0 || pattern.device < 0 ||
        (subsystem && !gpuvm_pci_pattern_parse(subsystem, &board, NULL, NULL)))
        return false;
    device.identity = (gpuvm_identity){.vendor_id = (uint16_t)pattern.vendor,
                                       .device_id = (uint16_t)pattern.device,
                                       .subsystem = (uint32_t)board.vendor << 16 | (uint16_t)board.device,
                                       .serial = gpuvm_xml_attr(node, "serial"),
                                       .path = gpuvm_xml_attr(node, "path")};
    device.role = (gpuvm_role)role;
    g_array_append_val(record->devices, device);
    return true;
}

static bool
read_allow(const xmlNode *node, gpuvm_record *record)
{
    g_autofree char *id = gpuvm_xml_attr(node, "id");
    g_autofree char *class = gpuvm_xml_attr(node, "class"), *why = NULL, *hint = NULL;
    g_autofree char *address = gpuvm_xml_attr(node, "address");
    bool of_plugin = gpuvm_xml_attr_is(node, "of", "plugin");
    gpuvm_rule *rule = g_new0(gpuvm_rule, 1);

    g_ptr_array_add(of_plugin ? record->plugin_allowlist : record->allowlist, rule);
    if (class && !gpuvm_scalar_pci_class.parse(class, &rule->device_class, &why, &hint))
        return false;
    if (id) {
        rule->id = g_new0(gpuvm_pci_pattern, 1);
        if (!gpuvm_pci_pattern_parse(id, rule->id, NULL, NULL))
            return false;
    }
    if (address) {
        rule->address = g_new0(gpuvm_pci_ref, 1);
        if (!gpuvm_pci_ref_parse(address, rule->address, NULL, NULL))
            return false;
    }
    return id || address || class;
}

static bool
read_label(const xmlNode *node, gpuvm_record *record)
{
    gpuvm_pair *label = g_new0(gpuvm_pair, 1);

    g_ptr_array_add(record->labels, label);
    label->key = gpuvm_xml_attr(node, "key");
    label->value = gpuvm_xml_attr(node, "value");
    return label->key && label->value;
}

static bool
read_health(const xmlNode *node, gpuvm_record *record)
{
    record->health_url = gpuvm_xml_attr(node, "url");
    record->health_secret = gpuvm_xml_attr_is(node, "secret", "yes");
    record->health_from =
        gpuvm_xml_attr_is(node, "from", "guest") ? GPUVM_HEALTH_FROM_GUEST : GPUVM_HEALTH_FROM_HOST;
    return record->health_url &&
           gpuvm_xml_number(node, "timeout_ms", UINT64_MAX, &record->health_timeout_ms, NULL);
}

static bool
read_volume(const xmlNode *node, gpuvm_record *record)
{
    char *name = gpuvm_xml_attr(node, "name");
    g_autofree char *pool = gpuvm_xml_attr(node, "pool");

    g_ptr_array_add(record->volumes, name);
    if (!record->pool)
        record->pool = g_strdup(pool);
    return name && pool && g_str_equal(pool, record->pool);
}

static bool
read_image(const xmlNode *node, gpuvm_record *record)
{
    gpuvm_record_image *image = g_new(gpuvm_record_image, 1);

    *image = (gpuvm_record_image){gpuvm_xml_attr(node, "what"), gpuvm_xml_attr(node, "volume"),
                                  gpuvm_xml_attr_is(node, "format", "qcow2")};
    g_ptr_array_add(record->images, image);
    return image->what && image->volume;
}

static void
read_definition(const xmlNode *node, gpuvm_record *record)
{
    xmlChar *text = xmlNodeGetContent(node);

    g_free(record->definition);
    record->definition = g_strdup((const char *)text);
    xmlFree(text);
}

static bool
read_deployed(const xmlNode *node, gpuvm_record *record)
{
    gpuvm_deployed *deployed = gpuvm_deployed_new();
    uint64_t replica = UINT64_MAX;
    xmlChar *text;

    gpuvm_deployed_unref(record->deployed);
    record->deployed = deployed;
    deployed->name = gpuvm_xml_attr(node, "name");
    deployed->digest = gpuvm_xml_attr(node, "digest");
    text = xmlNodeGetContent(node);
    deployed->text = g_strdup((const char *)text);
    xmlFree(text);
    deployed->secrets = gpuvm_xml_attr_is(node, "secrets", "yes");
    if (!gpuvm_xml_number(node, "replica", UINT_MAX, &replica, NULL) || replica > UINT_MAX ||
        !gpuvm_xml_number(node, "replicas", UINT_MAX, &deployed->replicas, NULL) ||
        !gpuvm_xml_number(node, "generation", UINT64_MAX, &deployed->generation, NULL))
        return false;
    record->replica = (unsigned)replica;
    return deployed->name && deployed->digest && deployed->text;
}

static bool
read_vm(const xmlNode *vm, gpuvm_record *record)
{
    bool right = gpuvm_xml_is(vm, "vm");

    record->digest = gpuvm_xml_attr(vm, "digest");
    record->key = gpuvm_xml_attr(vm, "key");
    record->source = gpuvm_xml_attr(vm, "source");
    record->plugin = gpuvm_xml_attr(vm, "plugin");
    record->set = gpuvm_xml_attr(vm, "set");
    record->transient = gpuvm_xml_attr_is(vm, "transient", "yes");
    record->made = gpuvm_xml_attr(vm, "made");
    record->seen = gpuvm_xml_attr(vm, "seen");
    right = right && gpuvm_xml_number(vm, "seen_by", UINT64_MAX, &record->seen_by, NULL);
    record->functions = get_word(vm, "functions", gpuvm_functions_names);
    record->iommu_group = get_word(vm, "iommu_group", gpuvm_group_mode_names);
    for (const xmlNode *node = vm->children; node && right; node = node->next) {
        if (gpuvm_xml_is(node, "function"))
            right = read_function(node, record);
        else if (gpuvm_xml_is(node, "allow"))
            right = read_allow(node, record);
        else if (gpuvm_xml_is(node, "label"))
            right = read_label(node, record);
        else if (gpuvm_xml_is(node, "health"))
            right = read_health(node, record);
        else if (gpuvm_xml_is(node, "volume"))
            right = read_volume(node, record);
        else if (gpuvm_xml_is(node, "image"))
            right = read_image(node, record);
        else if (gpuvm_xml_is(node, "definition"))
            read_definition(node, record);
        else if (gpuvm_xml_is(node, "deployment"))
            right = read_deployed(node, record);
    }
    return right && record->digest && record->functions >= 0 && record->iommu_group >= 0;
}

gpuvm_record *
gpuvm_record_parse(const char *xml, GError **error)
{
    g_autoptr(gpuvm_record) record = gpuvm_record_new();
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "metadata", NULL);

    if (!doc || !read_vm(xmlDocGetRootElement(doc), record)) {
        g_set_error_literal(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                            "the metadata that gpuvm left in the domain is damaged\n"
                            "define it again from its file: gpuvm define FILE");
        return NULL;
    }
    return g_steal_pointer(&record);
}

gpuvm_doc *
gpuvm_record_document(const char *yaml)
{
    g_autoptr(gpuvm_source) source = gpuvm_source_new("definition", g_strdup(yaml), strlen(yaml));
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(GPtrArray) docs = gpuvm_doc_parse(source, diags);

    return diags->errors == 0 ? gpuvm_doc_ref(docs->pdata[0]) : NULL;
}

char *
gpuvm_record_name(const gpuvm_record *record)
{
    g_autoptr(gpuvm_doc) doc = record->definition ? gpuvm_record_document(record->definition) : NULL;
    const gpuvm_node *name = doc ? gpuvm_node_get(doc->root, "name") : NULL;

    return name ? g_strdup(name->text) : NULL;
}

bool
gpuvm_record_is_of(const gpuvm_record *record, const char *name)
{
    g_autofree char *own = gpuvm_record_name(record);

    return own && g_strcmp0(own, name) == 0;
}
