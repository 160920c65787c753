/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/tables.h"

const char *const gpuvm_protect_names[] = {"storage", "network", "addresses", "holders", "unseen", NULL};

const char *const gpuvm_enforce_names[] = {"gpuvm", "all", "off", NULL};

static const char *const kind_word[] = {"policy", NULL};

static const gpuvm_field fields[] = {
    GPUVM_FIELD_KIND(gpuvm_policy, kind_word),
    {GPUVM_FIELD(gpuvm_policy, allowlist), .shape = GPUVM_OBJECTS, .table = &gpuvm_rule_table,
     .flags = GPUVM_FIELD_NULLABLE,
     .doc =
         "Devices that may be passed to VMs; when absent, display controllers, accelerators and co-processors "
         "(classes 03, 12 and 0b40); when empty, none. The other functions of an allowed card may be passed with "
         "it."},
    {GPUVM_FIELD(gpuvm_policy, denylist), .shape = GPUVM_OBJECTS, .table = &gpuvm_rule_table,
     .doc = "Devices that may not be passed, whatever the allowlist says."},
    {GPUVM_FIELD(gpuvm_policy, block_devices), .shape = GPUVM_STRINGS, .json_pattern = "^/dev/",
     .flags = GPUVM_FIELD_NULLABLE,
     .doc =
         "Block devices that may be disks of VMs, as patterns of paths: /dev/vg0/* is what is directly in that directory, "
         "/dev/disk/by-id/scsi-* what begins so. A device is allowed when one of its paths in /dev matches: the kernel's own, a "
         "link of udev's, or the one that the definition names; links elsewhere do not count. When absent, any that the host "
         "does not use; when empty, none."},
    {GPUVM_FIELD(gpuvm_policy, allow_host_display), .scalar = &gpuvm_scalar_bool, .fallback = "false",
     .doc = "Whether the display that the host booted with may be passed; its console goes dark then."},
    {GPUVM_FIELD(gpuvm_policy, protect), .shape = GPUVM_STRINGS, .choices = gpuvm_protect_names,
     .flags = GPUVM_FIELD_NULLABLE,
     .doc =
         "What is refused because the host would lose it: storage (a device that carries a mounted file system or swap; a "
         "disk that is such a one, or a part of a volume group or an array), network (the default route), addresses (an "
         "interface with an address), holders (a device that a process has open, or whose interface is up; a disk that one "
         "writes to), unseen (any device of a host whose own use of it cannot be seen). When absent, all of them. The root "
         "file system is protected in any case."},
    {GPUVM_FIELD(gpuvm_policy, reserved_cpus), .scalar = &gpuvm_scalar_cpuset,
     .doc =
         "CPUs of the host that are left to it, such as 0-1,32-33: those of VMs with cpu_pinning do not run on them."},
    {GPUVM_FIELD(gpuvm_policy, reserved_memory_mb), .scalar = &gpuvm_scalar_integer, .fallback = "0",
     .max = 64 * 1024 * 1024, .unit = "MiB",
     .doc =
         "Memory of the host that is left to it: it is not offered to a cluster (gpuvm capacity), and plan --pack places no VM in it "
         "but those of hugepages, which are set apart as it is."},
    {GPUVM_FIELD(gpuvm_policy, require_checksum), .scalar = &gpuvm_scalar_bool, .fallback = "false",
     .doc = "Whether everything that is fetched from a URL must have a checksum."},
    {GPUVM_FIELD(gpuvm_policy, enforce), .shape = GPUVM_ENUM, .choices = gpuvm_enforce_names,
     .doc =
         "Which domains the hook (gpuvm-hook(8)) judges when libvirt starts them, whoever asked for it: gpuvm (those that "
         "gpuvm defined), all (besides, the devices and disks of every other domain with a PCI device of the host), off (none)."},
    {NULL},
};

static void
check_protect(const gpuvm_policy *policy, gpuvm_diags *diags)
{
    const gpuvm_node *list = gpuvm_node_get(policy->object.node, "protect");

    for (guint i = 0; policy->protect && i < policy->protect->len; i++) {
        const char *word = policy->protect->pdata[i];

        if (!g_strv_contains(gpuvm_protect_names, word)) {
            gpuvm_diag *diag = gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &list->values[i]->mark,
                                                 "unknown word in protect: %s", word);
            gpuvm_diag_hint(diag, "the words are storage, network, addresses, holders and unseen");
        }
    }
}

static void
check_block_devices(const gpuvm_policy *policy, gpuvm_diags *diags)
{
    const gpuvm_node *list = gpuvm_node_get(policy->object.node, "block_devices");

    for (guint i = 0; policy->block_devices && i < policy->block_devices->len; i++) {
        const char *pattern = policy->block_devices->pdata[i];

        if (!g_str_has_prefix(pattern, "/dev/"))
            gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &list->values[i]->mark,
                                              "not a pattern of paths in /dev: %s", pattern),
                            "write /dev/vg0/* for what is in that directory");
    }
}

static void
check_policy(const void *object, gpuvm_diags *diags)
{
    const gpuvm_policy *policy = object;

    gpuvm_rules_check(policy->allowlist, diags);
    gpuvm_rules_check(policy->denylist, diags);
    check_protect(policy, diags);
    check_block_devices(policy, diags);
}

const gpuvm_table gpuvm_policy_table = {
    .name = "policy",
    .doc = "Which devices of a host may be passed to VMs; written by its administrator.",
    .size = sizeof(gpuvm_policy),
    .fields = fields,
    .check = check_policy,
};
