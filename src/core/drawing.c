/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/drawing.h"

#include <string.h>

#include "base/text.h"
#include "model/cpuset.h"

#define GAP 10
#define PAD 10
#define NAME 12 /* the sizes of texts */
#define SMALL 11
#define TITLE 14
#define LINE 16
#define LEAF 212 /* the width of a device */
#define MOST_COLUMNS 10
#define ASPECT 1.5 /* of width to height, that is aimed at */

/* Characters of @size that fit into @width. */
static size_t
room(int width, int size)
{
    return (size_t)(width / (size * GPUVM_PICTURE_CHARACTER));
}

/* Writes as much of @text, which is taken, into the @line-th line of @box as its width takes. */
static void
write_line(gpuvm_box *box, int line, int size, bool bold, char *text)
{
    g_autofree char *whole = text, *safe = gpuvm_text_printable(text);

    gpuvm_box_write(box, PAD, PAD + line * LINE + SMALL, size, bold,
                    gpuvm_text_shorten(safe, room(box->width - 2 * PAD, size)));
}

static void
move(gpuvm_box *box, int dx, int dy)
{
    box->x += dx;
    box->y += dy;
    for (guint i = 0; i < box->labels->len; i++) {
        gpuvm_label *label = box->labels->pdata[i];

        label->x += dx;
        label->y += dy;
    }
    for (guint i = 0; i < box->boxes->len; i++)
        move(box->boxes->pdata[i], dx, dy);
}

/* Puts the boxes in @box below @top in rows of at most @width; a row's that have some in them are of one height. Makes @box as large as they need. */
static void
flow(gpuvm_box *box, int top, int width)
{
    int x = PAD, y = top, height = 0;
    guint first = 0; /* of the row */

    for (guint i = 0; i <= box->boxes->len; i++) {
        gpuvm_box *inner = i < box->boxes->len ? box->boxes->pdata[i] : NULL;

        if (!inner || (i > first && x + inner->width + PAD > width)) {
            for (guint k = first; k < i; k++) {
                gpuvm_box *other = box->boxes->pdata[k];

                if (other->boxes->len > 0)
                    other->height = height;
            }
            y += i > first ? height + GAP : 0;
            x = PAD;
            height = 0;
            first = i;
        }
        if (!inner)
            break;
        move(inner, x - inner->x, y - inner->y);
        x += inner->width + GAP;
        height = MAX(height, inner->height);
        box->width = MAX(box->width, x - GAP + PAD);
    }
    box->height = (box->boxes->len > 0 ? y - GAP : top) + PAD;
}

static gpuvm_style
style_of(const gpuvm_branch *branch)
{
    if (branch->state != GPUVM_BRANCH_NO_STATE)
        return GPUVM_STYLE_PASSABLE + branch->state - GPUVM_BRANCH_PASSABLE;
    return branch->kind == GPUVM_BRANCH_CELL     ? GPUVM_STYLE_CELL
           : branch->kind == GPUVM_BRANCH_SWITCH ? GPUVM_STYLE_SWITCH
                                                 : GPUVM_STYLE_PORT;
}

/* "vm llm", "passable for llm", "denied", "on the host 0000:01:00.0" of a guest's device. */
static char *
describe_state(const gpuvm_branch *branch)
{
    g_autofree char *note = gpuvm_branch_note(branch);
    bool named = note && (branch->state == GPUVM_BRANCH_IN_VM || branch->state == GPUVM_BRANCH_PASSABLE);
    g_autoptr(GString) text = g_string_new(gpuvm_branch_state_names[branch->state]);

    if (branch->on_host->len > 0)
        return g_strdup_printf("on the host %s",
                               GPUVM_PCI(&g_array_index(branch->on_host, gpuvm_pci_addr, 0)));
    if (named)
        g_string_append_printf(text, " %s", note);
    if (branch->state == GPUVM_BRANCH_IN_VM)
        g_string_replace(text, " (running)", "", 1); /* as the colour says */
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
write_device(gpuvm_box *box, const gpuvm_branch *branch)
{
    g_autofree char *groups = branch->groups->len > 0 ? gpuvm_cpuset_format(branch->groups) : NULL;
    g_autofree char *label = gpuvm_branch_label(branch), *state = describe_state(branch);

    box->emphasized = branch->own;
    write_line(box, 0, NAME, true, g_strdup(branch->name));
    write_line(box, 1, SMALL, false, g_steal_pointer(&label));
    write_line(box, 2, SMALL, false,
               groups ? g_strdup_printf("group %s  %s", groups, state) : g_steal_pointer(&state));
}

/* All of what a box says in short. */
static char *
make_title(const gpuvm_branch *branch)
{
    g_autofree char *label = gpuvm_branch_label(branch);
    g_autofree char *text =
        g_strdup_printf("%s%s%s%s%s", label, branch->name ? ": " : "", branch->name ? branch->name : "",
                        branch->reason ? ", " : "", branch->reason ? branch->reason : "");

    return gpuvm_text_printable(text);
}

/* @prefix: of the ids. @width: of a cell. */
static gpuvm_box *
draw(const gpuvm_branch *branch, const char *prefix, int width)
{
    gpuvm_box *box = gpuvm_box_new(style_of(branch));
    bool device = branch->kind >= GPUVM_BRANCH_GPU, cell = branch->kind == GPUVM_BRANCH_CELL;
    int lines = device ? 3 : cell && branch->name ? 2 : 1;
    g_autofree char *label = gpuvm_branch_label(branch);
    const GArray *addrs = branch->addrs->len > 0 ? branch->addrs : branch->on_host;
    g_autofree char *nodedev =
        addrs->len > 0 ? gpuvm_pci_addr_nodedev(&g_array_index(addrs, gpuvm_pci_addr, 0)) : NULL;

    box->id = cell ? g_strdup_printf("%scell_%d", prefix, branch->number)
                   : g_strdup_printf("%s%s_%s", prefix, gpuvm_branch_kind_names[branch->kind], nodedev);
    box->title = make_title(branch);
    box->width = device || branch->children->len == 0 ? LEAF : 0;
    for (guint i = 0; i < branch->children->len; i++)
        g_ptr_array_add(box->boxes, draw(branch->children->pdata[i], prefix, width - 2 * PAD));
    flow(box, PAD + lines * LINE + (branch->children->len > 0 ? 4 : -5), width);
    if (device) {
        write_device(box, branch);
        return box;
    }
    write_line(box, 0, cell ? NAME : SMALL, cell, g_steal_pointer(&label));
    if (cell && branch->name)
        write_line(box, 1, SMALL, false, g_strdup(branch->name));
    return box;
}

/* A machine whose cells have @columns devices beside each other, @in_row of them in a row. */
static gpuvm_box *
draw_machine(const gpuvm_branch *machine, const char *prefix, int columns, int in_row)
{
    gpuvm_box *box = gpuvm_box_new(GPUVM_STYLE_MACHINE);
    int width = columns * (LEAF + 4 * PAD + GAP);
    g_autofree char *title = machine->name ? g_strdup_printf("guest %s", machine->name) : g_strdup("host");

    for (guint i = 0; i < machine->children->len; i++)
        g_ptr_array_add(box->boxes, draw(machine->children->pdata[i], prefix, width));
    box->id = g_strdup_printf("%smachine", prefix);
    box->title = gpuvm_text_printable(title);
    box->width = LEAF + 2 * PAD;
    flow(box, PAD + LINE + GAP, in_row * (width + GAP) + 2 * PAD);
    for (guint i = 0; in_row == 1 && i < box->boxes->len; i++)
        ((gpuvm_box *)box->boxes->pdata[i])->width = box->width - 2 * PAD;
    write_line(box, 0, TITLE, true, g_steal_pointer(&title));
    return box;
}

/* The one of all ways that is best by its proportions and by how little room it takes; that of a guest is no higher than @height, if that can be; 0: any. */
static gpuvm_box *
draw_best(const gpuvm_branch *machine, const char *prefix, int height)
{
    gpuvm_box *best = NULL;
    double least = 0;

    for (int columns = 1; columns <= MOST_COLUMNS; columns++) {
        for (int in_row = 1; in_row <= (int)CLAMP(machine->children->len, 1, 4); in_row++) {
            gpuvm_box *box = draw_machine(machine, prefix, columns, in_row);
            double ratio = (double)box->width / box->height / (height > 0 ? ASPECT / 2 : ASPECT);
            double off = MAX(ratio, 1 / ratio) * box->width * box->height;

            if (height > 0 && box->height > height)
                off *= 1000;
            if (best && off >= least) {
                gpuvm_box_free(box);
                continue;
            }
            gpuvm_box_free(best);
            best = box;
            least = off;
        }
    }
    return best;
}

/* A reason, and the devices that it is of. */
typedef struct reason {
    char *note;
    GString *devices;
} reason;

static void
free_reason(gpointer data)
{
    reason *why = data;

    g_free(why->note);
    g_string_free(why->devices, TRUE);
    g_free(why);
}

/* Takes @note. */
static reason *
reason_of(GPtrArray *reasons, char *note)
{
    reason *why;

    for (guint i = 0; i < reasons->len; i++) {
        why = reasons->pdata[i];
        if (g_str_equal(why->note, note)) {
            g_free(note);
            return why;
        }
    }
    why = g_new(reason, 1);
    *why = (reason){note, g_string_new(NULL)};
    g_ptr_array_add(reasons, why);
    return why;
}

/* The reasons of what is below @parent, and which states there are. */
static void
collect(const gpuvm_branch *parent, GPtrArray *reasons, bool *states)
{
    for (guint i = 0; i < parent->children->len; i++) {
        const gpuvm_branch *branch = parent->children->pdata[i];

        states[branch->state] = true;
        if (branch->state >= GPUVM_BRANCH_ON_HOST) {
            GString *devices = reason_of(reasons, gpuvm_branch_note(branch))->devices;
            g_autofree char *label = gpuvm_branch_label(branch);

            g_string_append_printf(devices, "%s%s", devices->len > 0 ? ", " : "", strchr(label, ' ') + 1);
        }
        collect(branch, reasons, states);
    }
}

/* Below what is on @page at @y: what the colours mean that are there. */
static int
add_legend(gpuvm_box *page, int y, const bool *states)
{
    static const char *const meanings[] = {[GPUVM_BRANCH_PASSABLE] = "can be passed",
                                           [GPUVM_BRANCH_IN_VM] = "in a VM that runs",
                                           [GPUVM_BRANCH_ON_HOST] = "used by the host",
                                           [GPUVM_BRANCH_DENIED] = "cannot be passed",
                                           [GPUVM_BRANCH_UNSEEN] = "use by the host unknown"};
    int x = PAD, width = 0;

    for (size_t i = GPUVM_BRANCH_PASSABLE; i < G_N_ELEMENTS(meanings); i++) {
        gpuvm_box *box;

        if (!states[i])
            continue;
        box = gpuvm_box_new(GPUVM_STYLE_PASSABLE + (int)i - GPUVM_BRANCH_PASSABLE);
        width = (int)((double)strlen(meanings[i]) * SMALL * GPUVM_PICTURE_CHARACTER) + 1 + 2 * PAD;
        if (x > PAD && x + width + PAD > page->width) {
            x = PAD;
            y += 2 * LINE;
        }
        *box = (gpuvm_box){x, y, width, LINE + 8, box->style, .labels = box->labels, .boxes = box->boxes};
        gpuvm_box_write(box, x + PAD, y + LINE, SMALL, false, g_strdup(meanings[i]));
        g_ptr_array_add(page->boxes, box);
        x += width + GAP;
    }
    return width > 0 ? y + LINE + 8 + GAP : y;
}

static int
add_reasons(gpuvm_box *page, int y, const GPtrArray *reasons)
{
    for (guint i = 0; i < reasons->len; i++) {
        const reason *why = reasons->pdata[i];
        g_autofree char *text = g_strdup_printf("%s: %s", why->note, why->devices->str);
        g_autofree char *safe = gpuvm_text_printable(text);
        g_autofree char *filled = gpuvm_text_fill(safe, 0, room(page->width - 2 * PAD, SMALL));
        g_auto(GStrv) lines = g_strsplit(filled, "\n", -1);

        for (char **line = lines; *line; line++, y += LINE)
            gpuvm_box_write(page, PAD, y + SMALL, SMALL, false,
                            gpuvm_text_shorten(*line, room(page->width - 2 * PAD, SMALL)));
    }
    return y;
}

gpuvm_box *
gpuvm_drawing_make(const gpuvm_branch *host, const gpuvm_branch *guest)
{
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(free_reason);
    bool states[GPUVM_BRANCH_UNSEEN + 1] = {false};
    gpuvm_box *page = gpuvm_box_new(GPUVM_STYLE_PAGE);
    gpuvm_box *machine = draw_best(host, "", 0);
    int height = machine->height;

    g_ptr_array_add(page->boxes, machine);
    if (guest)
        g_ptr_array_add(page->boxes, draw_best(guest, "guest_", height));
    flow(page, PAD, G_MAXINT);
    collect(host, reasons, states);
    if (guest)
        collect(guest, reasons, states);
    page->height = add_reasons(page, add_legend(page, page->height, states), reasons) + PAD;
    return page;
}
