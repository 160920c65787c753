/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/status.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "host/aside.h"
#include "host/emulator.h"
#include "ops/lifecycle.h"

const char *const gpuvm_status_names[] = {"running", "off", "absent", "unknown"};

void
gpuvm_status_free(gpuvm_status *status)
{
    if (!status)
        return;
    g_free(status->state);
    g_free(status->reason);
    g_free(status);
}

/* What is asked by a thread of its own, which is left alone when libvirt does not answer. */
typedef struct question {
    char *uri, *name;
    gpuvm_status *status; /* NULL: see error */
    bool foreign;         /* gpuvm does not manage it */
    GError *error;
} question;

static void
free_question(gpointer data)
{
    question *asked = data;

    g_free(asked->uri);
    g_free(asked->name);
    gpuvm_status_free(asked->status);
    g_clear_error(&asked->error);
    g_free(asked);
}

static gpuvm_status *
new_status(gpuvm_status_word word)
{
    gpuvm_status *status = g_new0(gpuvm_status, 1);

    status->word = word;
    return status;
}

/* Until its guest runs, one that libvirt starts is active, and shut off. */
static gpuvm_status_word
word_of(const gpuvm_domain *domain)
{
    return domain->active && domain->state != VIR_DOMAIN_CRASHED ? GPUVM_STATUS_RUNNING : GPUVM_STATUS_OFF;
}

static gpuvm_status *
ask_libvirt(question *asked)
{
    g_autoptr(gpuvm_connection) connection = gpuvm_connection_open(asked->uri, &asked->error);
    g_autoptr(gpuvm_domain) domain = NULL;
    g_autofree char *metadata = NULL;
    gpuvm_status *status;

    if (!connection || !gpuvm_domain_find(connection, asked->name, &domain, &asked->error))
        return NULL;
    if (!domain)
        return new_status(GPUVM_STATUS_ABSENT);
    metadata = gpuvm_domain_metadata(domain, GPUVM_METADATA_NS, &asked->error);
    if (asked->error && gpuvm_virt_error() == VIR_ERR_NO_DOMAIN) { /* it ended just now */
        g_clear_error(&asked->error);
        return new_status(GPUVM_STATUS_ABSENT);
    }
    if (asked->error)
        return NULL;
    asked->foreign = !metadata;
    status = new_status(word_of(domain));
    status->state = g_strdup(gpuvm_domain_state_name(domain->state));
    return status;
}

static void
ask(gpointer data)
{
    question *asked = data;

    asked->status = ask_libvirt(asked);
}

/* Whether it is this machine's system daemon that does not answer. */
static bool
is_system(const char *uri)
{
    if (!uri || !*uri)
        return geteuid() == 0;
    return g_str_has_prefix(uri, "qemu") && strstr(uri, ":///system") && gpuvm_connection_is_local(uri);
}

/* Without libvirt. @why: its first line says why, the rest what to do. */
static gpuvm_status *
look(gpuvm_session *session, const char *uri, const char *name, const char *why)
{
    static const gpuvm_status_word words[] = {[GPUVM_EMULATOR_RUNS] = GPUVM_STATUS_RUNNING,
                                              [GPUVM_EMULATOR_GONE] = GPUVM_STATUS_OFF,
                                              [GPUVM_EMULATOR_UNSEEN] = GPUVM_STATUS_UNKNOWN};
    int pid = 0;
    gpuvm_emulator seen = is_system(uri) ? gpuvm_emulator_look("", name, &pid) : GPUVM_EMULATOR_UNSEEN;
    gpuvm_status *status = new_status(words[seen]);
    g_auto(GStrv) lines = g_strsplit(why, "\n", 2);
    gpuvm_diag *diag = gpuvm_diags_warning(session->diags, NULL, "libvirt does not answer: %s", lines[0]);

    status->reason = g_strdup(lines[0]);
    if (seen == GPUVM_EMULATOR_RUNS) {
        status->pid = pid;
        gpuvm_diag_hint(diag, "VM '%s' runs as process %d", name, pid);
    } else if (seen == GPUVM_EMULATOR_GONE) {
        gpuvm_diag_hint(diag, "VM '%s' ran as process %d, which has ended", name, pid);
    } else {
        gpuvm_diag_hint(diag, "whether VM '%s' runs cannot be seen without it", name);
    }
    if (lines[1])
        gpuvm_diag_hint(diag, "%s", lines[1]);
    return status;
}

gpuvm_status *
gpuvm_status_ask(gpuvm_session *session, const char *name, unsigned seconds)
{
    const char *uri = session->uri ? session->uri : g_getenv("LIBVIRT_DEFAULT_URI");
    g_autoptr(gpuvm_aside) aside = gpuvm_aside_new(ask, free_question);
    question *asked = g_new0(question, 1);
    gpuvm_status *status = NULL;

    asked->uri = g_strdup(uri);
    asked->name = g_strdup(name);
    if (!gpuvm_aside_begin(aside, asked))
        return look(session, uri, name, "no thread is to be had to ask it");
    asked = gpuvm_aside_next(aside, g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND);
    if (!asked) {
        g_autofree char *why = g_strdup_printf("nothing came for %u s", seconds);

        return look(session, uri, name, why);
    }
    if (asked->foreign)
        gpuvm_refuse_foreign(session, name);
    else if (asked->status)
        status = g_steal_pointer(&asked->status);
    else
        status = look(session, uri, name, asked->error->message);
    free_question(asked);
    return status;
}
