/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/verification.h"

#include <string.h>

#include "core/health.h"
#include "core/reporter.h"
#include "core/tail.h"
#include "host/channel.h"
#include "host/claims.h"
#include "model/guest.h"
#include "ops/guestreport.h"
#include "ops/guestrun.h"

#define PERIOD_MS 1000  /* between two looks */
#define STOP_MS 100     /* how often stop is asked */
#define SETTLE_MS 30000 /* from the agent's first answer until all drivers have their devices */
#define GRACE_MS 1500   /* for the guest, which counts whole seconds and may be slow, to give up by itself */
#define TAIL_LINES 20

/* A VM that is being verified. */
typedef struct verifying {
    gpuvm_session *session;
    gpuvm_domain *domain;
    const gpuvm_verify_options *options;
    xmlDoc *doc; /* what it runs with */
    gint64 begun;
} verifying;

void
gpuvm_verification_free(gpuvm_verification *verification)
{
    if (!verification)
        return;
    g_ptr_array_unref(verification->promises);
    g_strfreev(verification->output);
    g_free(verification);
}

static void
count_differences(gpuvm_verification *verification)
{
    verification->differences = 0;
    for (guint i = 0; i < verification->promises->len; i++)
        verification->differences += !((const gpuvm_promise *)verification->promises->pdata[i])->equal;
}

static uint64_t
elapsed_ms(const verifying *vm)
{
    return (uint64_t)(g_get_monotonic_time() - vm->begun) / G_TIME_SPAN_MILLISECOND;
}

static bool
is_stopped(const verifying *vm)
{
    return vm->options->stop && vm->options->stop();
}

/* Has the guest's shell run with @arguments; false: see @error. */
static bool
ask_shell(const verifying *vm, const char *const *arguments, gpuvm_guestexec *ret_process, GError **error)
{
    g_autofree char *begin = gpuvm_guestexec_begin(arguments);

    if (gpuvm_domain_refresh(vm->domain, error) && !vm->domain->active)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_UNHEALTHY, "there is no guest to ask: it is %s",
                    gpuvm_domain_state_name(vm->domain->state));
    return !*error &&
           gpuvm_guestrun(vm->domain, begin, vm->options->seconds * 1000 + GRACE_MS, ret_process, error);
}

/* What the guest's agent says it has, as the script of core/inside.h prints it; NULL: see @error. */
static char *
ask_agent(const verifying *vm, GError **error)
{
    g_autofree char *seconds = g_strdup_printf("%u", vm->options->seconds / 4 + 1); /* for each program */
    gpuvm_guestexec process;

    if (!ask_shell(vm, (const char *const[]){"-c", gpuvm_inside_script, PACKAGE_NAME, seconds, NULL},
                   &process, error))
        return NULL;
    if (!process.exited)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_UNHEALTHY, "the guest does not say in time what it has");
    return process.output;
}

/* The same of its service, if that runs; else *@error stays. */
static char *
ask_service(const verifying *vm, GError **error)
{
    bool runs = false;

    if (!gpuvm_channel_is_open(vm->domain, GPUVM_REPORTER_CHANNEL, &runs, NULL) || !runs)
        return NULL;
    g_clear_error(error);
    return gpuvm_guestreport(vm->domain, vm->options->seconds, vm->options->stop, error);
}

/* Looks once; NULL: see @error. */
static gpuvm_verification *
look(const verifying *vm, GError **error)
{
    g_autofree char *agent = ask_agent(vm, error), *service = agent ? NULL : ask_service(vm, error);
    g_autoptr(gpuvm_inside) inside = agent || service ? gpuvm_inside_parse(agent ? agent : service) : NULL;
    gpuvm_verification *verification;
    GPtrArray *promises;

    if (!inside && !*error)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_UNHEALTHY,
                    "what the guest shows of its hardware is not understood");
    if (!inside)
        return NULL;
    promises = gpuvm_verify_compare(xmlDocGetRootElement(vm->doc), vm->session->facts, inside, error);
    if (!promises)
        return NULL;
    verification = g_new0(gpuvm_verification, 1);
    verification->promises = promises;
    count_differences(verification);
    return verification;
}

/* Whether it is worth while to look again after @error, or what was seen. @answered_ms: when the guest answered first; 0: not yet. */
static bool
may_change(const verifying *vm, const gpuvm_verification *seen, const GError *error, uint64_t answered_ms)
{
    uint64_t now = elapsed_ms(vm);

    if (!vm->domain->active || now >= (uint64_t)vm->options->patience * 1000 || is_stopped(vm))
        return false;
    return seen ? seen->differences > 0 && now < answered_ms + SETTLE_MS
                : gpuvm_error_exit(error) == GPUVM_EXIT_UNHEALTHY;
}

static void
say(const verifying *vm, const gpuvm_verification *seen, const GError *error)
{
    g_autofree char *text =
        seen ? g_strdup_printf("%u of %u checks differ", seen->differences, seen->promises->len)
             : g_strndup(error->message, strcspn(error->message, "\n"));

    gpuvm_session_say(vm->session, "%6.1f s  %s: %s", (double)elapsed_ms(vm) / 1000, vm->domain->name, text);
}

/* Looks until all is as planned, or that is not to be expected any more. */
static gpuvm_verification *
look_until_over(const verifying *vm, GError **error)
{
    gpuvm_verification *seen = look(vm, error);
    uint64_t answered_ms = elapsed_ms(vm);

    while (may_change(vm, seen, *error, answered_ms)) {
        bool answered = seen != NULL;

        say(vm, seen, *error);
        for (unsigned ms = 0; ms < PERIOD_MS && !is_stopped(vm); ms += STOP_MS)
            g_usleep(STOP_MS * G_TIME_SPAN_MILLISECOND);
        gpuvm_verification_free(seen);
        g_clear_error(error);
        seen = look(vm, error);
        if (!answered)
            answered_ms = elapsed_ms(vm);
    }
    return seen;
}

static bool
run_command(const verifying *vm, gpuvm_verification *verification, GError **error)
{
    static const char script[] = "exec 2>&1\nexec timeout \"$1\" /bin/sh -c \"$2\"";
    g_autofree char *seconds = g_strdup_printf("%u", vm->options->seconds);
    gpuvm_guestexec process;

    if (!ask_shell(vm, (const char *const[]){"-c", script, PACKAGE_NAME, seconds, vm->options->command, NULL},
                   &process, error))
        return false;
    g_ptr_array_add(verification->promises, gpuvm_verify_command(&process, vm->options->seconds));
    if (process.output)
        verification->output = gpuvm_tail_lines(process.output, strlen(process.output), TAIL_LINES);
    g_free(process.output);
    count_differences(verification);
    return true;
}

/* What the VM runs with, and what the host knows of its devices. */
static bool
gather(verifying *vm)
{
    GError *error = NULL;
    g_autofree char *xml = gpuvm_domain_xml(vm->domain, false, &error);
    g_autoptr(gpuvm_claim) claim = xml ? gpuvm_claim_parse(xml, &error) : NULL;

    if (claim)
        vm->doc = gpuvm_xml_parse(xml, strlen(xml), vm->domain->name, &error);
    if (!vm->doc)
        return gpuvm_session_fail(vm->session, error);
    return gpuvm_session_gather(vm->session) && gpuvm_session_gather_functions(vm->session, claim->next);
}

/* There is no agent to ask, and no service either; @command: that is only needed for one of the user's. */
static void
tell_ways(const verifying *vm, bool command)
{
    const xmlNode *domain = xmlDocGetRootElement(vm->doc);
    gpuvm_diag *diag =
        gpuvm_diags_error(vm->session->diags, GPUVM_EXIT_UNHEALTHY, NULL, "%s: " GPUVM_HEALTH_NO_AGENT,
                          command ? "the command cannot be run" : "it cannot be looked at from inside");

    gpuvm_diag_hint(diag,
                    "install qemu-guest-agent in the guest; a template of your own needs its channel, too");
    if (command)
        return;
    if (gpuvm_guest_port(domain, GPUVM_REPORTER_CHANNEL))
        gpuvm_diag_hint(
            diag,
            "gpuvm's own service (verify: true) does not run there: cloud-init sets it up at the first boot, and it "
            "needs systemd");
    else
        gpuvm_diag_hint(
            diag, "or have cloud-init set up a service of gpuvm's there: verify: true in the definition");
}

/* Takes @error. */
static void
tell(const verifying *vm, const gpuvm_verification *seen, GError *error)
{
    if (g_error_matches(error, GPUVM_ERROR, GPUVM_EXIT_UNHEALTHY) &&
        g_str_equal(error->message, GPUVM_HEALTH_NO_AGENT)) {
        g_error_free(error);
        tell_ways(vm, seen != NULL);
    } else if (error) {
        gpuvm_session_fail(vm->session, error);
    }
    if (seen && seen->differences > 0)
        gpuvm_diags_error(vm->session->diags, GPUVM_EXIT_UNHEALTHY, NULL,
                          "the guest is not as planned: %u of %u checks differ", seen->differences,
                          seen->promises->len);
}

gpuvm_verification *
gpuvm_verify(gpuvm_session *session, const char *name, const gpuvm_verify_options *options)
{
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    verifying vm = {
        .session = session, .domain = domain, .options = options, .begun = g_get_monotonic_time()};
    gpuvm_verification *seen = NULL;
    GError *error = NULL;

    if (!domain || !gather(&vm)) {
        xmlFreeDoc(vm.doc);
        return NULL;
    }
    gpuvm_session_say(session, "%6.1f s  looking at %s from inside", 0.0, name);
    gpuvm_session_pend(session, (gpuvm_pending){.begun = vm.begun}, "%s: looking at it from inside", name);
    seen = look_until_over(&vm, &error);
    if (seen && options->command)
        run_command(&vm, seen, &error);
    gpuvm_session_settle(session);
    tell(&vm, seen, error);
    xmlFreeDoc(vm.doc);
    return seen;
}
