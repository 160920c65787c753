/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/diagnose.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/text.h"
#include "host/kernellog.h"
#include "host/log.h"
#include "ops/load.h"
#include "ops/logs.h"

static void
free_diagnosis(gpointer data)
{
    gpuvm_diagnosis *diagnosis = data;

    g_free(diagnosis->subject);
    g_ptr_array_unref(diagnosis->events);
    g_clear_pointer(&diagnosis->faults, g_ptr_array_unref);
    g_free(diagnosis);
}

static gpuvm_diagnosis *
new_diagnosis(GPtrArray *all, const char *subject)
{
    gpuvm_diagnosis *diagnosis = g_new0(gpuvm_diagnosis, 1);

    diagnosis->subject = g_strdup(subject);
    diagnosis->events = gpuvm_timeline_new();
    g_ptr_array_add(all, diagnosis);
    return diagnosis;
}

/* What could not be looked at, as a note; takes @error. */
static void
note(gpuvm_session *session, GError *error)
{
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    gpuvm_diag *diag = gpuvm_diags_note(session->diags, NULL, "%s", lines[0]);

    for (char **hint = lines + 1; *hint; hint++)
        gpuvm_diag_hint(diag, "%s", *hint);
    g_error_free(error);
}

/* Puts the lines in order, and says what is wrong. */
static void
conclude(gpuvm_session *session, gpuvm_diagnosis *diagnosis, gint64 since)
{
    g_autofree char *unknown = NULL;
    const gpuvm_event *cause;

    diagnosis->events = gpuvm_timeline_settle(diagnosis->events, since);
    diagnosis->faults = gpuvm_timeline_faults(diagnosis->events);
    for (guint i = 0; i < diagnosis->events->len; i++)
        diagnosis->unknown += ((const gpuvm_event *)diagnosis->events->pdata[i])->suspected;
    cause = diagnosis->faults->len > 0 ? diagnosis->faults->pdata[0] : NULL;
    unknown = gpuvm_text_count(diagnosis->unknown, "line");
    gpuvm_diags_set_subject(session->diags, diagnosis->subject);
    if (cause && cause->fault->severity == GPUVM_FAULT_FATAL)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "a known fault: %s", cause->fault->id);
    else if (diagnosis->unknown > 0)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "%s not known, and like an error", unknown);
    else if (cause && cause->fault->severity == GPUVM_FAULT_WRAPPER)
        gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL, "it failed, and no line says why");
    gpuvm_diags_set_subject(session->diags, NULL);
}

/* Adds @bytes of @log; of a kernel that began at @boot, in a file that was @written last. */
static void
add_bytes(gpuvm_diagnosis *diagnosis, gpuvm_log log, const char *bytes, size_t size, gint64 boot,
          gint64 written)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_local();
    gint64 begin = log == GPUVM_LOG_CONSOLE ? boot : GPUVM_TIME_UNKNOWN;

    gpuvm_timeline_add(
        diagnosis->events, log, bytes, size, begin,
        &(gpuvm_clock){.boot = boot, .written = written, .now = g_get_real_time(), .zone = zone});
}

/* Adds the end of the file @path. */
static bool
add_file(gpuvm_diagnosis *diagnosis, gpuvm_log log, const char *path, GError **error)
{
    gint64 offset = -1, boot = GPUVM_TIME_UNKNOWN;
    size_t size = 0;
    GStatBuf status;
    g_autofree char *bytes = gpuvm_log_read(path, &offset, &size, error);

    if (!bytes)
        return false;
    if (log == GPUVM_LOG_CONSOLE) /* the guest's clock begins with it */
        boot = gpuvm_timeline_started(diagnosis->events);
    add_bytes(diagnosis, log, bytes, size, boot,
              g_stat(path, &status) == 0 ? status.st_mtime * G_USEC_PER_SEC : GPUVM_TIME_UNKNOWN);
    return true;
}

/* Adds what the host's kernel and libvirt's daemons say; that it cannot be read is a note. */
static void
add_host(gpuvm_session *session, gpuvm_diagnosis *diagnosis, gint64 since)
{
    GError *error = NULL;
    g_autofree char *text = gpuvm_kernellog_read(since, &error);

    if (text)
        add_bytes(diagnosis, GPUVM_LOG_KERNEL, text, strlen(text), GPUVM_TIME_UNKNOWN, GPUVM_TIME_UNKNOWN);
    else
        note(session, error);
}

/* Adds QEMU's log @path, unless there is none yet. */
static bool
add_qemu(gpuvm_session *session, gpuvm_diagnosis *diagnosis, const char *path)
{
    GError *error = NULL;

    if (g_access(path, F_OK) < 0 && errno == ENOENT)
        gpuvm_diags_note(session->diags, NULL, "'%s' has no log: libvirt writes it when the VM starts",
                         diagnosis->subject);
    else if (!add_file(diagnosis, GPUVM_LOG_QEMU, path, &error))
        return gpuvm_session_fail(session, error);
    return true;
}

/* Without libvirt nobody says whether there is such a VM, nor where its console is written to. */
static bool
add_vm_alone(gpuvm_session *session, gpuvm_diagnosis *diagnosis)
{
    const char *name = diagnosis->subject,
               *uri = session->uri ? session->uri : g_getenv("LIBVIRT_DEFAULT_URI");
    g_autofree char *path = gpuvm_log_path(uri, name);

    if (!strchr(name, '/'))
        return add_qemu(session, diagnosis, path);
    gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL, "'%s' is not the name of a VM", name);
    return false;
}

static bool
add_vm(gpuvm_session *session, gpuvm_diagnosis *diagnosis)
{
    g_autoptr(gpuvm_logs) logs = gpuvm_logs_find(session, diagnosis->subject);
    GError *error = NULL;

    if (!logs || !add_qemu(session, diagnosis, logs->log))
        return false;
    if (logs->console && !add_file(diagnosis, GPUVM_LOG_CONSOLE, logs->console, &error))
        note(session, error);
    return true;
}

/* Connects. That libvirt, which is to be of this machine, does not answer is a warning: the files can be read. */
static bool
connect_if_there(gpuvm_session *session)
{
    gpuvm_diags *diags = session->diags;
    g_autoptr(gpuvm_diags) found = gpuvm_diags_new();
    bool connected;

    session->diags = found;
    connected = gpuvm_session_connect(session);
    session->diags = diags;
    if (connected || !gpuvm_session_is_here(session)) {
        gpuvm_diags_take(diags, found);
        return connected;
    }
    for (guint i = 0; i < found->items->len; i++) {
        const gpuvm_diag *why = found->items->pdata[i];
        gpuvm_diag *diag = gpuvm_diags_warning(diags, NULL, "%s", why->message);

        gpuvm_diag_hint(diag, "the diagnosis is by files of this machine alone");
        if (why->hint)
            gpuvm_diag_hint(diag, "%s", why->hint);
    }
    return true;
}

/* Whether the last start of it failed, or it crashed. */
static bool
ended_badly(const gpuvm_diagnosis *diagnosis)
{
    const gpuvm_fault *last = NULL;

    for (guint i = 0; i < diagnosis->events->len; i++) {
        const gpuvm_event *event = diagnosis->events->pdata[i];

        if (event->log == GPUVM_LOG_QEMU && event->fault && event->fault->severity == GPUVM_FAULT_PHASE)
            last = event->fault;
    }
    return last && (g_str_equal(last->id, "phase-failed") || g_str_equal(last->id, "phase-crashed"));
}

void
gpuvm_diagnose_hint(gpuvm_session *session, const char *name, gint64 begun, gpuvm_diag *diag)
{
    g_autofree char *path = gpuvm_log_path(session->connection->uri, name);
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(free_diagnosis);
    gpuvm_diagnosis *diagnosis = new_diagnosis(all, name);
    const gpuvm_event *cause = NULL;

    if (!session->connection->local)
        return;
    if (add_file(diagnosis, GPUVM_LOG_QEMU, path, NULL) &&
        gpuvm_timeline_started(diagnosis->events) >= begun) { /* else it failed before there was QEMU */
        diagnosis->events = gpuvm_timeline_settle(diagnosis->events, GPUVM_TIME_UNKNOWN);
        diagnosis->faults = gpuvm_timeline_faults(diagnosis->events);
        cause = diagnosis->faults->len > 0 ? diagnosis->faults->pdata[0] : NULL;
    }
    if (cause && !strstr(diag->message, cause->text))
        gpuvm_diag_hint(diag, "QEMU said: %s", cause->text);
    gpuvm_diag_hint(diag, "what the logs say: gpuvm diagnose %s", name);
}

/* Adds each VM that is off since it failed; one without a log was never started. */
static bool
add_failed(gpuvm_session *session, GPtrArray *all, gint64 since)
{
    g_autoptr(GPtrArray) instances = gpuvm_list_undamaged(session);

    for (guint i = 0; instances && i < instances->len; i++) {
        const gpuvm_instance *instance = instances->pdata[i];
        g_autofree char *path = gpuvm_log_path(session->connection->uri, instance->domain->name);
        gpuvm_diagnosis *diagnosis;

        if (instance->domain->active)
            continue;
        diagnosis = new_diagnosis(all, instance->domain->name);
        if (add_file(diagnosis, GPUVM_LOG_QEMU, path, NULL) && ended_badly(diagnosis))
            conclude(session, diagnosis, since);
        else
            g_ptr_array_remove(all, diagnosis);
    }
    return instances != NULL;
}

GPtrArray *
gpuvm_diagnose(gpuvm_session *session, const char *name, gint64 since)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(free_diagnosis);
    gpuvm_diagnosis *diagnosis = new_diagnosis(all, name);

    if (!connect_if_there(session))
        return NULL;
    if (name && !(session->connection ? add_vm : add_vm_alone)(session, diagnosis))
        return NULL;
    if (session->connection && !session->connection->local) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL,
                          "the logs are files of the host, and %s is not this machine",
                          session->connection->uri);
        return NULL;
    }
    add_host(session, diagnosis, gpuvm_timeline_begin(diagnosis->events, since));
    conclude(session, diagnosis, since);
    return name || !session->connection || add_failed(session, all, since) ? g_steal_pointer(&all) : NULL;
}

/* The names of the files of @directory that are @log's, sorted. */
static GPtrArray *
list_logs(const char *directory, gpuvm_log log, GError **error)
{
    GPtrArray *names = gpuvm_load_names(directory);
    gpuvm_log of;

    if (!names)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED, "cannot read %s: %s", directory,
                    g_strerror(errno));
    for (guint i = names ? names->len : 0; i > 0; i--)
        if (!gpuvm_timeline_log_of(names->pdata[i - 1], &of) || of != log)
            g_ptr_array_remove_index(names, i - 1);
    return names;
}

/* Leaves of @names, QEMU's logs, that of the VM @vm, else qemu.log; the only one, when that is NULL. */
static bool
pick_log(gpuvm_session *session, GPtrArray *names, const char *directory, const char *vm, GError **error)
{
    g_autofree char *own = vm ? g_strconcat(vm, ".log", NULL) : NULL;

    for (guint i = names->len; own && i > 0; i--)
        if (!g_str_equal(names->pdata[i - 1], own) && !g_str_equal(names->pdata[i - 1], "qemu.log"))
            g_ptr_array_remove_index(names, i - 1);
    if (own && names->len == 2) {
        gpuvm_diags_note(session->diags, NULL, "qemu.log is left out: the log of VM '%s' is %s", vm, own);
        g_ptr_array_remove_index(names, g_str_equal(names->pdata[0], own) ? 1 : 0);
    }
    if (names->len == 0 && vm)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                    "no log of VM '%s' in %s\nit is called %s or qemu.log", vm, directory, own);
    else if (names->len > 1)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_USAGE, "%u VMs have a log in %s: name one, such as %.*s",
                    names->len, directory, (int)strlen(names->pdata[0]) - 4, (const char *)names->pdata[0]);
    return names->len == 1 || (names->len == 0 && !vm);
}

/* The logs from @first to @last; QEMU's first: by its start the console's times are known. *@files: how many there are. */
static bool
add_directory(gpuvm_session *session, gpuvm_diagnosis *diagnosis, const char *directory, const char *vm,
              gpuvm_log first, gpuvm_log last, unsigned *files, GError **error)
{
    for (gpuvm_log log = first; log <= last; log++) {
        g_autoptr(GPtrArray) names = list_logs(directory, log, error);

        if (!names || (log == GPUVM_LOG_QEMU && !pick_log(session, names, directory, vm, error)))
            return false;
        for (guint i = 0; i < names->len; i++) {
            g_autofree char *path = g_build_filename(directory, names->pdata[i], NULL);

            if (!add_file(diagnosis, log, path, error))
                return false;
            (*files)++;
        }
    }
    return true;
}

/* As a bundle has them: what is the VM's in a directory of its name, what is the host's beside it; or all in one. */
static bool
add_directories(gpuvm_session *session, gpuvm_diagnosis *diagnosis, const char *directory, const char *vm,
                GError **error)
{
    g_autofree char *own = vm ? g_build_filename(directory, vm, NULL) : NULL;
    bool apart = own && g_file_test(own, G_FILE_TEST_IS_DIR);
    unsigned files = 0;

    if (!add_directory(session, diagnosis, apart ? own : directory, vm, GPUVM_LOG_QEMU, GPUVM_LOG_CONSOLE,
                       &files, error) ||
        (apart && !add_directory(session, diagnosis, directory, vm, GPUVM_LOG_LIBVIRT, GPUVM_LOG_KERNEL,
                                 &files, error)))
        return false;
    if (files == 0)
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                    "no logs in %s\nthey are called NAME.log (QEMU's), libvirt.log, kernel.log, console.log",
                    directory);
    return files > 0;
}

GPtrArray *
gpuvm_diagnose_directory(gpuvm_session *session, const char *directory, const char *name, gint64 since)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(free_diagnosis);
    gpuvm_diagnosis *diagnosis = new_diagnosis(all, name ? name : directory);
    GError *error = NULL;

    if (!add_directories(session, diagnosis, directory, name, &error)) {
        gpuvm_session_fail(session, error);
        return NULL;
    }
    conclude(session, diagnosis, since);
    return g_steal_pointer(&all);
}
