/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/chain.h"

#include <string.h>

#include "core/imageinfo.h"

#define LEVELS 32 /* more than anybody has; a circle ends, too */

static bool
has_format(const gpuvm_asset *asset, const char *format)
{
    return g_strcmp0(asset->format, format) == 0;
}

static bool
looks_like_qcow2(const gpuvm_asset *asset)
{
    return asset->head &&
           gpuvm_image_is_qcow2(g_bytes_get_data(asset->head, NULL), g_bytes_get_size(asset->head));
}

/* Where it is, as far as that is known. */
static const char *
place_of(const gpuvm_asset *asset)
{
    return asset->path ? asset->path : asset->name;
}

/* As it is named; of a volume, whose name is no path, where it is. */
static const char *
path_of(const gpuvm_asset *asset)
{
    return asset->kind == GPUVM_ASSET_FILE ? asset->name : place_of(asset);
}

/*
 * @name as the image @above has it: QEMU starts relative paths from its directory, and takes what has a colon before any slash
 * for another protocol, which stays as it is.
 */
static char *
resolve(const gpuvm_asset *above, const char *name)
{
    g_autofree char *directory = g_path_get_dirname(path_of(above));

    if (name[strcspn(name, ":/")] == ':' || g_str_equal(name, GPUVM_IMAGE_NAMELESS))
        return g_strdup(name);
    return g_canonicalize_filename(name, directory);
}

static gpuvm_asset *
add_link(gpuvm_guest *guest, const gpuvm_asset *above, const char *sort, const char *name, const char *format)
{
    g_autofree char *path = resolve(above, name);
    gpuvm_asset *link =
        gpuvm_asset_new(GPUVM_ASSET_FILE, g_strdup_printf("%s of %s", sort, above->what), path);

    link->mark = above->mark;
    link->disk = link->readonly = true;
    link->at_define = above->at_define;
    link->format = g_strdup(format);
    link->above = g_strdup(path_of(above));
    link->image = g_strdup(above->identity);
    link->beside = g_path_get_dirname(place_of(above));
    link->level = above->level + 1;
    g_ptr_array_add(guest->assets, link);
    return link;
}

void
gpuvm_chain_follow(gpuvm_guest *guest, guint first)
{
    for (guint i = first, n = guest->assets->len; i < n; i++) {
        const gpuvm_asset *asset = guest->assets->pdata[i];
        g_auto(gpuvm_image_names) names = {0};

        if (!looks_like_qcow2(asset) || has_format(asset, "raw") || asset->level >= LEVELS)
            continue;
        gpuvm_image_read_names(g_bytes_get_data(asset->head, NULL), g_bytes_get_size(asset->head), &names);
        if (names.backing)
            add_link(guest, asset, "the backing file", names.backing, names.format);
        if (names.data)
            add_link(guest, asset, "the data file", names.data, "raw")->readonly = asset->readonly;
    }
}

/* An overlay that define made is on what the definition says; a guest cannot change that. */
static bool
is_own_overlay(const gpuvm_guest_question *question, const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path), *volume = g_path_get_basename(path);

    return question->record && g_strcmp0(question->pool_path, directory) == 0 &&
           g_ptr_array_find_with_equal_func(question->record->volumes, volume, g_str_equal, NULL);
}

static void
check_place(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    g_autofree char *directory = g_path_get_dirname(place_of(asset));

    if (g_str_equal(asset->beside, directory) || is_own_overlay(question, asset->above))
        return;
    gpuvm_diag_hint(
        gpuvm_diags_error(question->diags, GPUVM_EXIT_REFUSED, &asset->mark,
                          "%s is outside the directory of %s: %s", asset->what, asset->above,
                          place_of(asset)),
        "the guest would be shown what that is: put the two into one directory, or make a whole image of them: "
        "qemu-img convert -O qcow2 OLD NEW");
}

/* An image of another sort may name files in ways that nobody here knows. */
static void
check_followed(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    if (asset->format && !has_format(asset, "raw") && !has_format(asset, "qcow2"))
        gpuvm_diag_hint(
            gpuvm_diags_error(question->diags, GPUVM_EXIT_REFUSED, &asset->mark,
                              "%s is of format '%s', which may name files that gpuvm does not know of: %s",
                              asset->what, asset->format, place_of(asset)),
            "make a whole image of them: qemu-img convert -O qcow2 OLD NEW");
}

static void
check_format(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    if (question->occasion == GPUVM_START && asset->kind == GPUVM_ASSET_FILE && !asset->format &&
        !asset->at_define)
        gpuvm_diag_hint(gpuvm_diags_error(question->diags, GPUVM_EXIT_REFUSED, &asset->mark,
                                          "%s has no format, which its guest could choose then: %s",
                                          asset->what, asset->name),
                        "gpuvm define FILE says it, as does <driver name='qemu' type='raw'/>");
    if (asset->guessed && has_format(asset, "raw") && looks_like_qcow2(asset))
        gpuvm_diag_hint(
            gpuvm_diags_warning(question->diags, &asset->mark,
                                "%s begins like a qcow2 image, and the guest sees it as a raw one: %s",
                                asset->what, asset->name),
            "say what it is: `format: qcow2`, if no guest wrote that, or `format: raw`");
}

void
gpuvm_chain_check(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    if (!asset->disk)
        return;
    if (asset->above) {
        check_place(question, asset);
        check_followed(question, asset);
    } else {
        check_format(question, asset);
    }
}
