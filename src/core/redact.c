/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/redact.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/url.h"

#define HIDDEN "(hidden)"
#define LONGEST_NAME 253     /* of a host: RFC 1035 */
#define MOST_OF_PATTERN 8000 /* bytes: PCRE takes some 64 KiB */

/* A sort of what is replaced. */
typedef struct sort {
    const char *one;                       /* "UUID" */
    const char *pattern;                   /* its last group is the value; without one, all of it is */
    char *(*placeholder)(unsigned number); /* NULL: HIDDEN */
} sort;

static char *
nothing(unsigned number)
{
    (void)number;
    return g_strdup("");
}

static char *
uuid(unsigned number)
{
    return g_strdup_printf("00000000-0000-4000-8000-%012u", number);
}

static char *
serial(unsigned number)
{
    return g_strdup_printf("serial%u", number);
}

static char *
host(unsigned number)
{
    return g_strdup_printf("host%u", number);
}

static char *
user(unsigned number)
{
    return g_strdup_printf("user%u", number);
}

/* Of QEMU's vendor, as libvirt makes them. */
static char *
mac(unsigned number)
{
    return g_strdup_printf("52:54:00:%02x:%02x:%02x", number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff);
}

/* As the name of a network interface has it. */
static char *
bare_mac(unsigned number)
{
    return g_strdup_printf("525400%06x", number & 0xffffff);
}

static char *
mail(unsigned number)
{
    return g_strdup_printf("user%u@mail.invalid", number);
}

/* Of documentation: RFC 3849. */
static char *
ipv6(unsigned number)
{
    return g_strdup_printf("2001:db8::%x", number & 0xffff);
}

/* Nobody's: RFC 2544. */
static char *
ipv4(unsigned number)
{
    return g_strdup_printf("198.18.%u.%u", number >> 8 & 0xff, number & 0xff);
}

#define NO_WORD_BEFORE "(?<![0-9A-Za-z_.:-])"
#define NO_WORD_BEHIND "(?![0-9A-Za-z_:-]|\\.[0-9])"
#define OCTET "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define HEX "[0-9A-Fa-f]"
#define SECRET "(?:passw(?:or)?d|passphrase|secret|token|api_?key|credential)"
#define SECRET_IS "(?i)" SECRET "[a-z0-9_.-]{0,40}\\\\?['\"]?[ \\t]*[=:]>?[ \\t]*+"
#define NO_TAG "<(?!/[A-Za-z][0-9A-Za-z_.:-]*>)"
#define LINE "(?:[^\\n<]|" NO_TAG ")++"
/* Without quotes around them, what ends a text in quotes, an element or a parameter of a URL ends a word. */
#define WORD "(?:[^\\s'\"<&]|['\"](?=[0-9A-Za-z])|" NO_TAG "|&(?![0-9A-Za-z_.-]+=))++"
#define NEXT_KEY "[A-Za-z_][0-9A-Za-z_.-]*(?:=|:\\s)"
#define STAMP                                                                                                \
    "(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{8}[0-9.,:+Z-]*|\\[ *[0-9]+\\.[0-9]{6}\\]|[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}) "
#define USER "((?!(?:root|qemu|libvirt-qemu|nobody)\\b)[a-z_](?:[0-9a-z_.-]{0,30}[0-9a-z_-])?)"

/* In the order in which they are looked for. Secrets come first: what is gone is nothing else. */
static const sort sorts[] = {
    {"secret", "-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\\z)", NULL},
    {"secret",
     "\\b(?:ssh-[a-z0-9-]{1,40}|ecdsa-[a-z0-9-]{1,40}|sk-[a-z0-9@.-]{1,60}) (AAAA[0-9A-Za-z+/=]+(?:[ \\t]+[^\\s'\"<]+)?)",
     NULL},
    {"secret", "\\(hidden\\)( sha256:" HEX "+)", nothing},
    {"secret", "\\$(?:[0-9][a-z]?|y|gy|sha1)\\$[^\\s'\"<]+", NULL},
    {"secret", /* on the lines behind its key: those that are indented further, else one */
     "(?m)^([ \\t]*+)[^\\n]*?" SECRET_IS "(?:[|>{[][-+0-9]*)?[ \\t\\r]*+\\n(?:[ \\t\\r]*+\\n)*+"
     "(?|\\1[ \\t]++(" LINE "(?:\\n+\\1[ \\t]+" LINE ")*+)|[ \\t]*+(?:" STAMP "|(?!" NEXT_KEY "|</))(" LINE
     "))",
     NULL},
    {"secret",
     SECRET_IS
     "(?!['\"]?\\(hidden\\)|[|>{[][-+0-9]*\\s)(\"(?:[^\"\\\\\\n]|\\\\.)+\"|'[^'\\n]+'|[{[]\\s*['\"][^]}\\n]*|" WORD
     "(?:[ \\t]+(?!" NEXT_KEY "|--?[a-z]|\\\\\\s)" WORD ")*+)",
     NULL},
    {"secret", "(?i)<[a-z0-9_.:-]{0,40}" SECRET "[a-z0-9_.-]{0,40}>([^<\\n]+)", NULL},
    {"secret", "(?i)(?:\\b|_)(?:pass|pwd|luks_key)=([^\\s'\"<&]+)", NULL},
    {"secret",
     "\\b(?:gh[a-z]_[0-9A-Za-z]{20,}|hf_[0-9A-Za-z]{20,}|AKIA[0-9A-Z]{12,}|glpat-[0-9A-Za-z_-]{16,}|xox[a-z]-[0-9A-Za-z-]{10,}|"
     "eyJ[0-9A-Za-z_-]{8,}\\.[0-9A-Za-z_-]{8,}\\.[0-9A-Za-z_-]*)",
     NULL},
    {"secret",
     "(?i)(?<![0-9a-z])--?[a-z-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api-?key|credential)[a-z-]{0,40}['\"]?[\\s,]+(?:- )?"
     "(?|\"([^\"\n]+)\"|'([^'\n]+)'|([^\\s'\",<\\[\\]-][^\\s'\",<\\]]*))",
     NULL},
    {"secret", "(?i)\\b(?:bearer|basic) ([A-Za-z0-9+/=_.-]{8,})", NULL},
    {"UUID", "(?<!" HEX ")" HEX "{8}-" HEX "{4}-" HEX "{4}-" HEX "{4}-" HEX "{12}(?!" HEX ")", uuid},
    {"UUID", "(?<![0-9A-Za-z])" HEX "{32}(?![0-9A-Za-z])", uuid},
    {"serial number", "<serial(?:_number)?>([^<\\n]+)</serial(?:_number)?>", serial},
    {"serial number", "<entry name=['\"](?:serial|asset|uuid)['\"]>([^<\\n]+)</entry>", serial},
    {"serial number",
     "(?i)\\b(?:(?:serial(?:[ _]?(?:number|no\\.?|#))?|s/?n)['\"]?[=:#] ?['\"]?|s/n )(?!pty|file|unix|tcp|tty|8250)([0-9A-Za-z_-]{4,})",
     serial},
    {"serial number", "/by-(?:id|uuid|partuuid|label|partlabel|path)/([^\\s'\"<>,;]+)", serial},
    {"MAC address", "\\benx(" HEX "{12})\\b", bare_mac},
    {"mail address", "[0-9A-Za-z_.+-]{1,64}@[0-9A-Za-z-]{1,63}(?:\\.[0-9A-Za-z-]+)+", mail},
    {"user", "(?i)(?<![0-9a-z_.+-])" USER "@(?=[a-z][0-9a-z-]{0,62}(?![0-9a-z_.-]))", user},
    {"host", "(?<=[0-9A-Za-z_]@)((?!localhost)[A-Za-z][0-9A-Za-z-]{0,62})(?![0-9A-Za-z_.-])", host},
    {"MAC address", "(?<![0-9A-Fa-f:])" HEX "{2}(?::" HEX "{2}){5}(?![0-9A-Fa-f:])", mac},
    {"MAC address", "(?<![0-9A-Za-z-])" HEX "{2}(?:-" HEX "{2}){5}(?![0-9A-Za-z-])", mac},
    {"IPv6 address",
     NO_WORD_BEFORE "(?!::1?(?![0-9A-Fa-f:]))(?:(?:" HEX "{1,4}:){7}" HEX "{1,4}|(?=[0-9A-Fa-f:]*::)(?:" HEX
                    "{1,4}:){0,7}(?::" HEX "{1,4}){1,7}|(?:" HEX
                    "{1,4}:){1,7}:)(?![0-9A-Za-z]|:[0-9A-Fa-f:])",
     ipv6},
    {"IPv4 address",
     "(?<![0-9.])(?!(?:127|255)\\.|0\\.0\\.0\\.0)(?:" OCTET "\\.){3}" OCTET "(?![0-9]|\\.[0-9])", ipv4},
    {"user", "/home/([^/\\s'\":,;<>&]+)", user},
    {"user", "(?i)\\blogin:[ \\t]*(?!(?:mon|tue|wed|thu|fri|sat|sun) )" USER, user},
    {"user", "(?i)\\bfor (?:(?:invalid )?user )?" USER " from\\b", user},
    {"user", "(?i)\\b(?:for|of) user " USER, user},
    {"user", "(?i)\\b(?:r?user|username|logname)=['\"]?" USER, user},
};

/* What a name that is found stands in. */
static const struct {
    const char *kind, *pattern;
} finders[] = {
    {"host", "(?i)\\b[a-z][a-z0-9+.-]{0,20}://(?:[^\\s/@'\"<]*@)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)"},
    {"user", "/home/([^/\\s'\":,;<>&]+)"},
    {"user", "(?i)\\b[a-z+]{0,8}ssh://([^\\s/@:'\"<]+)@"},
};

/* Names that are nobody's, and words of the files themselves that are not to be replaced everywhere. */
static const char *const common[] = {
    "localhost", "localdomain", "root",    "host",     "node",    "server", "kvm",    "qemu",   "test",
    "domain",    "system",      "local",   "gpuvm",    "libvirt", "admin",  "user",   "name",   "device",
    "type",      "default",     "debian",  "linux",    "www",     "data",   "driver", "memory", "disk",
    "source",    "target",      "file",    "info",     "error",   "none",   "auto",   "nvidia", "nouveau",
    "amdgpu",    "radeon",      "vfio",    "vfio-pci", "intel",   "amd",    "pci",    "usb",    "sata",
    "virtio",    "bridge",      "network", "hostdev",  "guest",   "boot",   "raw",    "qcow2",  "efi",
    "bios",      "true",        "false",   "yes",      "no",      NULL};

struct gpuvm_redaction {
    GHashTable *numbers; /* "SORT VALUE" → its number */
    GHashTable *counts;  /* a sort's or a kind's word → how many values there are */
    GHashTable *names;   /* a name → its kind; owned */
};

gpuvm_redaction *
gpuvm_redaction_new(void)
{
    gpuvm_redaction *redaction = g_new0(gpuvm_redaction, 1);

    redaction->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    redaction->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    redaction->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return redaction;
}

void
gpuvm_redaction_free(gpuvm_redaction *redaction)
{
    if (!redaction)
        return;
    g_hash_table_unref(redaction->numbers);
    g_hash_table_unref(redaction->counts);
    g_hash_table_unref(redaction->names);
    g_free(redaction);
}

/* The number of @value among those of its sort, from 1. */
static unsigned
number_of(gpuvm_redaction *redaction, const char *what, const char *value)
{
    g_autofree char *lower = g_utf8_strdown(value, -1);
    g_autofree char *key = g_strconcat(what, " ", lower, NULL);
    unsigned number = GPOINTER_TO_UINT(g_hash_table_lookup(redaction->numbers, key));

    if (number > 0)
        return number;
    number = GPOINTER_TO_UINT(g_hash_table_lookup(redaction->counts, what)) + 1;
    g_hash_table_insert(redaction->counts, g_strdup(what), GUINT_TO_POINTER(number));
    g_hash_table_insert(redaction->numbers, g_steal_pointer(&key), GUINT_TO_POINTER(number));
    return number;
}

void
gpuvm_redaction_add_name(gpuvm_redaction *redaction, const char *kind, const char *name)
{
    g_autofree char *lower = g_utf8_strdown(name, -1);

    if (strlen(name) > 1 && strlen(name) <= LONGEST_NAME && !g_strv_contains(common, lower) &&
        !g_hash_table_contains(redaction->names, lower))
        g_hash_table_insert(redaction->names, g_steal_pointer(&lower), g_strdup(kind));
}

void
gpuvm_redaction_learn(gpuvm_redaction *redaction, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (size_t i = 0; i < G_N_ELEMENTS(finders); i++) {
        GRegex *regex = gpuvm_text_regex(finders[i].pattern, G_REGEX_DOTALL);
        g_autoptr(GMatchInfo) match = NULL;

        for (g_regex_match(regex, valid, 0, &match); g_match_info_matches(match);
             g_match_info_next(match, NULL)) {
            g_autofree char *name = g_match_info_fetch(match, 1);

            if (!g_str_has_prefix(name, "127.") && strspn(name, "0123456789.") < strlen(name))
                gpuvm_redaction_add_name(redaction, finders[i].kind, name);
        }
    }
}

/* What takes the place of some matches of one sort. */
typedef struct replacing {
    gpuvm_redaction *redaction;
    const sort *of; /* NULL: names */
} replacing;

/* The name's kind with its number. */
static char *
replace_name(gpuvm_redaction *redaction, const char *name)
{
    g_autofree char *lower = g_utf8_strdown(name, -1);
    const char *kind = g_hash_table_lookup(redaction->names, lower);

    return g_strdup_printf("%s%u", kind, number_of(redaction, kind, name));
}

static gboolean
replace(const GMatchInfo *match, GString *result, gpointer data)
{
    const replacing *work = data;
    int group = g_match_info_get_match_count(match) - 1, begin, end, from, to;
    g_autofree char *value = g_match_info_fetch(match, group), *placeholder = NULL;
    const char *text = g_match_info_get_string(match);

    if (!work->of)
        placeholder = replace_name(work->redaction, value);
    else if (work->of->placeholder)
        placeholder = work->of->placeholder(number_of(work->redaction, work->of->one, value));
    else if (number_of(work->redaction, work->of->one, value) > 0)
        placeholder = g_strdup(HIDDEN);
    g_match_info_fetch_pos(match, 0, &begin, &end);
    g_match_info_fetch_pos(match, group, &from, &to);
    g_string_append_len(result, text + begin, from - begin);
    g_string_append(result, placeholder);
    g_string_append_len(result, text + to, end - to);
    return FALSE;
}

static char *
replace_all(gpuvm_redaction *redaction, const sort *of, const GRegex *regex, char *text)
{
    g_autofree char *old = text;
    GError *error = NULL;
    char *new = g_regex_replace_eval(regex, old, -1, 0, 0, replace, &(replacing){redaction, of}, &error);

    if (!new) /* it is too much for PCRE: nothing of it is shown */
        new = g_strdup(HIDDEN);
    g_clear_error(&error);
    return new;
}

/* Users, passwords and tokens of URLs. */
static char *
hide_in_urls(gpuvm_redaction *redaction, char *text)
{
    g_autofree char *old = text;
    GString *result = g_string_new(NULL);
    size_t size = strlen(old), from = 0, begin, end;

    while (gpuvm_url_find_secret(old, size, from, &begin, &end) && end > from) {
        g_autofree char *value = g_strndup(old + begin, end - begin);

        number_of(redaction, "secret", value);
        g_string_append_len(result, old + from, (gssize)(begin - from));
        g_string_append(result, "***");
        from = end;
    }
    g_string_append(result, old + from);
    return g_string_free(result, FALSE);
}

static int
compare_lengths(gconstpointer a, gconstpointer b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;

    return strlen(x) != strlen(y) ? (strlen(x) > strlen(y) ? -1 : 1) : strcmp(x, y);
}

/* All names (GRegex), the longest first. */
static GPtrArray *
regexes_of_names(const gpuvm_redaction *redaction)
{
    guint n;
    g_autofree gpointer *names = g_hash_table_get_keys_as_array(redaction->names, &n);
    GPtrArray *regexes = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);

    qsort(names, n, sizeof(*names), compare_lengths);
    for (guint i = 0; i < n;) {
        g_autoptr(GString) pattern = g_string_new("(?i)(?<![a-z0-9])(");
        const char * or = "";

        for (; i < n && pattern->len < MOST_OF_PATTERN; i++, or = "|") {
            g_autofree char *name = g_regex_escape_string(names[i], -1);

            g_string_append_printf(pattern, "%s%s", or, name);
        }
        g_string_append(pattern, ")(?![a-z0-9])");
        g_ptr_array_add(regexes, g_regex_new(pattern->str, G_REGEX_OPTIMIZE, 0, NULL));
    }
    return regexes;
}

char *
gpuvm_redaction_apply(gpuvm_redaction *redaction, const char *text)
{
    g_autoptr(GPtrArray) names = regexes_of_names(redaction);
    char *result = hide_in_urls(redaction, g_utf8_make_valid(text, -1));

    for (size_t i = 0; i < G_N_ELEMENTS(sorts); i++)
        result =
            replace_all(redaction, &sorts[i], gpuvm_text_regex(sorts[i].pattern, G_REGEX_DOTALL), result);
    for (guint i = 0; i < names->len; i++)
        result = replace_all(redaction, NULL, names->pdata[i], result);
    return result;
}

GPtrArray *
gpuvm_redaction_tell(const gpuvm_redaction *redaction)
{
    GPtrArray *told = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer what, n;

    g_hash_table_iter_init(&iter, redaction->counts);
    while (g_hash_table_iter_next(&iter, &what, &n)) {
        const char *plural = g_str_has_suffix(what, "s") ? "es" : "s";

        g_ptr_array_add(told, g_strdup_printf("%s%s: %u", (const char *)what, plural, GPOINTER_TO_UINT(n)));
    }
    g_ptr_array_sort(told, gpuvm_text_compare);
    return told;
}
