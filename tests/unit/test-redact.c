/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GPUVM_TEST_SEED takes the place of the first seed, and then only that one is run: a failure prints it.
 */
#include <config.h>

#include "facts-builder.h"

#include <stdlib.h>
#include <string.h>

#include "core/redact.h"
#include "model/faults.h"

static const struct {
    const char *name, *text, *expected;
} cases[] = {
    {"nothing to hide", "name: vm\nmemory_mb: 4096\n", "name: vm\nmemory_mb: 4096\n"},
    {"a UUID", "4c4c4544-0042-3510-8054-b7c04f564433", "00000000-0000-4000-8000-000000000001"},
    {"the same twice, in other letters",
     "ABCDEF01-0042-3510-8054-b7c04f564433 abcdef01-0042-3510-8054-b7c04f564433",
     "00000000-0000-4000-8000-000000000001 00000000-0000-4000-8000-000000000001"},
    {"a MAC address", "<mac address='3c:ec:ef:12:34:56'/>", "<mac address='52:54:00:00:00:01'/>"},
    {"addresses", "10.0.0.7 10.0.0.8 10.0.0.7/24", "198.18.0.1 198.18.0.2 198.18.0.1/24"},
    {"an address at the end of a sentence", "at 10.0.0.7.", "at 198.18.0.1."},
    {"an address with a port", "10.0.0.7:8080", "198.18.0.1:8080"},
    {"those of a host itself stay", "127.0.0.1 0.0.0.0 255.255.255.0 ::1",
     "127.0.0.1 0.0.0.0 255.255.255.0 ::1"},
    {"versions are none", "QEMU 7.2.22, libvirt 9.0.0, 1.2.3.4.5", "QEMU 7.2.22, libvirt 9.0.0, 1.2.3.4.5"},
    {"IPv6", "fe80::3eec:efff:fe12:3456%eno1 2a02:8071:1234:5600:1:2:3:4 [2a02::1]:80",
     "2001:db8::1%eno1 2001:db8::2 [2001:db8::3]:80"},
    {"PCI addresses stay", "0000:01:00.0 01:00.0 0000:81:00 pci_0000_01_00_0 10de:2204",
     "0000:01:00.0 01:00.0 0000:81:00 pci_0000_01_00_0 10de:2204"},
    {"times stay", "2026-11-28 03:57:57.123+0000: 12:34:56", "2026-11-28 03:57:57.123+0000: 12:34:56"},
    {"digests stay", "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {"but those of secrets", "(hidden) sha256:0123456789ab", "(hidden)"},
    {"a home directory", "/home/jane/x.img /home/jane", "/home/user1/x.img /home/user1"},
    {"its owner, wherever", "/home/jane/x and jane, Jane's, jane-vm, janet",
     "/home/user1/x and user1, user1's, user1-vm, janet"},
    {"the host of a URL", "https://images.corp.example/d.qcow2 images.corp.example",
     "https://host1/d.qcow2 host1"},
    {"a URL's secrets", "https://me:pw@h.example/x?token=abc&a=b", "https://***@host1/x?token=(hidden)&a=b"},
    {"a file has no host", "file:///srv/x.img", "file:///srv/x.img"},
    {"passwords", "passwd='geheim' password: hunter2\nmy_token=\"a b\" SECRET=x",
     "passwd=(hidden) password: (hidden)\nmy_token=(hidden) SECRET=(hidden)"},
    {"what an escape does not end", "\"password\": \"a\\\"b\" token=a&amp;b",
     "\"password\": (hidden) token=(hidden)"},
    {"short words for one", "MYSQL_PWD=a DB_PASS=b pci_passthrough: [x]",
     "MYSQL_PWD=(hidden) DB_PASS=(hidden) pci_passthrough: [x]"},
    {"tokens by themselves", "got ghp_0123456789abcdefghij and AKIA0123456789ABCDEF",
     "got (hidden) and (hidden)"},
    {"a machine's id", "4c4c454400423510805 4c4c4544004235108054b7c04f564433",
     "4c4c454400423510805 00000000-0000-4000-8000-000000000001"},
    {"a MAC address with dashes", "3c-ec-ef-12-34-56", "52:54:00:00:00:01"},
    {"IPv6 before a colon", "fe80::abcd:1234: reply", "2001:db8::1: reply"},
    {"words of the files", "/home/nvidia/x <name>nvidia</name>", "/home/user1/x <name>nvidia</name>"},
    {"as options", "--password hunter2 --db-token 'x y' [serve, --api-key, abc] -v",
     "--password (hidden) --db-token '(hidden)' [serve, --api-key, (hidden)] -v"},
    {"as items", "- --password\n- hunter2\n- --secret\n- --verbose\n",
     "- --password\n- (hidden)\n- --secret\n- --verbose\n"},
    {"as a list", "[\"--password\",\"hunter2\"]", "[\"--password\",\"(hidden)\"]"},
    {"a password's digest", "x: $6$abc$def.ghi/", "x: (hidden)"},
    {"a key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA jane@node7", "ssh-ed25519 (hidden)"},
    {"a private one", "a\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\nb",
     "a\n(hidden)\nb"},
    {"… that is cut", "-----BEGIN RSA PRIVATE KEY-----\nb3Bl\n", "(hidden)"},
    {"a header", "Authorization: Bearer abcdefgh12345", "Authorization: Bearer (hidden)"},
    {"serial numbers", "<serial>S4EVNX0N</serial> <serial type='pty'/> serial: S4EVNX0N",
     "<serial>serial1</serial> <serial type='pty'/> serial: serial1"},
    {"… of a card, as libvirt reads it",
     "<serial_number>1321021000001</serial_number> <part_number>900-2</part_number>",
     "<serial_number>serial1</serial_number> <part_number>900-2</part_number>"},
    {"… in QEMU's words", "\"serial\":\"S4EVNX0N\" \"chardev\":\"charserial0\"",
     "\"serial\":\"serial1\" \"chardev\":\"charserial0\""},
    {"a disk by its id", "/dev/disk/by-id/nvme-Samsung_S4EVNX0N-part1 x", "/dev/disk/by-id/serial1 x"},
    {"an interface by its address", "network interface enx3cecef123456 is up",
     "network interface enx525400000001 is up"},
    {"mail", "Jane Doe <jane.doe@corp.example>", "Jane Doe <user1@mail.invalid>"},
    {"a secret with '<' in it", "password=a<b>c x=1\npassword=d</e</d><description>token: f<g</description>",
     "password=(hidden) x=1\npassword=(hidden)</d><description>token: (hidden)</description>"},
    {"with quotes and '&' in it", "password: it's&mine\n{\\\"password\\\": \\\"hunter2\\\", \\\"a\\\": 1}",
     "password: (hidden)\n{\\\"password\\\": (hidden)\", \\\"a\\\": 1}"},
    {"in a list, an object, an element",
     "\"token\": {\"a\": \"x\"}\n\"tokens\": {\n  \"a\": \"y\"\n}\n<db-password>z</db-password> token => b",
     "\"token\": (hidden)}\n\"tokens\": {\n  (hidden)\n}\n<db-password>(hidden)</db-password> token => (hidden)"},
    {"of several words", "password: correct horse battery\ntoken = a b c user=x --token=d e --verbose",
     "password: (hidden)\ntoken = (hidden) user=user1 --token=(hidden) --verbose"},
    {"before the end of a line of a command", "-x password=abc \\\n-y \\\n",
     "-x password=(hidden) \\\n-y \\\n"},
    {"on the next line", "Password:\r\n\nhunter2 x\r\nall is well\n",
     "Password:\r\n\n(hidden)\nall is well\n"},
    {"… which has its time", "[    1.000000] a: token:\n[    2.000000] a: hunter2\nb",
     "[    1.000000] a: token:\n[    2.000000] (hidden)\nb"},
    {"on lines behind it", "a:\n  password: |-\n    one\n    two\n  name: vm\n",
     "a:\n  password: |-\n    (hidden)\n  name: vm\n"},
    {"not the key behind it", " token:\n name: vm\n<a>secret:\n</a>", " token:\n name: vm\n<a>secret:\n</a>"},
    {"no secret at all",
     "Started Forward Password Requests to Wall.\n-object secret,id=masterKey0,format=raw",
     "Started Forward Password Requests to Wall.\n-object secret,id=masterKey0,format=raw"},
    {"a user at a host", "jane@node7:~$ root@node7 getty@tty1", "user1@host1:~$ root@host1 user2@host2"},
    {"places are none", "cpu@0 memory@0x1000 pci@0000:01:00.0", "cpu@0 memory@0x1000 pci@0000:01:00.0"},
    {"who logs in", "node7 login: ada\nlogin: root\nLast login: Sat Nov 28 07:00:01",
     "node7 login: user1\nlogin: root\nLast login: Sat Nov 28 07:00:01"},
    {"… as the server says it",
     "Accepted publickey for ada from 10.0.0.9 port 22\nFailed password for invalid user bob from ::1\n"
     "session opened for user ada(uid=1000)\nNew session 3 of user bob. user=bob",
     "Accepted publickey for user1 from 198.18.0.1 port 22\nFailed password for invalid user user2 from ::1\n"
     "session opened for user user1(uid=1000)\nNew session 3 of user user2. user=user2"},
    {"other words for serial numbers", "S/N 998877 SN: 12345 Serial No.: 12346 Serial: 8250/16550 driver",
     "S/N serial1 SN: serial2 Serial No.: serial3 Serial: 8250/16550 driver"},
    {"no UTF-8",
     "a\xff"
     "b",
     "a\xEF\xBF\xBD"
     "b"},
};

static char *
redact(const char *text)
{
    g_autoptr(gpuvm_redaction) redaction = gpuvm_redaction_new();

    gpuvm_redaction_learn(redaction, text);
    return gpuvm_redaction_apply(redaction, text);
}

static void
replaces(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *result = redact(cases[i].text);
        g_autofree char *again = redact(result);

        expect_text(cases[i].name, result, cases[i].expected);
        (void)again; /* what is replaced may be replaced again, and nothing breaks */
    }
}

/** A value has one placeholder in all texts, and a name is one where nothing tells so. */
static void
holds_together(void **state G_GNUC_UNUSED)
{
    g_autoptr(gpuvm_redaction) redaction = gpuvm_redaction_new();

    gpuvm_redaction_add_name(redaction, "host", "Node7");
    gpuvm_redaction_add_name(redaction, "user", "root");
    gpuvm_redaction_learn(redaction, "/home/jane");
    g_autofree char *first = gpuvm_redaction_apply(redaction, "node7: jane 10.1.2.3, root");
    g_autofree char *second = gpuvm_redaction_apply(redaction, "10.1.2.4 10.1.2.3 node7.local");
    g_autoptr(GPtrArray) told = gpuvm_redaction_tell(redaction);

    expect_text("the first", first, "host1: user1 198.18.0.1, root");
    expect_text("the second", second, "198.18.0.2 198.18.0.1 host1.local");
    assert_int_equal(told->len, 3);
    expect_text("told", told->pdata[0], "IPv4 addresses: 2");
}

/** A bundle is of use: whatever fault a log tells of, it tells of it still. */
static void
leaves_faults(void **state G_GNUC_UNUSED)
{
    for (unsigned i = 0; i < gpuvm_faults_count; i++) {
        const gpuvm_fault *fault = &gpuvm_faults[i];
        bool guest = g_str_has_prefix(fault->where, "guest-");
        g_autofree char *result = fault->example ? redact(fault->example) : NULL;

        if (result && gpuvm_fault_of_line(result, guest) != gpuvm_fault_of_line(fault->example, guest))
            fail_msg("%s is not known any more: %s", fault->id, result);
    }
}

#define RUNS 3000

static char *
random_secret(GRand *rand, int sort)
{
    guint32 a = g_rand_int(rand), b = g_rand_int(rand);

    switch (sort) {
    case 0:
        return g_strdup_printf("%08x-%04x-4%03x-8%03x-%04x%08x", a, b & 0xffff, b >> 20, a & 0xfff,
                               b & 0xffff, a);
    case 1:
        return g_strdup_printf("3c:%02x:%02x:%02x:%02x:%02x", a & 0xff, a >> 24, b & 0xff, b >> 8 & 0xff,
                               b >> 24);
    case 2:
        return g_strdup_printf("10.%u.%u.%u", a & 0xff, a >> 24, b & 0xff);
    case 3:
        return g_strdup_printf("2a02:%x:%x:%x::%x", (a & 0xfff) + 1, (b & 0xfff) + 1, (a >> 20) + 1,
                               (b >> 20) + 1);
    default:
        return g_strdup_printf("node%u", a);
    }
}

/** Whatever stands around them, no address, no identifier and no name is left. */
static void
leaves_none(void **state G_GNUC_UNUSED)
{
    static const char *const around[] = {" ",    "\n", "'", "\"", ",",    "(", ")", "<a>",
                                         "</a>", "=",  "/", ";",  " is ", "[", "]"};
    const char *seed = g_getenv("GPUVM_TEST_SEED");
    guint32 first = seed ? (guint32)strtoul(seed, NULL, 10) : 1;

    for (guint32 run = 0; run < (seed ? 1 : RUNS); run++) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(first + run);
        g_autoptr(gpuvm_redaction) redaction = gpuvm_redaction_new();
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GPtrArray) secrets = g_ptr_array_new_with_free_func(g_free);

        for (int i = g_rand_int_range(rand, 1, 12); i > 0; i--) {
            int sort = g_rand_int_range(rand, 0, 5);
            char *secret = random_secret(rand, sort);

            if (sort == 4)
                gpuvm_redaction_add_name(redaction, "host", secret);
            g_ptr_array_add(secrets, secret);
            g_string_append_printf(text, "%s%s%s", around[g_rand_int_range(rand, 0, G_N_ELEMENTS(around))],
                                   secret, around[g_rand_int_range(rand, 0, G_N_ELEMENTS(around))]);
        }
        g_autofree char *result = gpuvm_redaction_apply(redaction, text->str);
        for (guint i = 0; i < secrets->len; i++) {
            if (strstr(result, secrets->pdata[i]))
                fail_msg("GPUVM_TEST_SEED=%u: %s is left of %s:\n%s", first + run, (char *)secrets->pdata[i],
                         text->str, result);
        }
    }
}

/** What is long takes no longer than its length says, and is not given up. */
static void
takes_long_texts(void **state G_GNUC_UNUSED)
{
    static const char *const parts[] = {"a",      "-",  "a.", "0", "f:",        "1.",       "a@",
                                        "/home/", "x ", "\n", " ", "token: x ", "token:\n", "\n token:\n ",
                                        "\n x",   "x "};

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autoptr(GString) text = g_string_new("token:");

        while (text->len < 1 << 17)
            g_string_append(text, parts[i]);
        g_string_append(text, "\na: 10.0.0.7 end");
        g_autofree char *result = redact(text->str);
        if (!g_str_has_suffix(result, " 198.18.0.1 end"))
            fail_msg("of many '%s' is left: %.40s", parts[i], result);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces),    cmocka_unit_test(holds_together),   cmocka_unit_test(leaves_faults),
        cmocka_unit_test(leaves_none), cmocka_unit_test(takes_long_texts),
    };

    return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
