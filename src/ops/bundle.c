/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/bundle.h"

#include <string.h>

#include "core/redact.h"
#include "core/secret.h"
#include "doc/emit.h"
#include "host/hostfile.h"
#include "host/log.h"
#include "ops/capture.h"
#include "ops/export.h"
#include "ops/inline.h"
#include "ops/load.h"
#include "ops/logs.h"
#include "ops/plugin.h"

static const char readme[] =
    "A host and its VMs, as gpuvm capture --bundle wrote them.\n"
    "\n"
    "    gpuvm plan --host host.xml definitions/*.yaml\n"
    "    gpuvm check --host host.xml\n"
    "\n"
    "host.xml        the host: devices, capabilities, domains that have devices, its policy and its defaults\n"
    "policy.yaml     the policy by itself, or the one of --policy: then add --policy policy.yaml to plan\n"
    "definitions/    of VMs, with the plugins that they name\n"
    "domains/        the domain XML of VMs, as it is defined\n"
    "logs/VM/        qemu.log: what libvirt and QEMU wrote of the VM; console.log: its console\n"
    "versions.txt    of gpuvm and what it works with\n"
    "\n"
    "Host names, users, IP and MAC addresses, UUIDs and serial numbers have placeholders, the same one everywhere. Secrets are gone.\n"
    "Names of VMs, PCI addresses and the paths of images are as they were.\n";

/* A bundle in the making: texts as they are, until all are there. */
typedef struct making {
    gpuvm_session *session;
    GPtrArray *files; /* gpuvm_packed */
} making;

void
gpuvm_bundle_free(gpuvm_bundle *bundle)
{
    if (!bundle)
        return;
    g_ptr_array_unref(bundle->files);
    g_ptr_array_unref(bundle->replaced);
    g_free(bundle);
}

/* @name and @text are taken. */
static void
add(making *work, char *name, char *text)
{
    g_ptr_array_add(work->files, gpuvm_packed_new(name, text));
}

static bool
has(const making *work, const char *name)
{
    for (guint i = 0; i < work->files->len; i++) {
        if (g_str_equal(((const gpuvm_packed *)work->files->pdata[i])->name, name))
            return true;
    }
    return false;
}

static void
add_spec(making *work, const gpuvm_spec *spec)
{
    g_autofree char *name = g_strdup_printf(
        "definitions/%s%s.yaml", spec->kind == GPUVM_KIND_PLUGIN ? "plugin-" : "", gpuvm_spec_name(spec));
    g_autoptr(gpuvm_doc) shown = gpuvm_secret_hide(gpuvm_kind_table(spec->kind), spec->doc, NULL);

    if (!has(work, name))
        add(work, g_steal_pointer(&name), gpuvm_emit_yaml(shown->root));
}

/* The plugin that a VM or a deployment names, unless it was given. */
static bool
add_plugin(making *work, const char *plugin)
{
    g_autofree char *name = plugin ? g_strdup_printf("definitions/plugin-%s.yaml", plugin) : NULL;
    g_autoptr(gpuvm_spec) spec = NULL;

    if (!name || has(work, name))
        return true;
    spec = gpuvm_plugin_get(work->session, plugin, NULL);
    if (spec)
        add_spec(work, spec);
    return spec != NULL;
}

static const char *
plugin_of(const gpuvm_spec *spec)
{
    return spec->kind == GPUVM_KIND_VM           ? spec->vm->plugin
           : spec->kind == GPUVM_KIND_DEPLOYMENT ? spec->deployment->plugin
                                                 : NULL;
}

/* The definitions at @path, with the texts that they name; those that others name first. */
static bool
add_definitions(making *work, char *path)
{
    gpuvm_diags *diags = work->session->diags;
    unsigned errors = diags->errors;
    g_autoptr(GPtrArray) definitions = gpuvm_load_paths((char *[]){path, NULL}, NULL, false, NULL, diags);

    for (guint i = 0; i < definitions->len; i++) {
        const gpuvm_definition *definition = definitions->pdata[i];

        if (gpuvm_inline_texts(definition->spec, definition->directory, diags))
            add_spec(work, definition->spec);
    }
    for (guint i = 0; i < definitions->len; i++)
        add_plugin(work, plugin_of(((const gpuvm_definition *)definitions->pdata[i])->spec));
    return diags->errors == errors;
}

/* The last of the file @path, as @name; that it cannot be read is a note. */
static void
add_log(making *work, const char *path, char *name)
{
    g_autoptr(GError) error = NULL;
    gint64 offset = -1;
    size_t size;
    char *text = gpuvm_log_read(path, &offset, &size, &error);

    if (text) {
        for (size_t i = 0; i < size; i++) /* a NUL does not end it */
            text[i] = text[i] ? text[i] : ' ';
        add(work, name, text);
        return;
    }
    gpuvm_diags_note(work->session->diags, NULL, "%.*s", (int)strcspn(error->message, "\n"), error->message);
    g_free(name);
}

static void
add_logs(making *work, const char *vm)
{
    g_autoptr(gpuvm_logs) logs = work->session->connection->local ? gpuvm_logs_find(work->session, vm) : NULL;

    if (!logs)
        return;
    add_log(work, logs->log, g_strdup_printf("logs/%s/qemu.log", vm));
    if (logs->console)
        add_log(work, logs->console, g_strdup_printf("logs/%s/console.log", vm));
}

/* VM @name, as it is defined; where the definition of its name that was given is another file, that comes beside its XML. */
static bool
add_vm(making *work, const char *name)
{
    gpuvm_session *session = work->session;
    g_autofree char *plugin = NULL;
    g_autofree char *given = g_strdup_printf("definitions/%s.yaml", name);
    g_autofree char *xml_name = g_strdup_printf("domains/%s.xml", name);
    g_autoptr(gpuvm_record) record = NULL;
    g_autoptr(gpuvm_domain) domain = gpuvm_find_managed(session, name, &record);
    GError *error = NULL;
    char *xml = domain ? gpuvm_domain_xml(domain, true, &error) : NULL, *definition;

    if (has(work, xml_name)) {
        g_free(xml);
        return true;
    }
    if (error)
        gpuvm_session_fail(session, error);
    if (!xml)
        return false;
    add(work, g_steal_pointer(&xml_name), xml);
    definition = gpuvm_export(session, name);
    if (!definition)
        return false;
    add(work, has(work, given) ? g_strdup_printf("domains/%s.yaml", name) : g_steal_pointer(&given),
        definition);
    add_logs(work, name);
    plugin = record->plugin ? gpuvm_plugin_file(session, record->plugin) : NULL;
    return !plugin || !g_file_test(plugin, G_FILE_TEST_EXISTS) || add_plugin(work, record->plugin);
}

static bool
add_every_vm(making *work)
{
    g_autoptr(GPtrArray) vms = gpuvm_list_managed(work->session);
    bool right = vms != NULL;

    for (guint i = 0; right && i < vms->len; i++)
        right = add_vm(work, ((const gpuvm_instance *)vms->pdata[i])->domain->name);
    return right;
}

static bool
is_path(const char *argument)
{
    static const char *const ends[] = {".yaml", ".yml", ".json"};

    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        if (g_str_has_suffix(argument, ends[i]))
            return true;
    }
    return strchr(argument, '/') || g_file_test(argument, G_FILE_TEST_EXISTS);
}

static char *
version_text(int64_t version)
{
    return version == GPUVM_UNKNOWN
               ? g_strdup("unknown")
               : g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT,
                                 version / 1000000, version / 1000 % 1000, version % 1000);
}

static bool
add_host(making *work)
{
    gpuvm_session *session = work->session;
    char *text = gpuvm_capture_host(session, false);
    const gpuvm_host *host;

    if (!text)
        return false;
    add(work, g_strdup("host.xml"), text);
    if (session->policy_file) {
        g_autoptr(gpuvm_source) source = gpuvm_load_source(session->policy_file, session->diags);

        if (!source)
            return false;
        add(work, g_strdup("policy.yaml"), g_strdup(source->text));
    } else if (session->facts->policy) {
        add(work, g_strdup("policy.yaml"), g_strdup(session->facts->policy));
    }
    host = &session->facts->host;
    g_autofree char *libvirt = version_text(host->libvirt_version);
    g_autofree char *hypervisor = version_text(host->hypervisor_version);
    add(work, g_strdup("versions.txt"),
        g_strdup_printf("gpuvm " PACKAGE_VERSION "\nlibvirt %s\n%s %s\nkernel %s\n", libvirt,
                        host->hypervisor ? host->hypervisor : "hypervisor", hypervisor,
                        host->kernel_image ? host->kernel_image : "unknown"));
    return true;
}

/* What is known of names without looking for them. */
static void
add_names(gpuvm_redaction *redaction, const gpuvm_session *session)
{
    const char *hosts[] = {g_get_host_name(), session->connection->server};
    const char *users[] = {g_get_user_name(), g_getenv("SUDO_USER")};

    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autofree char *label = hosts[i] ? g_strndup(hosts[i], strcspn(hosts[i], ".")) : NULL;

        if (!hosts[i])
            continue;
        gpuvm_redaction_add_name(redaction, "host", hosts[i]);
        gpuvm_redaction_add_name(redaction, "host", label);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
        if (users[i])
            gpuvm_redaction_add_name(redaction, "user", users[i]);
    }
}

static int
compare_files(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const gpuvm_packed *const *)a)->name, (*(const gpuvm_packed *const *)b)->name);
}

/* A name of a host or of a user that is a word of the file's own would be gone from it. */
static bool
check_host(gpuvm_session *session, const GPtrArray *files)
{
    for (guint i = 0; i < files->len; i++) {
        const gpuvm_packed *file = files->pdata[i];
        g_autoptr(gpuvm_facts) facts = NULL;
        GError *error = NULL;

        if (!g_str_equal(file->name, "host.xml"))
            continue;
        facts = gpuvm_hostfile_parse(file->text, strlen(file->text), "the host file without names", &error);
        return facts || gpuvm_session_fail(session, error);
    }
    return true;
}

static gpuvm_bundle *
redact(making *work)
{
    g_autoptr(gpuvm_redaction) redaction = gpuvm_redaction_new();
    g_autoptr(gpuvm_bundle) bundle = g_new0(gpuvm_bundle, 1);

    add_names(redaction, work->session);
    for (guint i = 0; i < work->files->len; i++)
        gpuvm_redaction_learn(redaction, ((const gpuvm_packed *)work->files->pdata[i])->text);
    bundle->files = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_packed_free);
    for (guint i = 0; i < work->files->len; i++) {
        const gpuvm_packed *file = work->files->pdata[i];

        g_ptr_array_add(bundle->files, gpuvm_packed_new(gpuvm_redaction_apply(redaction, file->name),
                                                        gpuvm_redaction_apply(redaction, file->text)));
    }
    g_ptr_array_add(bundle->files, gpuvm_packed_new(g_strdup("README.txt"), g_strdup(readme)));
    g_ptr_array_sort(bundle->files, compare_files);
    bundle->replaced = gpuvm_redaction_tell(redaction);
    return check_host(work->session, bundle->files) ? g_steal_pointer(&bundle) : NULL;
}

gpuvm_bundle *
gpuvm_bundle_make(gpuvm_session *session, char **arguments)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)gpuvm_packed_free);
    making work = {session, files};
    bool right = add_host(&work);

    if (right && !*arguments)
        right = add_every_vm(&work);
    for (unsigned turn = 0; turn < 2;
         turn++) { /* what is given comes first, whatever is defined by its name */
        for (char **argument = arguments; right && *argument; argument++) {
            if (is_path(*argument) == (turn == 0))
                right = turn == 0 ? add_definitions(&work, *argument) : add_vm(&work, *argument);
        }
    }
    return right ? redact(&work) : NULL;
}
