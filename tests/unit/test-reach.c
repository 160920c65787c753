/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#include "core/reach.h"

static GPtrArray *
words(char **given)
{
    GPtrArray *array = g_ptr_array_new();

    for (char **word = given; *word; word++)
        g_ptr_array_add(array, *word);
    return array;
}

/* On a host with the addresses 192.168.122.1, 10.0.0.1, 10.0.0.255 and 2001:db8::1. */
static void
chooses_addresses(void **state G_GNUC_UNUSED)
{
#define WITHIN " is an IPv4 address within IPv6"
#define CLOUD " is a cloud's metadata service"
#define OWN " is an address of this host"
#define NO_IP "what it is said to have is no IP address"
    static const char *const cases[][3] = {
        {"", "", "-"},
        {"192.168.122.5", "192.168.122.5", "-"},
        {"fd00::5 192.168.122.5", "192.168.122.5 fd00::5", "-"},
        {"10.0.0.3 10.0.0.2 10.0.0.3", "10.0.0.3 10.0.0.2", "-"},
        {"127.0.0.1 ::1 fd00::5", "fd00::5", "127.0.0.1 is loopback"},
        {"fe80::5054:ff:fe12:3456 169.254.7.7 10.0.0.2", "10.0.0.2", "169.254.7.7 is link-local"},
        {"169.253.1.1 169.255.1.1", "169.253.1.1 169.255.1.1", "-"},
        {"223.255.255.255 1.0.0.1", "223.255.255.255 1.0.0.1", "-"},
        /* this machine */
        {"192.168.122.1", "", "192.168.122.1" OWN},
        {"10.0.0.1 10.0.0.2", "10.0.0.2", "10.0.0.1" OWN},
        {"10.0.0.255", "", "10.0.0.255" OWN},
        {"2001:db8::1", "", "2001:db8::1" OWN},
        {"2001:0DB8:0:0:0:0:0:1", "", "2001:0DB8:0:0:0:0:0:1" OWN},
        {"2001:db8::2", "2001:db8::2", "-"},
        {"0.0.0.0", "", "0.0.0.0 is unspecified"},
        {"0.1.2.3", "", "0.1.2.3 is unspecified"},
        {"127.255.255.254", "", "127.255.255.254 is loopback"},
        {"::", "", ":: is unspecified"},
        {"::1", "", "::1 is loopback"},
        /* nobody's, or everybody's */
        {"224.0.0.1", "", "224.0.0.1 is multicast, reserved or broadcast"},
        {"255.255.255.255", "", "255.255.255.255 is multicast, reserved or broadcast"},
        {"ff02::1", "", "ff02::1 is multicast"},
        {"fe80::1", "", "fe80::1 is link-local"},
        {"febf::1", "", "febf::1 is link-local"},
        {"fec0::1", "fec0::1", "-"},
        /* of the cloud that the host is in */
        {"169.254.169.254", "", "169.254.169.254 is link-local"},
        {"100.100.100.200", "", "100.100.100.200" CLOUD},
        {"168.63.129.16", "", "168.63.129.16" CLOUD},
        {"fd00:ec2::254", "", "fd00:ec2::254" CLOUD},
        {"fd20:ce::254", "", "fd20:ce::254" CLOUD},
        {"fd20:ce::253", "fd20:ce::253", "-"},
        /* any of these in other words */
        {"::ffff:127.0.0.1", "", "::ffff:127.0.0.1" WITHIN},
        {"::ffff:192.168.122.5", "", "::ffff:192.168.122.5" WITHIN},
        {"::ffff:c0a8:7a01", "", "::ffff:c0a8:7a01" WITHIN},
        {"::127.0.0.1", "", "::127.0.0.1" WITHIN},
        {"64:ff9b::7f00:1", "", "64:ff9b::7f00:1" WITHIN},
        {"64:ff9b::169.254.169.254", "", "64:ff9b::169.254.169.254" WITHIN},
        {"64:ff9b:1::a9fe:a9fe", "", "64:ff9b:1::a9fe:a9fe" WITHIN},
        {"2002:7f00:1::", "", "2002:7f00:1::" WITHIN},
        {"2001:0:7f00:1::", "", "2001:0:7f00:1::" WITHIN},
        {"0x7f.1", "", NO_IP},
        {"127.1", "", NO_IP},
        {"2130706433", "", NO_IP},
        {"0177.0.0.1", "", NO_IP},
        {"10.0.0.02", "", NO_IP},
        {"10.0.0.2.", "", NO_IP},
        {"fe80::1%eth0 2001:db8::2", "2001:db8::2", NO_IP},
        {"[2001:db8::2]", "", NO_IP},
        {"10.0.0.2/24", "", NO_IP},
        {"10.0.0.2@192.168.122.1", "", NO_IP},
        {"localhost", "", NO_IP},
    };
    g_auto(GStrv) host = g_strsplit("192.168.122.1 10.0.0.1 10.0.0.255 2001:db8::1 fe80::9", " ", -1);
    g_autoptr(GPtrArray) own = words(host);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) given = g_strsplit(cases[i][0], " ", -1);
        g_autoptr(GPtrArray) addresses = words(given), candidates = NULL;
        g_autofree char *why = NULL, *text = NULL;

        candidates = gpuvm_reach_candidates(addresses, own, &why);
        g_ptr_array_add(candidates, NULL);
        text = g_strjoinv(" ", (char **)candidates->pdata);
        expect_text(cases[i][0], text, cases[i][1]);
        expect_text(cases[i][0], why ? why : "-", cases[i][2]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_addresses),
    };

    return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
