/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/pci.h"

#include <string.h>

/* Reads @min to @max hex digits at @text; returns what follows them, NULL when there are too few. */
static const char *
read_hex(const char *text, unsigned min, unsigned max, uint32_t *ret_value)
{
    uint32_t value = 0;
    unsigned n = 0;

    for (; n < max && g_ascii_isxdigit(text[n]); n++)
        value = value << 4 | (uint32_t)g_ascii_xdigit_value(text[n]);
    if (n < min)
        return NULL;
    *ret_value = value;
    return text + n;
}

/* As read_hex, with @separator in front; NULL for @text is NULL again, so that reads can be chained. */
static const char *
read_part(const char *text, char separator, unsigned digits, uint32_t *ret_value)
{
    if (!text || *text != separator)
        return NULL;
    return read_hex(text + 1, digits, digits, ret_value);
}

static bool
parse_ref(const char *text, gpuvm_pci_ref *ret_ref, const char **hint)
{
    bool nodedev = g_ascii_strncasecmp(text, "pci_", 4) == 0;
    bool has_domain = nodedev || strchr(text, ':') != strrchr(text, ':');
    bool whole_card = false;
    uint32_t domain = 0, bus, slot, function = 0;
    const char *at;

    *hint = "write it as 0000:01:00.0, 01:00.0 or 01:00 (see gpuvm devices)";
    if (has_domain) {
        at = read_hex(nodedev ? text + 4 : text, 1, 8, &domain);
        at = read_part(at, nodedev ? '_' : ':', 2, &bus);
    } else {
        at = read_hex(text, 2, 2, &bus);
    }
    at = read_part(at, nodedev ? '_' : ':', 2, &slot);
    if (at && !nodedev && *at == '\0')
        whole_card = true;
    else
        at = read_part(at, nodedev ? '_' : '.', 1, &function);
    if (!at || *at)
        return false;
    if (slot > GPUVM_PCI_SLOT_MAX) {
        *hint = "the slot is at most 1f";
        return false;
    }
    if (function > GPUVM_PCI_FUNCTION_MAX) {
        *hint = "the function is at most 7";
        return false;
    }
    *ret_ref = (gpuvm_pci_ref){
        .addr = {.domain = domain, .bus = (uint8_t)bus, .slot = (uint8_t)slot, .function = (uint8_t)function},
        .whole_card = whole_card,
    };
    return true;
}

static bool
fail_address(const char *text, const char *advice, char **why, char **hint)
{
    if (why)
        *why = g_strdup_printf("invalid PCI address: %s", text);
    if (hint)
        *hint = g_strdup(advice);
    return false;
}

bool
gpuvm_pci_ref_parse(const char *text, gpuvm_pci_ref *ret_ref, char **why, char **hint)
{
    const char *advice;

    return parse_ref(text, ret_ref, &advice) || fail_address(text, advice, why, hint);
}

bool
gpuvm_pci_addr_parse(const char *text, gpuvm_pci_addr *ret_addr, char **why, char **hint)
{
    gpuvm_pci_ref ref;
    const char *advice;

    if (!parse_ref(text, &ref, &advice))
        return fail_address(text, advice, why, hint);
    if (ref.whole_card)
        return fail_address(text, "name a function of the card, such as .0", why, hint);
    *ret_addr = ref.addr;
    return true;
}

const char *
gpuvm_pci_addr_format(const gpuvm_pci_addr *addr, char buffer[GPUVM_PCI_ADDR_SIZE])
{
    g_snprintf(buffer, GPUVM_PCI_ADDR_SIZE, "%04x:%02x:%02x.%x", addr->domain, addr->bus, addr->slot,
               addr->function);
    return buffer;
}

char *
gpuvm_pci_ref_format(const gpuvm_pci_ref *ref)
{
    char *text = g_strdup(GPUVM_PCI(&ref->addr));

    if (ref->whole_card)
        *strrchr(text, '.') = '\0';
    return text;
}

char *
gpuvm_pci_addr_nodedev(const gpuvm_pci_addr *addr)
{
    return g_strdup_printf("pci_%04x_%02x_%02x_%x", addr->domain, addr->bus, addr->slot, addr->function);
}

/* The address as one number that orders as addresses do. */
static uint64_t
addr_rank(const gpuvm_pci_addr *addr)
{
    return (uint64_t)addr->domain << 24 | (uint64_t)addr->bus << 16 | (uint64_t)addr->slot << 8 |
           addr->function;
}

int
gpuvm_pci_addr_compare(const gpuvm_pci_addr *a, const gpuvm_pci_addr *b)
{
    uint64_t left = addr_rank(a), right = addr_rank(b);

    return (left > right) - (left < right);
}

bool
gpuvm_pci_addr_same_slot(const gpuvm_pci_addr *a, const gpuvm_pci_addr *b)
{
    return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot;
}

guint
gpuvm_pci_addr_hash(gconstpointer addr)
{
    const gpuvm_pci_addr *a = addr;

    return a->domain << 16 ^ ((guint)a->bus << 8 | (guint)a->slot << 3 | a->function);
}

gboolean
gpuvm_pci_addr_equal(gconstpointer a, gconstpointer b)
{
    return gpuvm_pci_addr_compare(a, b) == 0;
}

/* Reads "*" or 4 hex digits that end at @end. */
static bool
parse_id(const char *text, const char *end, int32_t *ret_id)
{
    uint32_t id;

    if (end - text == 1 && *text == '*') {
        *ret_id = -1;
        return true;
    }
    if (end - text != 4 || !read_hex(text, 4, 4, &id))
        return false;
    *ret_id = (int32_t)id;
    return true;
}

static bool
parse_pattern(const char *text, gpuvm_pci_pattern *ret_pattern)
{
    const char *colon = strchr(text, ':');
    gpuvm_pci_pattern pattern;

    if (!colon || !parse_id(text, colon, &pattern.vendor) ||
        !parse_id(colon + 1, colon + strlen(colon), &pattern.device))
        return false;
    /* a device id means nothing without its vendor */
    if (pattern.vendor < 0 && pattern.device >= 0)
        return false;
    *ret_pattern = pattern;
    return true;
}

/* What was probably meant by a pattern that is not one (g_malloc). */
static char *
pattern_advice(const char *text)
{
    g_autoptr(GString) bare = g_string_new(text);
    const char *colon = strchr(text, ':');
    gpuvm_pci_pattern ignored;
    int32_t vendor, device;

    g_string_replace(bare, "0X", "0x", 0);
    if (g_string_replace(bare, "0x", "", 0) > 0 && parse_pattern(bare->str, &ignored))
        return g_strdup_printf("write it without 0x: %s", bare->str);
    if (strcmp(text, "*") == 0)
        return g_strdup(
            "write *:* for every device, or VENDOR:* for every device of a vendor, such as 10de:*");
    if (!colon && parse_id(text, text + strlen(text), &vendor))
        return g_strdup_printf("write %s:* for every device of vendor %s", text, text);
    if (!colon)
        return g_strdup("write VENDOR:DEVICE or VENDOR:*, such as 10de:2204 or 10de:*");
    if (!parse_id(text, colon, &vendor))
        return g_strdup("a vendor is 4 hex digits or *");
    if (!parse_id(colon + 1, colon + strlen(colon), &device))
        return g_strdup("a device is 4 hex digits or *");
    return g_strdup_printf("a device id needs its vendor: write VENDOR%s", colon);
}

bool
gpuvm_pci_pattern_parse(const char *text, gpuvm_pci_pattern *ret_pattern, char **why, char **hint)
{
    if (parse_pattern(text, ret_pattern))
        return true;
    if (why)
        *why = *text ? g_strdup_printf("invalid device pattern: %s", text)
                     : g_strdup("invalid device pattern: it is empty");
    if (hint)
        *hint = pattern_advice(text);
    return false;
}

char *
gpuvm_pci_pattern_format(const gpuvm_pci_pattern *pattern)
{
    if (pattern->vendor < 0)
        return g_strdup("*:*");
    if (pattern->device < 0)
        return g_strdup_printf("%04x:*", (unsigned)pattern->vendor);
    return g_strdup_printf("%04x:%04x", (unsigned)pattern->vendor, (unsigned)pattern->device);
}

bool
gpuvm_pci_pattern_match(const gpuvm_pci_pattern *pattern, uint16_t vendor, uint16_t device)
{
    return (pattern->vendor < 0 || pattern->vendor == vendor) &&
           (pattern->device < 0 || pattern->device == device);
}

void
gpuvm_pci_addrs_add(GArray *addrs, const gpuvm_pci_addr *addr)
{
    guint at = 0;
    int order = 1;

    while (at < addrs->len &&
           (order = gpuvm_pci_addr_compare(&g_array_index(addrs, gpuvm_pci_addr, at), addr)) < 0)
        at++;
    if (at == addrs->len || order)
        g_array_insert_vals(addrs, at, addr, 1);
}
