/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/png.h"

#include <cairo.h>

#include "base/error.h"
#include "host/library.h"

#define SCALE 2

/* keep sorted */
#define FUNCTIONS(X)                                                                                         \
    X(create)                                                                                                \
    X(destroy)                                                                                               \
    X(fill_preserve)                                                                                         \
    X(image_surface_create)                                                                                  \
    X(move_to)                                                                                               \
    X(rectangle)                                                                                             \
    X(scale)                                                                                                 \
    X(select_font_face)                                                                                      \
    X(set_font_size)                                                                                         \
    X(set_line_width)                                                                                        \
    X(set_source_rgb)                                                                                        \
    X(show_text)                                                                                             \
    X(status)                                                                                                \
    X(status_to_string)                                                                                      \
    X(stroke)                                                                                                \
    X(surface_destroy)                                                                                       \
    X(surface_write_to_png_stream)

#define MEMBER(name) __typeof__(&cairo_##name) name;
static struct {
    FUNCTIONS(MEMBER)
} cairo;

static const gpuvm_library library = {.soname = GPUVM_CAIRO_SONAME,
                                      .title = "cairo",
                                      .package = GPUVM_CAIRO_PACKAGE,
                                      .version = "1.16",
                                      .prefix = "cairo_",
                                      .names = (const char *const[]){FUNCTIONS(GPUVM_LIBRARY_NAME) NULL},
                                      .functions = &cairo};

static void
set_color(cairo_t *context, uint32_t color)
{
    cairo.set_source_rgb(context, (color >> 16) / 255.0, (color >> 8 & 0xff) / 255.0, (color & 0xff) / 255.0);
}

static void
paint(cairo_t *context, const gpuvm_box *box, bool dark)
{
    const gpuvm_style_look *look = &gpuvm_styles[box->style];

    cairo.rectangle(context, box->x, box->y, box->width, box->height);
    set_color(context, look->fill[dark]);
    cairo.fill_preserve(context);
    cairo.set_line_width(context, box->emphasized ? 3 : 1);
    set_color(context, look->stroke[dark]);
    cairo.stroke(context);
    set_color(context, look->text[dark]);
    for (guint i = 0; i < box->labels->len; i++) {
        const gpuvm_label *label = box->labels->pdata[i];

        cairo.select_font_face(context, "monospace", CAIRO_FONT_SLANT_NORMAL,
                               label->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
        cairo.set_font_size(context, label->size);
        cairo.move_to(context, label->x, label->y);
        cairo.show_text(context, label->text);
    }
    for (guint i = 0; i < box->boxes->len; i++)
        paint(context, box->boxes->pdata[i], dark);
}

static cairo_status_t
append(void *bytes, const unsigned char *data, unsigned length)
{
    g_byte_array_append(bytes, data, length);
    return CAIRO_STATUS_SUCCESS;
}

GBytes *
gpuvm_png_paint(const gpuvm_box *picture, bool dark, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    cairo_surface_t *surface;
    cairo_status_t status;
    cairo_t *context;

    if (!gpuvm_library_load(&library, error))
        return NULL;
    surface = cairo.image_surface_create(CAIRO_FORMAT_RGB24, picture->width * SCALE, picture->height * SCALE);
    context = cairo.create(surface);
    cairo.scale(context, SCALE, SCALE);
    paint(context, picture, dark);
    status = cairo.status(context);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo.surface_write_to_png_stream(surface, append, bytes);
    cairo.destroy(context);
    cairo.surface_destroy(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                "cannot paint a picture of %d x %d pixels: %s\nan SVG has no such limit: -o svg",
                picture->width * SCALE, picture->height * SCALE, cairo.status_to_string(status));
    return NULL;
}
