/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/volume.h"

#include <stdlib.h>
#include <string.h>

#include "base/xml.h"

/* bytes of a message that every version of libvirt takes: VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX */
#define PIECE 262120
#define RELEASE_TRIES 50 /* how often, every 100 ms, libvirt is asked for a volume that it was writing */

struct gpuvm_upload {
    gpuvm_pool *pool;
    char *name;
    virStreamPtr stream;
    uint64_t size; /* bytes so far */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virStorageVol, gpuvm_virt.StorageVolFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virStream, gpuvm_virt.StreamFree)

void
gpuvm_volume_free(gpuvm_volume *volume)
{
    if (!volume)
        return;
    g_free(volume->name);
    g_free(volume->path);
    g_free(volume->format);
    g_free(volume->backing);
    g_free(volume->changed);
    g_free(volume);
}

/* The volume @name; NULL, which is success, when there is none. */
static bool
look_up(gpuvm_pool *pool, const char *name, virStorageVol **ret_vol, GError **error)
{
    *ret_vol = gpuvm_virt.StorageVolLookupByName(pool->pool, name);
    return *ret_vol || gpuvm_virt_error() == VIR_ERR_NO_STORAGE_VOL ||
           gpuvm_virt_failed(error, "cannot look up volume '%s'", name);
}

/* What libvirt says of @vol; NULL without @error: it is gone. */
static gpuvm_volume *
describe(virStorageVol *vol, GError **error)
{
    g_autofree char *xml = gpuvm_virt.StorageVolGetXMLDesc(vol, 0);
    g_autoptr(gpuvm_volume) volume = g_new0(gpuvm_volume, 1);
    g_autoptr(xmlDoc) doc = NULL;

    if (!xml) {
        if (gpuvm_virt_error() != VIR_ERR_NO_STORAGE_VOL)
            gpuvm_virt_failed(error, "cannot read a volume");
        return NULL;
    }
    doc = gpuvm_xml_parse(xml, strlen(xml), "volume", error);
    if (!doc)
        return NULL;
    const xmlNode *root = xmlDocGetRootElement(doc), *target = gpuvm_xml_child(root, "target");
    volume->name = gpuvm_xml_text(gpuvm_xml_child(root, "name"));
    volume->path = gpuvm_xml_text(gpuvm_xml_child(target, "path"));
    volume->format = gpuvm_xml_attr(gpuvm_xml_child(target, "format"), "type");
    volume->backing = gpuvm_xml_text(gpuvm_xml_child(gpuvm_xml_child(root, "backingStore"), "path"));
    volume->changed = gpuvm_xml_text(gpuvm_xml_child(gpuvm_xml_child(target, "timestamps"), "mtime"));
    if (!gpuvm_xml_number(gpuvm_xml_child(root, "capacity"), NULL, UINT64_MAX, &volume->capacity, error))
        return NULL;
    volume->size = volume->capacity;
    if (gpuvm_xml_child(root, "physical") &&
        !gpuvm_xml_number(gpuvm_xml_child(root, "physical"), NULL, UINT64_MAX, &volume->size, error))
        return NULL;
    if (!volume->name || !volume->path) {
        gpuvm_xml_fail(root, error, "a volume without a name or a path");
        return NULL;
    }
    return g_steal_pointer(&volume);
}

bool
gpuvm_pool_find(gpuvm_pool *pool, const char *name, gpuvm_volume **ret_volume, GError **error)
{
    g_autoptr(virStorageVol) vol = NULL;
    g_autoptr(GError) failed = NULL;
    gpuvm_volume *volume;

    if (!look_up(pool, name, &vol, error))
        return false;
    volume = vol ? describe(vol, &failed) : NULL;
    if (failed) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    if (vol && !volume) /* its file is gone, which libvirt has not noticed yet */
        gpuvm_pool_refresh(pool);
    *ret_volume = volume;
    return true;
}

static int
compare_volumes(gconstpointer a, gconstpointer b)
{
    const gpuvm_volume *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

static void
free_vol(gpointer vol)
{
    gpuvm_virt.StorageVolFree(vol);
}

/* Every volume (virStorageVolPtr, owned by the array). */
static GPtrArray *
list_vols(gpuvm_pool *pool, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(free_vol);
    g_autofree virStorageVolPtr *vols = NULL;
    int n = gpuvm_virt.StoragePoolListAllVolumes(pool->pool, &vols, 0);

    for (int i = 0; i < n; i++)
        g_ptr_array_add(list, vols[i]);
    if (n >= 0)
        return list;
    gpuvm_virt_failed(error, "cannot list the volumes of storage pool '%s'", pool->name);
    g_ptr_array_unref(list);
    return NULL;
}

GPtrArray *
gpuvm_pool_names(gpuvm_pool *pool, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free), vols = list_vols(pool, error);

    for (guint i = 0; vols && i < vols->len; i++)
        g_ptr_array_add(names, g_strdup(gpuvm_virt.StorageVolGetName(vols->pdata[i])));
    return vols ? g_steal_pointer(&names) : NULL;
}

GPtrArray *
gpuvm_pool_list(gpuvm_pool *pool, GError **error)
{
    g_autoptr(GPtrArray) volumes = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_volume_free);
    g_autoptr(GPtrArray) vols = list_vols(pool, error);
    GError *failed = NULL;

    for (guint i = 0; vols && i < vols->len; i++) {
        gpuvm_volume *volume = describe(vols->pdata[i], &failed);

        if (volume)
            g_ptr_array_add(volumes, volume);
        if (failed) {
            g_propagate_error(error, failed);
            return NULL;
        }
    }
    if (!vols)
        return NULL;
    g_ptr_array_sort(volumes, compare_volumes);
    return g_steal_pointer(&volumes);
}

bool
gpuvm_pool_remove(gpuvm_pool *pool, const char *name, GError **error)
{
    g_autoptr(virStorageVol) vol = NULL;

    if (!look_up(pool, name, &vol, error))
        return false;
    return !vol || gpuvm_virt.StorageVolDelete(vol, 0) == 0 || gpuvm_virt_error() == VIR_ERR_NO_STORAGE_VOL ||
           gpuvm_virt_failed(error, "cannot remove volume '%s'", name);
}

/* What libvirt was writing a moment ago it lets go of when it gets to it. */
static void
remove_abandoned(gpuvm_pool *pool, const char *name)
{
    for (int i = 0; i < RELEASE_TRIES && !gpuvm_pool_remove(pool, name, NULL); i++)
        g_usleep(G_USEC_PER_SEC / 10);
}

/*
 * Makes an empty volume; *@ret_vol is NULL when there is one of that name. @base: what it is an overlay on, with
 * @capacity; NULL: nothing. @shared: everybody on the host may read it.
 */
static bool
make_volume(gpuvm_pool *pool, const char *name, const char *format, const gpuvm_volume *base,
            uint64_t capacity, bool shared, virStorageVol **ret_vol, GError **error)
{
    xmlNode *root = xmlNewNode(NULL, (const xmlChar *)"volume"), *target;
    g_autoptr(xmlDoc) doc = xmlNewDoc((const xmlChar *)"1.0");
    g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, capacity);
    g_autofree char *xml = NULL;

    xmlDocSetRootElement(doc, root);
    gpuvm_xml_add(root, "name", name);
    if (!base || capacity > 0)
        gpuvm_xml_add(root, "capacity", size);
    if (!base)
        gpuvm_xml_add(root, "allocation", "0");
    target = gpuvm_xml_add(root, "target", NULL);
    gpuvm_xml_set(gpuvm_xml_add(target, "format", NULL), "type", "%s", format);
    if (shared)
        gpuvm_xml_add(gpuvm_xml_add(target, "permissions", NULL), "mode", "0644");
    if (base) {
        xmlNode *backing = gpuvm_xml_add(root, "backingStore", NULL);

        gpuvm_xml_add(backing, "path", base->path);
        gpuvm_xml_set(gpuvm_xml_add(backing, "format", NULL), "type", "%s", base->format);
    }
    xml = gpuvm_xml_print(root);
    *ret_vol = gpuvm_virt.StorageVolCreateXML(pool->pool, xml, 0);
    return *ret_vol || gpuvm_virt_error() == VIR_ERR_STORAGE_VOL_EXIST ||
           gpuvm_virt_failed(error, "cannot make volume '%s' in %s", name, pool->path);
}

bool
gpuvm_pool_make(gpuvm_pool *pool, const char *name, const char *format, const gpuvm_volume *base,
                uint64_t capacity, GError **error)
{
    g_autoptr(virStorageVol) vol = NULL;

    if (!make_volume(pool, name, format, base, capacity, false, &vol, error))
        return false;
    return vol || gpuvm_virt_failed(error, "cannot make volume '%s' in %s", name, pool->path);
}

/* Begins to fill volume @name; *@ret_upload is NULL when there is one of that name. */
static bool
begin(gpuvm_pool *pool, const char *name, bool shared, gpuvm_upload **ret_upload, GError **error)
{
    g_autoptr(virStorageVol) vol = NULL;
    g_autoptr(virStream) stream = NULL;

    *ret_upload = NULL;
    if (!make_volume(pool, name, "raw", NULL, 0, shared, &vol, error))
        return false;
    if (!vol)
        return true;
    stream = gpuvm_virt.StreamNew(pool->connection->conn, 0);
    if (!stream || gpuvm_virt.StorageVolUpload(vol, stream, 0, 0, 0) < 0) {
        gpuvm_virt_failed(error, "cannot write volume '%s'", name);
        remove_abandoned(pool, name);
        return false;
    }
    *ret_upload = g_new0(gpuvm_upload, 1);
    (*ret_upload)->pool = pool;
    (*ret_upload)->name = g_strdup(name);
    (*ret_upload)->stream = g_steal_pointer(&stream);
    return true;
}

bool
gpuvm_upload_begin(gpuvm_pool *pool, const char *name, gpuvm_upload **ret_upload, GError **error)
{
    return begin(pool, name, true, ret_upload, error);
}

bool
gpuvm_upload_write(gpuvm_upload *upload, const void *bytes, size_t size, GError **error)
{
    const char *next = bytes;

    while (size > 0) {
        int n = gpuvm_virt.StreamSend(upload->stream, next, MIN(size, PIECE));

        if (n < 0)
            return gpuvm_virt_failed(error, "cannot write volume '%s'", upload->name);
        next += n;
        size -= n;
        upload->size += (uint64_t)n;
    }
    return true;
}

/* libvirt writes behind our back, and tells nobody what came of it. */
static bool
is_whole(gpuvm_upload *upload, GError **error)
{
    gpuvm_pool *pool = upload->pool;
    g_autoptr(gpuvm_volume) volume = NULL;

    if (!gpuvm_pool_find(pool, upload->name, &volume, error))
        return false;
    if (volume && volume->size == upload->size)
        return true;
    g_set_error(
        error, GPUVM_ERROR, GPUVM_EXIT_HOST,
        "cannot write volume '%s': of %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT " came to be in %s\n"
        "the file system of the storage pool is full: make room (`gpuvm image prune`), or name another pool with --pool",
        upload->name, upload->size, volume ? volume->size : 0, pool->path);
    return false;
}

static void
free_upload(gpuvm_upload *upload)
{
    gpuvm_virt.StreamFree(upload->stream);
    g_free(upload->name);
    g_free(upload);
}

void
gpuvm_upload_abort(gpuvm_upload *upload)
{
    if (!upload)
        return;
    gpuvm_virt.StreamAbort(upload->stream);
    remove_abandoned(upload->pool, upload->name);
    free_upload(upload);
}

bool
gpuvm_upload_finish(gpuvm_upload *upload, GError **error)
{
    bool finished = gpuvm_virt.StreamFinish(upload->stream) == 0 ||
                    gpuvm_virt_failed(error, "cannot write volume '%s'", upload->name);

    if (!finished || !is_whole(upload, error)) {
        gpuvm_upload_abort(upload);
        return false;
    }
    free_upload(upload);
    return true;
}

bool
gpuvm_pool_store(gpuvm_pool *pool, const char *name, const void *bytes, size_t size, GError **error)
{
    g_autoptr(gpuvm_upload) upload = NULL;

    if (!gpuvm_pool_remove(pool, name, error) || !begin(pool, name, false, &upload, error))
        return false;
    if (!upload)
        return gpuvm_virt_failed(error, "cannot make volume '%s' in %s", name, pool->path);
    return gpuvm_upload_write(upload, bytes, size, error) &&
           gpuvm_upload_finish(g_steal_pointer(&upload), error);
}

bool
gpuvm_pool_stream(gpuvm_pool *pool, const char *name,
                  bool (*take)(void *data, const void *bytes, size_t size, GError **error), void *data,
                  GError **error)
{
    g_autoptr(virStorageVol) vol = gpuvm_virt.StorageVolLookupByName(pool->pool, name);
    g_autoptr(virStream) stream = vol ? gpuvm_virt.StreamNew(pool->connection->conn, 0) : NULL;
    g_autofree char *piece = g_malloc(PIECE);
    int n;

    if (!stream || gpuvm_virt.StorageVolDownload(vol, stream, 0, 0, 0) < 0)
        return gpuvm_virt_failed(error, "cannot read volume '%s'", name);
    while ((n = gpuvm_virt.StreamRecv(stream, piece, PIECE)) > 0 && take(data, piece, (size_t)n, error))
        ;
    if (n < 0)
        gpuvm_virt_failed(error, "cannot read volume '%s'", name);
    if (n != 0) {
        gpuvm_virt.StreamAbort(stream);
        return false;
    }
    gpuvm_virt.StreamFinish(stream);
    return true;
}

/* The content of a volume that is not too large. */
typedef struct small {
    const char *name;
    GByteArray *content;
    size_t max;
} small;

static bool
append(void *data, const void *bytes, size_t size, GError **error)
{
    const small *read = data;

    if (size > read->max - read->content->len) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "volume '%s' is larger than it may be",
                    read->name);
        return false;
    }
    g_byte_array_append(read->content, bytes, (guint)size);
    return true;
}

char *
gpuvm_pool_read(gpuvm_pool *pool, const char *name, size_t max, size_t *ret_size, GError **error)
{
    g_autoptr(GByteArray) content = g_byte_array_new();

    if (!gpuvm_pool_stream(pool, name, append, &(small){name, content, max}, error))
        return NULL;
    *ret_size = content->len;
    g_byte_array_append(content, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&content), FALSE);
}
