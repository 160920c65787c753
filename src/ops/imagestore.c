/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/imagestore.h"

#include <string.h>

#include "base/text.h"
#include "base/xml.h"
#include "core/image.h"
#include "ops/defaults.h"
#include "ops/locks.h"

#define INFO_MOST (64 * 1024) /* bytes */

static void
image_free(gpointer data)
{
    gpuvm_image *image = data;

    g_free(image->volume);
    gpuvm_image_info_free(image->info);
    g_ptr_array_unref(image->users);
    g_free(image);
}

static void
add_user(GHashTable *users, char *path, const char *name)
{
    GPtrArray *names = path ? g_hash_table_lookup(users, path) : NULL;

    if (path && !names) {
        names = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(users, g_strdup(path), names);
    }
    if (path && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
        g_ptr_array_add(names, g_strdup(name));
    g_free(path);
}

/* Each file that @node, of domain @name, has in it. */
static void
add_files(GHashTable *users, const xmlNode *node, const char *name)
{
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (gpuvm_xml_is(child, "source"))
            add_user(users, gpuvm_xml_attr(child, "file"), name);
        else if (gpuvm_xml_is(child, "kernel") || gpuvm_xml_is(child, "initrd"))
            add_user(users, gpuvm_xml_text(child), name);
        add_files(users, child, name);
    }
}

static bool
add_domain(GHashTable *users, gpuvm_domain *domain, bool inactive, GError **error)
{
    g_autofree char *xml = gpuvm_domain_xml(domain, inactive, error);
    g_autoptr(xmlDoc) doc = xml ? gpuvm_xml_parse(xml, strlen(xml), "domain", error) : NULL;

    if (doc)
        add_files(users, xmlDocGetRootElement(doc), domain->name);
    return doc != NULL;
}

/* Which domains use which file: path → names (GPtrArray of char *). What runs now may not be what starts next. */
static GHashTable *
find_users(gpuvm_session *session, GError **error)
{
    g_autoptr(GHashTable) users =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    g_autoptr(GPtrArray) domains = gpuvm_domain_list(session->connection, error);

    for (guint i = 0; domains && i < domains->len; i++) {
        gpuvm_domain *domain = domains->pdata[i];

        if (!add_domain(users, domain, true, error) ||
            (domain->active && !add_domain(users, domain, false, error)))
            return NULL;
    }
    return domains ? g_steal_pointer(&users) : NULL;
}

static void
extend(GPtrArray *users, const GPtrArray *more)
{
    for (guint i = 0; more && i < more->len; i++) { /* what runs has the overlay and what is below it */
        if (!g_ptr_array_find_with_equal_func(users, more->pdata[i], g_str_equal, NULL))
            g_ptr_array_add(users, g_strdup(more->pdata[i]));
    }
}

/* Who uses the volume @path: domains by themselves, and through what is an overlay on it. */
static GPtrArray *
users_of(const char *path, const GPtrArray *volumes, GHashTable *domains)
{
    GPtrArray *users = g_ptr_array_new_with_free_func(g_free);

    extend(users, g_hash_table_lookup(domains, path));
    for (guint i = 0; i < volumes->len; i++) {
        const gpuvm_volume *volume = volumes->pdata[i];
        const GPtrArray *names = g_hash_table_lookup(domains, volume->path);

        if (g_strcmp0(volume->backing, path) != 0)
            continue;
        if (names)
            extend(users, names);
        else
            g_ptr_array_add(users, g_strdup(volume->name));
    }
    g_ptr_array_sort(users, gpuvm_text_compare);
    return users;
}

gpuvm_image_info *
gpuvm_images_info(gpuvm_pool *pool, const char *volume)
{
    g_autofree char *name = gpuvm_image_info_name(volume);
    size_t size;
    g_autofree char *text = gpuvm_pool_read(pool, name, INFO_MOST, &size, NULL);

    return text ? gpuvm_image_info_parse(text) : NULL;
}

bool
gpuvm_images_find_url(gpuvm_pool *pool, const char *url, char **ret_checksum, GError **error)
{
    g_autoptr(GPtrArray) volumes = gpuvm_pool_list(pool, error);

    *ret_checksum = NULL;
    for (guint i = 0; volumes && i < volumes->len && !*ret_checksum; i++) {
        const gpuvm_volume *volume = volumes->pdata[i];
        g_autoptr(gpuvm_image_info) info = NULL;

        if (gpuvm_image_sort_of(volume->name) == GPUVM_IMAGE_CONTENT)
            info = gpuvm_images_info(pool, volume->name);
        if (info && g_str_equal(info->url, url))
            *ret_checksum = g_strdup(info->checksum);
    }
    return volumes != NULL;
}

static const gpuvm_volume *
find_volume(const GPtrArray *volumes, const char *name)
{
    for (guint i = 0; i < volumes->len; i++) {
        const gpuvm_volume *volume = volumes->pdata[i];

        if (g_str_equal(volume->name, name))
            return volume;
    }
    return NULL;
}

/* A pool as it is now, and who uses what. */
typedef struct view {
    gpuvm_pool *pool;    /* NULL: there is none */
    GPtrArray *volumes;  /* of gpuvm_volume; none without a pool */
    GHashTable *domains; /* as find_users has them; NULL without a pool */
} view;

static void
clear_view(view *of)
{
    g_clear_pointer(&of->pool, gpuvm_pool_free);
    g_clear_pointer(&of->volumes, g_ptr_array_unref);
    g_clear_pointer(&of->domains, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(view, clear_view)

static bool
look(gpuvm_session *session, const char *name, view *ret, GError **error)
{
    if (!gpuvm_pool_open(session->connection, name, &ret->pool, error))
        return false;
    if (!ret->pool) {
        ret->volumes = g_ptr_array_new();
        return true;
    }
    gpuvm_pool_refresh(ret->pool);
    ret->volumes = gpuvm_pool_list(ret->pool, error);
    ret->domains = ret->volumes ? find_users(session, error) : NULL;
    return ret->domains != NULL;
}

/* An image for each volume that is one, and for each that says there is one and there is not. */
static GPtrArray *
list(const view *of)
{
    GPtrArray *images = g_ptr_array_new_with_free_func(image_free);

    for (guint i = 0; i < of->volumes->len; i++) {
        const gpuvm_volume *volume = of->volumes->pdata[i];
        gpuvm_image_sort sort = gpuvm_image_sort_of(volume->name);
        g_autofree char *content = g_strndup(volume->name, strcspn(volume->name, "."));
        gpuvm_image *image;

        if (sort == GPUVM_IMAGE_FOREIGN || (sort == GPUVM_IMAGE_INFO && find_volume(of->volumes, content)))
            continue;
        image = g_new0(gpuvm_image, 1);
        image->volume = g_steal_pointer(&content);
        image->info = sort == GPUVM_IMAGE_CONTENT ? gpuvm_images_info(of->pool, image->volume) : NULL;
        image->size = volume->size;
        image->users = users_of(volume->path, of->volumes, of->domains);
        g_ptr_array_add(images, image);
    }
    return images;
}

/* Whether @volume is surely that VM's, which has it or not: anybody may call a volume as a VM's are called. */
static bool
is_made(const char *vm, const gpuvm_volume *volume, const GPtrArray *users)
{
    g_autofree char *below = volume->backing ? g_path_get_basename(volume->backing) : NULL;
    g_autofree char *beside = volume->backing ? g_path_get_dirname(volume->backing) : NULL;
    g_autofree char *directory = g_path_get_dirname(volume->path);

    return gpuvm_image_is_scratch(vm, volume->name) ||
           g_ptr_array_find_with_equal_func((GPtrArray *)users, vm, g_str_equal, NULL) ||
           (below && g_str_equal(beside, directory) && gpuvm_image_sort_of(below) == GPUVM_IMAGE_CONTENT);
}

static void
vm_volume_free(gpointer data)
{
    gpuvm_vm_volume *volume = data;

    g_free(volume->name);
    g_free(volume->owner);
    g_ptr_array_unref(volume->users);
    g_free(volume);
}

/* What VMs have of their own there. */
static GPtrArray *
list_vm_volumes(const view *of)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(vm_volume_free);

    for (guint i = 0; i < of->volumes->len; i++) {
        const gpuvm_volume *volume = of->volumes->pdata[i];
        g_autofree char *owner = gpuvm_image_owner(volume->name);
        g_autoptr(GPtrArray) users = owner ? users_of(volume->path, of->volumes, of->domains) : NULL;
        gpuvm_vm_volume *own;

        if (!owner || !is_made(owner, volume, users))
            continue;
        own = g_new(gpuvm_vm_volume, 1);
        *own = (gpuvm_vm_volume){g_strdup(volume->name), g_steal_pointer(&owner), volume->size,
                                 g_steal_pointer(&users)};
        g_ptr_array_add(found, own);
    }
    return found;
}

GPtrArray *
gpuvm_images_list(gpuvm_session *session, GPtrArray **ret_volumes)
{
    g_auto(view) now = {0};
    GError *error = NULL;

    if (!gpuvm_session_connect(session) || !gpuvm_defaults_read(session))
        return NULL;
    if (!look(session, session->pool, &now, &error)) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    *ret_volumes = list_vm_volumes(&now);
    return list(&now);
}

GPtrArray *
gpuvm_images_left(gpuvm_session *session, const char *vm, const char *pool_name)
{
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free), volumes = NULL;
    g_auto(view) now = {0};
    GError *error = NULL;

    if (!gpuvm_session_connect(session) || !gpuvm_defaults_read(session))
        return NULL;
    if (!look(session, pool_name ? pool_name : session->pool, &now, &error)) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    volumes = list_vm_volumes(&now);
    for (guint i = 0; i < volumes->len; i++) {
        const gpuvm_vm_volume *volume = volumes->pdata[i];

        if (g_str_equal(volume->owner, vm) && volume->users->len == 0)
            g_ptr_array_add(left, g_strdup(volume->name));
    }
    return g_steal_pointer(&left);
}

/* Takes what is in use out of @images. */
static void
keep_used(GPtrArray *images)
{
    for (guint i = images->len; i-- > 0;) {
        if (((const gpuvm_image *)images->pdata[i])->users->len > 0)
            g_ptr_array_remove_index(images, i);
    }
}

/* Takes what somebody on another machine is fetching out of @images. */
static bool
keep_growing(gpuvm_pool *pool, GPtrArray *images, GError **error)
{
    bool broken = false;

    for (guint i = 0; i < images->len; i++)
        broken = broken || !((const gpuvm_image *)images->pdata[i])->info;
    if (!broken)
        return true;
    g_usleep(GPUVM_IMAGE_GROWS_SECONDS * G_USEC_PER_SEC);
    gpuvm_pool_refresh(pool);
    for (guint i = images->len; i-- > 0;) {
        const gpuvm_image *image = images->pdata[i];
        g_autoptr(gpuvm_volume) now = NULL;

        if (!image->info && !gpuvm_pool_find(pool, image->volume, &now, error))
            return false;
        if (now && now->size != image->size)
            g_ptr_array_remove_index(images, i);
    }
    return true;
}

/* The one that says it is whole goes first: what is left then is a part of an image. */
static bool
remove_image(gpuvm_pool *pool, const gpuvm_image *image, GError **error)
{
    g_autofree char *info = gpuvm_image_info_name(image->volume);

    return gpuvm_pool_remove(pool, info, error) && gpuvm_pool_remove(pool, image->volume, error);
}

static GPtrArray *
prune(gpuvm_session *session, bool dry_run, GError **error)
{
    g_auto(view) now = {0};
    g_autoptr(GPtrArray) images = NULL;

    if (!look(session, session->pool, &now, error))
        return NULL;
    images = list(&now);
    keep_used(images);
    if (!keep_growing(now.pool, images, error))
        return NULL;
    for (guint i = 0; !dry_run && i < images->len; i++) {
        if (!remove_image(now.pool, images->pdata[i], error))
            return NULL;
    }
    return g_steal_pointer(&images);
}

GPtrArray *
gpuvm_images_prune(gpuvm_session *session, bool dry_run)
{
    g_autoptr(GPtrArray) locks = gpuvm_locks_new();
    GError *error = NULL;
    GPtrArray *images = gpuvm_locks_add_images(locks, session, true) && gpuvm_defaults_read(session)
                            ? prune(session, dry_run, &error)
                            : NULL;

    if (error)
        gpuvm_session_fail(session, error);
    return images;
}

/* Why volume @name is not to be removed with VM @vm; NULL: it is. g_malloc. */
static char *
why_kept(const char *vm, const char *name, const view *of)
{
    const gpuvm_volume *volume = find_volume(of->volumes, name);
    g_autoptr(GPtrArray) users = volume ? users_of(volume->path, of->volumes, of->domains) : NULL;

    if (!gpuvm_image_is_own(vm, name))
        return g_strdup("it is not named after it");
    for (guint i = 0; users && i < users->len; i++) {
        if (!g_str_equal(users->pdata[i], vm))
            return g_strdup_printf("'%s' uses it too", (const char *)users->pdata[i]);
    }
    return NULL;
}

/* Adds volume @name to @own, or says why it stays. */
static void
add_own(gpuvm_session *session, GPtrArray *own, const char *vm, const view *of, const char *name)
{
    g_autofree char *why = why_kept(vm, name, of);

    if (!why)
        g_ptr_array_add(own, g_strdup(name));
    else
        gpuvm_diags_note(session->diags, NULL,
                         "volume '%s' stays in storage pool '%s', though VM '%s' has it: %s", name,
                         of->pool->name, vm, why);
}

GPtrArray *
gpuvm_images_own(gpuvm_session *session, const char *vm, const char *pool_name, const gpuvm_record *record)
{
    g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func(g_free);
    g_auto(view) now = {0};
    GError *error = NULL;

    if (!look(session, pool_name, &now, &error)) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    for (guint i = 0; now.pool && i < record->volumes->len; i++)
        add_own(session, own, vm, &now, record->volumes->pdata[i]);
    for (guint i = 0; i < now.volumes->len; i++) {
        const char *name = ((const gpuvm_volume *)now.volumes->pdata[i])->name;

        /* of former definitions */
        if (gpuvm_image_is_text(vm, name) &&
            !g_ptr_array_find_with_equal_func(record->volumes, name, g_str_equal, NULL))
            add_own(session, own, vm, &now, name);
    }
    return g_steal_pointer(&own);
}

/* Says what of @volumes could not be removed. */
static bool
remove_volumes(gpuvm_session *session, gpuvm_pool *pool, const GPtrArray *volumes)
{
    bool removed = true;

    for (guint i = 0; i < volumes->len; i++) {
        GError *error = NULL;

        if (!gpuvm_pool_remove(pool, volumes->pdata[i], &error))
            removed = gpuvm_session_fail(session, error);
    }
    return removed;
}

bool
gpuvm_images_remove(gpuvm_session *session, const char *pool_name, const GPtrArray *volumes)
{
    g_autoptr(gpuvm_pool) pool = NULL;
    GError *error = NULL;

    if (volumes->len == 0)
        return true;
    if (!gpuvm_pool_open(session->connection, pool_name, &pool, &error))
        return gpuvm_session_fail(session, error);
    return !pool || remove_volumes(session, pool, volumes);
}
