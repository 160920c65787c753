/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/virt.h"

#include <signal.h>

#include <libxml/xmlerror.h>

#include "base/error.h"
#include "host/library.h"

gpuvm_virt_functions gpuvm_virt;

static void
ignore_error(void *data, virError *error)
{
    (void)data, (void)error;
}

static void
ignore_message(void *data, const char *format, ...)
{
    (void)data, (void)format;
}

static bool
set_up(GError **error G_GNUC_UNUSED)
{
    gpuvm_virt.SetErrorFunc(NULL, ignore_error);
    xmlSetGenericErrorFunc(NULL, ignore_message); /* libvirt lets libxml2 print what cannot be opened */
    signal(SIGPIPE, SIG_IGN);                     /* libvirt writes to a daemon that may be gone */
    return true;
}

static const gpuvm_library library = {
    .soname = GPUVM_LIBVIRT_SONAME,
    .title = "libvirt",
    .package = GPUVM_LIBVIRT_PACKAGE,
    .version = "9.0",
    .prefix = "vir",
    .names = (const char *const[]){GPUVM_VIRT_FUNCTIONS(GPUVM_LIBRARY_NAME) NULL},
    .functions = &gpuvm_virt,
    .set_up = set_up};

bool
gpuvm_virt_load(GError **error)
{
    return gpuvm_library_load(&library, error);
}

/* What an error of libvirt's means. The first row whose parts all fit is taken. */
typedef struct meaning {
    int code;            /* virErrorNumber; 0: any */
    const char *pattern; /* a glob on the message; NULL: any */
    enum gpuvm_exit exit;
    const char *text;
} meaning;

#define LOST                                                                                                 \
    "the connection was lost on the way: what was asked for may or may not have been done; see `gpuvm list --all`"
#define DENIED                                                                                               \
    "libvirt does not let you in: add yourself to its group (usermod -aG libvirt USER) and log in again, or use sudo"
#define NO_KVM                                                                                               \
    "KVM is not available: switch virtualisation on in the firmware, load kvm_intel or kvm_amd, see `virt-host-validate`"

#define HOOK "libvirt asks gpuvm's hook, which goes by the host's own policy, without --policy"

#define KERNEL_GONE "it must be on the host; what gpuvm fetched it fetches again: `gpuvm define`"

/* what gpuvm_virt_failed puts a head on */
static const char busy[] =
    "something on the host holds the device, or another function of its IOMMU group: end what uses it";

/* clang-format off */
static const meaning meanings[] = {
    /* connecting */
    {VIR_ERR_SYSTEM_ERROR, "Failed to connect socket*Permission denied*", GPUVM_EXIT_FAILED, DENIED},
    {VIR_ERR_SYSTEM_ERROR, "Failed to connect socket to '*/virt*d-sock'*", GPUVM_EXIT_FAILED,
     "is that daemon of libvirt's running? start each by its socket, such as `systemctl enable --now virtqemud.socket`"},
    {VIR_ERR_SYSTEM_ERROR, "Failed to connect socket*", GPUVM_EXIT_FAILED,
     "is libvirtd running? see `systemctl status libvirtd`; start it with `systemctl enable --now libvirtd.socket` "
     "(package libvirt-daemon-system)"},
    {VIR_ERR_AUTH_UNAVAILABLE, NULL, GPUVM_EXIT_FAILED, DENIED},
    {VIR_ERR_AUTH_FAILED, NULL, GPUVM_EXIT_FAILED, DENIED},
    {VIR_ERR_AUTH_CANCELLED, NULL, GPUVM_EXIT_FAILED, DENIED},
    {VIR_ERR_ACCESS_DENIED, NULL, GPUVM_EXIT_FAILED, DENIED},
    {VIR_ERR_OPERATION_DENIED, NULL, GPUVM_EXIT_FAILED, DENIED},
    {0, "Cannot recv data: *ssh*", GPUVM_EXIT_FAILED,
     "ssh could not reach libvirt there: try `ssh HOST virsh list` by hand"},
    {0, "unable to connect to server*", GPUVM_EXIT_FAILED,
     "nothing answers there: check the URI's host and port, and whether libvirtd, or virtproxyd, listens on it"},
    {0, "Unable to resolve address*", GPUVM_EXIT_FAILED, "check the host name in the URI"},
    {VIR_ERR_NO_CONNECT, NULL, GPUVM_EXIT_FAILED, "libvirt knows no such hypervisor; KVM on this machine is qemu:///system"},
    {0, "*Unable to parse URI*", GPUVM_EXIT_FAILED, "a URI looks like qemu:///system or qemu+ssh://HOST/system"},
    {VIR_ERR_XML_ERROR, "*failed to parse xml document*", GPUVM_EXIT_INVALID,
     "test:///PATH is a host file: it is absent, not readable or not XML (libvirt's own is test:///default)"},
    {VIR_ERR_SYSTEM_ERROR, "Failed to open file '*.xml'*", GPUVM_EXIT_INVALID, /* libvirt 11's words for the same */
     "test:///PATH is a host file: it is absent or not readable (libvirt's own is test:///default)"},
    {VIR_ERR_XML_ERROR, "*expecting root element of 'node'*", GPUVM_EXIT_INVALID, "test:///PATH is not a host file"},
    /* losing the connection */
    {VIR_ERR_RPC, NULL, GPUVM_EXIT_FAILED, LOST},
    {0, "*Cannot recv data*", GPUVM_EXIT_FAILED, LOST},
    {0, "*Cannot write data*", GPUVM_EXIT_FAILED, LOST},
    {0, "*End of file while reading data*", GPUVM_EXIT_FAILED, LOST},
    {0, "*client socket is closed*", GPUVM_EXIT_FAILED, LOST},
    {0, "*received hangup event on socket*", GPUVM_EXIT_FAILED, LOST},
    {0, "*keepalive timeout*", GPUVM_EXIT_FAILED, LOST},
    {VIR_ERR_INVALID_CONN, NULL, GPUVM_EXIT_FAILED, LOST},
    /* defining */
    {VIR_ERR_NO_DOMAIN, NULL, GPUVM_EXIT_HOST, "`gpuvm list --all` names the VMs there are"},
    {VIR_ERR_XML_INVALID_SCHEMA, NULL, GPUVM_EXIT_INVALID,
     "libvirt's schema has no such domain: `gpuvm render` shows the XML; look at the template, if you gave one"},
    {0, "*already exists with uuid*", GPUVM_EXIT_FAILED,
     "another domain came to have this name in the meantime: look at `gpuvm list --all`, and try again"},
    {0, "*does not support virt type 'kvm'*", GPUVM_EXIT_HOST,
     NO_KVM},
    {0, "*could not get preferred machine for * type=kvm*", GPUVM_EXIT_HOST,
     NO_KVM},
    {0, "*Unable to find any firmware*", GPUVM_EXIT_HOST,
     "the host has no UEFI firmware for VMs: install the package ovmf, or set `firmware: bios`"},
    /* storage */
    {VIR_ERR_OPERATION_INVALID, "*volume * is still in use*", GPUVM_EXIT_HOST,
     "it is being written: wait until that has ended"},
    {0, "*No space left on device*", GPUVM_EXIT_HOST,
     "the file system of the storage pool is full: make room (`gpuvm image prune`), or name another pool with --pool"},
    {0, "*not supported without qemu-img*", GPUVM_EXIT_HOST, "install the package qemu-utils on the host"},
    {0, "*storage pool * is not active*", GPUVM_EXIT_HOST, "start it: `virsh pool-start POOL`"},
    {0, "*cannot open directory*", GPUVM_EXIT_HOST,
     "the directory of the storage pool is gone: make it again (`virsh pool-build POOL`)"},
    /* starting: devices */
    {0, "*vfio*Device or resource busy*", GPUVM_EXIT_HOST, busy},
    {0, "*PCI device *Device or resource busy*", GPUVM_EXIT_HOST, busy},
    {0, "*PCI device * is in use by driver *, domain *", GPUVM_EXIT_HOST,
     "another running VM has the device: stop that one first, or take another card"},
    {0, "*group * is not viable*", GPUVM_EXIT_HOST,
     "another function of the IOMMU group is bound to a driver of the host: `gpuvm devices` shows which; pass it too, "
     "or set `iommu_group: detach`"},
    {0, "*host doesn't support*passthrough*", GPUVM_EXIT_HOST,
     "VFIO is not available: load it (`modprobe vfio-pci`), and see that the IOMMU is on, in the firmware (VT-d, AMD-Vi) "
     "and for Intel on the kernel's command line (intel_iommu=on)"},
    {0, "*Device * not found: could not access*", GPUVM_EXIT_HOST,
     "the host has no such PCI function now: it was removed, or has another address: see `gpuvm devices`"},
    {0, "*Non-endpoint PCI devices*", GPUVM_EXIT_HOST, "a bridge stays with the host: name the card behind it"},
    {0, "*PCI device * is not assignable*", GPUVM_EXIT_HOST,
     "a switch above it has no access control (ACS), so that it is not isolated from other devices"},
    {0, "*failed to setup container*Operation not permitted*", GPUVM_EXIT_HOST,
     "the host has no interrupt remapping: switch it on in the firmware; where it has none, and every guest is trusted, "
     "vfio_iommu_type1 has the option allow_unsafe_interrupts=1"},
    {0, "*cannot set up guest memory*Cannot allocate memory*", GPUVM_EXIT_HOST,
     "the host has too little free memory: passed devices need all of the guest's at once; lower memory_mb or stop another VM"},
    {0, "*failed to find romfile*", GPUVM_EXIT_HOST, "the file that rom_file names is not on the host"},
    /* the console */
    {0, "*Active console session exists*", GPUVM_EXIT_HOST,
     "somebody has the console, with gpuvm or virsh, or a start that is waited for: take it with --force"},
    {0, "*character device <null>*", GPUVM_EXIT_HOST, "the VM has no console: its template has no <console> or <serial>"},
    /* starting: the rest */
    {VIR_ERR_HOOK_SCRIPT_FAILED, "*qemu.d/gpuvm *unexpected exit status 5:*", GPUVM_EXIT_HOST, HOOK},
    {VIR_ERR_HOOK_SCRIPT_FAILED, "*qemu.d/gpuvm *", GPUVM_EXIT_REFUSED, HOOK},
    {VIR_ERR_HOOK_SCRIPT_FAILED, NULL, GPUVM_EXIT_FAILED, "a script in /etc/libvirt/hooks of that host said so"},
    {VIR_ERR_NO_NETWORK, NULL, GPUVM_EXIT_HOST, "`virsh net-list --all` names the networks there are"},
    {0, "*network '*' is not active*", GPUVM_EXIT_HOST, "start it: `virsh net-start NETWORK`, and `virsh net-autostart NETWORK`"},
    {0, "*Cannot get interface MTU on*", GPUVM_EXIT_HOST, "the host has no such bridge: see `ip link`"},
    {0, "*Cannot access backing file*", GPUVM_EXIT_HOST,
     "the image below the VM's disk is not there any more: fetch it again with `gpuvm define`"},
    {0, "*Could not open backing file*", GPUVM_EXIT_HOST,
     "the image below the VM's disk is not there any more: fetch it again with `gpuvm define`"},
    {0, "*could not open kernel file*", GPUVM_EXIT_HOST, KERNEL_GONE},
    {0, "*could not load initrd*", GPUVM_EXIT_HOST, KERNEL_GONE},
    {0, "*Cannot access storage file*", GPUVM_EXIT_HOST,
     "the file must be on the host, where the user of QEMU can read it; one that gpuvm made it makes again: `gpuvm define`"},
    {0, "*Failed to get \"write\" lock*", GPUVM_EXIT_HOST, "another running VM has the disk open"},
    {VIR_ERR_NO_SUPPORT, NULL, GPUVM_EXIT_FAILED, "the hypervisor of this connection cannot do that"},
};

/* clang-format on */

static const meaning *
find_meaning(int code, const char *words)
{
    static const meaning unknown = {.exit = GPUVM_EXIT_FAILED};

    for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++) {
        const meaning *row = &meanings[i];

        if ((!row->code || row->code == code) &&
            (!row->pattern || g_pattern_match_simple(row->pattern, words)))
            return row;
    }
    return &unknown;
}

const char *
gpuvm_virt_explain(const char *line)
{
    for (size_t i = 0; i < G_N_ELEMENTS(meanings); i++) {
        g_autofree char *pattern =
            meanings[i].pattern ? g_strconcat("*", meanings[i].pattern, "*", NULL) : NULL;

        if (pattern && g_pattern_match_simple(pattern, line))
            return meanings[i].text;
    }
    return NULL;
}

/* libvirt passes on what QEMU and libxml2 say, which may be several lines */
static char *
join_lines(const char *words)
{
    g_auto(GStrv) lines = g_strsplit(words, "\n", -1);
    GString *joined = g_string_new(NULL);

    for (char **line = lines; *line; line++)
        if (*g_strstrip(*line))
            g_string_append_printf(joined, "%s%s", joined->len ? "; " : "", *line);
    return g_string_free(joined, FALSE);
}

bool
gpuvm_virt_failed(GError **error, const char *format, ...)
{
    const virError *last = gpuvm_virt.GetLastError();
    g_autofree char *words = join_lines(last && last->message ? last->message : "libvirt does not say why");
    const meaning *found = find_meaning(last ? last->code : VIR_ERR_OK, words);
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, GPUVM_ERROR, found->exit, "%s%s: %s%s%s",
                found->text == busy ? "failed to bind device: device or resource busy: " : "", what, words,
                found->text ? "\n" : "", found->text ? found->text : "");
    return false;
}

int
gpuvm_virt_error(void)
{
    const virError *last = gpuvm_virt.GetLastError();

    return last ? last->code : VIR_ERR_OK;
}
