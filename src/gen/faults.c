/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * faults.c: makes the C of the known faults (model/faults.h) of data/faults.yaml, in which nothing may be wrong
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "doc/schema.h"

static const char *const places[] = {"client",       "libvirt",      "qemu", "host-kernel",
                                     "guest-kernel", "guest-driver", NULL};
static const char *const severities[] = {"fatal", "warning", "benign", "wrapper", "phase", NULL};
static const char *const seens[] = {"log", "source", "nowhere", NULL};
static const char *const sures[] = {"high", "medium", "low", NULL};

typedef struct gen_fault {
    gpuvm_object object;
    char *id, *signature, *example, *meaning, *remedy, *source;
    int where, severity, seen, sure;
    uint64_t code, exit;
    bool tried;
} gen_fault;

typedef struct gen_faults {
    gpuvm_object object;
    GPtrArray *faults, *xid, *rm_init, *nv_status;
} gen_faults;

/* A row must know its own example. */
static void
check_fault(const void *object, gpuvm_diags *diags)
{
    const gen_fault *fault = object;
    g_autoptr(GError) error = NULL;
    g_autoptr(GRegex) regex = fault->signature ? g_regex_new(fault->signature, G_REGEX_RAW, 0, &error) : NULL;
    gpuvm_mark mark = gpuvm_object_mark(&fault->object, "signature");

    if (error)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "invalid signature: %s", error->message);
    else if (!regex && !fault->code)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "fault '%s' has no signature", fault->id);
    else if (regex && !(fault->example && g_regex_match(regex, fault->example, 0, NULL)))
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "fault '%s' has no example of its signature",
                          fault->id);
    if (!fault->meaning && !fault->remedy)
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "fault '%s' has no meaning", fault->id);
}

static void
check_faults(const void *object, gpuvm_diags *diags)
{
    const gen_faults *all = object;
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < all->faults->len; i++) {
        const gen_fault *fault = all->faults->pdata[i];
        gpuvm_mark mark = gpuvm_object_mark(&fault->object, "id");

        if (!g_hash_table_add(ids, fault->id))
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "a second fault '%s'", fault->id);
    }
}

#define FIELD(type, member) .key = #member, .offset = offsetof(type, member)
#define TEXT(member) FIELD(gen_fault, member), .scalar = &gpuvm_scalar_string
#define CHOICE(member, words)                                                                                \
    FIELD(gen_fault, member), .shape = GPUVM_ENUM, .choices = (words), .flags = GPUVM_FIELD_REQUIRED

static const gpuvm_field fault_fields[] = {
    {TEXT(id), .flags = GPUVM_FIELD_REQUIRED},
    {CHOICE(where, places)},
    {CHOICE(severity, severities)},
    {FIELD(gen_fault, code), .scalar = &gpuvm_scalar_integer, .fallback = "0", .max = G_MAXINT},
    {TEXT(signature)},
    {TEXT(example)},
    {TEXT(meaning)},
    {TEXT(remedy)},
    {FIELD(gen_fault, exit), .scalar = &gpuvm_scalar_integer, .fallback = "5", .max = GPUVM_EXIT_DIFFERS},
    {CHOICE(seen, seens)},
    {CHOICE(sure, sures)},
    {FIELD(gen_fault, tried), .scalar = &gpuvm_scalar_bool, .fallback = "false"},
    {TEXT(source)},
    {NULL},
};

static const gpuvm_table fault_table = {
    .name = "fault", .size = sizeof(gen_fault), .fields = fault_fields, .check = check_fault};

#define NUMBERS(member) FIELD(gen_faults, member), .shape = GPUVM_MAP, .scalar = &gpuvm_scalar_string

static const gpuvm_field faults_fields[] = {
    {FIELD(gen_faults, faults), .shape = GPUVM_OBJECTS, .table = &fault_table, .flags = GPUVM_FIELD_REQUIRED},
    {NUMBERS(xid)},
    {NUMBERS(rm_init)},
    {NUMBERS(nv_status)},
    {NULL},
};

static const gpuvm_table faults_table = {
    .name = "faults", .size = sizeof(gen_faults), .fields = faults_fields, .check = check_faults};

static void
print_text(const char *member, const char *text)
{
    g_autofree char *escaped = text ? g_strescape(text, NULL) : NULL;

    if (text)
        printf("     .%s = \"%s\",\n", member, escaped);
}

static void
print_fault(const gen_fault *fault)
{
    printf("    {.severity = %d, .code = %d, .exit = %d, .tried = %d,\n", fault->severity, (int)fault->code,
           (int)fault->exit, fault->tried);
    print_text("id", fault->id);
    print_text("where", places[fault->where]);
    print_text("seen", seens[fault->seen]);
    print_text("sure", sures[fault->sure]);
    print_text("signature", fault->signature);
    print_text("example", fault->example);
    print_text("meaning", fault->meaning);
    print_text("remedy", fault->remedy);
    print_text("source", fault->source);
    puts("    },");
}

static void
print_numbers(const char *name, const GPtrArray *pairs)
{
    printf("const gpuvm_fault_number gpuvm_%s[] = {\n", name);
    for (guint i = 0; i < pairs->len; i++) {
        const gpuvm_pair *pair = pairs->pdata[i];

        printf("    {%lu, \"%s\"},\n", strtoul(pair->key, NULL, 0), pair->value);
    }
    puts("    {0, NULL},\n};");
}

static void
print_all(const gen_faults *all)
{
    puts("#include <config.h>\n#include \"model/faults.h\"\n\nconst gpuvm_fault gpuvm_faults[] = {");
    for (int severity = 0; severities[severity]; severity++) {
        for (guint i = 0; i < all->faults->len; i++) {
            const gen_fault *fault = all->faults->pdata[i];

            if (fault->severity == severity)
                print_fault(fault);
        }
    }
    puts("};\nconst unsigned gpuvm_faults_count = G_N_ELEMENTS(gpuvm_faults);");
    print_numbers("xids", all->xid);
    print_numbers("rm_init", all->rm_init);
    print_numbers("nv_status", all->nv_status);
}

int
main(int argc, char **argv)
{
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(gpuvm_source) source = NULL;
    g_autoptr(GPtrArray) docs = NULL;
    gen_faults *all = NULL;
    char *text = NULL;
    size_t size = 0;

    if (argc != 2 || !g_file_get_contents(argv[1], &text, &size, NULL)) {
        fputs("usage: gpuvm-gen-faults FILE\n", stderr);
        return GPUVM_EXIT_USAGE;
    }
    source = gpuvm_source_new(argv[1], text, size);
    docs = gpuvm_doc_parse(source, diags);
    if (diags->errors == 0)
        all = gpuvm_schema_decode(&faults_table, ((gpuvm_doc *)docs->pdata[0])->root, diags);
    if (all)
        print_all(all);
    gpuvm_schema_free(&faults_table, all);
    for (guint i = 0; i < diags->items->len; i++) {
        g_autofree char *said = gpuvm_diag_format(diags->items->pdata[i], false);

        fputs(said, stderr);
    }
    return diags->errors > 0 ? GPUVM_EXIT_INVALID : GPUVM_EXIT_OK;
}
