/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* create: a VM from a plugin and flags, defined and started in one */
#include <config.h>

#include "cli/domains.h"
#include "doc/emit.h"
#include "ops/create.h"

static struct {
    char *config;
    gboolean no_start, print_yaml;
    gpuvm_start_settings how;
    GPtrArray *values; /* gpuvm_flag_value, in the order given; NULL: none */
} given;

static const gpuvm_flag flags[] = {
    {.name = "--plugin", .path = "plugin"},
    {.name = "--cpu", .path = "resources.cpu_cores"},
    {.name = "--memory", .path = "resources.memory_mb"},
    {.name = "--device", .path = "devices.pci_passthrough", .list = true},
    {.name = "--device-allowlist", .path = "devices.allowlist", .list = true},
    {.name = "--gpus", .path = "devices.gpus", .list = true, .item = "count", .of = "id"},
    {.name = "--rootfs", .path = "rootfs", .media = true},
    {.name = "--rootfs-checksum", .path = "rootfs.checksum"},
    {.name = "--size", .path = "rootfs.size_gb"},
    {.name = "--disk", .path = "disks", .list = true, .item = "source", .size = "size_gb", .media = true},
    {.name = "--network", .path = "network.mode"},
    {.name = "--bridge", .path = "network.bridge"},
    {.name = "--kernel", .path = "kernel", .media = true},
    {.name = "--kernel-cmdline", .path = "kernel_cmdline"},
    {.name = "--initramfs", .path = "initramfs", .media = true},
    {.name = "--initramfs-checksum", .path = "initramfs.checksum"},
};

static gboolean
take_flag(const char *name, const char *text, gpointer data, GError **error)
{
    (void)data, (void)error;
    if (!given.values)
        given.values = g_ptr_array_new();
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (g_str_equal(flags[i].name, name)) {
            gpuvm_flag_value *value = g_new(gpuvm_flag_value, 1);

            *value = (gpuvm_flag_value){&flags[i], g_strdup(text)};
            g_ptr_array_add(given.values, value);
        }
    }
    return TRUE;
}

static void
create(gpuvm_cli *cli, gpuvm_definition *definition, JsonArray *rows, JsonObject *row)
{
    g_autoptr(GPtrArray) definitions = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_definition_free);
    const gpuvm_define_options how = {.create = true, .check = !given.no_start};

    g_ptr_array_add(definitions, definition);
    if (!gpuvm_session_connect(cli->session))
        return;
    gpuvm_define_and_say(cli, definitions, how, given.no_start ? NULL : &given.how, rows);
    if (!json_object_get_boolean_member_with_default(row, "running", TRUE))
        gpuvm_diags_note(cli->session->diags, NULL, "VM '%s' is defined, and can be started later",
                         json_object_get_string_member(row, "name"));
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    g_autoptr(gpuvm_definition) definition = NULL;
    JsonArray *rows = json_array_new();
    JsonObject *row = json_object_new();

    (void)argc;
    json_object_set_string_member(row, "name", argv[0]);
    json_array_add_object_element(rows, row);
    gpuvm_output_rows(cli->output, "vms", rows);
    if (given.no_start && given.how.wait) {
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL,
                          "--no-start and --wait exclude each other");
        return;
    }
    definition = gpuvm_create_definition(cli->session, GPUVM_KIND_VM, argv[0], given.config, given.values);
    if (definition && given.print_yaml) {
        gpuvm_node *root = definition->spec->doc->root;

        gpuvm_schema_arrange(gpuvm_kind_table(GPUVM_KIND_VM), root);
        g_autofree char *yaml = gpuvm_emit_yaml(root);
        gpuvm_output_text(cli->output, "yaml", yaml);
    } else if (definition) {
        create(cli, g_steal_pointer(&definition), rows, row);
    }
}

#define FLAG(name, text, value)                                                                              \
    {                                                                                                        \
        name, 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)take_flag, text, value                                  \
    }

static const GOptionEntry options[] = {
    FLAG("plugin", "the plugin that the VM is made from", "NAME"),
    FLAG("cpu", "how many CPUs the guest has", "N"),
    FLAG("memory", "the guest's memory", "MIB"),
    FLAG("device", "a PCI device that the VM gets; may be given again", "ADDRESS"),
    FLAG("device-allowlist", "devices that it may have, such as 10de:*; may be given again", "PATTERN"),
    FLAG("gpus", "so many GPUs, of a kind such as 10de:2204 if need be; may be given again", "[ID=]N"),
    FLAG("rootfs", "the image of its root disk", "FILE|URL"),
    FLAG("rootfs-checksum", "the checksum that this must have", "sha256:HEX"),
    FLAG("size", "how large the root disk is", "GIB"),
    FLAG("disk", "one more disk: an image, a block device, or a blank one; may be given again",
         "FILE|URL|GIB"),
    FLAG("network", "nat, bridged, dhcp, vsock or none", "MODE"),
    FLAG("bridge", "the host's bridge, for modes bridged and dhcp", "NAME"),
    FLAG("kernel", "a Linux kernel to boot directly", "FILE|URL"),
    FLAG("kernel-cmdline", "its command line", "TEXT"),
    FLAG("initramfs", "the initial RAM file system for it", "FILE|URL"),
    FLAG("initramfs-checksum", "the checksum that this must have", "sha256:HEX"),
    {"config", 0, 0, G_OPTION_ARG_FILENAME, &given.config, "a definition to begin with; flags go over it",
     "FILE"},
    GPUVM_WAIT_OPTION(given.how),
    {"no-start", 0, 0, G_OPTION_ARG_NONE, &given.no_start, "define it only", NULL},
    {"print-yaml", 0, 0, G_OPTION_ARG_NONE, &given.print_yaml, "print the definition instead, for git", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_create = {
    .name = "create",
    .arguments = "NAME",
    .summary = "Define and start a VM, from a plugin and flags",
    .description =
        "Does what define and start do with the definition that the flags make: each has the meaning of its field.\n"
        "One that may not start is not made.\n"
        "With --print-yaml it prints that definition and changes nothing.",
    .options = options,
    .min_arguments = 1,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_NONE,
    .run = run,
};
