/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/guestcheck.h"

#include <string.h>

#include "core/chain.h"
#include "core/diskcheck.h"
#include "core/image.h"
#include "core/imageinfo.h"

#define MIN_MIB 64 /* with less, neither OVMF nor a distribution's kernel starts */

/* What @plan says of the files that its domain names, by their paths, which are borrowed. */
typedef struct plan_files {
    const gpuvm_plan *plan;
    GHashTable *disks; /* → gpuvm_plan_disk */
    GHashTable *made;  /* by define */
} plan_files;

/* Where the plan says that @image is. */
static char *
path_of(const gpuvm_plan *plan, const gpuvm_plan_image *image)
{
    if (image->disk)
        return image->disk->source;
    return g_str_equal(image->what, "kernel") ? plan->kernel : plan->initrd;
}

static void
find_files(plan_files *files, const gpuvm_plan *plan)
{
    *files = (plan_files){plan, g_hash_table_new(g_str_hash, g_str_equal),
                          g_hash_table_new(g_str_hash, g_str_equal)};
    for (guint i = plan->disks->len; i-- > 0;) { /* the first of two that are the same file counts */
        gpuvm_plan_disk *disk = plan->disks->pdata[i];

        g_hash_table_insert(files->disks, disk->source, disk);
    }
    for (guint i = 0; i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];

        if (image->url || image->overlay)
            g_hash_table_add(files->made, path_of(plan, image));
    }
}

static void
plan_files_clear(plan_files *files)
{
    g_hash_table_unref(files->disks);
    g_hash_table_unref(files->made);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(plan_files, plan_files_clear)

static bool
is_volume(const gpuvm_plan *plan, const char *volume, const char *path)
{
    g_autofree char *at = volume ? g_build_filename(plan->pool_path, volume, NULL) : NULL;

    return g_strcmp0(at, path) == 0;
}

static bool
is_made_by_define(const plan_files *files, const char *path)
{
    const gpuvm_plan *plan = files->plan;

    return g_hash_table_contains(files->made, path) ||
           (plan->seed && is_volume(plan, plan->seed->volume, path)) ||
           is_volume(plan, plan->manifest_volume, path);
}

/* Where the definition asks for the file @path; the definition itself when that is not found. */
static gpuvm_mark
mark_of_file(const plan_files *files, const char *path)
{
    const gpuvm_plan *plan = files->plan;
    const gpuvm_body *body = &plan->vm->body;
    const gpuvm_plan_disk *disk = g_hash_table_lookup(files->disks, path);

    if (g_strcmp0(plan->kernel, path) == 0)
        return body->kernel ? gpuvm_object_mark(&body->kernel->object, "path")
                            : gpuvm_object_mark(&body->object, "initramfs"); /* it is the host's */
    if (g_strcmp0(plan->initrd, path) == 0)
        return gpuvm_object_mark(&body->initramfs->object, "path");
    if (disk)
        return disk->mark;
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
mark_of(const plan_files *files, const gpuvm_asset *asset)
{
    const gpuvm_body *body = &files->plan->vm->body;
    bool of_bridge = asset->kind == GPUVM_ASSET_INTERFACE;

    if (asset->kind == GPUVM_ASSET_FILE)
        return mark_of_file(files, asset->name);
    return (of_bridge || asset->kind == GPUVM_ASSET_NETWORK) && body->network->object.node
               ? gpuvm_object_mark(&body->network->object, of_bridge ? "bridge" : "network")
               : gpuvm_object_mark(&body->object, "template");
}

/* Adds the images below those of the VM's own. */
static void
add_below(gpuvm_guest *guest, const gpuvm_plan *plan)
{
    for (guint i = 0; i < plan->images->len; i++) {
        const gpuvm_plan_image *image = plan->images->pdata[i];
        gpuvm_asset *below;

        if (!image->path || !image->overlay)
            continue;
        below = gpuvm_asset_new(GPUVM_ASSET_FILE, gpuvm_image_title(image), image->path);
        below->mark = image->mark;
        below->disk = below->readonly = true;
        if (image->format != GPUVM_DISK_AUTO)
            below->format = g_strdup(GPUVM_IMAGE_FORMAT(image->format == GPUVM_DISK_QCOW2));
        below->at_define = true;
        g_ptr_array_add(guest->assets, below);
    }
}

gpuvm_guest *
gpuvm_guest_of_plan(const gpuvm_plan *plan, const char *xml, GError **error)
{
    gpuvm_guest *guest = gpuvm_guest_parse(xml, error);
    g_auto(plan_files) files;

    find_files(&files, plan);
    for (guint i = guest ? guest->assets->len : 0; i-- > 0;) {
        gpuvm_asset *asset = guest->assets->pdata[i];
        const gpuvm_plan_disk *disk = g_hash_table_lookup(files.disks, asset->name);

        asset->mark = mark_of(&files, asset);
        asset->guessed = disk && disk->guessed; /* the definition leaves the format to the file's name */
        if (asset->kind == GPUVM_ASSET_FILE && is_made_by_define(&files, asset->name))
            g_ptr_array_remove_index(guest->assets, i);
    }
    if (guest)
        add_below(guest, plan);
    return guest;
}

/* What stands in the way of a start; before, it may change. */
static gpuvm_diag *
    G_GNUC_PRINTF(5, 6) report(const gpuvm_guest_question *question, bool fatal, enum gpuvm_exit exit,
                               const gpuvm_mark *mark, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    return fatal || question->occasion == GPUVM_START
               ? gpuvm_diags_error(question->diags, exit, mark, "%s", message)
               : gpuvm_diags_warning(question->diags, mark, "%s", message);
}

static void
check_present(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    static const char *const hints[] = {
        [GPUVM_ASSET_FILE] =
            "it must be there when the VM starts; what gpuvm made, `gpuvm define FILE` makes again",
        [GPUVM_ASSET_INTERFACE] = "`ip link` names the interfaces there are",
        [GPUVM_ASSET_NETWORK] = "`virsh net-list --all` names the networks there are",
        [GPUVM_ASSET_VOLUME] =
            "`virsh pool-list --all` names the pools there are, `virsh vol-list POOL` their volumes",
    };

    if (asset->exists != 0 || asset->optional || asset->kind == GPUVM_ASSET_DOMAIN)
        return;
    gpuvm_diag_hint(report(question, asset->at_define, GPUVM_EXIT_HOST, &asset->mark, "%s does not exist: %s",
                           asset->what, asset->name),
                    "%s", hints[asset->kind]);
}

static void
check_pool(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    g_autofree char *pool = g_strndup(asset->name, strcspn(asset->name, "/"));

    if (asset->kind == GPUVM_ASSET_VOLUME && asset->active == 0)
        gpuvm_diag_hint(report(question, false, GPUVM_EXIT_HOST, &asset->mark,
                               "%s is in storage pool '%s', which is not active", asset->what, pool),
                        "start it: virsh pool-start %s", pool);
}

static void
check_network(const gpuvm_guest_question *question, const gpuvm_asset *asset, bool foreign)
{
    if (asset->passes_devices == 1 && (asset->passes_pci || !foreign))
        gpuvm_diag_hint(
            report(question, false, GPUVM_EXIT_REFUSED, &asset->mark,
                   "network '%s' gives its guests devices of the host, which gpuvm has not checked",
                   asset->name),
            foreign ? "name the PCI function instead: <interface type='hostdev'>"
                    : "name the PCI function in pci_passthrough instead");
}

static void
check_log(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    if (asset->kind == GPUVM_ASSET_DOMAIN && asset->exists == 1)
        gpuvm_diag_hint(report(question, false, GPUVM_EXIT_REFUSED, &asset->mark,
                               "%s is by its name one of domain '%s'", asset->what, asset->name),
                        "leave it out, or call it otherwise, such as %s.serial0.log", question->domain);
}

/* What may be a disk of the host's is looked at, or refused. */
static void
check_seen(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    if (asset->unseen)
        gpuvm_diag_hint(report(question, false, GPUVM_EXIT_REFUSED, &asset->mark,
                               "%s cannot be looked at: where volume %s is, its pool does not say",
                               asset->what, asset->name),
                        "name it by its path: virsh vol-path --pool %.*s %s", (int)strcspn(asset->name, "/"),
                        asset->name, strchr(asset->name, '/') + 1);
    else if (asset->failed != 0)
        report(question, false, GPUVM_EXIT_FAILED, &asset->mark, "cannot read %s: %s: %s", asset->what,
               asset->path ? asset->path : asset->name, g_strerror(asset->failed));
}

/* QEMU locks what a guest writes to, for whoever reads it, too. */
static void
check_writer(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    const char *writer = gpuvm_facts_writer(question->facts, asset->name, question->domain);

    if (!writer && asset->identity)
        writer = gpuvm_facts_writer(question->facts, asset->identity, question->domain);
    if (!writer || !asset->disk || asset->shareable)
        return;
    if (question->occasion == GPUVM_PLAN)
        gpuvm_diags_note(question->diags, &asset->mark,
                         "%s is also that of domain '%s', which is running: the two cannot run together: %s",
                         asset->what, writer, asset->name);
    else
        gpuvm_diag_hint(gpuvm_diags_error(question->diags, GPUVM_EXIT_HOST, &asset->mark,
                                          "%s is in use by domain '%s', which is running: %s", asset->what,
                                          writer, asset->name),
                        "stop it first: virsh shutdown %s", writer);
}

/* The firmware may find what it boots from behind a controller or a NIC that is passed. */
static bool
passes_boot_device(const GPtrArray *functions)
{
    for (guint i = 0; i < functions->len; i++) {
        uint32_t class_code = ((const gpuvm_plan_function *)functions->pdata[i])->device->class_code;

        if (gpuvm_pci_class_match("01", class_code) || gpuvm_pci_class_match("02", class_code))
            return true;
    }
    return false;
}

/* Where the definition, if there is one, begins. */
static gpuvm_mark
mark_of_definition(const gpuvm_guest_question *question)
{
    return question->body ? question->body->object.node->mark : (gpuvm_mark){0};
}

static void
check_boot(const gpuvm_guest_question *question)
{
    gpuvm_mark mark = mark_of_definition(question);

    if (!question->guest->boots && !passes_boot_device(question->functions))
        gpuvm_diag_hint(gpuvm_diags_warning(question->diags, &mark, "the VM has nothing to boot from"),
                        "give it a rootfs, a disk or a kernel");
}

static void
check_memory(const gpuvm_guest_question *question)
{
    uint64_t mib = question->guest->memory_kib / 1024;
    gpuvm_mark mark = {0};

    if (question->body)
        mark = gpuvm_object_mark(&question->body->resources->object, "memory_mb");
    if (question->guest->memory_kib > 0 && mib < MIN_MIB)
        gpuvm_diags_warning(
            question->diags, &mark,
            "the VM has %" G_GUINT64_FORMAT " MiB of memory: too little for a firmware or a kernel", mib);
}

static void
check_emulation(const gpuvm_guest_question *question)
{
    gpuvm_mark mark = mark_of_definition(question);

    if (question->guest->emulated)
        gpuvm_diag_hint(gpuvm_diags_warning(question->diags, &mark,
                                            "the VM is emulated, without KVM: it is tens of times slower"),
                        "gpuvm check says what KVM needs");
}

void
gpuvm_guest_check(const gpuvm_guest_question *question)
{
    const GPtrArray *assets = question->guest->assets;

    for (guint i = 0; i < assets->len; i++) {
        check_present(question, assets->pdata[i]);
        check_pool(question, assets->pdata[i]);
        check_seen(question, assets->pdata[i]);
        check_network(question, assets->pdata[i], false);
        check_log(question, assets->pdata[i]);
        check_writer(question, assets->pdata[i]);
        gpuvm_disk_check(question, assets->pdata[i]);
        gpuvm_chain_check(question, assets->pdata[i]);
    }
    gpuvm_disk_check_unseen(question);
    check_boot(question);
    check_memory(question);
    check_emulation(question);
}

void
gpuvm_guest_check_foreign(const gpuvm_guest_question *question)
{
    for (guint i = 0; i < question->guest->assets->len; i++) {
        check_network(question, question->guest->assets->pdata[i], true);
        check_seen(question, question->guest->assets->pdata[i]);
        gpuvm_disk_check(question, question->guest->assets->pdata[i]);
    }
    gpuvm_disk_check_unseen(question);
}
