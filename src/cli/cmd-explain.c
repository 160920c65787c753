/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* explain: why each element of a VM's domain XML is there, or what each rule says of one card */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/device.h"
#include "ops/explained.h"

#define COLUMNS 80       /* of comments, where no terminal has another number */
#define INDENT 2         /* of an element in another one */
#define RULE_WIDTH 18    /* of a rule's name, with a blank at least */
#define VERDICT_WIDTH 16 /* of gpuvm_judgement_names, likewise */

/* --- elements */

/* "resources.memory_mb, vm.yaml:5", "this host" */
static char *
format_from(const gpuvm_explanation *of)
{
    static const char *const others[] = {[GPUVM_FROM_UNSAID] = "gpuvm's default",
                                         [GPUVM_FROM_HOST] = "this host",
                                         [GPUVM_FROM_GPUVM] = "gpuvm",
                                         [GPUVM_FROM_LIBVIRT] = "libvirt",
                                         [GPUVM_FROM_OUTSIDE] = "outside gpuvm"};
    bool key = of->key && of->from < GPUVM_FROM_UNSAID;

    if (!of->file)
        return g_strdup(others[of->from]);
    return g_strdup_printf("%s%s%s%s:%u", key ? of->key : "", key ? ", " : "",
                           of->from == GPUVM_FROM_PLUGIN     ? "plugin "
                           : of->from == GPUVM_FROM_DEFAULTS ? "the host's defaults "
                                                             : "",
                           of->file, of->line);
}

static bool
says_the_same(const gpuvm_explanation *a, const gpuvm_explanation *b)
{
    return a && a->from == b->from && g_strcmp0(a->why, b->why) == 0 &&
           (a->from == GPUVM_FROM_TEMPLATE || (g_strcmp0(a->file, b->file) == 0 && a->line == b->line));
}

/* What stands between "<!--" and "-->", which may not hold "--"; @indent: of the comment. g_malloc. */
static char *
format_comment(const gpuvm_output *output, const gpuvm_explanation *of, size_t indent)
{
    g_autofree char *from = format_from(of);
    g_autofree char *line = g_strdup_printf("%s (%s)", of->why, from);
    g_autofree char *safe = gpuvm_text_printable(line);
    g_autofree char *filled = gpuvm_text_fill(
        safe, indent + strlen("<!-- "), (output->columns > 0 ? output->columns : COLUMNS) - strlen(" -->"));
    GString *text = g_string_new(NULL);

    g_string_printf(text, " %s ", filled);
    while (g_string_replace(text, "--", "- -", 0) > 0)
        continue;
    return g_string_free(text, FALSE);
}

/* The explanations by their elements. */
static GHashTable *
index_elements(const GPtrArray *elements)
{
    GHashTable *index = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < elements->len; i++) {
        gpuvm_explanation *explanation = elements->pdata[i];
        g_hash_table_insert(index, explanation->element, explanation);
    }
    return index;
}

/* Puts a comment before each element in @top whose reason is not what the comment before said, which is @last; returns the last one. */
static const gpuvm_explanation *
comment_inner(const gpuvm_output *output, GHashTable *index, xmlNode *top, unsigned depth,
              const gpuvm_explanation *last)
{
    for (xmlNode *node = top->children; node; node = node->next) {
        const gpuvm_explanation *of = g_hash_table_lookup(index, node);

        if (!of)
            continue;
        if (!says_the_same(last, of)) {
            g_autofree char *text = format_comment(output, of, (size_t)depth * INDENT);
            xmlAddPrevSibling(node, xmlNewDocComment(node->doc, (const xmlChar *)text));
        }
        last = comment_inner(output, index, node, depth + 1, of);
    }
    return last;
}

/* For people: the elements of @shown with what is in them, each behind its reason. */
static void
show_elements(const gpuvm_output *output, const gpuvm_explained *vm, const GPtrArray *shown)
{
    g_autoptr(GHashTable) index = index_elements(vm->elements);
    const gpuvm_explanation *last = NULL;
    g_autoptr(GHashTable) done = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < shown->len; i++) {
        const gpuvm_explanation *of = shown->pdata[i];
        const xmlNode *above = of->element;

        while (above && !g_hash_table_contains(done, above))
            above = above->parent;
        if (above) /* it is in one that was shown */
            continue;
        g_hash_table_add(done, of->element);
        if (!says_the_same(last, of)) {
            g_autofree char *text = format_comment(output, of, 0);
            printf("<!--%s-->\n", text);
        }
        last = comment_inner(output, index, of->element, 1, of);
        g_autofree char *xml = gpuvm_xml_print(of->element);
        puts(xml);
    }
}

static JsonArray *
element_rows(const GPtrArray *shown)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < shown->len; i++) {
        const gpuvm_explanation *of = shown->pdata[i];
        g_autofree char *text = xmlFirstElementChild(of->element) ? NULL : gpuvm_xml_text(of->element);
        JsonObject *row = json_object_new(), *attributes = json_object_new();

        for (const xmlAttr *attr = of->element->properties; attr; attr = attr->next) {
            g_autofree char *value = gpuvm_xml_attr(of->element, (const char *)attr->name);
            json_object_set_string_member(attributes, (const char *)attr->name, value ? value : "");
        }
        json_object_set_string_member(row, "path", of->path);
        json_object_set_object_member(row, "attributes", attributes);
        gpuvm_json_set_string(row, "text", text);
        json_object_set_string_member(row, "why", of->why);
        json_object_set_string_member(row, "from", gpuvm_explain_from_names[of->from]);
        gpuvm_json_set_string(row, "key", of->key);
        gpuvm_json_set_string(row, "file", of->file);
        gpuvm_json_set_known(row, "line", of->line > 0 ? (gint64)of->line : -1);
        gpuvm_json_set_known(row, "column", of->column > 0 ? (gint64)of->column : -1);
        json_array_add_object_element(rows, row);
    }
    return rows;
}

/* No domain has an element @what, or one that follows from it. */
static void
fail_unknown(gpuvm_session *session, const GPtrArray *vms, const char *what)
{
    g_autofree char *keys = g_strdup(gpuvm_explain_keys(what));
    const char *nearest = NULL;
    gpuvm_diag *diag;

    if (gpuvm_explain_is_key(what)) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL,
                          "no element of the domain XML follows from %s", what);
        return;
    }
    diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL,
                             "there is no element '%s' in the domain XML", what);
    for (guint i = 0; i < vms->len && !keys && !nearest; i++) {
        const gpuvm_explained *vm = vms->pdata[i];
        nearest = vm->elements ? gpuvm_explain_nearest(vm->elements, what) : NULL;
    }
    if (keys)
        gpuvm_diag_hint(diag, "it would follow from %s: see gpuvm.yaml(5)", g_strdelimit(keys, " ", ','));
    else if (nearest)
        gpuvm_diag_hint(diag, "did you mean '%s'?", nearest);
    else
        gpuvm_diag_hint(
            diag,
            "name one, with what it is in if need be: cputune, devices/disk; a key, as resources.memory_mb; "
            "or a PCI address");
}

/* --- a device */

static JsonArray *
verdict_rows(const GPtrArray *verdicts)
{
    JsonArray *rows = json_array_new();

    for (guint i = 0; i < verdicts->len; i++) {
        const gpuvm_verdict *verdict = verdicts->pdata[i];
        JsonObject *row = json_object_new();
        JsonArray *says = json_array_new();

        for (guint k = 0; k < verdict->diags->items->len; k++) {
            const gpuvm_diag *diag = verdict->diags->items->pdata[k];
            g_auto(GStrv) hints = g_strsplit(diag->hint ? diag->hint : "", "\n", -1);
            JsonObject *said = json_object_new();

            json_object_set_string_member(said, "message", diag->message);
            json_object_set_array_member(said, "hints", gpuvm_json_lines(hints));
            json_array_add_object_element(says, said);
        }
        json_object_set_string_member(row, "rule", verdict->rule->name);
        json_object_set_string_member(row, "asks", verdict->rule->asks);
        json_object_set_string_member(row, "verdict", gpuvm_judgement_names[verdict->judgement]);
        json_object_set_array_member(row, "says", says);
        json_object_set_array_member(row, "draws_in", gpuvm_json_texts(verdict->drawn));
        json_array_add_object_element(rows, row);
    }
    return rows;
}

static void
show_verdict(const gpuvm_output *output, const gpuvm_verdict *verdict)
{
    g_autofree char *lead = g_strdup_printf("  %-*s%-*s", RULE_WIDTH, verdict->rule->name, VERDICT_WIDTH,
                                            gpuvm_judgement_names[verdict->judgement]);
    g_autofree char *below = g_strnfill(2 + RULE_WIDTH, ' ');

    gpuvm_output_paragraph(output, lead, verdict->rule->asks);
    for (guint i = 0; i < verdict->drawn->len; i++) {
        g_autofree char *drawn = g_strconcat("it brings ", verdict->drawn->pdata[i], NULL);
        gpuvm_output_paragraph(output, below, drawn);
    }
    for (guint i = 0; i < verdict->diags->items->len; i++) {
        const gpuvm_diag *diag = verdict->diags->items->pdata[i];
        g_auto(GStrv) hints = g_strsplit(diag->hint ? diag->hint : "", "\n", -1);

        gpuvm_output_paragraph(output, below, diag->message);
        for (char **hint = hints; *hint; hint++) {
            g_autofree char *text = g_strconcat("hint: ", *hint, NULL);
            gpuvm_output_paragraph(output, below, text);
        }
    }
}

/* Whether @verdict is of interest: it says something, or brings something along. */
static bool
decides(const gpuvm_verdict *verdict)
{
    return verdict->judgement > GPUVM_PASSES || verdict->drawn->len > 0;
}

static void
show_verdicts(const gpuvm_output *output, const gpuvm_explained *vm, const char *what)
{
    g_autofree char *place = vm->file ? g_strdup_printf(" (%s:%u)", vm->file, vm->line) : g_strdup("");
    g_autofree char *text =
        g_strdup_printf("%s, which the VM %s%s%s%s; as for %s, %s", what,
                        vm->running ? "runs with"
                        : vm->named ? "has"
                                    : "does not have",
                        vm->why ? ": " : "", vm->why ? vm->why : "", place,
                        !vm->starts   ? "a plan"
                        : vm->running ? "its next start"
                                      : "a start",
                        gpuvm_verdicts_pass(vm->verdicts) ? "it may be passed" : "it is REFUSED");
    guint passed = 0;

    gpuvm_output_paragraph(output, "", text);
    for (guint i = 0; i < vm->verdicts->len; i++) {
        const gpuvm_verdict *verdict = vm->verdicts->pdata[i];

        if (output->wide || decides(verdict))
            show_verdict(output, verdict);
        else
            passed += verdict->judgement == GPUVM_PASSES;
    }
    if (passed > 0) {
        g_autofree char *rules = gpuvm_text_count(passed, "more rule");
        g_autofree char *line =
            g_strdup_printf("%s %s; -v shows them", rules, passed == 1 ? "passes" : "pass");

        gpuvm_output_paragraph(output, "  ", line);
    }
}

/* What is refused makes the exit code, as a plan's would; a plan that has the device has said so. */
static void
fail_refused(gpuvm_session *session, const gpuvm_explained *vm)
{
    for (guint i = 0; (vm->starts || !vm->named) && i < vm->verdicts->len; i++) {
        const GPtrArray *said = ((const gpuvm_verdict *)vm->verdicts->pdata[i])->diags->items;

        for (guint k = 0; k < said->len; k++) {
            const gpuvm_diag *diag = said->pdata[k];

            if (diag->severity == GPUVM_DIAG_ERROR) /* its hints are shown with the rule */
                gpuvm_diags_error(session->diags, diag->exit, NULL, "%s", diag->message);
        }
    }
}

static void
add_device(JsonObject *row, const gpuvm_explained *vm, const char *address)
{
    json_object_set_string_member(row, "address", address);
    json_object_set_array_member(row, "judged", gpuvm_json_addresses(vm->subject));
    json_object_set_boolean_member(row, "named", vm->named);
    json_object_set_string_member(row, "occasion", vm->starts ? "start" : "plan");
    gpuvm_json_set_string(row, "why", vm->why);
    gpuvm_json_set_string(row, "file", vm->file);
    gpuvm_json_set_known(row, "line", vm->line > 0 ? (gint64)vm->line : -1);
    json_object_set_boolean_member(row, "refused", !gpuvm_verdicts_pass(vm->verdicts));
    json_object_set_array_member(row, "rules", verdict_rows(vm->verdicts));
}

/* --- the command */

/* Reads @what, an element or a device, of which it is one when it is written like an address. */
static bool
read_device(gpuvm_session *session, const char *what, gpuvm_pci_ref *ret_ref, bool *ret_device)
{
    g_autofree char *why = NULL, *hint = NULL;
    gpuvm_diag *diag;

    *ret_device = what && gpuvm_pci_ref_parse(what, ret_ref, &why, &hint);
    if (*ret_device || !what ||
        !(g_ascii_isdigit(*what) || strchr(what, ':'))) /* no element has such a name */
        return true;
    diag = gpuvm_diags_error(session->diags, GPUVM_EXIT_USAGE, NULL, "%s", why);
    if (hint)
        gpuvm_diag_hint(diag, "%s", hint);
    return false;
}

/* The device, as it is called, at what of the address was given. */
static char *
describe_device(const gpuvm_facts *facts, const gpuvm_pci_ref *ref)
{
    g_autoptr(GPtrArray) card = gpuvm_facts_card(facts, &ref->addr);
    const gpuvm_device *device =
        ref->whole_card ? card->len > 0 ? card->pdata[0] : NULL : gpuvm_facts_device(facts, &ref->addr);
    g_autofree char *address = gpuvm_pci_ref_format(ref), *name = device ? gpuvm_device_name(device) : NULL;

    return name ? g_strdup_printf("%s (%s)", address, name) : g_steal_pointer(&address);
}

static void
show(gpuvm_cli *cli, const GPtrArray *vms, const char *what, const gpuvm_pci_ref *ref)
{
    g_autofree char *device = ref ? describe_device(cli->session->facts, ref) : NULL;
    g_autofree char *address = ref ? gpuvm_pci_ref_format(ref) : NULL;
    JsonArray *rows = json_array_new();
    guint elements = 0, explained = 0;

    for (guint i = 0; i < vms->len; i++) {
        const gpuvm_explained *vm = vms->pdata[i];
        g_autoptr(GPtrArray) shown = !vm->elements ? NULL
                                     : what        ? gpuvm_explain_find(vm->elements, what)
                                                   : g_ptr_array_ref(vm->elements);
        JsonObject *row = json_object_new();

        json_array_add_object_element(rows, row);
        json_object_set_string_member(row, "name", vm->name);
        gpuvm_json_set_string(row, "source", vm->source);
        if (ref)
            add_device(row, vm, address);
        else if (shown)
            json_object_set_array_member(row, "elements", element_rows(shown));
        explained += shown != NULL;
        elements += shown ? shown->len : 0;
        if (cli->output->json || (!ref && (!shown || shown->len == 0)))
            continue;
        if (vms->len > 1) {
            g_autofree char *title = g_strdup_printf("%s (%s)", vm->name, vm->source);
            gpuvm_output_paragraph(cli->output, i > 0 ? "\n" : "", title);
        }
        if (ref)
            show_verdicts(cli->output, vm, device);
        else
            show_elements(cli->output, vm, shown);
    }
    for (guint i = 0; ref && i < vms->len; i++)
        fail_refused(cli->session, vms->pdata[i]);
    gpuvm_output_rows(cli->output, "vms", rows);
    if (what && !ref && explained > 0 && elements == 0)
        fail_unknown(cli->session, vms, what);
}

static void
run(gpuvm_cli *cli, int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : NULL;
    g_autoptr(GPtrArray) vms = NULL;
    gpuvm_pci_ref ref;
    bool device;

    if (!read_device(cli->session, what, &ref, &device))
        return;
    cli->output->wide |= cli->verbose;
    vms = (gpuvm_argument_is_file(argv[0]) ? gpuvm_explain_file(cli->session, argv[0], device ? &ref : NULL)
                                           : gpuvm_explain_vm(cli->session, argv[0], device ? &ref : NULL));
    if (vms)
        show(cli, vms, what, device ? &ref : NULL);
}

const gpuvm_command gpuvm_cmd_explain = {
    .name = "explain",
    .arguments = "FILE|DIR|-|NAME [ELEMENT|KEY|ADDRESS]",
    .summary = "Show why each element of the domain XML is there, or a card is refused",
    .description =
        "Prints the domain XML that define would send, or that the VM NAME has, with a comment before each element that\n"
        "says which rule made it and where that was written: in the definition, a plugin, the host's defaults or the\n"
        "template, or nowhere, when it is gpuvm's default or a fact of the host. ELEMENT is one of them, as cputune or\n"
        "devices/disk; of a KEY of the definition, as resources.memory_mb, it prints those that follow from it. Of a defined\n"
        "VM, what gpuvm did not make is libvirt's own addition, or was changed outside gpuvm. Of the card or function at\n"
        "ADDRESS, whether the VM has it or not, it says what the rules about devices say: as for a plan, or, of a VM NAME, as\n"
        "for a start; -v shows those, too, that say nothing. Changes nothing.",
    .min_arguments = 1,
    .max_arguments = 2,
    .argument = GPUVM_ARGUMENT_DEFINED,
    .run = run,
};
