/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vm.h: what a definition says of a virtual machine
 *
 * gpuvm_body is what vm, plugin, deployment and, but for devices, defaults share. Every struct is filled by doc/schema.h from the
 * table of the same name; every pointer may be NULL unless its row has a fallback or is required.
 */
#pragma once

#include "doc/schema.h"
#include "model/pci.h"

enum gpuvm_numa { GPUVM_NUMA_AUTO, GPUVM_NUMA_STRICT, GPUVM_NUMA_NONE, GPUVM_NUMA_SPLIT };
enum gpuvm_pinning { GPUVM_PINNING_AUTO, GPUVM_PINNING_NONE, GPUVM_PINNING_SHARED, GPUVM_PINNING_DEDICATED };
enum gpuvm_hugepages { GPUVM_HUGEPAGES_NONE, GPUVM_HUGEPAGES_2M, GPUVM_HUGEPAGES_1G, GPUVM_HUGEPAGES_ANY };
enum gpuvm_functions { GPUVM_FUNCTIONS_ALL, GPUVM_FUNCTIONS_REQUESTED };
enum gpuvm_group_mode { GPUVM_GROUP_REFUSE, GPUVM_GROUP_INCLUDE, GPUVM_GROUP_DETACH };
enum gpuvm_topology { GPUVM_TOPOLOGY_FLAT, GPUVM_TOPOLOGY_MIRROR, GPUVM_TOPOLOGY_NCCL };
enum gpuvm_p2p { GPUVM_P2P_NONE, GPUVM_P2P_AUTO };
enum gpuvm_firmware { GPUVM_FIRMWARE_EFI, GPUVM_FIRMWARE_BIOS };
/* ext4 is of a rootfs: raw, without a boot loader */
enum gpuvm_disk_format { GPUVM_DISK_AUTO, GPUVM_DISK_RAW, GPUVM_DISK_QCOW2, GPUVM_DISK_EXT4 };
enum gpuvm_enforce { GPUVM_ENFORCE_GPUVM, GPUVM_ENFORCE_ALL, GPUVM_ENFORCE_OFF };
enum gpuvm_health_from { GPUVM_HEALTH_FROM_HOST, GPUVM_HEALTH_FROM_GUEST };
enum gpuvm_net_mode { GPUVM_NET_NAT, GPUVM_NET_BRIDGED, GPUVM_NET_DHCP, GPUVM_NET_VSOCK, GPUVM_NET_NONE };

/** The words of the enums above, as a definition writes them. */
extern const char *const gpuvm_functions_names[],
    *const gpuvm_group_mode_names[], *const gpuvm_net_mode_names[], *const gpuvm_enforce_names[],
                                                                        *const gpuvm_health_from_names[];

/** What a guest sees its CPUs as. */
typedef struct gpuvm_cpu_topology {
    gpuvm_object object;
    uint64_t sockets, cores, threads;
} gpuvm_cpu_topology;

typedef struct gpuvm_resources {
    gpuvm_object object;
    uint64_t cpu_cores;
    gpuvm_cpu_topology *cpu_topology; /* NULL: gpuvm decides */
    uint64_t memory_mb;               /* MiB */
    int numa, cpu_pinning, hugepages;
} gpuvm_resources;

/** One item of pci_passthrough. */
typedef struct gpuvm_passthrough {
    gpuvm_object object;
    gpuvm_pci_ref address;
    char *rom_file;
    bool rom_bar; /* whether the guest sees the card's option ROM */
} gpuvm_passthrough;

/** One item of an allowlist or denylist: every part that is given must match. */
typedef struct gpuvm_rule {
    gpuvm_object object;
    gpuvm_pci_pattern *id; /* NULL: any */
    char *device_class; /* lower-case hex digits "03", "0302", "030200": begins the class code; NULL: any */
    gpuvm_pci_ref *address; /* NULL: any */
} gpuvm_rule;

/** One item of gpus: count cards chosen among those that match. */
typedef struct gpuvm_selector {
    gpuvm_object object;
    gpuvm_pci_pattern *id;
    char *device_class;  /* NULL: display and accelerator classes (03, 12, 0b40) */
    uint64_t *numa_node; /* NULL: any */
    uint64_t count;
} gpuvm_selector;

typedef struct gpuvm_devices {
    gpuvm_object object;
    GPtrArray *pci_passthrough; /* gpuvm_passthrough */
    GPtrArray *gpus;            /* gpuvm_selector */
    GPtrArray *per_replica;     /* of GPtrArray of gpuvm_passthrough */
    GPtrArray *allowlist;       /* gpuvm_rule */
    int functions, iommu_group, topology, p2p;
} gpuvm_devices;

/** A file by path, or by URL and checksum. */
typedef struct gpuvm_media {
    gpuvm_object object;
    char *path, *url, *checksum;
    int format;       /* rootfs only, as is the next */
    uint64_t size_gb; /* GiB of the VM's own disk; 0: the image's own size */
} gpuvm_media;

typedef struct gpuvm_disk {
    gpuvm_object object;
    char *name, *checksum, *target;
    char *source;     /* a path or a URL; NULL: the disk is blank */
    uint64_t size_gb; /* GiB of a blank disk; else 0 */
    int format;
    bool readonly;
} gpuvm_disk;

typedef struct gpuvm_content {
    gpuvm_object object;
    bool is_inline;       /* redundant: what manifests say along with content */
    char *content, *path; /* one of them */
} gpuvm_content;

typedef struct gpuvm_cloud_init {
    gpuvm_object object;
    char *datasource, *seed_mode;
    gpuvm_content *user_data, *meta_data, *network_config;
} gpuvm_cloud_init;

typedef struct gpuvm_network {
    gpuvm_object object;
    int mode;
    char *bridge, *network, *mac, *subnet, *gateway;
    bool auto_assign;
} gpuvm_network;

typedef struct gpuvm_workload {
    gpuvm_object object;
    char *type, *base_url, *workdir;
    GPtrArray *entrypoint; /* char * */
    GPtrArray *env;        /* gpuvm_pair */
} gpuvm_workload;

typedef struct gpuvm_health_check {
    gpuvm_object object;
    char *endpoint;
    uint64_t timeout_ms;
    int from; /* who asks */
} gpuvm_health_check;

typedef struct gpuvm_body {
    gpuvm_object object;
    char *title, *description;
    GPtrArray *labels; /* gpuvm_pair */
    const gpuvm_node *metadata;
    gpuvm_resources *resources; /* never NULL */
    gpuvm_devices *devices;     /* never NULL, but of gpuvm_defaults */
    gpuvm_media *kernel, *initramfs, *rootfs;
    char *kernel_cmdline;
    bool kernel_override; /* of a plugin: whether a VM's own kernel may take the place of its kernel */
    char *image, *image_digest;
    GPtrArray *disks; /* gpuvm_disk */
    gpuvm_cloud_init *cloud_init;
    gpuvm_network *network; /* never NULL */
    gpuvm_workload *workload;
    gpuvm_health_check *health_check;
    bool verify; /* a service in the guest tells what it has */
    const gpuvm_node *actions, *openapi;
    GPtrArray *expose; /* char * */
    int firmware;
    char *template_path; /* a domain XML to start from in place of the built-in one */
    bool autostart;
} gpuvm_body;

/* kind has one word in each of the following: their own. */

typedef struct gpuvm_vm {
    gpuvm_body body;
    int kind;
    char *name;
    char *plugin, *runtime;
} gpuvm_vm;

typedef struct gpuvm_plugin {
    gpuvm_body body;
    int kind, schema_version; /* the one version there is */
    char *schema, *name, *version, *runtime;
    bool enabled;
} gpuvm_plugin;

/** The runtime that @plugin provides: by its name, if it has no other. Borrowed. */
const char *gpuvm_plugin_runtime(const gpuvm_plugin *plugin);

typedef struct gpuvm_deployment {
    gpuvm_body body;
    int kind;
    char *name, *plugin, *runtime;
    uint64_t replicas, cards_per_replica;
    gpuvm_body *config;   /* the VM, when it is not inline */
    gpuvm_body *manifest; /* what overrides the plugin's fields */
} gpuvm_deployment;

/** What the replicas of a deployment have in common, as each of them records it. Reference counted (g_rc_box). */
typedef struct gpuvm_deployed {
    char *name;
    uint64_t replicas;
    uint64_t generation; /* counts the changes of what follows and of replicas, from 1 */
    char *digest;        /* of what the replicas have in common, with what their plugin gives */
    char *text;          /* the definition, as YAML, with absolute paths and digests of secrets */
    bool secrets;        /* there were some */
    GPtrArray *surplus;  /* char *: the VMs that there are beyond replicas, when it was planned; owned */
} gpuvm_deployed;

gpuvm_deployed *gpuvm_deployed_new(void);
gpuvm_deployed *gpuvm_deployed_ref(gpuvm_deployed *deployed);

/** NULL is fine. */
void gpuvm_deployed_unref(gpuvm_deployed *deployed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_deployed, gpuvm_deployed_unref)

/** What lies below every VM and plugin of a host. */
typedef struct gpuvm_defaults {
    gpuvm_body body;
    int kind;
    char *pool; /* the storage pool for images; NULL: it does not say */
} gpuvm_defaults;

typedef struct gpuvm_policy {
    gpuvm_object object;
    int kind;
    GPtrArray *allowlist; /* gpuvm_rule; NULL: GPUs are allowed */
    GPtrArray *denylist;  /* gpuvm_rule */
    bool allow_host_display, require_checksum;
    GPtrArray *protect;          /* char *; NULL: everything */
    GPtrArray *block_devices;    /* char *: fnmatch(3) patterns of paths; NULL: any */
    GArray *reserved_cpus;       /* int, ascending: the host's CPUs that no guest's run on; NULL: none */
    uint64_t reserved_memory_mb; /* MiB of the host's that are left to it */
    int enforce;
} gpuvm_policy;

/** What a policy's protect may list: gpuvm_use_names, and "unseen". */
extern const char *const gpuvm_protect_names[];

extern const gpuvm_table gpuvm_resources_table, gpuvm_devices_table, gpuvm_common_table, gpuvm_body_table;
extern const gpuvm_table gpuvm_vm_table, gpuvm_plugin_table, gpuvm_deployment_table, gpuvm_policy_table,
    gpuvm_defaults_table;
extern const gpuvm_table gpuvm_rule_table;
