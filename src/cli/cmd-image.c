/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image: what was fetched for VMs to boot from: list it, remove what is not needed any more */
#include <config.h>

#include "cli/command.h"

#include "base/size.h"
#include "base/url.h"
#include "core/image.h"
#include "ops/imagestore.h"

static gboolean dry_run;

extern const gpuvm_command gpuvm_cmd_image;

static char *
format_size(JsonObject *row)
{
    return gpuvm_size_format((guint64)json_object_get_int_member(row, "size"));
}

static char *
format_digest(JsonObject *row)
{
    return gpuvm_output_digest(json_object_get_string_member(row, "checksum"));
}

static const gpuvm_column columns[] = {
    {.header = "DIGEST", .format = format_digest},
    {.header = "FORMAT", .key = "format"},
    {.header = "SIZE", .format = format_size, .right = true},
    {.header = "USED BY", .key = "used_by", .cut = 2, .whole = true},
    {.header = "SOURCE", .key = "source", .cut = 1, .whole = true},
    {0},
};

static JsonObject *
make_row(const gpuvm_image *image)
{
    g_autofree char *checksum = gpuvm_image_checksum(image->volume);
    const gpuvm_image_info *info = image->info;
    g_autofree char *source = info ? gpuvm_url_shown(info->url) : NULL;
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "checksum", checksum);
    json_object_set_string_member(row, "volume", image->volume);
    json_object_set_boolean_member(row, "whole", info != NULL);
    gpuvm_json_set_string(row, "format", info ? GPUVM_IMAGE_FORMAT(info->qcow2) : NULL);
    json_object_set_int_member(row, "size", (gint64)image->size);
    json_object_set_array_member(row, "used_by", gpuvm_json_texts(image->users));
    gpuvm_json_set_string(row, "source", source);
    gpuvm_json_set_string(row, "fetched", info ? info->fetched : NULL);
    return row;
}

static JsonArray *
make_rows(const GPtrArray *images)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; images && i < images->len; i++)
        json_array_add_object_element(rows, make_row(images->pdata[i]));
    return rows;
}

static const gpuvm_column volume_columns[] = {
    {.header = "VOLUME", .key = "volume"},
    {.header = "VM", .key = "vm"},
    {.header = "SIZE", .format = format_size, .right = true},
    {.header = "USED BY", .key = "used_by", .cut = 2, .whole = true},
    {0},
};

/* What VMs have of their own in the pool. */
static void
show_volumes(gpuvm_cli *cli, const GPtrArray *volumes)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < volumes->len; i++) {
        const gpuvm_vm_volume *volume = volumes->pdata[i];
        JsonObject *row = json_object_new();

        json_object_set_string_member(row, "volume", volume->name);
        json_object_set_string_member(row, "vm", volume->owner);
        json_object_set_int_member(row, "size", (gint64)volume->size);
        json_object_set_array_member(row, "used_by", gpuvm_json_texts(volume->users));
        json_array_add_object_element(rows, row);
    }
    if (volumes->len > 0) {
        gpuvm_output_line(cli->output, "%s", "");
        gpuvm_output_table(cli->output, "volumes", rows, volume_columns, NULL);
    } else {
        gpuvm_output_rows(cli->output, "volumes", rows);
    }
}

static void
run_list(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) volumes = NULL;
    g_autoptr(GPtrArray) images = gpuvm_images_list(cli->session, &volumes);

    (void)argc, (void)argv;
    if (images && images->len == 0)
        gpuvm_output_line(cli->output, "there are no images in storage pool '%s'", cli->session->pool);
    gpuvm_output_table(cli->output, "images", make_rows(images), columns, NULL);
    if (images)
        show_volumes(cli, volumes);
}

static const gpuvm_command list_command = {
    .name = "list",
    .parent = &gpuvm_cmd_image,
    .summary = "List the images in the storage pool",
    .description =
        "Lists the images that were fetched into the storage pool, where each came from, and the VMs that use it. An\n"
        "image without a source is not whole: it is being fetched, or whoever did was stopped. Then the volumes of VMs' own,\n"
        "each with the VM that it is named after: one that nothing uses was left, and goes with undefine --storage VM. Blank\n"
        "disks that nothing uses are not listed: they may be anybody's.",
    .names = true,
    .run = run_list,
};

static void
run_prune(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) images = gpuvm_images_prune(cli->session, dry_run);
    uint64_t size = 0;

    (void)argc, (void)argv;
    for (guint i = 0; images && i < images->len; i++)
        size += ((const gpuvm_image *)images->pdata[i])->size;
    gpuvm_output_table(cli->output, "images", make_rows(images), columns, NULL);
    if (images) {
        g_autofree char *text = gpuvm_size_format(size);
        gpuvm_output_line(cli->output, "%s %u image%s, %s", dry_run ? "would remove" : "removed", images->len,
                          images->len == 1 ? "" : "s", text);
    }
}

static const GOptionEntry prune_options[] = {
    {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, "only say what would be removed", NULL},
    G_OPTION_ENTRY_NULL,
};

static const gpuvm_command prune_command = {
    .name = "prune",
    .parent = &gpuvm_cmd_image,
    .summary = "Remove the images that nothing uses",
    .description =
        "Removes the images that no domain uses, itself or through an overlay in the pool, and what is left of\n"
        "downloads that were stopped. Disks of VMs, and whatever else is in the pool, stay.",
    .options = prune_options,
    .run = run_prune,
};

static const gpuvm_command *const commands[] = {&list_command, &prune_command, NULL};

const gpuvm_command gpuvm_cmd_image = {
    .name = "image",
    .alias = "images",
    .commands = commands,
    .summary = "Look at the images that VMs boot from",
    .description =
        "What a definition names by a URL or with a checksum is fetched once, at define, into a libvirt storage pool:\n"
        "a volume named by its digest, which all VMs share and none writes to.",
};
