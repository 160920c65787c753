/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <libxml/parser.h>

#include "base/error.h"
#include "host/virt.h"

/* what libvirt 9.0 and QEMU 7.2 say, and a word of what is said about it (NULL: nothing) */
static const struct {
    int code;
    const char *words;
    enum gpuvm_exit exit;
    const char *meaning;
} cases[] = {
    {VIR_ERR_SYSTEM_ERROR,
     "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
     GPUVM_EXIT_FAILED, "systemctl status libvirtd"},
    {VIR_ERR_SYSTEM_ERROR, "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused",
     GPUVM_EXIT_FAILED, "libvirtd.socket"},
    {VIR_ERR_SYSTEM_ERROR,
     "Failed to connect socket to '/var/run/libvirt/virtnodedevd-sock': No such file or directory",
     GPUVM_EXIT_FAILED, "that daemon"},
    {VIR_ERR_SYSTEM_ERROR, "Failed to connect socket to '/var/run/libvirt/virtqemud-sock': Permission denied",
     GPUVM_EXIT_FAILED, "usermod -aG libvirt"},
    {VIR_ERR_SYSTEM_ERROR, "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
     GPUVM_EXIT_FAILED, "usermod -aG libvirt"},
    {VIR_ERR_AUTH_UNAVAILABLE,
     "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
     GPUVM_EXIT_FAILED, "usermod -aG libvirt"},
    {VIR_ERR_AUTH_FAILED, "authentication failed: access denied by policy", GPUVM_EXIT_FAILED, "sudo"},
    {VIR_ERR_SYSTEM_ERROR,
     "Cannot recv data: ssh: connect to host 127.0.0.1 port 1: Connection refused: Connection reset by peer",
     GPUVM_EXIT_FAILED, "ssh HOST"},
    {VIR_ERR_SYSTEM_ERROR, "unable to connect to server at '127.0.0.1:1': Connection refused",
     GPUVM_EXIT_FAILED, "port"},
    {VIR_ERR_SYSTEM_ERROR, "Unable to resolve address 'h' service '16509': Name or service not known",
     GPUVM_EXIT_FAILED, "host name"},
    {VIR_ERR_NO_CONNECT, "no connection driver available for foo:///", GPUVM_EXIT_FAILED, "qemu:///system"},
    {VIR_ERR_INTERNAL_ERROR, "internal error: Unable to parse URI bad uri", GPUVM_EXIT_FAILED, "qemu+ssh://"},
    {VIR_ERR_XML_ERROR, "XML error: failed to parse xml document '/nonexist'", GPUVM_EXIT_INVALID,
     "test:///default"},
    {VIR_ERR_SYSTEM_ERROR, "Cannot recv data: Connection reset by peer", GPUVM_EXIT_FAILED,
     "connection was lost"},
    {VIR_ERR_SYSTEM_ERROR, "Cannot write data: Broken pipe", GPUVM_EXIT_FAILED, "connection was lost"},
    {VIR_ERR_SYSTEM_ERROR, "End of file while reading data: Input/output error", GPUVM_EXIT_FAILED,
     "connection was lost"},
    {VIR_ERR_INTERNAL_ERROR, "internal error: client socket is closed", GPUVM_EXIT_FAILED,
     "connection was lost"},
    {VIR_ERR_RPC, "Cannot recv data", GPUVM_EXIT_FAILED, "connection was lost"},
    {VIR_ERR_OPERATION_INVALID, "Requested operation is not valid: volume 'a' is still in use.",
     GPUVM_EXIT_HOST, "being written"},
    {VIR_ERR_SYSTEM_ERROR, "Unable to write /pool/a: No space left on device", GPUVM_EXIT_HOST,
     "image prune"},
    {VIR_ERR_INTERNAL_ERROR,
     "internal error: creation of non-raw file images is not supported without qemu-img.", GPUVM_EXIT_HOST,
     "qemu-utils"},
    {VIR_ERR_SYSTEM_ERROR, "cannot open directory '/pool': No such file or directory", GPUVM_EXIT_HOST,
     "pool-build"},
    {VIR_ERR_SYSTEM_ERROR,
     "Cannot access backing file '/pool/a' of storage file '/pool/b' (as uid:0, gid:0): No such file or directory",
     GPUVM_EXIT_HOST, "gpuvm define"},
    {VIR_ERR_INTERNAL_ERROR,
     "internal error: QEMU unexpectedly closed the monitor: qemu: could not open kernel file '/k'",
     GPUVM_EXIT_HOST, "gpuvm define"},
    {VIR_ERR_NO_DOMAIN, "Domain not found: no domain with matching name 'a'", GPUVM_EXIT_HOST,
     "gpuvm list --all"},
    {VIR_ERR_XML_INVALID_SCHEMA,
     "XML document failed to validate against schema: Unable to validate doc against domain.rng\n"
     "Element domain has extra content: devic\n",
     GPUVM_EXIT_INVALID, "gpuvm render"},
    {VIR_ERR_OPERATION_FAILED, "operation failed: domain 'x' already exists with uuid bb5c6e3f",
     GPUVM_EXIT_FAILED, "name"},
    {VIR_ERR_CONFIG_UNSUPPORTED,
     "unsupported configuration: Emulator '/usr/bin/qemu-system-x86_64' does not support virt type 'kvm'",
     GPUVM_EXIT_HOST, "KVM is not available"},
    {VIR_ERR_OPERATION_INVALID,
     "Requested operation is not valid: PCI device 0000:01:00.0 is in use by driver QEMU, domain a1",
     GPUVM_EXIT_HOST, "stop that one"},
    {VIR_ERR_INTERNAL_ERROR,
     "internal error: process exited while connecting to monitor: 2024-01-01T00:00:00Z qemu-system-x86_64: -device "
     "{\"driver\":\"vfio-pci\"}: vfio 0000:01:00.0: group 9 is not viable\nPlease ensure all devices within the "
     "iommu_group are bound to their vfio bus driver.",
     GPUVM_EXIT_HOST, "iommu_group: detach"},
    {VIR_ERR_CONFIG_UNSUPPORTED,
     "unsupported configuration: host doesn't support passthrough of host PCI devices", GPUVM_EXIT_HOST,
     "modprobe vfio-pci"},
    {VIR_ERR_SYSTEM_ERROR,
     "Device 0000:0a:00.0 not found: could not access /sys/bus/pci/devices/0000:0a:00.0/config: No such file or "
     "directory",
     GPUVM_EXIT_HOST, "gpuvm devices"},
    {VIR_ERR_CONFIG_UNSUPPORTED,
     "unsupported configuration: Non-endpoint PCI devices cannot be assigned to guests", GPUVM_EXIT_HOST,
     "bridge"},
    {VIR_ERR_INTERNAL_ERROR,
     "internal error: qemu unexpectedly closed the monitor: vfio 0000:01:00.0: failed to setup container for group 9: "
     "Failed to set iommu for container: Operation not permitted",
     GPUVM_EXIT_HOST, "allow_unsafe_interrupts=1"},
    {VIR_ERR_INTERNAL_ERROR,
     "internal error: process exited while connecting to monitor: cannot set up guest memory 'pc.ram': Cannot allocate "
     "memory",
     GPUVM_EXIT_HOST, "memory_mb"},
    {VIR_ERR_NO_NETWORK, "Network not found: no network with matching name 'lan'", GPUVM_EXIT_HOST,
     "virsh net-list"},
    {VIR_ERR_OPERATION_INVALID, "Requested operation is not valid: network 'default' is not active",
     GPUVM_EXIT_HOST, "virsh net-start"},
    {VIR_ERR_INTERNAL_ERROR, "internal error: nothing that is known", GPUVM_EXIT_FAILED, NULL},
};

static virError last;

static virErrorPtr
get_last(void)
{
    return last.code ? &last : NULL;
}

static int
set_up(void **state)
{
    (void)state;
    if (!gpuvm_virt_load(NULL))
        return -1;
    gpuvm_virt.GetLastError = get_last;
    return 0;
}

static GError *
failed(int code, const char *words)
{
    g_autofree char *copy = g_strdup(words);
    GError *error = NULL;

    last = (virError){.code = code, .message = copy};
    assert_int_equal(gpuvm_virt_error(), code);
    assert_false(gpuvm_virt_failed(&error, "cannot start domain '%s'", "a"));
    last = (virError){0};
    assert_true(g_str_has_prefix(error->message, "cannot start domain 'a': ") ||
                g_str_has_prefix(error->message, "failed to bind device: "));
    return error;
}

static void
test_meanings(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = failed(cases[i].code, cases[i].words);
        g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);

        if (gpuvm_error_exit(error) != cases[i].exit || g_strv_length(lines) != (cases[i].meaning ? 2 : 1) ||
            (cases[i].meaning && !strstr(lines[1], cases[i].meaning)))
            fail_msg("exit %d: %s", gpuvm_error_exit(error), error->message);
    }
}

static void
test_whole_message(void **state)
{
    static const struct {
        int code;
        const char *words, *message;
    } wholes[] = {
        {VIR_ERR_INTERNAL_ERROR, "internal error: x", "cannot start domain 'a': internal error: x"},
        {VIR_ERR_INTERNAL_ERROR, " one\n\n two \n", "cannot start domain 'a': one; two"},
        {VIR_ERR_OK, NULL, "cannot start domain 'a': libvirt does not say why"},
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(wholes); i++) {
        g_autoptr(GError) error = failed(wholes[i].code, wholes[i].words);

        assert_string_equal(error->message, wholes[i].message);
        assert_int_equal(gpuvm_error_exit(error), GPUVM_EXIT_FAILED);
    }
}

/* the words that users search for come first */
static void
test_busy(void **state)
{
    static const char *const words[] = {
        "internal error: vfio 0000:01:00.0: failed to open /dev/vfio/9: Device or resource busy",
        "Failed to trigger a probe for PCI device '0000:01:00.0': Device or resource busy",
        "Failed to unbind PCI device '0000:01:00.0' from nvidia: Device or resource busy",
    };
    g_autoptr(GError) disk = failed(VIR_ERR_SYSTEM_ERROR, "cannot lock /x.qcow2: Device or resource busy");

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autoptr(GError) error = failed(VIR_ERR_SYSTEM_ERROR, words[i]);

        assert_true(g_str_has_prefix(
            error->message, "failed to bind device: device or resource busy: cannot start domain 'a': "));
        assert_non_null(strstr(error->message, words[i]));
        assert_int_equal(gpuvm_error_exit(error), GPUVM_EXIT_HOST);
    }
    assert_int_equal(gpuvm_error_exit(disk), GPUVM_EXIT_FAILED);
}

/* a daemon that goes away must not take the process with it */
static void
test_pipe(void **state)
{
    (void)state;
    assert_int_equal(raise(SIGPIPE), 0);
}

/* as libvirt's test driver does it */
static gpointer
read_absent(gpointer ready)
{
    g_atomic_int_inc((gint *)ready);
    while (g_atomic_int_get((gint *)ready) < 2)
        ;
    assert_null(xmlReadFile("/nonexistent", NULL, XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
    return NULL;
}

/* what threads read for the first time leaves nothing locked that a process waits for when it ends */
static void
test_first_files(void **state)
{
    (void)state;
    fflush(NULL);
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        gint ready = 0;
        int status;

        assert_true(child >= 0);
        if (child == 0) {
            GThread *thread = g_thread_new("second", read_absent, &ready);

            alarm(60);
            read_absent(&ready);
            g_thread_join(thread);
            exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

/* as a program that is started where libvirt.so.0 is not libvirt */
static void
test_absent(void **state)
{
    g_autofree char *folder = g_dir_make_tmp("gpuvm-virt-XXXXXX", NULL);
    g_autofree char *library = g_build_filename(folder, "libvirt.so.0", NULL);
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "LD_LIBRARY_PATH", folder, TRUE);
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    char load[] = "--load", *command[] = {program, load, NULL};
    g_autofree char *output = NULL;
    int status = 0;

    (void)state;
    assert_true(g_file_set_contents(library, "", -1, NULL));
    assert_true(
        g_spawn_sync(NULL, command, environment, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status, NULL));
    g_remove(library);
    g_rmdir(folder);
    assert_true(g_spawn_check_wait_status(status, NULL));
    assert_true(g_str_has_prefix(output, "1: cannot load libvirt: "));
    assert_non_null(
        strstr(output, "\nlibvirt's client library is missing or broken: install the package libvirt0"));
}

static int
load_here(void)
{
    g_autoptr(GError) error = NULL;

    if (gpuvm_virt_load(&error) || gpuvm_virt.ConnectOpenAuth)
        return 1;
    g_print("%d: %s", gpuvm_error_exit(error), error->message);
    return 0;
}

int
main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meanings), cmocka_unit_test(test_whole_message),
        cmocka_unit_test(test_busy),     cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_absent),   cmocka_unit_test(test_first_files),
    };

    if (argc == 2 && g_str_equal(argv[1], "--load"))
        return load_here();
    return cmocka_run_group_tests(tests, set_up, NULL);
}
