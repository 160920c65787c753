/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/virt.h"

#include <signal.h>

#include <libxml/catalog.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "base/error.h"
#include "host/library.h"
#include "model/faults.h"

/* what users search for */
#define BUSY "failed to bind device: device or resource busy: "

gpuvm_virt_functions gpuvm_virt;

static void
ignore_error(void *data, virError *error)
{
    (void)data, (void)error;
}

static void
ignore_message(void *data, const char *format, ...)
{
    (void)data, (void)format;
}

static bool
set_up(GError **error G_GNUC_UNUSED)
{
    /*
     * Before there are threads: libxml2 sets its catalog up for the first file that is read, which the test driver does, and of two
     * threads at once one may unlock the other's lock; the program waits for that when it ends (libxml/catalog.h: not thread safe).
     */
    xmlInitParser();
    xmlInitializeCatalog();
    gpuvm_virt.SetErrorFunc(NULL, ignore_error);
    xmlSetGenericErrorFunc(NULL, ignore_message); /* libvirt lets libxml2 print what cannot be opened */
    signal(SIGPIPE, SIG_IGN);                     /* libvirt writes to a daemon that may be gone */
    return true;
}

static const gpuvm_library library = {
    .soname = GPUVM_LIBVIRT_SONAME,
    .title = "libvirt",
    .package = GPUVM_LIBVIRT_PACKAGE,
    .version = "9.0",
    .prefix = "vir",
    .names = (const char *const[]){GPUVM_VIRT_FUNCTIONS(GPUVM_LIBRARY_NAME) NULL},
    .functions = &gpuvm_virt,
    .set_up = set_up};

bool
gpuvm_virt_load(GError **error)
{
    return gpuvm_library_load(&library, error);
}

/* libvirt passes on what QEMU and libxml2 say, which may be several lines */
static char *
join_lines(const char *words)
{
    g_auto(GStrv) lines = g_strsplit(words, "\n", -1);
    GString *joined = g_string_new(NULL);

    for (char **line = lines; *line; line++)
        if (*g_strstrip(*line))
            g_string_append_printf(joined, "%s%s", joined->len ? "; " : "", *line);
    return g_string_free(joined, FALSE);
}

bool
gpuvm_virt_failed(GError **error, const char *format, ...)
{
    const virError *last = gpuvm_virt.GetLastError();
    g_autofree char *words = join_lines(last && last->message ? last->message : "libvirt does not say why");
    const gpuvm_fault *fault = gpuvm_fault_of_error(last ? last->code : VIR_ERR_OK, words);
    g_autofree char *hint = fault ? gpuvm_fault_text(fault) : NULL;
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, GPUVM_ERROR, fault ? fault->exit : GPUVM_EXIT_FAILED, "%s%s: %s%s%s",
                fault && g_str_equal(fault->id, "device-busy") ? BUSY : "", what, words, hint ? "\n" : "",
                hint ? hint : "");
    return false;
}

int
gpuvm_virt_error(void)
{
    const virError *last = gpuvm_virt.GetLastError();

    return last ? last->code : VIR_ERR_OK;
}
