/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture.h: a picture of boxes in boxes with lines of text in them, as values
 *
 * Lengths are pixels from the picture's upper left corner; a text's place is its left end on the base line.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

/** Of a box; those from GPUVM_STYLE_PASSABLE on are the states of a device, in the order of gpuvm_branch_state. */
typedef enum gpuvm_style {
    GPUVM_STYLE_PAGE,
    GPUVM_STYLE_MACHINE,
    GPUVM_STYLE_CELL,
    GPUVM_STYLE_PORT,
    GPUVM_STYLE_SWITCH,
    GPUVM_STYLE_PASSABLE,
    GPUVM_STYLE_VM,
    GPUVM_STYLE_HOST,
    GPUVM_STYLE_DENIED,
    GPUVM_STYLE_UNKNOWN,
    GPUVM_STYLES,
} gpuvm_style;

/** Its name, and its colours as 0xRRGGBB on light and on dark ground. */
typedef struct gpuvm_style_look {
    const char *name;
    uint32_t fill[2], stroke[2], text[2];
} gpuvm_style_look;

extern const gpuvm_style_look gpuvm_styles[GPUVM_STYLES];

/** Characters of every text are so wide, as parts of its size: those of the monospaced fonts that there are, and a little more. */
#define GPUVM_PICTURE_CHARACTER 0.61

typedef struct gpuvm_label {
    int x, y, size;
    bool bold;
    char *text; /* printable (base/text.h) */
} gpuvm_label;

typedef struct gpuvm_box {
    int x, y, width, height;
    gpuvm_style style;
    bool emphasized;
    char *id;          /* unique in the picture; NULL */
    char *title;       /* what is said of it where there is room; printable; NULL */
    GPtrArray *labels; /* gpuvm_label, owned */
    GPtrArray *boxes;  /* gpuvm_box, owned: in it, none over another */
} gpuvm_box;

gpuvm_box *gpuvm_box_new(gpuvm_style style);
void gpuvm_box_free(gpuvm_box *box);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_box, gpuvm_box_free)

/** Takes @text, which is made printable. */
void gpuvm_box_write(gpuvm_box *box, int x, int y, int size, bool bold, char *text);
