/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/bundle.h"

#include <string.h>

#include "base/xml.h"
#include "core/redact.h"
#include "core/secret.h"
#include "doc/emit.h"
#include "host/hostfile.h"
#include "ops/bundlelogs.h"
#include "ops/capture.h"
#include "ops/export.h"
#include "ops/inline.h"
#include "ops/lifecycle.h"
#include "ops/load.h"
#include "ops/plugin.h"

static const char readme[] =
    "A host and its VMs, as gpuvm capture --bundle wrote them.\n"
    "\n"
    "    gpuvm plan --host host.xml definitions/*.yaml\n"
    "    gpuvm check --host host.xml\n"
    "    gpuvm diagnose --logs logs VM\n"
    "\n"
    "host.xml        the host: devices, capabilities, domains that have devices, its policy and its defaults\n"
    "policy.yaml     the policy by itself, or the one of --policy: then add --policy policy.yaml to plan\n"
    "definitions/    of VMs, with the plugins and templates that they name\n"
    "domains/        the domain XML of VMs, as it is defined\n"
    "logs/           kernel.log, libvirt.log: what the host's kernel and libvirt's daemons wrote since it booted\n"
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

/* Whether @source is domain XML: a definition of others could name any file of this host. */
static bool
is_domain(const gpuvm_source *source)
{
    g_autoptr(xmlDoc) doc = gpuvm_xml_parse(source->text, source->size, source->name, NULL);

    return doc && gpuvm_xml_is(xmlDocGetRootElement(doc), "domain");
}

/*
 * Adds the domain template that @doc, the definition in @folder of @name, names by a path from @directory, and leads it there. That it cannot
 * be read is a note.
 */
static void
add_template(making *work, gpuvm_doc *doc, const char *directory, const char *folder, const char *name)
{
    const gpuvm_node *template = gpuvm_node_get(doc->root, "template");
    g_autofree char *path = template ? g_canonicalize_filename(template->text, directory) : NULL;
    g_autofree char *file = g_strdup_printf("templates/%s.xml", name);
    g_autoptr(gpuvm_diags) found = gpuvm_diags_new();
    g_autoptr(gpuvm_source) source = path ? gpuvm_load_source(path, found) : NULL;

    if (source && !is_domain(source)) {
        gpuvm_diags_note(work->session->diags, NULL, "%s is left out: it is not domain XML", path);
    } else if (source) {
        gpuvm_doc_set(doc, doc->root, gpuvm_doc_scalar(doc, "template", &template->mark),
                      gpuvm_doc_scalar(doc, file, &template->mark));
        add(work, g_strdup_printf("%s/%s", folder, file), g_strdup(source->text));
    } else if (path) {
        gpuvm_diags_note(work->session->diags, NULL, "%s",
                         ((const gpuvm_diag *)found->items->pdata[0])->message);
    }
}

static void
add_spec(making *work, const gpuvm_spec *spec, const char *directory)
{
    g_autofree char *name =
        g_strconcat(spec->kind == GPUVM_KIND_PLUGIN ? "plugin-" : "", gpuvm_spec_name(spec), NULL);
    g_autofree char *file = g_strdup_printf("definitions/%s.yaml", name);
    g_autoptr(gpuvm_doc) shown = NULL;

    if (has(work, file))
        return;
    add_template(work, spec->doc, directory, "definitions", name);
    shown = gpuvm_secret_hide(gpuvm_kind_table(spec->kind), spec->doc, NULL);
    add(work, g_steal_pointer(&file), gpuvm_emit_yaml(shown->root));
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
        add_spec(work, spec, "/");
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
            add_spec(work, definition->spec, definition->directory);
    }
    for (guint i = 0; i < definitions->len; i++)
        add_plugin(work, plugin_of(((const gpuvm_definition *)definitions->pdata[i])->spec));
    return diags->errors == errors;
}

/* The definition of VM @name, as it was applied, in @folder. */
static bool
add_applied(making *work, const char *name, const char *folder)
{
    g_autofree char *yaml = gpuvm_export(work->session, name);
    g_autoptr(gpuvm_source) source = yaml ? gpuvm_source_new(name, g_strdup(yaml), strlen(yaml)) : NULL;
    g_autoptr(GPtrArray) docs = source ? gpuvm_doc_parse(source, work->session->diags) : NULL;
    gpuvm_doc *doc = docs && docs->len > 0 ? docs->pdata[0] : NULL;

    if (!doc)
        return false;
    add_template(work, doc, "/", folder, name);
    add(work, g_strdup_printf("%s/%s.yaml", folder, name),
        gpuvm_node_get(doc->root, "template") ? gpuvm_emit_yaml(doc->root) : g_steal_pointer(&yaml));
    return true;
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
    char *xml = domain ? gpuvm_domain_xml(domain, true, &error) : NULL;

    if (has(work, xml_name)) {
        g_free(xml);
        return true;
    }
    if (error)
        gpuvm_session_fail(session, error);
    if (!xml)
        return false;
    add(work, g_steal_pointer(&xml_name), xml);
    if (!add_applied(work, name, has(work, given) ? "domains" : "definitions"))
        return false;
    gpuvm_bundle_add_logs(work->session, work->files, name);
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
    g_autofree char *file = gpuvm_session_file(session);
    g_autoptr(GError) error = NULL;
    const gpuvm_host *host;
    char *text = NULL;

    if (!file)
        text = gpuvm_capture_host(session, false);
    else if (gpuvm_session_gather(session) && !g_file_get_contents(file, &text, NULL, &error))
        gpuvm_diags_error(session->diags, GPUVM_EXIT_FAILED, NULL, "%s", error->message);
    if (!text)
        return false;
    if (file)
        gpuvm_diags_note(session->diags, NULL, "there are no logs of %s, which is a host file", file);
    else if (session->connection->local)
        gpuvm_bundle_add_journal(session, work->files);
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
    const char *hosts[] = {g_get_host_name(), session->connection ? session->connection->server : NULL};
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

    if (right && !*arguments && !session->host_file)
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
