/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/imageinfo.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "base/error.h"

#define INFO_SUFFIX ".json"

/* Of the header of a qcow2 image: offsets in bytes; numbers are big-endian. */
enum {
    QCOW2_VERSION = 4,
    QCOW2_BACKING = 8, /* where the name of the backing file is; 0: it has none */
    QCOW2_BACKING_LENGTH = 16,
    QCOW2_SIZE = 24,
    QCOW2_CRYPT = 32,
    QCOW2_V2_END = 72,
    QCOW2_INCOMPATIBLE = 72,
    QCOW2_HEADER_LENGTH = 100,
    QCOW2_V3_END = 104,
};
/* Its header's extensions: type and length, four bytes each, and data, padded to eight. */
enum { QCOW2_EXTENSION = 8, QCOW2_BACKING_FORMAT = 0xe2792aca, QCOW2_DATA_FILE = 0x44415441 };
enum { QCOW2_CORRUPT = 1 << 1, QCOW2_EXTERNAL_DATA = 1 << 2 };

static uint64_t
number_at(const uint8_t *head, size_t offset, size_t bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | head[offset + i];
    return number;
}

static bool
invalid(GError **error, const char *why, const char *hint)
{
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_INVALID, "%s\n%s", why, hint);
    return false;
}

static bool
read_qcow2(const uint8_t *head, size_t size, uint64_t *ret_capacity, GError **error)
{
    uint64_t version = size >= QCOW2_V2_END ? number_at(head, QCOW2_VERSION, 4) : 0;
    uint64_t features = 0;

    if (size < QCOW2_V2_END || (version >= 3 && size < QCOW2_V3_END))
        return invalid(error, "it is a qcow2 image that is cut short", "fetch it again, or find a whole one");
    if (version != 2 && version != 3)
        return invalid(error, "it is a qcow2 image of an unknown version",
                       "qemu-img convert -O qcow2 OLD NEW");
    if (version == 3)
        features = number_at(head, QCOW2_INCOMPATIBLE, 8);
    if (number_at(head, QCOW2_BACKING, 8) != 0)
        return invalid(error,
                       "it is a qcow2 image with a backing file: it would show the guest a file of the host",
                       "make a whole image of the two: qemu-img convert -O qcow2 OLD NEW");
    if (features & QCOW2_EXTERNAL_DATA)
        return invalid(
            error,
            "it is a qcow2 image with an external data file: it would show the guest a file of the host",
            "make a whole image of the two: qemu-img convert -O qcow2 OLD NEW");
    if (number_at(head, QCOW2_CRYPT, 4) != 0)
        return invalid(error, "it is an encrypted qcow2 image, for which gpuvm has no key",
                       "decrypt it: qemu-img convert -O qcow2 …; or encrypt inside the guest");
    if (features & QCOW2_CORRUPT)
        return invalid(error, "it is a qcow2 image that is marked as corrupt", "qemu-img check -r all FILE");
    *ret_capacity = number_at(head, QCOW2_SIZE, 8);
    return true;
}

/* What is not a disk by itself, but might be taken for a raw one. */
static const char *
find_other(const uint8_t *head, size_t size)
{
    static const struct {
        const char *name, *magic;
        size_t length, offset;
    } others[] = {
        {"packed by gzip", "\x1f\x8b", 2},
        {"packed by xz",
         "\xfd"
         "7zXZ",
         6},
        {"packed by zstd", "\x28\xb5\x2f\xfd", 4},
        {"packed by bzip2", "BZh", 3},
        {"packed by zip", "PK\3\4", 4},
        {"a VMDK image", "KDMV", 4},
        {"a VHDX image", "vhdxfile", 8},
        {"a VDI image", "\x7f\x10\xda\xbe", 4, 64},
        {"a page of HTML", "<!DOCTYPE", 9},
        {"a page of HTML", "<html", 5},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (size >= others[i].offset + others[i].length &&
            memcmp(head + others[i].offset, others[i].magic, others[i].length) == 0)
            return others[i].name;
    }
    return NULL;
}

bool
gpuvm_image_is_qcow2(const void *head, size_t size)
{
    return size >= GPUVM_IMAGE_MAGIC && memcmp(head, "QFI\xfb", GPUVM_IMAGE_MAGIC) == 0;
}

bool
gpuvm_image_sniff(const void *head, size_t size, int format, bool *ret_qcow2, uint64_t *ret_capacity,
                  GError **error)
{
    bool qcow2 = gpuvm_image_is_qcow2(head, size);
    const char *other = qcow2 ? NULL : find_other(head, size);
    uint64_t capacity = 0;

    if (format == GPUVM_DISK_QCOW2 && !qcow2)
        return invalid(error, "it is not a qcow2 image, as the definition says",
                       "leave out format, or set it to raw");
    if (format == GPUVM_DISK_RAW && qcow2)
        return invalid(error, "it is a qcow2 image, and the definition says raw",
                       "leave out format, or set it to qcow2");
    if (other && format == GPUVM_DISK_AUTO) {
        g_set_error(
            error, GPUVM_ERROR, GPUVM_EXIT_INVALID,
            "it is %s\na disk is a raw or a qcow2 image: unpack or convert it first (format: raw takes it as it is)",
            other);
        return false;
    }
    if (qcow2 && !read_qcow2(head, size, &capacity, error))
        return false;
    *ret_qcow2 = qcow2;
    *ret_capacity = capacity;
    return true;
}

/* The @length bytes at @offset as text; of what is not there, a word on that. */
static char *
text_at(const uint8_t *head, size_t size, uint64_t offset, uint64_t length)
{
    if (offset > size || length > size - offset)
        return g_strdup(GPUVM_IMAGE_NAMELESS);
    return g_strndup((const char *)head + offset, length);
}

static void
read_extensions(const uint8_t *head, size_t size, uint64_t offset, gpuvm_image_names *names)
{
    while (offset <= size && size - offset >= QCOW2_EXTENSION) {
        uint64_t type = number_at(head, offset, 4), length = number_at(head, offset + 4, 4);
        char **text = type == QCOW2_BACKING_FORMAT ? &names->format
                      : type == QCOW2_DATA_FILE    ? &names->data
                                                   : NULL;

        if (type == 0)
            return;
        if (text && !*text)
            *text = text_at(head, size, offset + QCOW2_EXTENSION, length);
        offset += QCOW2_EXTENSION + (length + 7) / 8 * 8;
    }
}

void
gpuvm_image_read_names(const void *head, size_t size, gpuvm_image_names *ret_names)
{
    const uint8_t *bytes = head;
    uint64_t backing = size >= QCOW2_V2_END ? number_at(bytes, QCOW2_BACKING, 8) : 0;
    bool v3 = size >= QCOW2_V3_END && number_at(bytes, QCOW2_VERSION, 4) >= 3;
    bool external = v3 && number_at(bytes, QCOW2_INCOMPATIBLE, 8) & QCOW2_EXTERNAL_DATA;

    *ret_names = (gpuvm_image_names){0};
    if (size < QCOW2_V2_END)
        return;
    read_extensions(bytes, size, v3 ? number_at(bytes, QCOW2_HEADER_LENGTH, 4) : QCOW2_V2_END, ret_names);
    if (backing != 0)
        ret_names->backing = text_at(bytes, size, backing, number_at(bytes, QCOW2_BACKING_LENGTH, 4));
    if (!external)
        g_clear_pointer(&ret_names->data, g_free);
    else if (!ret_names->data)
        ret_names->data = g_strdup(GPUVM_IMAGE_NAMELESS);
}

void
gpuvm_image_names_clear(gpuvm_image_names *names)
{
    g_free(names->backing);
    g_free(names->format);
    g_free(names->data);
}

void
gpuvm_image_info_free(gpuvm_image_info *info)
{
    if (!info)
        return;
    g_free(info->url);
    g_free(info->checksum);
    g_free(info->changed);
    g_free(info->fetched);
    g_free(info);
}

char *
gpuvm_image_info_name(const char *volume)
{
    return g_strconcat(volume, INFO_SUFFIX, NULL);
}

char *
gpuvm_image_info_write(const gpuvm_image_info *info)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();

    json_node_take_object(root, object);
    json_object_set_string_member(object, "url", info->url);
    json_object_set_string_member(object, "checksum", info->checksum);
    json_object_set_string_member(object, "format", GPUVM_IMAGE_FORMAT(info->qcow2));
    json_object_set_int_member(object, "size", (gint64)info->size);
    if (info->changed)
        json_object_set_string_member(object, "changed", info->changed);
    json_object_set_string_member(object, "fetched", info->fetched);
    return json_to_string(root, TRUE);
}

/* The member @name of @object, when it is a scalar; what json-glib makes of others is a complaint. */
static JsonNode *
scalar(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_HOLDS_VALUE(node) ? node : NULL;
}

static char *
text_of(JsonObject *object, const char *name)
{
    JsonNode *node = scalar(object, name);

    return node ? json_node_dup_string(node) : NULL;
}

gpuvm_image_info *
gpuvm_image_info_parse(const char *text)
{
    g_autoptr(JsonNode) root = json_from_string(text, NULL);
    JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    g_autoptr(gpuvm_image_info) info = g_new0(gpuvm_image_info, 1);

    if (!object)
        return NULL;
    g_autofree char *format = text_of(object, "format");
    JsonNode *size = scalar(object, "size");

    info->url = text_of(object, "url");
    info->checksum = text_of(object, "checksum");
    info->qcow2 = g_strcmp0(format, "qcow2") == 0;
    info->size = size ? (uint64_t)json_node_get_int(size) : 0;
    info->changed = text_of(object, "changed");
    info->fetched = text_of(object, "fetched");
    return info->url && info->checksum && info->fetched ? g_steal_pointer(&info) : NULL;
}

gpuvm_image_sort
gpuvm_image_sort_of(const char *volume)
{
    static const struct {
        const char *prefix;
        size_t digits;
    } kinds[] = {{"sha256-", 64}, {"sha512-", 128}};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const char *digits = volume + strlen(kinds[i].prefix);

        if (!g_str_has_prefix(volume, kinds[i].prefix) ||
            strspn(digits, "0123456789abcdef") != kinds[i].digits)
            continue;
        if (!digits[kinds[i].digits])
            return GPUVM_IMAGE_CONTENT;
        if (g_str_equal(digits + kinds[i].digits, INFO_SUFFIX))
            return GPUVM_IMAGE_INFO;
    }
    return GPUVM_IMAGE_FOREIGN;
}
