/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/fit.h"

#include <string.h>

#include "base/text.h"
#include "core/replicas.h"
#include "ops/fithosts.h"

/* How VMs are tried on a host. */
typedef struct trial {
    gpuvm_fit *fit;
    gpuvm_fit_host *host;
    gpuvm_fit_vm *vm;
    bool pack;          /* it is to run at once with whatever else is there */
    GPtrArray *planned; /* gpuvm_draft, owned: of each replica */
} trial;

static gpuvm_fit_reason *
new_reason(enum gpuvm_exit exit, const char *message, const char *hint)
{
    gpuvm_fit_reason *reason = g_new0(gpuvm_fit_reason, 1);

    reason->exit = exit;
    reason->message = g_strdup(message);
    reason->hint = g_strdup(hint);
    return reason;
}

static gpuvm_fit_reason *
first_error(const gpuvm_diags *diags)
{
    for (guint i = 0; i < diags->items->len; i++) {
        const gpuvm_diag *diag = diags->items->pdata[i];

        if (diag->severity == GPUVM_DIAG_ERROR)
            return new_reason(diag->exit, diag->message, diag->hint);
    }
    return NULL;
}

/* Whether it is no matter of the host, or of its policy. */
static bool
is_of_definition(enum gpuvm_exit exit)
{
    return exit != GPUVM_EXIT_HOST && exit != GPUVM_EXIT_REFUSED;
}

static bool
is_wanted(const gpuvm_diag *diag, void *unused)
{
    (void)unused;
    return diag->severity == GPUVM_DIAG_ERROR && is_of_definition(diag->exit);
}

static void
free_draft(gpointer data)
{
    gpuvm_draft *draft = data;

    gpuvm_draft_reset(draft);
    g_free(draft);
}

/* Plans @of's VM; what is in its way is in the diagnostics of the host's session. */
static gpuvm_draft *
plan_one(const trial *try, const gpuvm_draft *of)
{
    gpuvm_session *session = try->host->session;
    gpuvm_draft *draft = g_new0(gpuvm_draft, 1);

    draft->definition = of->definition;
    gpuvm_draft_plan(session, draft, GPUVM_DRAFT_BARE | (try->pack ? GPUVM_DRAFT_TOGETHER : 0));
    if (session->diags->errors == 0 && try->pack)
        gpuvm_room_check(try->host->room, draft->plan, session->facts, session->diags);
    return draft;
}

static void
plan_all(trial *try, const GPtrArray *drafts)
{
    gpuvm_session *session = try->host->session;

    for (guint i = 0; i < drafts->len && session->diags->errors == 0; i++) {
        gpuvm_draft *draft = plan_one(try, drafts->pdata[i]);

        g_ptr_array_add(try->planned, draft);
        if (session->diags->errors == 0 && (try->pack || drafts->len > 1))
            gpuvm_room_take(try->host->room, draft->plan, session->facts);
    }
}

/*
 * What @drafts' domain XML has that stands in the way: a template's words, a disk that the policy does not allow. Nothing of the XML is
 * looked for on a host in a file, so that this is the same on all that are alike.
 */
static gpuvm_fit_reason *
check_xml(const trial *try, const GPtrArray *drafts)
{
    gpuvm_session *session = try->host->session;

    for (guint i = 0; i < drafts->len && session->diags->errors == 0; i++) {
        gpuvm_draft whole = {.definition = ((const gpuvm_draft *)drafts->pdata[i])->definition};

        gpuvm_draft_plan(session, &whole, 0);
        gpuvm_draft_reset(&whole);
    }
    return first_error(session->diags);
}

static gpuvm_fit_reason *
check_xml_once(const trial *try, const GPtrArray *drafts)
{
    GHashTable *checked = try->host->checked;
    gpointer known = NULL;
    gpuvm_fit_reason *reason;
    bool found;

    g_mutex_lock(&try->fit->lock);
    found = g_hash_table_lookup_extended(checked, try->vm->key, NULL, &known);
    reason = known;
    reason = reason ? new_reason(reason->exit, reason->message, reason->hint) : NULL;
    g_mutex_unlock(&try->fit->lock);
    if (found)
        return reason;
    reason = check_xml(try, drafts);
    g_mutex_lock(&try->fit->lock);
    g_hash_table_insert(checked, g_strdup(try->vm->key),
                        reason ? new_reason(reason->exit, reason->message, reason->hint) : NULL);
    g_mutex_unlock(&try->fit->lock);
    return reason;
}

static void
check_replicas(const trial *try)
{
    gpuvm_session *session = try->host->session;
    g_autoptr(GPtrArray) plans = g_ptr_array_new();

    for (guint i = 0; i < try->planned->len; i++)
        g_ptr_array_add(plans, ((const gpuvm_draft *)try->planned->pdata[i])->plan);
    gpuvm_replicas_check_memory(plans, session->facts, session->diags);
}

/* Why @try's VM does not fit on its host; NULL: it does, and when it is packed it is there from now on. */
static gpuvm_fit_reason *
attempt(trial *try)
{
    gpuvm_session *session = try->host->session;
    const GPtrArray *drafts = g_hash_table_lookup(try->host->vms, try->vm->key);
    g_autoptr(gpuvm_diags) own = gpuvm_diags_new();
    gpuvm_diags *all = session->diags;
    gpuvm_fit_reason *reason;

    if (!drafts)
        return new_reason(GPUVM_EXIT_INVALID, "its definition is wrong with the defaults of this host", NULL);
    session->diags = own;
    gpuvm_room_keep(try->host->room, session->facts);
    plan_all(try, drafts);
    if (try->vm->replicas > 0 && own->errors == 0 && !try->pack)
        check_replicas(try);
    reason = first_error(own);
    if (!reason && !try->pack) /* what is packed fitted by itself before */
        reason = check_xml_once(try, drafts);
    if (reason || !try->pack)
        gpuvm_room_undo(try->host->room, session->facts);
    session->diags = all;
    gpuvm_diags_take_some(all, own, is_wanted, NULL);
    return reason;
}

static gpuvm_fit_reason *
judge(gpuvm_fit *fit, gpuvm_fit_host *host, gpuvm_fit_vm *vm, bool pack)
{
    trial try = {.fit = fit, .host = host, .vm = vm, .pack = pack};
    gpuvm_fit_reason *reason;

    try.planned = g_ptr_array_new_with_free_func(free_draft);
    reason = attempt(&try);
    for (guint i = 0; pack && !reason && i < try.planned->len; i++) {
        const GPtrArray *functions = ((const gpuvm_draft *)try.planned->pdata[i])->plan->functions;

        for (guint k = 0; k < functions->len; k++) {
            const gpuvm_plan_function *function = functions->pdata[k];

            if (function->role == GPUVM_ROLE_REQUESTED)
                g_ptr_array_add(vm->devices, g_strdup(GPUVM_PCI(&function->device->addr)));
        }
    }
    g_ptr_array_unref(try.planned);
    return reason;
}

static void
judge_all(gpuvm_fit *fit, gpuvm_fit_host *host)
{
    host->room = gpuvm_room_new(host->session->facts, &host->session->policies);
    for (guint i = 0; i < fit->vms->len; i++) {
        gpuvm_fit_vm *vm = fit->vms->pdata[i];

        vm->reasons->pdata[host->index] = judge(fit, host, vm, false);
    }
}

static const char *
describe_vm(const gpuvm_fit_vm *vm)
{
    return vm->replicas > 0 ? "deployment" : "VM";
}

static gpuvm_mark
mark_of(const gpuvm_fit_vm *vm)
{
    return gpuvm_object_mark(&vm->first->definition->spec->vm->body.object, "name");
}

/* Whether it fits nowhere, and that is all there is to say of it. */
static bool
fits_nowhere(const gpuvm_fit_vm *vm)
{
    for (guint i = 0; i < vm->reasons->len; i++) {
        const gpuvm_fit_reason *reason = vm->reasons->pdata[i];

        if (!reason || is_of_definition(reason->exit))
            return false;
    }
    return vm->reasons->len > 0;
}

gpuvm_fit *
gpuvm_fit_each(gpuvm_session *session, const char *directory, char **paths)
{
    gpuvm_fit *fit = gpuvm_fit_load(session, directory, paths);

    gpuvm_fit_each_host(fit, judge_all);
    gpuvm_fit_collect(session, fit);
    for (guint i = 0; i < fit->vms->len; i++) {
        const gpuvm_fit_vm *vm = fit->vms->pdata[i];
        gpuvm_mark mark = mark_of(vm);
        g_autofree char *hosts = gpuvm_text_count(fit->hosts->len, "host");

        if (fits_nowhere(vm))
            gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, &mark, "%s '%s' fits on none of %s",
                              describe_vm(vm), vm->name, hosts);
    }
    return fit;
}

static int
compare_demands(gconstpointer a, gconstpointer b)
{
    const gpuvm_fit_vm *x = *(const gpuvm_fit_vm *const *)a, *y = *(const gpuvm_fit_vm *const *)b;

    if (x->demand.cards != y->demand.cards)
        return x->demand.cards > y->demand.cards ? -1 : 1;
    if (x->demand.memory_mib != y->demand.memory_mib)
        return x->demand.memory_mib > y->demand.memory_mib ? -1 : 1;
    return strcmp(x->key, y->key);
}

/* The one with least left comes first. */
static int
compare_rooms(gconstpointer a, gconstpointer b)
{
    const gpuvm_fit_host *x = *(const gpuvm_fit_host *const *)a, *y = *(const gpuvm_fit_host *const *)b;
    const gpuvm_left *left = &x->room->left, *right = &y->room->left;

    if (left->cards != right->cards)
        return left->cards < right->cards ? -1 : 1;
    if (left->memory_mib != right->memory_mib)
        return left->memory_mib < right->memory_mib ? -1 : 1;
    return (int)x->index - (int)y->index;
}

/* Whether @host certainly has too few cards for @vm; those that it has there already are not among the free ones. */
static bool
is_hopeless(const gpuvm_fit_host *host, const gpuvm_fit_vm *vm)
{
    const GPtrArray *drafts = g_hash_table_lookup(host->vms, vm->key);

    for (guint i = 0; drafts && i < drafts->len; i++) {
        const gpuvm_draft *draft = drafts->pdata[i];

        if (gpuvm_facts_claim(host->session->facts, draft->definition->spec->vm->name))
            return false;
    }
    return gpuvm_room_is_short(host->room, &vm->demand);
}

/* The hosts that @vm fits on when nothing else is put there, those with least left first. */
static GPtrArray *
hosts_for(const gpuvm_fit *fit, const gpuvm_fit_vm *vm)
{
    GPtrArray *hosts = g_ptr_array_new();

    for (guint i = 0; i < fit->hosts->len; i++) {
        if (!vm->reasons->pdata[i])
            g_ptr_array_add(hosts, fit->hosts->pdata[i]);
    }
    g_ptr_array_sort(hosts, compare_rooms);
    return hosts;
}

/* Puts @vm on one of the hosts. The last one is tried in any case: it has most left, so that its reason says most. */
static void
put(gpuvm_fit *fit, gpuvm_fit_vm *vm)
{
    g_autoptr(GPtrArray) hosts = hosts_for(fit, vm);

    for (guint i = 0; !vm->host && i < hosts->len; i++) {
        gpuvm_fit_host *host = hosts->pdata[i];

        if (i + 1 < hosts->len && is_hopeless(host, vm))
            continue;
        vm->last = host;
        vm->reasons->pdata[host->index] = judge(fit, host, vm, true);
        if (!vm->reasons->pdata[host->index])
            vm->host = host;
    }
}

gpuvm_fit *
gpuvm_fit_pack(gpuvm_session *session, const char *directory, char **paths)
{
    gpuvm_fit *fit = gpuvm_fit_each(session, directory, paths);
    g_autoptr(GPtrArray) vms = g_ptr_array_new();

    g_ptr_array_extend(vms, fit->vms, NULL, NULL);
    g_ptr_array_sort(vms, compare_demands);
    for (guint i = 0; i < vms->len; i++)
        put(fit, vms->pdata[i]);
    for (guint i = 0; i < fit->vms->len; i++) {
        const gpuvm_fit_vm *vm = fit->vms->pdata[i];
        gpuvm_mark mark = mark_of(vm);

        if (vm->last && !vm->host)
            gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, &mark, "no host has room for %s '%s'%s",
                              describe_vm(vm), vm->name, fit->vms->len > 1 ? " beside the others" : "");
    }
    return fit;
}
