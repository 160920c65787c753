/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/diff.h"

#include <string.h>

#include "base/url.h"
#include "core/image.h"
#include "core/record.h"

const char *const gpuvm_when_names[] = {"now", "at the next start", "needs a new disk", NULL};

static void
free_difference(gpointer data)
{
    gpuvm_difference *difference = data;

    g_free(difference->field);
    g_free(difference->now);
    g_free(difference->then);
    g_free(difference);
}

GPtrArray *
gpuvm_diff_new(void)
{
    return g_ptr_array_new_with_free_func(free_difference);
}

gpuvm_difference *
gpuvm_diff_add(GPtrArray *differences, const char *field, const char *now, const char *then, gpuvm_when when)
{
    gpuvm_difference *difference = g_new(gpuvm_difference, 1);

    *difference = (gpuvm_difference){g_strdup(field), g_strdup(now), g_strdup(then), when, false};
    g_ptr_array_add(differences, difference);
    return difference;
}

/* Fields that no guest knows of, and those of a disk that the VM has made from its image; the others are a guest's. */
static const struct {
    const char *field; /* and what is below it */
    gpuvm_when when;
} effects[] = {
    {"title", GPUVM_WHEN_NOW},     {"description", GPUVM_WHEN_NOW},  {"labels", GPUVM_WHEN_NOW},
    {"metadata", GPUVM_WHEN_NOW},  {"image", GPUVM_WHEN_NOW},        {"image_digest", GPUVM_WHEN_NOW},
    {"actions", GPUVM_WHEN_NOW},   {"openapi", GPUVM_WHEN_NOW},      {"expose", GPUVM_WHEN_NOW},
    {"autostart", GPUVM_WHEN_NOW}, {"health_check", GPUVM_WHEN_NOW}, {"kernel_override", GPUVM_WHEN_NOW},
    {"rootfs", GPUVM_WHEN_DISK},
};

/* A disk that was made from an image is on that image. */
static gpuvm_when
effect_of(const char *field, const char *now, const char *then)
{
    for (size_t i = 0; i < G_N_ELEMENTS(effects); i++) {
        size_t length = strlen(effects[i].field);

        if (strncmp(field, effects[i].field, length) != 0 || !memchr(".[", field[length], 3))
            continue;
        return effects[i].when;
    }
    if (g_str_has_prefix(field, "disks[") && now && then &&
        (gpuvm_url_is(now) || g_str_has_suffix(field, ".checksum")))
        return GPUVM_WHEN_DISK;
    return GPUVM_WHEN_START;
}

/* What is compared as one value. */
static bool
is_value(const gpuvm_node *node)
{
    bool value = !node || node->type != GPUVM_NODE_MAPPING;

    for (unsigned i = 0; value && node && i < node->n; i++)
        value = node->values[i]->type == GPUVM_NODE_SCALAR;
    return value;
}

/* @node, a value, as a text; NULL: it is not there. g_malloc. */
static char *
text_of(const gpuvm_node *node)
{
    g_autoptr(GString) text = NULL;

    if (!node || node->type == GPUVM_NODE_SCALAR)
        return node ? g_strdup(node->text) : NULL;
    text = g_string_new(node->n == 0 ? "none" : NULL);
    for (unsigned i = 0; i < node->n; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", node->values[i]->text);
    return g_strdup(text->str);
}

/* The value of @key; a scalar in place of the mapping is that of one key. */
static const gpuvm_node *
value_of(const gpuvm_table *table, const gpuvm_node *node, const char *key)
{
    if (node && node->type == GPUVM_NODE_SCALAR)
        return table && g_strcmp0(table->scalar_key, key) == 0 ? node : NULL;
    return gpuvm_node_get(node, key);
}

static void compare(GPtrArray *differences, const gpuvm_table *table, const char *path, const gpuvm_node *now,
                    const gpuvm_node *then);

static void
compare_key(GPtrArray *differences, const gpuvm_table *table, const char *path, const char *key,
            const gpuvm_node *now, const gpuvm_node *then)
{
    const gpuvm_field *field = table ? gpuvm_table_field(table, key) : NULL;
    g_autofree char *inner = *path ? g_strdup_printf("%s.%s", path, key) : g_strdup(key);

    compare(differences, field ? field->table : NULL, inner, value_of(table, now, key),
            value_of(table, then, key));
}

static void
compare_mappings(GPtrArray *differences, const gpuvm_table *table, const char *path, const gpuvm_node *now,
                 const gpuvm_node *then)
{
    g_autoptr(GPtrArray) fields = table ? gpuvm_table_fields(table) : g_ptr_array_new();
    const gpuvm_node *sides[] = {now, then};

    for (guint i = 0; i < fields->len; i++)
        compare_key(differences, table, path, ((const gpuvm_field *)fields->pdata[i])->key, now, then);
    for (size_t s = 0; !table && s < G_N_ELEMENTS(sides); s++) {
        for (unsigned i = 0; sides[s] && sides[s]->keys && i < sides[s]->n; i++) {
            const char *key = sides[s]->keys[i]->text;

            if (s == 0 || !gpuvm_node_get(now, key))
                compare_key(differences, NULL, path, key, now, then);
        }
    }
}

static void
compare_lists(GPtrArray *differences, const gpuvm_table *table, const char *path, const gpuvm_node *now,
              const gpuvm_node *then)
{
    for (unsigned i = 0; i < MAX(now ? now->n : 0, then ? then->n : 0); i++) {
        g_autofree char *inner = g_strdup_printf("%s[%u]", path, i);

        compare(differences, table, inner, now && i < now->n ? now->values[i] : NULL,
                then && i < then->n ? then->values[i] : NULL);
    }
}

/* Whether @node is not there, or is of @type. */
static bool
may_be(const gpuvm_node *node, gpuvm_node_type type)
{
    return !node || node->type == type;
}

static void
compare(GPtrArray *differences, const gpuvm_table *table, const char *path, const gpuvm_node *now,
        const gpuvm_node *then)
{
    g_autofree char *before = NULL, *after = NULL;
    bool lists = may_be(now, GPUVM_NODE_SEQUENCE) && may_be(then, GPUVM_NODE_SEQUENCE);

    if (!now && !then)
        return;
    if (lists && !(is_value(now) && is_value(then))) {
        compare_lists(differences, table, path, now, then);
    } else if (!lists && (table || !(is_value(now) && is_value(then)))) {
        compare_mappings(differences, table, path, now, then);
    } else {
        before = text_of(now);
        after = text_of(then);
        if (g_strcmp0(before, after) != 0)
            gpuvm_diff_add(differences, path, before, after, effect_of(path, before, after));
    }
}

/* What changes of the root disk takes effect @when. */
static void
set_disk_effect(GPtrArray *differences, gpuvm_when when)
{
    for (guint i = 0; i < differences->len; i++) {
        gpuvm_difference *difference = differences->pdata[i];

        if (g_str_has_prefix(difference->field, "rootfs") &&
            (when == GPUVM_WHEN_START || !g_str_equal(difference->field, "rootfs.size_gb")))
            difference->when = when;
    }
}

void
gpuvm_diff_trees(GPtrArray *differences, const gpuvm_table *table, const gpuvm_node *now,
                 const gpuvm_node *then)
{
    bool disk = gpuvm_node_get(now, "rootfs") && gpuvm_node_get(then, "rootfs");

    compare(differences, table, "", now, then);
    if (!disk) /* it is made, or stays without use */
        set_disk_effect(differences, GPUVM_WHEN_START);
}

static void
add_address(GString *text, const gpuvm_pci_addr *addr, gpuvm_role role, const gpuvm_identity *locked)
{
    g_string_append_printf(text, "%s%s%s", text->len > 0 ? ", " : "", GPUVM_PCI(addr),
                           role == GPUVM_ROLE_DETACHED ? " (detached)" : "");
    if (locked && (locked->serial || locked->path))
        g_string_append_printf(text, " (%s %s)", locked->serial ? "serial" : "path",
                               locked->serial ? locked->serial : locked->path);
}

static void
diff_functions(GPtrArray *differences, const gpuvm_plan *plan)
{
    g_autoptr(GString) now = g_string_new(NULL), then = g_string_new(NULL);
    const GArray *devices = plan->former->devices;

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_record_device *device = &g_array_index(devices, gpuvm_record_device, i);
        add_address(now, &device->addr, device->role, &device->identity);
    }
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];
        add_address(then, &function->device->addr, function->role, function->locked);
    }
    if (!g_str_equal(now->str, then->str))
        gpuvm_diff_add(differences, "functions", *now->str ? now->str : NULL, *then->str ? then->str : NULL,
                       GPUVM_WHEN_START);
}

/* What it is to be is known before it is fetched only where the definition has a checksum. */
static void
diff_images(GPtrArray *differences, const gpuvm_plan *plan)
{
    for (guint i = 0; i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];
        const gpuvm_record_image *former = gpuvm_record_find_image(plan->former, image->what);
        g_autofree char *field = g_strconcat("images.", image->what, NULL);

        if (former && image->volume && !g_str_equal(former->volume, image->volume)) {
            g_autofree char *now = gpuvm_image_checksum(former->volume);
            g_autofree char *then = gpuvm_image_checksum(image->volume);

            gpuvm_diff_add(differences, field, now, then,
                           image->overlay ? GPUVM_WHEN_DISK : GPUVM_WHEN_START);
        }
    }
}

/* A root disk whose image is the same has it from elsewhere only. */
static void
keep_disk(GPtrArray *differences, const gpuvm_plan *plan)
{
    const gpuvm_record_image *former = gpuvm_record_find_image(plan->former, "rootfs");

    for (guint i = 0; former && i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];

        if (g_str_equal(image->what, "rootfs") && g_strcmp0(image->volume, former->volume) == 0)
            set_disk_effect(differences, GPUVM_WHEN_NOW);
    }
}

static const char *
name_of(const gpuvm_deployed *deployed)
{
    return deployed ? deployed->name : NULL;
}

void
gpuvm_diff_plan(GPtrArray *differences, const gpuvm_plan *plan)
{
    const gpuvm_record *former = plan->former;
    g_autoptr(gpuvm_doc) now = former->definition ? gpuvm_record_document(former->definition) : NULL;
    g_autoptr(gpuvm_doc) then = gpuvm_record_document(plan->definition);

    if (now)
        gpuvm_diff_trees(differences, &gpuvm_vm_table, now->root, then->root);
    if (g_strcmp0(name_of(former->deployed), name_of(plan->deployed)) != 0)
        gpuvm_diff_add(differences, "deployment", name_of(former->deployed), name_of(plan->deployed),
                       GPUVM_WHEN_NOW);
    if (g_strcmp0(former->set, plan->set) != 0)
        gpuvm_diff_add(differences, "set", former->set, plan->set, GPUVM_WHEN_NOW);
    keep_disk(differences, plan);
    diff_functions(differences, plan);
    diff_images(differences, plan);
    if (differences->len == 0 && !g_str_equal(former->digest, plan->digest))
        gpuvm_diff_add(differences, "definition", former->digest, plan->digest, GPUVM_WHEN_NOW);
}
