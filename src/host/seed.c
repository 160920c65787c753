/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/seed.h"

#include <string.h>

#include "host/archive.h"

/* Lengths and places in bytes, from ECMA-119, Rock Ridge (RRIP) and its carrier SUSP (IEEE P1281). */
#define SECTOR 2048
#define FIRST_DESCRIPTOR 16        /* sector; ECMA-119, 6.2.1 */
#define DESCRIPTOR_SUPPLEMENTARY 2 /* 8.5; the primary one is 1 */
#define DESCRIPTOR_END 255
#define ROOT_RECORD 156 /* in a volume descriptor, 8.4.18 */
#define RECORD_EXTENT 2 /* in a directory record, 9.1 */
#define RECORD_SIZE 10
#define RECORD_DATE 18
#define RECORD_NAME_LENGTH 32
#define RECORD_NAME 33

static const size_t volume_dates[] = {813, 830, 864};   /* made, changed, valid from: 8.4.26, 27 and 29 */
static const char volume_date[17] = "1980010100000000"; /* and no offset from UTC */
static const guint8 record_date[7] = {80, 1, 1, 0, 0, 0, 0}; /* years since 1900; 9.1.5 */

/* A text that there is none of is no file. */
static bool
add_file(struct archive *archive, const char *name, const char *text)
{
    return !text || gpuvm_archive_add(archive, name, text, 0444);
}

static bool
write_image(struct archive *archive, GByteArray *image, const void *data)
{
    const gpuvm_plan_seed *seed = data;

    /* padded, since busybox's findfs reads 68 KiB at once: a smaller disk has no label for it */
    return gpuvm_archive.write_set_format_iso9660(archive) == ARCHIVE_OK &&
           gpuvm_archive.write_set_options(archive, "volume-id=CIDATA,application-id=GPUVM,joliet,"
                                                    "rockridge=useful,pad") == ARCHIVE_OK &&
           gpuvm_archive.write_set_bytes_in_last_block(archive, 1) == ARCHIVE_OK &&
           gpuvm_archive_open(archive, image) && add_file(archive, "user-data", seed->user_data) &&
           add_file(archive, "meta-data", seed->meta_data) &&
           add_file(archive, "network-config", seed->network_config);
}

static guint32
get_number(const guint8 *field)
{
    return field[0] | (guint32)field[1] << 8 | (guint32)field[2] << 16 | (guint32)field[3] << 24;
}

/* The record's own date, and those of its Rock Ridge entry TF: flags, then a date each (RRIP, 4.1.6). */
static void
fix_record(guint8 *record)
{
    guint8 name_length = record[RECORD_NAME_LENGTH];
    guint8 *end = record + record[0];

    memcpy(record + RECORD_DATE, record_date, sizeof record_date);
    for (guint8 *use = record + RECORD_NAME + name_length + (name_length % 2 == 0);
         use + 4 < end && use[2] > 4; use += use[2]) {
        if (memcmp(use, "TF", 2) != 0)
            continue;
        for (guint8 *date = use + 5; date + sizeof record_date <= use + use[2]; date += sizeof record_date)
            memcpy(date, record_date, sizeof record_date);
    }
}

static void
fix_directory(GByteArray *image, const guint8 *root)
{
    guint8 *at = image->data + (gsize)get_number(root + RECORD_EXTENT) * SECTOR;

    for (guint8 *end = at + get_number(root + RECORD_SIZE); at < end && *at != 0; at += *at)
        fix_record(at);
}

/* libarchive stamps the time into the descriptors, the records, and a sector behind the descriptors of its own. */
static void
fix_times(GByteArray *image)
{
    guint8 *sector = image->data + FIRST_DESCRIPTOR * SECTOR;

    for (; *sector != DESCRIPTOR_END; sector += SECTOR) {
        if (*sector > DESCRIPTOR_SUPPLEMENTARY)
            continue;
        fix_record(sector + ROOT_RECORD);
        for (size_t i = 0; i < G_N_ELEMENTS(volume_dates); i++)
            memcpy(sector + volume_dates[i], volume_date, sizeof volume_date);
        fix_directory(image, sector + ROOT_RECORD);
    }
    memset(sector + SECTOR, 0, SECTOR);
}

GByteArray *
gpuvm_seed_make(const gpuvm_plan_seed *seed, GError **error)
{
    GByteArray *image = gpuvm_archive_make("the cloud-init seed", write_image, seed, error);

    if (image)
        fix_times(image);
    return image;
}
