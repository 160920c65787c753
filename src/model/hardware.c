/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/hardware.h"

#include "model/guest.h"

static void
free_disk(gpointer data)
{
    gpuvm_hardware_disk *disk = data;

    g_free(disk->target);
    g_free(disk->source);
    g_free(disk);
}

static void
free_nic(gpointer data)
{
    gpuvm_hardware_nic *nic = data;

    g_free(nic->mac);
    g_free(nic->type);
    g_free(nic->source);
    g_free(nic);
}

void
gpuvm_hardware_free(gpuvm_hardware *hardware)
{
    if (!hardware)
        return;
    g_ptr_array_unref(hardware->disks);
    g_ptr_array_unref(hardware->nics);
    g_free(hardware);
}

/* What @source is by the first of @attributes that it has. */
static char *
name_of(const xmlNode *source, const char *const *attributes)
{
    char *name = NULL;

    for (; !name && *attributes; attributes++)
        name = gpuvm_xml_attr(source, *attributes);
    return name;
}

static void
add_disk(gpuvm_hardware *hardware, const xmlNode *element)
{
    static const char *const attributes[] = {"file", "dev", "dir", "name", NULL};
    const xmlNode *source = gpuvm_xml_child(element, "source");
    g_autofree char *pool = gpuvm_xml_attr(source, "pool"), *volume = gpuvm_xml_attr(source, "volume");
    gpuvm_hardware_disk *disk = g_new0(gpuvm_hardware_disk, 1);

    disk->target = gpuvm_xml_attr(gpuvm_xml_child(element, "target"), "dev");
    disk->source = pool && volume ? g_strconcat(pool, "/", volume, NULL) : name_of(source, attributes);
    disk->readonly = gpuvm_xml_child(element, "readonly") != NULL;
    g_ptr_array_add(hardware->disks, disk);
}

static void
add_nic(gpuvm_hardware *hardware, const xmlNode *element)
{
    static const char *const attributes[] = {"network", "bridge", "dev", "name", NULL};
    gpuvm_hardware_nic *nic = g_new0(gpuvm_hardware_nic, 1);

    nic->mac = gpuvm_xml_attr(gpuvm_xml_child(element, "mac"), "address");
    nic->type = gpuvm_xml_attr(element, "type");
    nic->source = name_of(gpuvm_xml_child(element, "source"), attributes);
    g_ptr_array_add(hardware->nics, nic);
}

gpuvm_hardware *
gpuvm_hardware_read(const xmlNode *element)
{
    const xmlNode *devices = gpuvm_xml_child(element, "devices");
    gpuvm_hardware *hardware = g_new0(gpuvm_hardware, 1);

    hardware->cpus = gpuvm_guest_cpus(element);
    gpuvm_guest_memory(element, &hardware->memory_kib, NULL);
    hardware->disks = g_ptr_array_new_with_free_func(free_disk);
    hardware->nics = g_ptr_array_new_with_free_func(free_nic);
    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        if (gpuvm_xml_is(node, "disk"))
            add_disk(hardware, node);
        else if (gpuvm_xml_is(node, "interface"))
            add_nic(hardware, node);
    }
    return hardware;
}
