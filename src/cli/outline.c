/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "cli/outline.h"

#include "base/size.h"
#include "base/url.h"

/* The image below @disk, or of what is called @what when that is NULL; NULL: there is none. */
static const gpuvm_plan_image *
image_of(const gpuvm_plan *plan, const gpuvm_plan_disk *disk, const char *what)
{
    for (guint i = 0; i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];

        if (disk ? image->disk == disk : g_strcmp0(image->what, what) == 0)
            return image;
    }
    return NULL;
}

/* Where it is taken from; NULL: it is blank. g_malloc. */
static char *
describe_image(const gpuvm_plan_image *image)
{
    return image->url ? gpuvm_url_shown(image->url) : g_strdup(image->path);
}

static JsonObject *
disk_row(const gpuvm_plan *plan, const gpuvm_plan_disk *disk)
{
    const gpuvm_plan_image *image = image_of(plan, disk, NULL);
    g_autofree char *from = image ? describe_image(image) : NULL;
    /* before it is made, or fetched to be used as it is */
    bool is_unknown = disk->seed || (image && image->url && !image->volume && !image->overlay);
    JsonObject *row = json_object_new();

    json_object_set_string_member(row, "target", disk->target);
    gpuvm_json_set_string(row, "name", disk->name);
    gpuvm_json_set_string(row, "source", is_unknown ? NULL : disk->source);
    json_object_set_string_member(row, "format", disk->qcow2 ? "qcow2" : "raw");
    json_object_set_boolean_member(row, "readonly", disk->readonly);
    json_object_set_boolean_member(row, "cdrom", disk->cdrom);
    json_object_set_boolean_member(row, "cloud_init", disk->seed);
    gpuvm_json_set_string(row, "image", from);
    gpuvm_json_set_known(row, "size", image && image->size > 0 ? (gint64)image->size : -1);
    return row;
}

static void
set_network(JsonObject *row, const gpuvm_plan *plan)
{
    const gpuvm_network *network = plan->vm->body.network;
    bool bridged = network->bridge || network->mode == GPUVM_NET_BRIDGED;
    bool nic = network->mode != GPUVM_NET_NONE && network->mode != GPUVM_NET_VSOCK;
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "mode", gpuvm_net_mode_names[network->mode]);
    gpuvm_json_set_string(object, "network", nic && !bridged ? network->network : NULL);
    gpuvm_json_set_string(object, "bridge", nic ? network->bridge : NULL);
    gpuvm_json_set_string(object, "mac", nic ? network->mac : NULL);
    json_object_set_object_member(row, "network", object);
}

void
gpuvm_outline_add(JsonObject *row, const gpuvm_plan *plan)
{
    const gpuvm_body *body = &plan->vm->body;
    const gpuvm_plan_image *image = image_of(plan, NULL, "kernel");
    g_autofree char *kernel = image ? describe_image(image) : g_strdup(plan->kernel);
    JsonArray *disks = json_array_new();

    for (guint i = 0; i < plan->disks->len; i++)
        json_array_add_object_element(disks, disk_row(plan, plan->disks->pdata[i]));
    json_object_set_string_member(row, "firmware", body->firmware == GPUVM_FIRMWARE_EFI ? "efi" : "bios");
    gpuvm_json_set_string(row, "kernel", kernel);
    gpuvm_json_set_string(row, "template", body->template_path);
    json_object_set_array_member(row, "disks", disks);
    set_network(row, plan);
}

/* "/pool/a.rootfs.qcow2, qcow2, 40.0 GiB, on https://…" */
static void
show_disk(const gpuvm_output *output, JsonObject *disk)
{
    const char *source = json_object_get_string_member_with_default(disk, "source", NULL);
    const char *image = json_object_get_string_member_with_default(disk, "image", NULL);
    g_autofree char *lead = g_strdup_printf("disk %s: ", json_object_get_string_member(disk, "target"));
    g_autoptr(GString) text = g_string_new(source ? source : image ? image : "a seed for cloud-init");

    g_string_append_printf(text, ", %s", json_object_get_string_member(disk, "format"));
    if (!json_object_get_null_member(disk, "size")) {
        g_autofree char *size = gpuvm_size_format((uint64_t)json_object_get_int_member(disk, "size"));
        g_string_append_printf(text, ", %s", size);
    }
    if (json_object_get_boolean_member(disk, "cdrom"))
        g_string_append(text, ", CD-ROM");
    else if (json_object_get_boolean_member(disk, "readonly"))
        g_string_append(text, ", read-only");
    if (source && image && !g_str_equal(source, image))
        g_string_append_printf(text, ", from %s", image);
    gpuvm_output_paragraph(output, lead, text->str);
}

/* "nat, network default", "bridged, bridge br0, MAC 52:54:00:ab:cd:ef" */
static void
show_network(const gpuvm_output *output, JsonObject *network)
{
    static const struct {
        const char *member, *word;
    } parts[] = {{"network", "network"}, {"bridge", "bridge"}, {"mac", "MAC"}};
    g_autoptr(GString) text = g_string_new(json_object_get_string_member(network, "mode"));

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (!json_object_get_null_member(network, parts[i].member))
            g_string_append_printf(text, ", %s %s", parts[i].word,
                                   json_object_get_string_member(network, parts[i].member));
    }
    gpuvm_output_paragraph(output, "network: ", text->str);
}

void
gpuvm_outline_show(const gpuvm_output *output, JsonObject *row)
{
    static const char *const files[] = {"template", "kernel"};
    JsonArray *disks = json_object_get_array_member(row, "disks");

    gpuvm_output_paragraph(
        output,
        "firmware: ", g_str_equal(json_object_get_string_member(row, "firmware"), "efi") ? "UEFI" : "BIOS");
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *lead = g_strconcat(files[i], ": ", NULL);

        if (!json_object_get_null_member(row, files[i]))
            gpuvm_output_paragraph(output, lead, json_object_get_string_member(row, files[i]));
    }
    for (guint i = 0; i < json_array_get_length(disks); i++)
        show_disk(output, json_array_get_object_element(disks, i));
    show_network(output, json_object_get_object_member(row, "network"));
}
