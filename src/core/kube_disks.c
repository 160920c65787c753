/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kube_disks.c: disks, whose images KubeVirt's importer (CDI) puts on volumes of the cluster */
#include <config.h>

#include "core/kube_vm.h"

#include <string.h>

#include "base/url.h"

#define GUESSED_GIB 10
#define GUESSED "a volume has a size, and that of the image is not known here: it is a guess, 10Gi"

/* A disk to be added. */
typedef struct adding {
    const char *path; /* of it in the definition: "disks[0]" */
    const gpuvm_object *object;
    const char *key;    /* of it, that names source */
    const char *source; /* a path or URL; NULL: it is blank */
    uint64_t size_gb;   /* 0: not known */
    const char *serial; /* NULL */
    bool cdrom, sata, readonly;
} adding;

char *
gpuvm_kube_volume_name(const gpuvm_kube_vm *vm, const char *wanted)
{
    g_autofree char *base = gpuvm_kube_name(wanted);
    g_autofree char *name = g_strdup(base);

    for (unsigned i = 2; !g_hash_table_add(vm->kube->names, g_strdup_printf("%s/%s", vm->name, name)); i++) {
        g_free(name);
        name = g_strdup_printf("%.58s-%u", base, i);
    }
    return g_steal_pointer(&name);
}

/* A Secret with the user and password of @url, for the importer. */
static void
add_login(const gpuvm_kube_vm *vm, JsonObject *http, const char *url, const char *volume,
          const gpuvm_mark *mark)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_HAS_PASSWORD, NULL);
    g_autofree char *name = g_strdup_printf("%s-http", volume);
    JsonObject *secret;

    if (!uri || !g_uri_get_user(uri))
        return;
    secret = gpuvm_kube_secret_add(vm->kube, name, mark, "the user and password of an image's URL");
    json_object_set_string_member(secret, "accessKeyId", g_uri_get_user(uri));
    json_object_set_string_member(secret, "secretKey",
                                  g_uri_get_password(uri) ? g_uri_get_password(uri) : "");
    json_object_set_string_member(http, "secretRef", name);
}

/* Says in @spec, a DataVolume's, where the image comes from. */
static void
add_source(const gpuvm_kube_vm *vm, const adding *disk, JsonObject *spec, const char *volume)
{
    gpuvm_mark mark = gpuvm_object_mark(disk->object, disk->key);
    bool fetched =
        disk->source && gpuvm_url_is(disk->source) && g_ascii_strncasecmp(disk->source, "file:", 5) != 0;
    g_autofree char *url = fetched ? gpuvm_url_anonymous(disk->source) : NULL;
    g_autofree char *open = fetched ? gpuvm_url_public(disk->source) : NULL;
    JsonObject *http;

    if (!disk->source) {
        gpuvm_kube_at(spec, "source.blank");
    } else if (!fetched) {
        g_autofree char *why = g_strdup_printf(
            "it is a file of this host: virtctl image-upload dv %s%s --no-create --image-path FILE brings it there",
            volume, vm->pool ? "-NUMBER" : "");
        gpuvm_kube_at(spec, "source.upload");
        gpuvm_kube_vm_lose(vm, disk->path, disk->object, disk->key, why);
    } else {
        http = gpuvm_kube_at(spec, "source.http");
        json_object_set_string_member(http, "url", open);
        add_login(vm, http, disk->source, volume, &mark);
        if (!g_str_equal(url, open))
            gpuvm_kube_vm_lose(
                vm, disk->path, disk->object, disk->key,
                "the URL has a secret in its query, for which an importer has no place but this text: put it back there");
    }
}

static void
add_volume(const gpuvm_kube_vm *vm, const adding *disk, const char *name)
{
    g_autofree char *volume = g_strdup_printf("%s-%s", vm->name, name);
    g_autofree char *size =
        g_strdup_printf("%" G_GUINT64_FORMAT "Gi", disk->size_gb ? disk->size_gb : GUESSED_GIB);
    JsonObject *template = gpuvm_kube_item(vm->machine, "dataVolumeTemplates", NULL), *spec;
    gpuvm_mark mark = gpuvm_object_mark(disk->object, disk->key);

    json_object_set_string_member(gpuvm_kube_at(template, "metadata"), "name", volume);
    spec = gpuvm_kube_at(template, "spec");
    gpuvm_kube_claim(vm->kube, "DataVolume", volume, &mark);
    add_source(vm, disk, spec, volume);
    json_object_set_string_member(gpuvm_kube_at(spec, "storage.resources.requests"), "storage", size);
    if (!disk->size_gb)
        gpuvm_kube_vm_lose(vm, disk->path, disk->object, disk->key, GUESSED);
    json_object_set_string_member(gpuvm_kube_at(gpuvm_kube_item(vm->instance, "volumes", name), "dataVolume"),
                                  "name", volume);
}

static void
add_disk(const gpuvm_kube_vm *vm, const adding *disk, const char *wanted)
{
    g_autofree char *name = gpuvm_kube_volume_name(vm, wanted);
    JsonObject *item = gpuvm_kube_item(vm->devices, "disks", name);
    JsonObject *sort = gpuvm_kube_at(item, disk->cdrom ? "cdrom" : "disk");

    json_object_set_string_member(sort, "bus", disk->sata ? "sata" : "virtio");
    if (disk->readonly)
        json_object_set_boolean_member(sort, "readonly", TRUE);
    if (disk->serial)
        json_object_set_string_member(item, "serial", disk->serial);
    add_volume(vm, disk, name);
}

static void
add_rootfs(const gpuvm_kube_vm *vm, const gpuvm_media *rootfs)
{
    const char *key = rootfs->url ? "url" : "path";

    add_disk(vm,
             &(adding){.path = "rootfs",
                       .object = &rootfs->object,
                       .key = key,
                       .source = rootfs->url ? rootfs->url : rootfs->path,
                       .size_gb = rootfs->size_gb},
             "rootfs");
}

/* The guest's kernel counts disks of a bus in their order: what is named otherwise is so no longer. */
static void
check_target(const gpuvm_kube_vm *vm, const gpuvm_disk *disk, const char *path, unsigned number)
{
    g_autofree char *key = g_strconcat(path, ".target", NULL);

    if (disk->target && (strlen(disk->target) > 3 || disk->target[2] != 'a' + (int)number))
        gpuvm_kube_vm_lose(vm, key, &disk->object, "target", "disks have names in their order there");
}

void
gpuvm_kube_disks_add(const gpuvm_kube_vm *vm)
{
    const gpuvm_body *body = vm->body;
    unsigned numbers[2] = {body->rootfs ? 1 : 0, 0}; /* of virtio disks, of SATA ones */

    if (body->rootfs)
        add_rootfs(vm, body->rootfs);
    for (guint i = 0; i < body->disks->len; i++) {
        const gpuvm_disk *disk = body->disks->pdata[i];
        bool cdrom = disk->source && g_str_has_suffix(disk->source, ".iso");
        bool sata = disk->target ? disk->target[0] == 's' : cdrom;
        g_autofree char *path = g_strdup_printf("disks[%u]", i), *plain = g_strdup_printf("disk-%u", i);

        check_target(vm, disk, path, numbers[sata]++);
        add_disk(vm,
                 &(adding){.path = path,
                           .object = &disk->object,
                           .key = disk->source ? "source" : "size_gb",
                           .source = disk->source,
                           .size_gb = disk->size_gb,
                           .serial = disk->name,
                           .cdrom = cdrom,
                           .sata = sata,
                           .readonly = disk->readonly || cdrom},
                 disk->name ? disk->name : plain);
    }
}
