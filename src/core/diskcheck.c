/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/diskcheck.h"

#include <fnmatch.h>

#include "core/protect.h"

static bool
matches(const GPtrArray *patterns, const char *path)
{
    for (guint i = 0; i < patterns->len; i++) {
        if (fnmatch(patterns->pdata[i], path, FNM_PATHNAME) == 0)
            return true;
    }
    return false;
}

/* By one of its paths; of a device that is not seen, by the one that the domain names. */
static bool
allows(const GPtrArray *patterns, const gpuvm_asset *asset)
{
    if (!asset->paths)
        return matches(patterns, asset->name);
    for (guint i = 0; i < asset->paths->len; i++) {
        if (matches(patterns, asset->paths->pdata[i]))
            return true;
    }
    return false;
}

static void
check_allowed(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    for (unsigned i = 0; asset->block && i < question->policies->n; i++) {
        const GPtrArray *patterns = question->policies->of[i].spec->policy->block_devices;
        const char *policy = question->policies->of[i].name;

        if (patterns && !allows(patterns, asset))
            gpuvm_diag_hint(gpuvm_diags_error(question->diags, GPUVM_EXIT_REFUSED, &asset->mark,
                                              "%s is a block device that %s does not allow: %s", asset->what,
                                              policy, asset->name),
                            "if guests may have it, list one of its paths in block_devices of %s", policy);
    }
}

/*
 * The emulator of a running domain has its disks open, and what these name: core/guestcheck.c has the word on the disks, as far as
 * they are @asset.
 */
static bool
held_by_domain(const gpuvm_guest_question *question, const gpuvm_asset *asset, const char *disk)
{
    bool same = g_str_equal(disk, asset->identity);

    if (same && asset->image && gpuvm_facts_runs_with(question->facts, asset->image))
        return true;
    if (!gpuvm_facts_runs_with(question->facts, disk))
        return false;
    return same || g_strcmp0(gpuvm_facts_writer(question->facts, disk, NULL), question->domain) == 0;
}

static bool
counts(const gpuvm_guest_question *question, const gpuvm_asset *asset, const gpuvm_use *use)
{
    if (use->kind == GPUVM_USE_HOLDER && held_by_domain(question, asset, use->disk))
        return false;
    if (use->readonly && asset->readonly)
        return false;
    return use->root || gpuvm_protects(question->policies, gpuvm_use_names[use->kind]);
}

static gpuvm_diag *
report(const gpuvm_guest_question *question, const gpuvm_asset *asset, const gpuvm_use *use)
{
    gpuvm_diag *diag = gpuvm_diags_error(
        question->diags, use->kind == GPUVM_USE_HOLDER ? GPUVM_EXIT_HOST : GPUVM_EXIT_REFUSED, &asset->mark,
        "%s is in use by the host: %s %s", asset->what, asset->name, use->what);

    if (use->remedy)
        gpuvm_diag_hint(diag, "to free it: %s", use->remedy);
    return diag;
}

/* Whether it has been said that the host has a file system, or the like, on it. */
static bool
check_uses(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    const GPtrArray *uses = gpuvm_facts_disk_uses(question->facts, asset->identity);
    bool stored = false;

    for (guint i = 0; uses && i < uses->len; i++) {
        const gpuvm_use *use = uses->pdata[i];

        stored |= use->kind == GPUVM_USE_STORAGE;
        if (counts(question, asset, use))
            report(question, asset, use);
    }
    return stored;
}

/* Who writes to the whole disk writes to its partitions. File systems on it, the kernel sees to. */
static void
check_below(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    for (guint i = 0; asset->below && i < asset->below->len; i++) {
        const char *disk = asset->below->pdata[i];
        const GPtrArray *uses = gpuvm_facts_disk_uses(question->facts, disk);

        for (guint u = 0; uses && u < uses->len; u++) {
            const gpuvm_use *use = uses->pdata[u];

            if (use->kind == GPUVM_USE_HOLDER && g_str_equal(use->disk, disk) && counts(question, asset, use))
                report(question, asset, use);
        }
    }
}

/* Only the kernel knows by what: in a mount namespace that is not to be seen, or by a sort of storage that says nothing. */
static void
check_claim(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    const gpuvm_use use = {.kind = GPUVM_USE_STORAGE,
                           .what = "is mounted somewhere, or a part of an array or a pool"};

    if (counts(question, asset, &use))
        gpuvm_diag_hint(report(question, asset, &use), "lsblk -f shows what is on it");
}

void
gpuvm_disk_check(const gpuvm_guest_question *question, const gpuvm_asset *asset)
{
    if (!asset->disk)
        return;
    check_allowed(question, asset);
    if (!asset->identity)
        return;
    check_below(question, asset);
    if (!check_uses(question, asset) && asset->claimed == 1)
        check_claim(question, asset);
}

void
gpuvm_disk_check_unseen(const gpuvm_guest_question *question)
{
    bool any = false;

    for (guint i = 0; i < question->guest->assets->len; i++) {
        const gpuvm_asset *asset = question->guest->assets->pdata[i];
        any |= asset->disk && asset->block;
    }
    if (any && question->functions->len == 0)
        gpuvm_protect_unseen(question->policies, question->occasion, question->facts, question->diags);
}
