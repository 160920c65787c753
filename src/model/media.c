/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <string.h>

#include "model/tables.h"

static const char *const format_names[] = {"auto", "raw", "qcow2", NULL};
static const char *const rootfs_format_names[] = {"auto", "raw", "qcow2", "ext4", NULL};

/* Adds an error unless exactly one of @first and @second, keys of @object, is given. */
static void
check_one_of(const gpuvm_object *object, const char *first, bool has_first, const char *second,
             bool has_second, gpuvm_diags *diags)
{
    gpuvm_mark mark = gpuvm_object_mark(object, second);

    if (has_first && has_second)
        gpuvm_diag_hint(
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "both %s and %s are given", first, second),
            "keep one of them");
    else if (!has_first && !has_second)
        gpuvm_diag_hint(
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "neither %s nor %s is given", first, second),
            "add one of them");
}

static const gpuvm_field media_fields[] = {
    {GPUVM_FIELD(gpuvm_media, path), .scalar = &gpuvm_scalar_path, .flags = GPUVM_FIELD_HOST_PATH,
     .doc =
         "A file of the host, used where it is; a relative path starts from the directory of the definition. source is taken for it, too, and with a URL for url. "
         "With a checksum it is copied into the storage pool, as from a URL."},
    {GPUVM_FIELD(gpuvm_media, url), .scalar = &gpuvm_scalar_url, .flags = GPUVM_FIELD_HOST_PATH,
     .doc =
         "Where to fetch the file from, in place of path: an http, https or file URL, or an absolute path, read "
         "where gpuvm runs. It is fetched once, at define, into the storage pool."},
    {GPUVM_FIELD(gpuvm_media, checksum), .scalar = &gpuvm_scalar_checksum,
     .doc = "The checksum that the file must have: sha256: and 64 hex digits, or sha512: and 128."},
    {NULL},
};

static void
check_media(const void *object, gpuvm_diags *diags)
{
    const gpuvm_media *media = object;

    check_one_of(&media->object, "path", media->path, "url", media->url, diags);
}

static const gpuvm_synonym media_synonyms[] = {
    {.word = "source", .meant = "path", .url = "url", .scalar = &gpuvm_scalar_source},
    {.word = "file", .meant = "'path'"},
    {.word = "image", .meant = "'path' or 'url'"},
    {NULL},
};

static const char *const media_whole_keys[] = {"path", "url", NULL};

const gpuvm_table gpuvm_media_table = {
    .name = "media",
    .doc = "A file, by its path or by a URL and a checksum.",
    .size = sizeof(gpuvm_media),
    .fields = media_fields,
    .json_check =
        "{\"oneOf\": [{\"required\": [\"path\"]}, {\"required\": [\"url\"]}, {\"required\": [\"source\"]}]}",
    .scalar_key = "path",
    .whole_keys = media_whole_keys,
    .synonyms = media_synonyms,
    .check = check_media,
};

static const gpuvm_field rootfs_fields[] = {
    {GPUVM_FIELD(gpuvm_media, format), .shape = GPUVM_ENUM, .choices = rootfs_format_names,
     .doc =
         "The format of the image. auto: by what the file begins with. ext4: the bare file system, without a boot loader: the VM's "
         "kernel, which it needs, is told root=/dev/vda. A backing file, and an external data file, are "
         "beside the image, in the same directory."},
    {GPUVM_FIELD(gpuvm_media, size_gb), .scalar = &gpuvm_scalar_integer, .max = 1024 * 1024, .unit = "GiB",
     .doc = "How large the VM's root disk is; when absent, as large as the image says."},
    {NULL},
};

const gpuvm_table gpuvm_rootfs_table = {
    .name = "rootfs",
    .doc =
        "The image of the guest's root file system, by its path or by a URL and a checksum. The VM writes to a "
        "qcow2 overlay of its own, which stays until gpuvm undefine --storage.",
    .size = sizeof(gpuvm_media),
    .parent = &gpuvm_media_table,
    .fields = rootfs_fields,
    .scalar_key = "path",
    .whole_keys = media_whole_keys,
};

static const gpuvm_field disk_fields[] = {
    {GPUVM_FIELD(gpuvm_disk, source), .scalar = &gpuvm_scalar_source, .flags = GPUVM_FIELD_HOST_PATH,
     .doc =
         "An image file or a block device of the host, used where it is, unless the host uses it; path is taken for it, too. A relative path starts from the "
         "directory of the definition. Or a URL to fetch an image from, into the storage pool: the VM writes to a qcow2 "
         "overlay of its own. What ends in .iso is a CD-ROM."},
    {GPUVM_FIELD(gpuvm_disk, name), .scalar = &gpuvm_scalar_name,
     .doc =
         "The name of this disk, its serial number in the guest. No two disks of a VM have the same. A blank disk "
         "needs one, without '.'."},
    {GPUVM_FIELD(gpuvm_disk, size_gb), .scalar = &gpuvm_scalar_integer, .min = 1, .max = 1024 * 1024,
     .unit = "GiB",
     .doc =
         "The size of a blank disk, in place of source: a volume in the storage pool, VM.disk-NAME.qcow2, which is "
         "made at define unless it is there, and stays with what is on it until gpuvm undefine --storage. Each "
         "replica of a deployment has its own."},
    {GPUVM_FIELD(gpuvm_disk, target), .scalar = &gpuvm_scalar_target,
     .doc =
         "Its place in the guest: vda, vdb, … for virtio, sda, sdb, … for SATA. When absent, the next free "
         "vd name, or sd name for a CD-ROM."},
    {GPUVM_FIELD(gpuvm_disk, format), .shape = GPUVM_ENUM, .choices = format_names,
     .doc =
         "The format of the image. auto: qcow2 when source ends in .qcow2, else raw, whatever the guest writes there; a blank disk "
         "is qcow2. A backing file, and an external data file, are beside the image, in the same directory."},
    {GPUVM_FIELD(gpuvm_disk, readonly), .scalar = &gpuvm_scalar_bool, .fallback = "false",
     .doc = "Whether the guest can only read it, not write to it."},
    {GPUVM_FIELD(gpuvm_disk, checksum), .scalar = &gpuvm_scalar_checksum,
     .doc =
         "The checksum that source must have: sha256: and 64 hex digits, or sha512: and 128. A file with one is "
         "copied into the storage pool, as from a URL."},
    {NULL},
};

static const gpuvm_synonym disk_synonyms[] = {
    {.word = "path", .meant = "source", .url = "source", .scalar = &gpuvm_scalar_source},
    {.word = "url", .meant = "'source'"},
    {.word = "file", .meant = "'source'"},
    {.word = "image", .meant = "'source'"},
    {NULL},
};

static void
check_blank(const gpuvm_disk *disk, gpuvm_diags *diags)
{
    static const char *const of_sources[] = {"checksum", "readonly"};
    gpuvm_mark mark = gpuvm_object_mark(&disk->object, disk->name ? "name" : "size_gb");

    for (size_t i = 0; i < G_N_ELEMENTS(of_sources); i++) {
        gpuvm_mark at = gpuvm_object_mark(&disk->object, of_sources[i]);

        if (gpuvm_object_has(&disk->object, of_sources[i]))
            gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &at, "%s means nothing with size_gb",
                                              of_sources[i]),
                            "remove it");
    }
    if (!disk->name)
        gpuvm_diag_hint(
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "a blank disk without a name"),
            "add `name: data`: its volume is named by it, and is the same one whatever disks come and go");
    else if (strchr(disk->name, '.'))
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark,
                                          "the name of a blank disk contains '.': %s", disk->name),
                        "its volume is named by it: use letters, digits, '_' and '-'");
}

static void
check_disk(const void *object, gpuvm_diags *diags)
{
    const gpuvm_disk *disk = object;

    check_one_of(&disk->object, "source", disk->source, "size_gb", disk->size_gb > 0, diags);
    if (!disk->source && disk->size_gb > 0)
        check_blank(disk, diags);
}

const gpuvm_table gpuvm_disk_table = {
    .name = "disk",
    .doc = "A disk of the VM.",
    .size = sizeof(gpuvm_disk),
    .fields = disk_fields,
    .json_check =
        "{\"oneOf\": [{\"required\": [\"source\"], \"properties\": {\"size_gb\": false}},"
        "{\"required\": [\"path\"], \"properties\": {\"size_gb\": false}},"
        "{\"required\": [\"size_gb\", \"name\"], \"properties\": {\"source\": false, \"path\": false, \"checksum\": false,"
        "\"readonly\": false, \"name\": {\"type\": [\"string\", \"integer\", \"boolean\"],"
        "\"pattern\": \"^[^.]*$\"}}}]}",
    .check = check_disk,
    .synonyms = disk_synonyms,
    .scalar_key = "source",
};

static const gpuvm_field content_fields[] = {
    {GPUVM_FIELD(gpuvm_content, content), .scalar = &gpuvm_scalar_text, .flags = GPUVM_FIELD_SECRET,
     .doc = "The text itself."},
    {GPUVM_FIELD(gpuvm_content, path), .scalar = &gpuvm_scalar_path, .flags = GPUVM_FIELD_HOST_PATH,
     .doc = "The file that has the text, in place of content; a relative path starts from the directory of "
            "the definition."},
    {.key = "inline",
     .offset = offsetof(gpuvm_content, is_inline),
     .scalar = &gpuvm_scalar_bool,
     .doc = "Whether the text is given by content; may be left out, since that can be seen."},
    {NULL},
};

static void
check_content(const void *object, gpuvm_diags *diags)
{
    const gpuvm_content *content = object;
    gpuvm_mark mark = gpuvm_object_mark(&content->object, "inline");

    check_one_of(&content->object, "content", content->content, "path", content->path, diags);
    if (gpuvm_object_has(&content->object, "inline") && content->is_inline != !content->path)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "inline is %s, but %s is given",
                          content->is_inline ? "true" : "false", content->path ? "path" : "content");
}

static const char *const content_whole_keys[] = {"content", "path", NULL};

const gpuvm_table gpuvm_content_table = {
    .name = "cloud_init_text",
    .doc = "A text, given in place or by its path.",
    .size = sizeof(gpuvm_content),
    .fields = content_fields,
    .json_check = "{\"oneOf\": [{\"required\": [\"content\"]}, {\"required\": [\"path\"]}]}",
    .scalar_key = "content",
    .whole_keys = content_whole_keys,
    .check = check_content,
};

static const gpuvm_field cloud_init_fields[] = {
    {GPUVM_FIELD(gpuvm_cloud_init, datasource), .scalar = &gpuvm_scalar_name, .fallback = "NoCloud",
     .doc = "How the guest finds its configuration."},
    {GPUVM_FIELD(gpuvm_cloud_init, seed_mode), .scalar = &gpuvm_scalar_name,
     .doc =
         "What manifests say of the seed disk's file system; the seed is an ISO 9660 disk labelled CIDATA, which "
         "cloud-init takes in any case."},
    {GPUVM_FIELD(gpuvm_cloud_init, user_data), .shape = GPUVM_OBJECT, .table = &gpuvm_content_table,
     .doc = "The user data."},
    {GPUVM_FIELD(gpuvm_cloud_init, meta_data), .shape = GPUVM_OBJECT, .table = &gpuvm_content_table,
     .doc = "The metadata of the instance; when absent, made from the VM's name."},
    {GPUVM_FIELD(gpuvm_cloud_init, network_config), .shape = GPUVM_OBJECT, .table = &gpuvm_content_table,
     .doc = "The guest's network configuration."},
    {NULL},
};

const gpuvm_table gpuvm_cloud_init_table = {
    .name = "cloud_init",
    .doc = "What cloud-init in the guest is told at its first boot.",
    .size = sizeof(gpuvm_cloud_init),
    .fields = cloud_init_fields,
};
