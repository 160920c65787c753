/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* topology: where the host's devices are, what may be done with them, and where a guest sees its own */
#include <config.h>

#include <stdio.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/device.h"
#include "core/drawing.h"
#include "core/svg.h"
#include "host/png.h"
#include "model/cpuset.h"
#include "ops/inspect.h"

static gboolean all, dark;

static const char *
color_of(JsonObject *row)
{
    static const char *const colors[] = {[GPUVM_BRANCH_PASSABLE] = "\033[32m",
                                         [GPUVM_BRANCH_IN_VM] = "\033[1;34m",
                                         [GPUVM_BRANCH_ON_HOST] = "\033[33m",
                                         [GPUVM_BRANCH_DENIED] = "\033[31m",
                                         [GPUVM_BRANCH_UNSEEN] = "\033[2m"};
    const char *state = json_object_get_string_member_with_default(row, "state", NULL);
    size_t i = G_N_ELEMENTS(colors);

    while (--i > 0 && g_strcmp0(gpuvm_branch_state_names[i], state) != 0)
        ;
    return colors[i];
}

static const gpuvm_column host_columns[] = {
    {.header = "HOST", .key = "label", .color = color_of},
    {.header = "NAME", .key = "name", .cut = 2},
    {.header = "STATE", .key = "state", .color = color_of},
    {.header = "GROUP", .key = "groups", .right = true, .cut = 3},
    {.header = "NOTE", .key = "note", .cut = 1, .whole = true},
    {0},
};

static const gpuvm_column guest_columns[] = {
    {.header = "GUEST", .key = "label"},
    {.header = "NAME", .key = "name", .cut = 1},
    {.header = "HOST", .key = "on_host"},
    {0},
};

/* Blank where there is nothing, which is most of a tree. */
static void
set_cell(JsonObject *row, const char *member, const char *text)
{
    json_object_set_string_member(row, member, text ? text : "");
}

/* What a line for people says of each branch below @parent. */
static JsonArray *
line_rows(const gpuvm_branch *parent)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < parent->children->len; i++) {
        const gpuvm_branch *branch = parent->children->pdata[i];
        g_autofree char *label = gpuvm_branch_label(branch), *note = gpuvm_branch_note(branch),
                        *groups = branch->groups->len > 0 ? gpuvm_cpuset_format(branch->groups) : NULL;
        JsonObject *row = json_object_new();

        json_object_set_string_member(row, "label", label);
        set_cell(row, "name", branch->name);
        set_cell(row, "state", gpuvm_branch_state_names[branch->state]);
        set_cell(row, "groups", groups);
        set_cell(row, "note", note);
        json_object_set_array_member(row, "on_host", gpuvm_json_addresses(branch->on_host));
        json_object_set_array_member(row, "children", line_rows(branch));
        json_array_add_object_element(rows, row);
    }
    return rows;
}

static JsonArray *
claim_rows(const gpuvm_branch *branch)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < branch->claims->len; i++) {
        const gpuvm_claim *claim = branch->claims->pdata[i];

        json_array_add_object_element(rows, gpuvm_device_claim(claim, gpuvm_branch_is_had_by(branch, claim)));
    }
    return rows;
}

/* The same for programs. */
static JsonArray *
make_rows(const gpuvm_branch *parent)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < parent->children->len; i++) {
        const gpuvm_branch *branch = parent->children->pdata[i];
        JsonArray *groups = json_array_new();
        JsonObject *row = json_object_new();

        for (guint g = 0; g < branch->groups->len; g++)
            json_array_add_int_element(groups, g_array_index(branch->groups, int, g));
        json_object_set_string_member(row, "kind", gpuvm_branch_kind_names[branch->kind]);
        gpuvm_json_set_known(row, "cell", branch->number);
        gpuvm_json_set_string(row, "name", branch->name);
        json_object_set_array_member(row, "addresses", gpuvm_json_addresses(branch->addrs));
        json_object_set_array_member(row, "host_addresses", gpuvm_json_addresses(branch->on_host));
        json_object_set_array_member(row, "iommu_groups", groups);
        gpuvm_json_set_string(row, "state", gpuvm_branch_state_names[branch->state]);
        json_object_set_array_member(row, "claimed_by", claim_rows(branch));
        gpuvm_json_set_string(row, "use", branch->use);
        gpuvm_json_set_string(row, "reason", branch->reason);
        json_object_set_array_member(row, "children", make_rows(branch));
        json_array_add_object_element(rows, row);
    }
    return rows;
}

static void
show_lines(const gpuvm_output *output, const gpuvm_branch *host, const gpuvm_branch *guest)
{
    g_autoptr(JsonArray) rows = line_rows(host), guest_rows = guest ? line_rows(guest) : NULL;

    gpuvm_output_print_table(output, rows, host_columns, "children");
    if (guest) {
        gpuvm_output_paragraph(output, "\nin the guest of ", guest->name);
        gpuvm_output_print_table(output, guest_rows, guest_columns, "children");
    }
}

static bool
is_format(const char *format)
{
    return g_strcmp0(gpuvm_global()->output, format) == 0;
}

static void
draw(gpuvm_session *session, const gpuvm_branch *host, const gpuvm_branch *guest)
{
    g_autoptr(gpuvm_box) picture = gpuvm_drawing_make(host, guest);
    g_autoptr(GBytes) png = NULL;
    GError *error = NULL;

    if (is_format("svg")) {
        g_autofree char *svg = gpuvm_svg_print(picture, dark);
        fputs(svg, stdout);
        return;
    }
    png = gpuvm_png_paint(picture, dark, &error);
    if (png)
        fwrite(g_bytes_get_data(png, NULL), 1, g_bytes_get_size(png), stdout);
    else
        gpuvm_session_fail(session, error);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    bool drawn = is_format("svg") || is_format("png");
    g_autoptr(gpuvm_branch) host = NULL, guest = NULL;

    if (dark && !drawn) {
        gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL, "--dark is for -o svg and -o png");
        return;
    }
    if (is_format("png") && isatty(STDOUT_FILENO)) {
        gpuvm_diag_hint(
            gpuvm_diags_error(cli->session->diags, GPUVM_EXIT_USAGE, NULL, "a PNG is not for a terminal"),
            "write it to a file, by >FILE.png at the end of the command");
        return;
    }
    host = gpuvm_inspect_topology(cli->session, argv[0], argc > 0 && gpuvm_argument_is_file(argv[0]), all,
                                  &guest);
    if (!host)
        return;
    if (drawn) {
        draw(cli->session, host, guest);
        return;
    }
    show_lines(cli->output, host, guest);
    gpuvm_output_rows(cli->output, "host", make_rows(host));
    if (guest)
        gpuvm_output_rows(cli->output, "guest", make_rows(guest));
}

static const GOptionEntry options[] = {
    {"all", 'a', 0, G_OPTION_ARG_NONE, &all,
     "each function of cards of every kind, not only cards that are GPUs, NICs, disks or NVSwitches", NULL},
    {"dark", 0, 0, G_OPTION_ARG_NONE, &dark,
     "draw on a dark ground; an SVG otherwise does as its reader prefers", NULL},
    G_OPTION_ENTRY_NULL,
};

const gpuvm_command gpuvm_cmd_topology = {
    .name = "topology",
    .arguments = "[NAME|FILE|-]",
    .summary = "Show where the host's devices are, and a guest's",
    .description =
        "Shows the host as a tree: NUMA cells, root ports, switches, and the cards, NICs and disks below them, with\n"
        "their IOMMU groups, who has them, and why one cannot be passed. Of a domain, or of the VM that a\n"
        "definition would be, also what its guest sees: its cells, buses and ports, and where on them its cards are.\n"
        "\n"
        "-o svg and -o png print a picture of it instead, to be redirected to a file: -o text is the tree.",
    .options = options,
    .max_arguments = 1,
    .argument = GPUVM_ARGUMENT_DEFINED,
    .formats = "text svg png",
    .run = run,
};
