/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/tables.h"

static const char *const numa_names[] = {"auto", "strict", "none", "split", NULL};
static const char *const pinning_names[] = {"auto", "none", "shared", "dedicated", NULL};
static const char *const hugepages_names[] = {"none", "2M", "1G", "any", NULL};
static const char *const firmware_names[] = {"efi", "bios", NULL};
const char *const gpuvm_health_from_names[] = {"host", "guest", NULL};

static const gpuvm_field topology_fields[] = {
    {GPUVM_FIELD(gpuvm_cpu_topology, sockets), .scalar = &gpuvm_scalar_integer, .fallback = "1", .min = 1,
     .max = 4096, .doc = "How many processors."},
    {GPUVM_FIELD(gpuvm_cpu_topology, cores), .scalar = &gpuvm_scalar_integer, .fallback = "1", .min = 1,
     .max = 4096, .doc = "How many cores each of them has."},
    {GPUVM_FIELD(gpuvm_cpu_topology, threads), .scalar = &gpuvm_scalar_integer, .fallback = "1", .min = 1,
     .max = 4096, .doc = "How many threads each of those has."},
    {NULL},
};

static const gpuvm_table topology_table = {
    .name = "cpu_topology",
    .doc = "What the guest sees its CPUs as.",
    .size = sizeof(gpuvm_cpu_topology),
    .fields = topology_fields,
};

static const gpuvm_field resources_fields[] = {
    {GPUVM_FIELD(gpuvm_resources, cpu_cores), .scalar = &gpuvm_scalar_integer, .fallback = "2", .min = 1,
     .max = 4096, .doc = "How many CPUs the guest has."},
    {GPUVM_FIELD(gpuvm_resources, cpu_topology), .shape = GPUVM_OBJECT, .table = &topology_table,
     .doc =
         "What the guest sees them as: sockets times cores times threads is cpu_cores. When absent, a socket for "
         "each of the guest's NUMA nodes, and threads where it has whole cores of the host for itself."},
    {GPUVM_FIELD(gpuvm_resources, memory_mb), .scalar = &gpuvm_scalar_integer, .fallback = "2048", .min = 1,
     .max = 64 * 1024 * 1024, .unit = "MiB",
     .doc =
         "The guest's memory. With a passed device the host gives all of it at the start and cannot swap it "
         "out."},
    {GPUVM_FIELD(gpuvm_resources, numa), .shape = GPUVM_ENUM, .choices = numa_names,
     .doc =
         "Where memory comes from. auto: from the host's NUMA node that the devices are on, while it has room. "
         "strict: from there only; the VM does not start when there is not enough. Of devices on several nodes, the guest "
         "has a NUMA node for each, with CPUs and memory in proportion to its devices there. split: the same in any case: of "
         "devices on one node, or none, for all of the host's. none: from anywhere."},
    {GPUVM_FIELD(gpuvm_resources, cpu_pinning), .shape = GPUVM_ENUM, .choices = pinning_names,
     .doc =
         "none: the guest's CPUs run on any CPU of the host. shared: on any CPU of the NUMA node that the devices are "
         "on, but for those that the policy reserves, that the kernel isolates, or that other VMs are pinned to. dedicated: "
         "each on one of those, which no other dedicated VM has, whole cores first, and within one L3 cache when it is large "
         "enough; QEMU's own threads run on what is left. auto: shared for a VM with a device, else none. With "
         "numa: none, there is no node to prefer."},
    {GPUVM_FIELD(gpuvm_resources, hugepages), .shape = GPUVM_ENUM, .choices = hugepages_names,
     .doc =
         "The size of the pages that the guest's memory is made of; the host must have reserved enough of "
         "them, where the memory comes from. any: 1G when there are enough of them, else 2M. none: ordinary pages."},
    {NULL},
};

bool
gpuvm_resources_check(const gpuvm_resources *resources, gpuvm_diags *diags)
{
    const gpuvm_cpu_topology *topology = resources->cpu_topology;
    uint64_t product = topology ? topology->sockets * topology->cores * topology->threads : 0;
    gpuvm_mark mark;

    if (!topology || product == resources->cpu_cores)
        return true;
    mark = gpuvm_object_mark(&resources->object, "cpu_topology");
    gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark,
                      "cpu_topology is %" G_GUINT64_FORMAT " CPUs, cpu_cores is %" G_GUINT64_FORMAT, product,
                      resources->cpu_cores);
    return false;
}

/* What each layer says can be judged only when it says both. */
static void
check_resources(const void *object, gpuvm_diags *diags)
{
    const gpuvm_resources *resources = object;

    if (gpuvm_object_has(&resources->object, "cpu_cores"))
        gpuvm_resources_check(resources, diags);
}

const gpuvm_table gpuvm_resources_table = {
    .name = "resources",
    .doc = "CPUs and memory, and where on the host they come from.",
    .size = sizeof(gpuvm_resources),
    .fields = resources_fields,
    .check = check_resources,
};

static const gpuvm_field workload_fields[] = {
    {GPUVM_FIELD(gpuvm_workload, type), .scalar = &gpuvm_scalar_name,
     .doc = "The protocol that the workload speaks, such as http."},
    {GPUVM_FIELD(gpuvm_workload, base_url), .scalar = &gpuvm_scalar_url,
     .doc = "Where the workload listens, as seen in the guest."},
    {GPUVM_FIELD(gpuvm_workload, entrypoint), .shape = GPUVM_STRINGS,
     .doc = "The program and its arguments."},
    {GPUVM_FIELD(gpuvm_workload, env), .shape = GPUVM_MAP, .flags = GPUVM_FIELD_SECRET,
     .doc = "Its environment variables."},
    {GPUVM_FIELD(gpuvm_workload, workdir), .scalar = &gpuvm_scalar_string,
     .doc = "The directory of the guest that it starts in."},
    {NULL},
};

const gpuvm_table gpuvm_workload_table = {
    .name = "workload",
    .doc = "What runs in the guest.",
    .size = sizeof(gpuvm_workload),
    .fields = workload_fields,
};

static const gpuvm_field health_check_fields[] = {
    {GPUVM_FIELD(gpuvm_health_check, endpoint), .scalar = &gpuvm_scalar_string, .fallback = "/",
     .doc = "The path that is asked for, below the workload's base_url, such as /health."},
    {GPUVM_FIELD(gpuvm_health_check, timeout_ms), .scalar = &gpuvm_scalar_integer, .fallback = "30000",
     .min = 1, .max = 24 * 60 * 60 * 1000, .unit = "ms", .doc = "How long the workload may take to answer."},
    {GPUVM_FIELD(gpuvm_health_check, from), .shape = GPUVM_ENUM, .choices = gpuvm_health_from_names,
     .doc =
         "Who asks. host: the host, at the guest's address where base_url names a loopback one. guest: the guest itself, "
         "for what listens on its loopback alone, or where it has no network; it needs QEMU's guest agent, which must be "
         "allowed guest-exec, and curl, wget or bash."},
    {NULL},
};

const gpuvm_table gpuvm_health_check_table = {
    .name = "health_check",
    .doc = "When the workload counts as healthy.",
    .size = sizeof(gpuvm_health_check),
    .fields = health_check_fields,
    .scalar_key = "endpoint",
};

static const gpuvm_field common_fields[] = {
    {GPUVM_FIELD(gpuvm_body, title), .scalar = &gpuvm_scalar_string, .doc = "A short title, for people."},
    {GPUVM_FIELD(gpuvm_body, description), .scalar = &gpuvm_scalar_text,
     .doc = "What it is for; may have several lines."},
    {GPUVM_FIELD(gpuvm_body, labels), .shape = GPUVM_MAP,
     .doc = "Names and values of your own. They are recorded in the domain's metadata."},
    {GPUVM_FIELD(gpuvm_body, metadata), .shape = GPUVM_ANY,
     .doc = "Whatever other programs want to find here; gpuvm does not look at it."},
    {GPUVM_FIELD(gpuvm_body, resources), .shape = GPUVM_OBJECT, .table = &gpuvm_resources_table,
     .flags = GPUVM_FIELD_PRESENT, .doc = "CPUs and memory."},
    {GPUVM_FIELD(gpuvm_body, disks), .shape = GPUVM_OBJECTS, .table = &gpuvm_disk_table,
     .doc =
         "The VM's disks. It boots from the first that can be booted, in this order, unless kernel is given."},
    {GPUVM_FIELD(gpuvm_body, network), .shape = GPUVM_OBJECT, .table = &gpuvm_network_table,
     .flags = GPUVM_FIELD_PRESENT,
     .doc = "The VM's network interface. When absent, one on libvirt's network 'default'."},
    {GPUVM_FIELD(gpuvm_body, firmware), .shape = GPUVM_ENUM, .choices = firmware_names,
     .doc =
         "efi: UEFI without secure boot. bios: SeaBIOS, without the system management mode, whose code the BIOS of a "
         "passed graphics card would overwrite."},
    {GPUVM_FIELD(gpuvm_body, kernel), .shape = GPUVM_OBJECT, .table = &gpuvm_media_table,
     .doc =
         "A Linux kernel to boot directly. When absent, an initramfs boots with the host's newest kernel, in /boot, where gpuvm "
         "runs on the host itself."},
    {GPUVM_FIELD(gpuvm_body, kernel_cmdline), .scalar = &gpuvm_scalar_string,
     .doc =
         "The command line of kernel. Unless it names a console, console=ttyS0 goes before it, which gpuvm console shows."},
    {GPUVM_FIELD(gpuvm_body, kernel_override), .scalar = &gpuvm_scalar_bool, .fallback = "true",
     .doc = "In a plugin: whether a VM may have a kernel of its own in place of the plugin's."},
    {GPUVM_FIELD(gpuvm_body, initramfs), .shape = GPUVM_OBJECT, .table = &gpuvm_media_table,
     .doc = "The initial RAM file system for kernel."},
    {GPUVM_FIELD(gpuvm_body, rootfs), .shape = GPUVM_OBJECT, .table = &gpuvm_rootfs_table,
     .doc = "The guest's root file system: its first disk."},
    {GPUVM_FIELD(gpuvm_body, image), .scalar = &gpuvm_scalar_string,
     .doc = "The container image that rootfs or initramfs was made from: for the record, it is not fetched."},
    {GPUVM_FIELD(gpuvm_body, image_digest), .scalar = &gpuvm_scalar_checksum,
     .doc = "The digest of image, for the record."},
    {GPUVM_FIELD(gpuvm_body, cloud_init), .shape = GPUVM_OBJECT, .table = &gpuvm_cloud_init_table,
     .doc = "What cloud-init in the guest is told at its first boot."},
    {GPUVM_FIELD(gpuvm_body, workload), .shape = GPUVM_OBJECT, .table = &gpuvm_workload_table,
     .doc = "What runs in the guest."},
    {GPUVM_FIELD(gpuvm_body, health_check), .shape = GPUVM_OBJECT, .table = &gpuvm_health_check_table,
     .doc = "When the workload counts as healthy."},
    {GPUVM_FIELD(gpuvm_body, verify), .scalar = &gpuvm_scalar_bool, .fallback = "false",
     .doc =
         "Whether cloud-init sets up a service of gpuvm's in the guest that tells gpuvm verify what hardware it has, where no guest "
         "agent answers, or one that must not run anything. The guest needs systemd; the service speaks through a virtio port of "
         "its own, org.gpuvm.verify.0, and only while gpuvm verify listens."},
    {GPUVM_FIELD(gpuvm_body, actions), .shape = GPUVM_ANY,
     .doc = "What the workload can be asked to do, by name: for its users, gpuvm does not look at it."},
    {GPUVM_FIELD(gpuvm_body, openapi), .shape = GPUVM_ANY,
     .doc =
         "The OpenAPI description of the workload, or where it is: for its users, gpuvm does not look at it."},
    {GPUVM_FIELD(gpuvm_body, expose), .shape = GPUVM_STRINGS,
     .doc =
         "The ports that the workload serves: for its users, as in a Dockerfile. gpuvm forwards none; the host reaches "
         "them at the guest's address."},
    {.key = "template",
     .offset = offsetof(gpuvm_body, template_path),
     .scalar = &gpuvm_scalar_path,
     .flags = GPUVM_FIELD_HOST_PATH,
     .doc =
         "A file with the libvirt domain XML to start from, in place of the built-in one; a relative "
         "path starts from the directory of the definition. It may have emulated devices and whatever tunes a guest; "
         "what reaches into the host is refused: passed devices, directories, a command line of QEMU's."},
    {GPUVM_FIELD(gpuvm_body, autostart), .scalar = &gpuvm_scalar_bool, .fallback = "false",
     .doc =
         "Whether the VM starts when the host does. When absent, defining the VM again leaves this as it is."},
    {NULL},
};

/* Adds an error at @disk's @key when @value is in @seen already (value → the disk that had it first). */
static void
check_disk_unique(GHashTable *seen, const gpuvm_disk *disk, const char *key, char *value, gpuvm_diags *diags)
{
    const gpuvm_disk *first;
    gpuvm_mark mark, before;

    if (!value)
        return;
    first = g_hash_table_lookup(seen, value);
    if (!first) {
        g_hash_table_insert(seen, value, (gpointer)disk);
        return;
    }
    mark = gpuvm_object_mark(&disk->object, key);
    before = gpuvm_object_mark(&first->object, key);
    gpuvm_diag_hint_first(
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "two disks have the %s %s", key, value), &before,
        NULL);
}

static void
check_common(const void *object, gpuvm_diags *diags)
{
    const gpuvm_body *body = object;
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) targets = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < body->disks->len; i++) {
        const gpuvm_disk *disk = body->disks->pdata[i];

        check_disk_unique(names, disk, "name", disk->name, diags);
        check_disk_unique(targets, disk, "target", disk->target, diags);
    }
}

const gpuvm_table gpuvm_common_table = {
    .name = "common",
    .doc = "What VMs may have in common, whatever their devices.",
    .size = sizeof(gpuvm_body),
    .fields = common_fields,
    .check = check_common,
};

static const gpuvm_field body_fields[] = {
    {GPUVM_FIELD(gpuvm_body, devices), .shape = GPUVM_OBJECT, .table = &gpuvm_devices_table,
     .flags = GPUVM_FIELD_PRESENT, .doc = "The PCI devices that the VM gets."},
    {NULL},
};

const gpuvm_table gpuvm_body_table = {
    .name = "body",
    .doc = "What a VM is made of.",
    .size = sizeof(gpuvm_body),
    .parent = &gpuvm_common_table,
    .fields = body_fields,
};
