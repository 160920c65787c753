/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/scalars.h"

#include <string.h>

#include "base/url.h"
#include "model/cpuset.h"
#include "model/pci.h"

#define NAME_MAX_LENGTH 63
#define BRIDGE_MAX_LENGTH 15 /* IFNAMSIZ - 1 */
static void
clear_pointer(void *value)
{
    g_clear_pointer((void **)value, g_free);
}

/* Fills the outputs of a parse that failed, with @advice as the hint (NULL: none). Returns false. */
static bool G_GNUC_PRINTF(4, 5) fail(char **why, char **hint, const char *advice, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    *why = g_strdup_vprintf(format, args);
    va_end(args);
    *hint = g_strdup(advice);
    return false;
}

static bool
keep(void *value, const char *text)
{
    *(char **)value = g_strdup(text);
    return true;
}

static bool
keep_lower(void *value, const char *text)
{
    *(char **)value = g_ascii_strdown(text, -1);
    return true;
}

static bool
all_hex(const char *text)
{
    return text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

static bool
parse_name(const char *text, void *value, char **why, char **hint)
{
    const char *advice =
        "a name is 1 to 63 letters, digits, '.', '_' or '-', and begins with a letter or digit";
    const char *p;

    if (!*text)
        return fail(why, hint, advice, "invalid name: it is empty");
    if (g_utf8_strlen(text, -1) > NAME_MAX_LENGTH)
        return fail(why, hint, advice, "invalid name: %s has %ld characters, %d are allowed", text,
                    g_utf8_strlen(text, -1), NAME_MAX_LENGTH);
    for (p = text; *p; p = g_utf8_next_char(p)) {
        bool sign = strchr("._-", *p) != NULL;

        if (!sign && !g_ascii_isalnum(*p))
            return fail(why, hint, advice, "invalid name: %s contains '%.*s'", text,
                        (int)(g_utf8_next_char(p) - p), p);
        if (sign && p == text)
            return fail(why, hint, advice, "invalid name: %s begins with '%c'", text, *p);
    }
    return keep(value, text);
}

static bool
parse_path(const char *text, void *value, char **why, char **hint)
{
    if (!*text)
        return fail(why, hint, NULL, "invalid path: it is empty");
    if (strpbrk(text, "\n\t"))
        return fail(why, hint, NULL, "invalid path: %s has a line break or a tab in it", text);
    if (gpuvm_url_is(text)) {
        g_autofree char *shown = gpuvm_url_shown(text);
        return fail(why, hint, "name a file of the host", "invalid path: %s is a URL", shown);
    }
    return keep(value, text);
}

char *
gpuvm_file_url(const char *path)
{
    g_autofree char *escaped = g_uri_escape_string(path, G_URI_RESERVED_CHARS_ALLOWED_IN_PATH, FALSE);

    return g_strconcat("file://", escaped, NULL);
}

static bool
parse_url(const char *text, void *value, char **why, char **hint)
{
    const char *advice = "write http://HOST/PATH, https://HOST/PATH, file:///PATH or an absolute path";
    g_autofree char *file = g_path_is_absolute(text) ? gpuvm_file_url(text) : NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_NONE, &error);
    g_autofree char *shown = gpuvm_url_shown(text);
    bool remote, local;

    if (file)
        return keep(value, file);
    if (!uri)
        return fail(why, hint, advice, "invalid URL: %s", shown);
    remote = g_str_equal(g_uri_get_scheme(uri), "http") || g_str_equal(g_uri_get_scheme(uri), "https");
    local = g_str_equal(g_uri_get_scheme(uri), "file");
    if (!remote && !local)
        return fail(why, hint, advice, "invalid URL: %s: the scheme %s is not known", shown,
                    g_uri_get_scheme(uri));
    if (remote && (!g_uri_get_host(uri) || !*g_uri_get_host(uri)))
        return fail(why, hint, advice, "invalid URL: %s has no host", shown);
    if (remote && strpbrk(text, " \t\n"))
        return fail(why, hint, "write a blank as %20", "invalid URL: %s has a blank in it", shown);
    if (local && (*g_uri_get_path(uri) != '/' || (g_uri_get_host(uri) && *g_uri_get_host(uri))))
        return fail(why, hint, advice, "invalid URL: %s has no absolute path", shown);
    return keep(value, text);
}

static bool
parse_source(const char *text, void *value, char **why, char **hint)
{
    return gpuvm_url_is(text) ? parse_url(text, value, why, hint) : parse_path(text, value, why, hint);
}

#define CHECKSUM_HINT                                                                                        \
    "write sha256: and what sha256sum prints, 64 hex digits; or sha512: and 128\n"                           \
    "if nobody says what it is: leave it out once, and gpuvm prints the one that it sees, to be put here"

static bool
parse_checksum(const char *text, void *value, char **why, char **hint)
{
    static const struct {
        const char *prefix;
        size_t digits;
    } kinds[] = {{"sha256:", 64}, {"sha512:", 128}};
    g_autofree char *bare = strlen(text) == 64 && all_hex(text) ? g_strconcat("sha256:", text, NULL) : NULL;

    if (bare)
        return keep_lower(value, bare);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const char *digits = text + strlen(kinds[i].prefix);

        if (g_ascii_strncasecmp(text, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
            continue;
        if (!all_hex(digits))
            return fail(why, hint, CHECKSUM_HINT,
                        "invalid checksum: %s: it has something other than hex digits", text);
        if (strlen(digits) != kinds[i].digits)
            return fail(why, hint, CHECKSUM_HINT,
                        "invalid checksum: %s: it has %zu hex digits in place of %zu", text, strlen(digits),
                        kinds[i].digits);
        return keep_lower(value, text);
    }
    return fail(why, hint, CHECKSUM_HINT, "invalid checksum: %s", text);
}

static bool
parse_mac(const char *text, void *value, char **why, char **hint)
{
    bool right = strlen(text) == strlen("52:54:00:00:00:01");

    for (size_t i = 0; right && text[i]; i++)
        right = i % 3 == 2 ? text[i] == ':' : g_ascii_isxdigit(text[i]);
    if (!right)
        return fail(why, hint, "write six pairs of hex digits: 52:54:00:12:34:56", "invalid MAC address: %s",
                    text);
    if (g_ascii_xdigit_value(text[1]) & 1)
        return fail(why, hint, "make its second digit even, such as 52:54:00:12:34:56",
                    "invalid MAC address: %s is a multicast address", text);
    return keep_lower(value, text);
}

static bool
parse_bridge(const char *text, void *value, char **why, char **hint)
{
    const char *advice = "a bridge is named as ip link shows it, such as br0";

    if (!*text)
        return fail(why, hint, advice, "invalid bridge: it is empty");
    if (strlen(text) > BRIDGE_MAX_LENGTH)
        return fail(why, hint, advice, "invalid bridge: %s has more than %d bytes", text, BRIDGE_MAX_LENGTH);
    if (strpbrk(text, "/: \t\n") || g_str_equal(text, ".") || g_str_equal(text, ".."))
        return fail(why, hint, advice, "invalid bridge: %s is not the name of a network interface", text);
    return keep(value, text);
}

static bool
parse_ip(const char *text, void *value, char **why, char **hint)
{
    if (!g_hostname_is_ip_address(text))
        return fail(why, hint, NULL, "invalid IP address: %s", text);
    return keep(value, text);
}

static bool
parse_subnet(const char *text, void *value, char **why, char **hint)
{
    const char *slash = strchr(text, '/');
    g_autofree char *address = slash ? g_strndup(text, (gsize)(slash - text)) : NULL;
    guint64 bits;

    if (!address || !g_hostname_is_ip_address(address) ||
        !g_ascii_string_to_unsigned(slash + 1, 10, 0, strchr(address, ':') ? 128 : 32, &bits, NULL))
        return fail(why, hint, "write ADDRESS/BITS, such as 10.0.0.0/24", "invalid subnet: %s", text);
    return keep(value, text);
}

static bool
parse_target(const char *text, void *value, char **why, char **hint)
{
    size_t letters = strlen(text) < 2 ? 0 : strspn(text + 2, "abcdefghijklmnopqrstuvwxyz");

    if ((!g_str_has_prefix(text, "vd") && !g_str_has_prefix(text, "sd")) || letters < 1 || letters > 2 ||
        text[2 + letters])
        return fail(why, hint, "write vda, vdb, … for virtio disks, or sda, sdb, … for SATA disks",
                    "invalid disk target: %s", text);
    return keep(value, text);
}

static bool
parse_pci_ref(const char *text, void *value, char **why, char **hint)
{
    return gpuvm_pci_ref_parse(text, value, why, hint);
}

static bool
parse_pci_ref_optional(const char *text, void *value, char **why, char **hint)
{
    gpuvm_pci_ref ref;

    if (!gpuvm_pci_ref_parse(text, &ref, why, hint))
        return false;
    *(gpuvm_pci_ref **)value = g_memdup2(&ref, sizeof(ref));
    return true;
}

static bool
parse_pci_pattern(const char *text, void *value, char **why, char **hint)
{
    gpuvm_pci_pattern pattern;

    if (!gpuvm_pci_pattern_parse(text, &pattern, why, hint))
        return false;
    *(gpuvm_pci_pattern **)value = g_memdup2(&pattern, sizeof(pattern));
    return true;
}

static bool
is_class(const char *text)
{
    size_t length = strlen(text);

    return all_hex(text) && (length == 2 || length == 4 || length == 6);
}

static bool
parse_pci_class(const char *text, void *value, char **why, char **hint)
{
    if (is_class(text))
        return keep_lower(value, text);
    fail(why, hint, NULL, "invalid PCI class: %s", text);
    if (g_ascii_strncasecmp(text, "0x", 2) == 0 && is_class(text + 2))
        *hint = g_strdup_printf("write it without 0x: %s", text + 2);
    else
        *hint = g_strdup(
            "write 2, 4 or 6 hex digits, such as 03 for display controllers or 0302 for 3D controllers");
    return false;
}

static bool
parse_numa_node(const char *text, void *value, char **why, char **hint)
{
    guint64 node;

    if (!g_ascii_string_to_unsigned(text, 10, 0, GPUVM_NUMA_NODE_MAX, &node, NULL))
        return fail(why, hint, "write the node's number, from 0 (see gpuvm devices)", "invalid NUMA node: %s",
                    text);
    *(uint64_t **)value = g_memdup2(&node, sizeof(uint64_t));
    return true;
}

static bool
parse_cpuset(const char *text, void *value, char **why, char **hint)
{
    *(GArray **)value = gpuvm_cpuset_parse(text);
    return *(GArray **)value ||
           fail(why, hint, "write numbers and ranges, such as 0-1,32", "invalid set of CPUs: %s", text);
}

static void
clear_array(void *value)
{
    g_clear_pointer((GArray **)value, g_array_unref);
}

#define HEX "[0-9A-Fa-f]"
#define PCI_REF                                                                                              \
    "^((" HEX "{1,8}:)?" HEX "{2}:[01]" HEX "([.][0-7])?|[Pp][Cc][Ii]_" HEX "{1,8}_" HEX "{2}_[01]" HEX      \
    "_[0-7])$"

/* A scalar whose value is a pointer to be freed; what else it has follows. */
#define SCALAR(variable, label, function, pattern, ...)                                                      \
    const gpuvm_scalar variable = {.name = label,                                                            \
                                   .size = sizeof(void *),                                                   \
                                   .parse = function,                                                        \
                                   .clear = clear_pointer,                                                   \
                                   .json_type = "string",                                                    \
                                   .json_pattern = pattern,                                                  \
                                   __VA_ARGS__}

#define PATH "(?![^\\n]*://)[^\\n\\t]+$"
#define URL                                                                                                            \
    "(/|[Hh][Tt][Tt][Pp][Ss]?://([^/?#@ \\t\\n]*@)?(\\[[^\\]]*\\]|[^/?#:@\\[ \\t\\n]+)(:[0-9]*)?([/?#][^ \\t\\n]*)?$|" \
    "[Ff][Ii][Ll][Ee]:(///|/(?!/)))"
#define OCTET "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define IPV4 "(" OCTET "[.]){3}" OCTET
#define IPV6 "[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*" /* and some that are none */
#define NOT_NEGATIVE "{\"type\": [\"number\", \"boolean\"], \"minimum\": 0}"
#define FIFTEEN_CHARACTERS                                                                                   \
    "{\"type\": [\"number\", \"boolean\"], \"minimum\": -99999999999999, \"maximum\": 999999999999999}"
#define CLASS_NUMBER                                                                                                   \
    "{\"type\": \"integer\", \"oneOf\": [{\"minimum\": 10, \"maximum\": 99}, {\"minimum\": 1000, \"maximum\": 9999}, " \
    "{\"minimum\": 100000, \"maximum\": 999999}]}"

SCALAR(gpuvm_scalar_name, "name", parse_name, "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", .json_more = NOT_NEGATIVE);
SCALAR(gpuvm_scalar_path, "path", parse_path, "^" PATH, .json_more = GPUVM_JSON_ANY_TEXT);
SCALAR(gpuvm_scalar_url, "URL", parse_url, "^" URL, .example = "https://example.com/image.qcow2");
SCALAR(gpuvm_scalar_source, "path or URL", parse_source, "^(" PATH "|(?=[\\s\\S]*://)" URL ")",
       .json_more = GPUVM_JSON_ANY_TEXT);
SCALAR(gpuvm_scalar_checksum, "checksum", parse_checksum,
       "^(([Ss][Hh][Aa]256:)?" HEX "{64}|[Ss][Hh][Aa]512:" HEX "{128})$");
SCALAR(gpuvm_scalar_mac, "MAC address", parse_mac, "^" HEX "[02468ACEace](:" HEX "{2}){5}$",
       .like_number = true, .example = "52:54:00:12:34:56");
SCALAR(gpuvm_scalar_bridge, "bridge", parse_bridge, "^(?![.]{1,2}$)[^/: \\t\\n]{1,15}$",
       .json_more = FIFTEEN_CHARACTERS, .example = "br0");
SCALAR(gpuvm_scalar_subnet, "subnet", parse_subnet,
       "^(" IPV4 "/0*([12]?[0-9]|3[0-2])|" IPV6 "/0*(12[0-8]|1[01][0-9]|[1-9]?[0-9]))$",
       .example = "10.0.0.0/24");
SCALAR(gpuvm_scalar_ip, "IP address", parse_ip, "^(" IPV4 "|" IPV6 ")$", .example = "10.0.0.1");
SCALAR(gpuvm_scalar_target, "disk target", parse_target, "^[vs]d[a-z]{1,2}$", .example = "vda");
SCALAR(gpuvm_scalar_pci_ref_optional, "PCI address", parse_pci_ref_optional, PCI_REF, .like_number = true,
       .example = "0000:01:00.0");
SCALAR(gpuvm_scalar_pci_pattern, "device pattern", parse_pci_pattern,
       "^([*]:[*]|" HEX "{4}:(" HEX "{4}|[*]))$", .example = "10de:*");
SCALAR(gpuvm_scalar_pci_class, "PCI class", parse_pci_class, "^" HEX "{2}(" HEX "{2}){0,2}$",
       .like_number = true, .json_more = CLASS_NUMBER, .example = "03");

const gpuvm_scalar gpuvm_scalar_pci_ref = {
    .name = "PCI address",
    .size = sizeof(gpuvm_pci_ref),
    .parse = parse_pci_ref,
    .json_type = "string",
    .json_pattern = PCI_REF,
    .like_number = true,
    .example = "0000:01:00.0",
};

const gpuvm_scalar gpuvm_scalar_numa_node = {
    .name = "NUMA node",
    .size = sizeof(uint64_t *),
    .parse = parse_numa_node,
    .clear = clear_pointer,
    .json_type = "integer",
    .json_more = GPUVM_JSON_DIGITS,
};

#define BLANK "[ \\t\\n]*"
#define CPUS BLANK "\\^?[0-9]+(-[0-9]+)?" BLANK
#define NOT_NEGATIVE_INTEGER                                                                                 \
    "{\"type\": \"integer\", \"minimum\": 0, \"maximum\": " G_STRINGIFY(GPUVM_CPU_MAX) "}"

const gpuvm_scalar gpuvm_scalar_cpuset = {
    .name = "set of CPUs",
    .size = sizeof(GArray *),
    .parse = parse_cpuset,
    .clear = clear_array,
    .json_type = "string",
    .json_pattern = "^" CPUS "(," CPUS ")*$",
    .json_more = NOT_NEGATIVE_INTEGER,
    .example = "0-1,32",
};
