/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/reach.h"

#include <arpa/inet.h>
#include <string.h>

static const struct {
    const char *prefix;
    unsigned bits;
    bool self; /* the machine that asks */
    const char *what;
} special[] = {
    /* RFC 6890 and 1112 */
    {"0.0.0.0", 8, true, "unspecified"},
    {"127.0.0.0", 8, true, "loopback"},
    {"169.254.0.0", 16, false, "link-local"},
    {"224.0.0.0", 3, false, "multicast, reserved or broadcast"},
    /* services of clouds, to which their machines are known: Alibaba's and Azure's, Amazon's, Google's */
    {"100.100.100.200", 32, false, "a cloud's metadata service"},
    {"168.63.129.16", 32, false, "a cloud's metadata service"},
    {"fd00:ec2::", 32, false, "a cloud's metadata service"},
    {"fd20:ce::254", 128, false, "a cloud's metadata service"},
    /* RFC 4291 */
    {"::", 128, true, "unspecified"},
    {"::1", 128, true, "loopback"},
    {"fe80::", 10, false, "link-local"},
    {"ff00::", 8, false, "multicast"},
    /* IPv4 addresses in IPv6: RFC 4291, 6052, 8215, 3056, 4380 */
    {"::", 96, false, "an IPv4 address within IPv6"},
    {"::ffff:0:0", 96, false, "an IPv4 address within IPv6"},
    {"64:ff9b::", 96, false, "an IPv4 address within IPv6"},
    {"64:ff9b:1::", 48, false, "an IPv4 address within IPv6"},
    {"2002::", 16, false, "an IPv4 address within IPv6"},
    {"2001::", 32, false, "an IPv4 address within IPv6"},
};

/* As the network has it. */
typedef struct ip {
    int family; /* AF_INET or AF_INET6 */
    uint8_t bytes[16];
} ip;

/* False: @text is no address as it is written for people, without abbreviations, octal digits or zones. */
static bool
parse(const char *text, ip *ret_ip)
{
    *ret_ip = (ip){.family = strchr(text, ':') ? AF_INET6 : AF_INET};
    return inet_pton(ret_ip->family, text, ret_ip->bytes) == 1;
}

static bool
begins_alike(const ip *a, const ip *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return a->family == b->family && memcmp(a->bytes, b->bytes, whole) == 0 &&
           (rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0);
}

/* The row of @address in special; -1: it is an address like any other. */
static int
find_special(const ip *address)
{
    for (size_t i = 0; i < G_N_ELEMENTS(special); i++) {
        ip prefix;

        if (parse(special[i].prefix, &prefix) && begins_alike(address, &prefix, special[i].bits))
            return (int)i;
    }
    return -1;
}

bool
gpuvm_reach_is_self(const char *host)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct in_addr v4;
    ip address;
    int found;

    if (g_ascii_strcasecmp(host, "localhost") == 0 || g_ascii_strcasecmp(host, "localhost.") == 0)
        return true;
    if (inet_aton(host, &v4)) {
        address.family = AF_INET;
        memcpy(address.bytes, &v4, sizeof v4);
    } else if (!parse(host, &address)) {
        return false;
    } else if (memcmp(address.bytes, mapped, sizeof mapped) == 0) {
        address.family = AF_INET;
        memmove(address.bytes, address.bytes + sizeof mapped, sizeof v4);
    }
    found = find_special(&address);
    return found >= 0 && special[found].self;
}

static bool
is_among(const ip *address, const GPtrArray *own)
{
    for (guint i = 0; i < own->len; i++) {
        ip other;

        if (parse(own->pdata[i], &other) && begins_alike(address, &other, other.family == AF_INET ? 32 : 128))
            return true;
    }
    return false;
}

/* Why @text, which is @address, is not asked; NULL: it is. */
static char *
refusal(const char *text, const ip *address, const GPtrArray *own)
{
    int found = find_special(address);

    if (found >= 0)
        return g_strdup_printf("%s is %s", text, special[found].what);
    return is_among(address, own) ? g_strdup_printf("%s is an address of this host", text) : NULL;
}

static void
add_candidates(GPtrArray *candidates, const GPtrArray *addresses, int family, const GPtrArray *own,
               char **why)
{
    for (guint i = 0; i < addresses->len; i++) {
        char *text = addresses->pdata[i];
        g_autofree char *refused = NULL;
        ip address;

        if (!parse(text, &address))
            refused = g_strdup("what it is said to have is no IP address");
        else if (address.family != family)
            continue;
        else
            refused = refusal(text, &address, own);
        if (!refused && !g_ptr_array_find_with_equal_func(candidates, text, g_str_equal, NULL))
            g_ptr_array_add(candidates, text);
        if (!*why)
            *why = g_steal_pointer(&refused);
    }
}

GPtrArray *
gpuvm_reach_candidates(const GPtrArray *addresses, const GPtrArray *own, char **ret_why)
{
    GPtrArray *candidates = g_ptr_array_new();

    *ret_why = NULL;
    add_candidates(candidates, addresses, AF_INET, own, ret_why);
    add_candidates(candidates, addresses, AF_INET6, own, ret_why);
    return candidates;
}
