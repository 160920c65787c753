/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/guestcheck.h"

#include <string.h>

#include "core/image.h"

/* Where the plan says that @image is. */
static const char *
path_of(const gpuvm_plan *plan, const gpuvm_plan_image *image)
{
    if (image->disk)
        return image->disk->source;
    return g_str_equal(image->what, "kernel") ? plan->kernel : plan->initrd;
}

static bool
is_volume(const gpuvm_plan *plan, const char *volume, const char *path)
{
    g_autofree char *at = volume ? g_build_filename(plan->pool_path, volume, NULL) : NULL;

    return g_strcmp0(at, path) == 0;
}

static bool
is_made_by_define(const gpuvm_plan *plan, const char *path)
{
    for (guint i = 0; i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];

        if ((image->url || image->overlay) && g_str_equal(path_of(plan, image), path))
            return true;
    }
    return (plan->seed && is_volume(plan, plan->seed->volume, path)) ||
           is_volume(plan, plan->manifest_volume, path);
}

/* Where the definition asks for the file @path; the definition itself when that is not found. */
static gpuvm_mark
mark_of_file(const gpuvm_plan *plan, const char *path)
{
    const gpuvm_body *body = &plan->vm->body;

    if (g_strcmp0(plan->kernel, path) == 0)
        return gpuvm_object_mark(&body->kernel->object, "path");
    if (g_strcmp0(plan->initrd, path) == 0)
        return gpuvm_object_mark(&body->initramfs->object, "path");
    for (guint i = 0; i < plan->disks->len; i++) {
        const gpuvm_plan_disk *disk = plan->disks->pdata[i];

        if (g_str_equal(disk->source, path))
            return disk->mark;
    }
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];
        g_autofree char *rom =
            function->rom_file ? g_canonicalize_filename(function->rom_file, plan->directory) : NULL;

        if (g_strcmp0(rom, path) == 0)
            return function->mark;
    }
    return gpuvm_object_mark(&body->object, "template");
}

static gpuvm_mark
mark_of(const gpuvm_plan *plan, const gpuvm_asset *asset)
{
    const gpuvm_network *network = plan->vm->body.network;
    const char *key = asset->kind == GPUVM_ASSET_INTERFACE ? "bridge" : "network";

    if (asset->kind == GPUVM_ASSET_FILE)
        return mark_of_file(plan, asset->name);
    return asset->kind != GPUVM_ASSET_VOLUME && network->object.node
               ? gpuvm_object_mark(&network->object, key)
               : gpuvm_object_mark(&plan->vm->body.object, "template");
}

gpuvm_guest *
gpuvm_guest_of_plan(const gpuvm_plan *plan, const char *xml, GError **error)
{
    gpuvm_guest *guest = gpuvm_guest_parse(xml, error);

    for (guint i = guest ? guest->assets->len : 0; i-- > 0;) {
        gpuvm_asset *asset = guest->assets->pdata[i];

        asset->mark = mark_of(plan, asset);
        if (asset->kind == GPUVM_ASSET_FILE && is_made_by_define(plan, asset->name))
            g_ptr_array_remove_index(guest->assets, i);
    }
    for (guint i = 0; guest && i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];
        gpuvm_asset *below;

        if (!image->path || !image->overlay)
            continue;
        below = gpuvm_asset_new(GPUVM_ASSET_FILE, gpuvm_image_title(image), image->path);
        below->mark = image->mark;
        below->at_define = true;
        g_ptr_array_add(guest->assets, below);
    }
    return guest;
}

/* What stands in the way of a start; before, it may change. */
static gpuvm_diag *
    G_GNUC_PRINTF(5, 6) report(gpuvm_diags *diags, gpuvm_occasion occasion, enum gpuvm_exit exit,
                               const gpuvm_mark *mark, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    return occasion == GPUVM_START ? gpuvm_diags_error(diags, exit, mark, "%s", message)
                                   : gpuvm_diags_warning(diags, mark, "%s", message);
}

static void
check_present(const gpuvm_asset *asset, gpuvm_occasion occasion, gpuvm_diags *diags)
{
    static const char *const hints[] = {
        [GPUVM_ASSET_FILE] =
            "it must be there when the VM starts; what gpuvm made, `gpuvm define FILE` makes again",
        [GPUVM_ASSET_INTERFACE] = "`ip link` names the interfaces there are",
        [GPUVM_ASSET_NETWORK] = "`virsh net-list --all` names the networks there are",
        [GPUVM_ASSET_VOLUME] =
            "`virsh pool-list --all` names the pools there are, `virsh vol-list POOL` their volumes",
    };
    gpuvm_diag *diag;

    if (asset->exists == 0 && !asset->optional) {
        diag = report(diags, asset->at_define ? GPUVM_START : occasion, GPUVM_EXIT_HOST, &asset->mark,
                      "%s does not exist: %s", asset->what, asset->name);
        gpuvm_diag_hint(diag, "%s", hints[asset->kind]);
    }
    if (asset->kind == GPUVM_ASSET_VOLUME && asset->active == 0) {
        g_autofree char *pool = g_strndup(asset->name, strcspn(asset->name, "/"));

        diag = report(diags, occasion, GPUVM_EXIT_HOST, &asset->mark,
                      "%s is in storage pool '%s', which is not active", asset->what, pool);
        gpuvm_diag_hint(diag, "start it: virsh pool-start %s", pool);
    }
    if (asset->passes_devices == 1) {
        diag = report(diags, occasion, GPUVM_EXIT_REFUSED, &asset->mark,
                      "network '%s' gives its guests PCI functions of the host, which gpuvm has not checked",
                      asset->name);
        gpuvm_diag_hint(diag, "name the virtual function in pci_passthrough instead");
    }
}

/* QEMU locks what a guest writes to, for whoever reads it, too. */
static void
check_writer(const gpuvm_asset *asset, gpuvm_occasion occasion, const char *domain, const gpuvm_facts *facts,
             gpuvm_diags *diags)
{
    const char *writer = gpuvm_facts_writer(facts, asset->name, domain);
    gpuvm_diag *diag;

    if (!writer || !asset->disk || asset->shareable)
        return;
    if (occasion == GPUVM_PLAN) {
        gpuvm_diags_note(diags, &asset->mark,
                         "%s is also that of domain '%s', which is running: the two cannot run together: %s",
                         asset->what, writer, asset->name);
        return;
    }
    diag = gpuvm_diags_error(diags, GPUVM_EXIT_HOST, &asset->mark,
                             "%s is in use by domain '%s', which is running: %s", asset->what, writer,
                             asset->name);
    gpuvm_diag_hint(diag, "stop it first: virsh shutdown %s", writer);
}

void
gpuvm_guest_check(const gpuvm_guest *guest, gpuvm_occasion occasion, const char *domain,
                  const gpuvm_facts *facts, gpuvm_diags *diags)
{
    for (guint i = 0; i < guest->assets->len; i++) {
        const gpuvm_asset *asset = guest->assets->pdata[i];

        check_present(asset, occasion, diags);
        check_writer(asset, occasion, domain, facts, diags);
    }
}
