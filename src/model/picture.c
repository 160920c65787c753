/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/picture.h"

#include "base/text.h"

/* clang-format off */
const gpuvm_style_look gpuvm_styles[GPUVM_STYLES] = {
    /*                          fill                  stroke                text */
    [GPUVM_STYLE_PAGE] =     {"page",     {0xffffff, 0x0d1117}, {0xffffff, 0x0d1117}, {0x24292f, 0xe6edf3}},
    [GPUVM_STYLE_MACHINE] =  {"machine",  {0xf6f8fa, 0x161b22}, {0x8c959f, 0x6e7681}, {0x24292f, 0xe6edf3}},
    [GPUVM_STYLE_CELL] =     {"cell",     {0xffffff, 0x0d1117}, {0xafb8c1, 0x484f58}, {0x24292f, 0xe6edf3}},
    [GPUVM_STYLE_PORT] =     {"port",     {0xf6f8fa, 0x161b22}, {0xd0d7de, 0x30363d}, {0x57606a, 0x9198a1}},
    [GPUVM_STYLE_SWITCH] =   {"switch",   {0xeaeef2, 0x21262d}, {0xafb8c1, 0x484f58}, {0x57606a, 0x9198a1}},
    [GPUVM_STYLE_PASSABLE] = {"passable", {0xdafbe1, 0x12361f}, {0x1a7f37, 0x3fb950}, {0x0b3d1a, 0xd2f5dc}},
    [GPUVM_STYLE_VM] =       {"vm",       {0xddf4ff, 0x0c2d5e}, {0x0969da, 0x58a6ff}, {0x0a3069, 0xd6ebff}},
    [GPUVM_STYLE_HOST] =     {"host",     {0xfff1d6, 0x3d2b05}, {0xbf8700, 0xd29922}, {0x4d2d00, 0xffe2a8}},
    [GPUVM_STYLE_DENIED] =   {"denied",   {0xffebe9, 0x401416}, {0xcf222e, 0xf85149}, {0x660018, 0xffdcd7}},
    [GPUVM_STYLE_UNKNOWN] =  {"unknown",  {0xeeeeee, 0x2a2d33}, {0x6e7781, 0x8b949e}, {0x24292f, 0xd0d7de}},
};
/* clang-format on */

static void
free_label(gpointer data)
{
    gpuvm_label *label = data;

    g_free(label->text);
    g_free(label);
}

gpuvm_box *
gpuvm_box_new(gpuvm_style style)
{
    gpuvm_box *box = g_new0(gpuvm_box, 1);

    box->style = style;
    box->labels = g_ptr_array_new_with_free_func(free_label);
    box->boxes = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_box_free);
    return box;
}

void
gpuvm_box_free(gpuvm_box *box)
{
    if (!box)
        return;
    g_free(box->id);
    g_free(box->title);
    g_ptr_array_unref(box->labels);
    g_ptr_array_unref(box->boxes);
    g_free(box);
}

void
gpuvm_box_write(gpuvm_box *box, int x, int y, int size, bool bold, char *text)
{
    gpuvm_label *label = g_new0(gpuvm_label, 1);

    *label = (gpuvm_label){x, y, size, bold, gpuvm_text_printable(text)};
    g_free(text);
    g_ptr_array_add(box->labels, label);
}
