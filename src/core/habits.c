/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/habits.h"

/* One function of a plan, and what its habits may depend on. */
typedef struct habitat {
    const gpuvm_plan_function *function;
    const gpuvm_device *device; /* of it */
    const GPtrArray *functions; /* all of the plan */
    const gpuvm_vm *vm;
    const gpuvm_facts *facts;
} habitat;

/* The kernel's words for it, of Documentation/ABI/testing/sysfs-bus-pci. */
static bool
has_method(const gpuvm_device *device, const char *word)
{
    g_auto(GStrv) words = g_strsplit(device->reset_method ? device->reset_method : "", " ", -1);

    return g_strv_contains((const char *const *)words, word);
}

static bool
is_on_bus_of(const gpuvm_device *device, const gpuvm_device *other)
{
    return device != other && !other->bridge && !other->virtual_function &&
           device->addr.domain == other->addr.domain && device->addr.bus == other->addr.bus;
}

/* Whether other functions are on its bus; @staying: that the host uses meanwhile. */
static bool
has_company(const habitat *at, bool staying)
{
    g_autoptr(GPtrArray) devices = gpuvm_facts_devices(at->facts);

    for (guint i = 0; i < devices->len; i++) {
        const gpuvm_device *other = devices->pdata[i];

        if (is_on_bus_of(at->device, other) &&
            !(staying &&
              (gpuvm_functions_find(at->functions, &other->addr) || gpuvm_driver_is_vfio(other->driver))))
            return true;
    }
    return false;
}

/* Whether nothing resets it but its power state or, with all that is on it, its bus. A virtual function has FLR (SR-IOV 1.1, 2.2.2). */
static bool
has_no_reset_of_its_own(const gpuvm_device *device)
{
    return device->reset_method && !device->virtual_function && !has_method(device, "flr") &&
           !has_method(device, "af_flr") && !has_method(device, "acpi") &&
           !has_method(device, "device_specific");
}

/*
 * The kernel calls it a method of a function that is alone on its bus (drivers/pci/pci.c, pci_parent_bus_reset), while VFIO also
 * resets a bus that has more functions, when it has them all (drivers/vfio/pci/vfio_pci_core.c). Bus 0 is behind no bridge.
 */
static bool
has_bus_reset(const habitat *at)
{
    return has_method(at->device, "bus") || (at->device->addr.bus != 0 && has_company(at, false));
}

static bool
has_no_reset(const habitat *at)
{
    return has_no_reset_of_its_own(at->device) && !has_method(at->device, "pm") && !has_bus_reset(at);
}

static bool
has_power_reset_only(const habitat *at)
{
    return has_no_reset_of_its_own(at->device) && has_method(at->device, "pm") && !has_bus_reset(at);
}

static bool
shares_its_reset(const habitat *at)
{
    return has_no_reset_of_its_own(at->device) && has_bus_reset(at) && has_company(at, true);
}

/* From Polaris to Navi 1x, and the Instinct MI100: what vendor-reset is for (its src/device-db.h). */
static bool
needs_vendor_reset(const habitat *at)
{
    static const struct {
        uint16_t first, last;
    } ids[] = {
        {0x66a0, 0x66af}, {0x67c0, 0x67ff}, {0x6860, 0x687f}, {0x6980, 0x699f}, {0x6fdf, 0x6fdf},
        {0x7310, 0x731f}, {0x7340, 0x734f}, {0x7360, 0x7362}, {0x738c, 0x738c},
    };
    uint16_t id = at->device->device_id;
    size_t i = 0;

    while (i < G_N_ELEMENTS(ids) && !(id >= ids[i].first && id <= ids[i].last))
        i++;
    return i < G_N_ELEMENTS(ids) && at->device->vendor_id == 0x1002 && gpuvm_device_is_gpu(at->device) &&
           at->device->reset_method && !has_method(at->device, "device_specific");
}

static bool
falls_silent(const habitat *at)
{
    uint16_t id = at->device->device_id;

    return at->device->vendor_id == 0x1002 && (id == 0x74a1 || id == 0x75a3) && !at->device->virtual_function;
}

static bool
shows_shadowed_rom(const habitat *at)
{
    return at->device->boot_vga == 1 && at->function->rom_bar && !at->function->rom_file &&
           at->function->role != GPUVM_ROLE_DETACHED;
}

/* Display controllers of GeForce 500 and before, by id; a template of the VM's own may hide what it runs on. */
static bool
takes_offence_at_vms(const habitat *at)
{
    uint16_t id = at->device->device_id;

    return at->device->vendor_id == 0x10de && gpuvm_pci_class_match("03", at->device->class_code) &&
           (id < 0x0fc0 || (id >= 0x1040 && id < 0x1180) || (id >= 0x1200 && id < 0x1280)) &&
           !at->vm->body.template_path;
}

static bool
leaves_its_audio(const habitat *at)
{
    g_autoptr(GPtrArray) card = gpuvm_facts_card(at->facts, &at->device->addr);

    for (guint i = 0; gpuvm_pci_class_match("03", at->device->class_code) && i < card->len; i++) {
        const gpuvm_device *other = card->pdata[i];

        if (g_strcmp0(other->driver, "snd_hda_intel") == 0 &&
            !gpuvm_functions_find(at->functions, &other->addr))
            return true;
    }
    return false;
}

/* What the kernel reserves of a BAR VFIO cannot map: each access goes through QEMU, or fails. */
static bool
has_framebuffer(const habitat *at)
{
    return g_strcmp0(at->facts->host.framebuffer, GPUVM_PCI(&at->device->addr)) == 0;
}

/* Each display controller of NVIDIA's and AMD's that is on PCI Express has a BAR for its memory that may be above 4 GiB. */
static bool
lacks_large_bar(const habitat *at)
{
    const GArray *bars = at->device->bars;
    guint i = 0;

    while (i < bars->len &&
           !(g_array_index(bars, gpuvm_bar, i).wide && g_array_index(bars, gpuvm_bar, i).prefetchable))
        i++;
    return i == bars->len && bars->len > 0 && !at->device->virtual_function &&
           at->device->link_max_width > 0 && gpuvm_pci_class_match("03", at->device->class_code) &&
           (at->device->vendor_id == 0x10de || at->device->vendor_id == 0x1002);
}

static const struct {
    bool (*applies)(const habitat *at);
    const char *says; /* of "device ADDRESS" */
    const char *hint;
    bool always; /* whatever VM it is passed to, and whatever else is */
} habits[] = {
    /* Documentation/ABI/testing/sysfs-bus-pci: reset, reset_method */
    {has_no_reset, "cannot be reset: it stays as a guest leaves it",
     "if it does not work in the next VM, or on the host, the host has to be restarted", true},
    /* PCI Bus Power Management Interface 1.2, 5.4.1: D3hot resets what has no No_Soft_Reset, and not all of it */
    {has_power_reset_only,
     "can only be reset by its power state (pm), which some cards get over as they were",
     "if it does not work in the next VM, or on the host, the host has to be restarted", true},
    /* drivers/vfio/pci/vfio_pci_core.c: vfio_pci_dev_set_try_reset */
    {shares_its_reset,
     "is only reset together with its bus, on which others stay with the host: it is not reset",
     "pass the whole card: functions: all; what else is on the bus: iommu_group: include or detach"},
    /* https://github.com/gnif/vendor-reset */
    {needs_vendor_reset, "is of those AMD cards that may not work a second time, until the host is restarted",
     "the kernel module vendor-reset can reset it; 'device_specific' is then among its reset_method in /sys",
     true},
    /* https://github.com/amd/MxGPU-Virtualization/issues/25: MI300X and MI355X, whatever the method of the reset */
    {falls_silent,
     "is an Instinct that was seen to answer no more when VFIO had reset it, until the host is restarted",
     "AMD's way is to pass a virtual function that its driver gim makes: resets of those were seen to work",
     true},
    /* drivers/pci/pci.c: "can't reserve" */
    {has_framebuffer, "has the host's boot framebuffer in a BAR: a guest's screen stays dark, or it is slow",
     "add initcall_blacklist=sysfb_init to the host's kernel command line and reboot: its console is dark then",
     true},
    {lacks_large_bar,
     "has no address for its memory (BAR1 of NVIDIA's, BAR0 of AMD's): its driver will not work",
     "enable 'Above 4G Decoding' in the firmware's set-up, or add pci=realloc to the kernel command line",
     true},
    /* arch/x86/pci/fixup.c: pci_fixup_video */
    {shows_shadowed_rom,
     "is the host's boot display: what it shows as its ROM is the copy that the firmware ran",
     "if the guest's screen stays dark, give it the card's own: rom_file"},
    /* https://nvidia.custhelp.com/app/answers/detail/a_id/5173: Kepler and newer, with driver 465 and newer */
    {takes_offence_at_vms,
     "has no driver of NVIDIA's for Windows that works in a VM which it sees to be one (code 43)",
     "a template of your own, with <kvm><hidden state='on'/></kvm> in its <features>, hides it"},
    /* drivers/pci/quirks.c: quirk_gpu_hda; the two share their power */
    {leaves_its_audio,
     "leaves its audio function with the host's snd_hda_intel, which fails while a guest has the power",
     "pass the whole card: functions: all"},
};

/* Whether an earlier function of its card has the habit. */
static bool
said_of_card(const habitat *at, bool (*applies)(const habitat *at))
{
    for (guint i = 0; at->functions->pdata[i] != at->function; i++) {
        habitat earlier = *at;

        earlier.function = at->functions->pdata[i];
        earlier.device = earlier.function->device;
        if (gpuvm_device_same_card(earlier.device, at->device) && applies(&earlier))
            return true;
    }
    return false;
}

const char *
gpuvm_habits_of(const gpuvm_device *device, const gpuvm_facts *facts, const char **ret_hint)
{
    const habitat at = {.device = device, .facts = facts};

    for (size_t h = 0; h < G_N_ELEMENTS(habits); h++) {
        if (habits[h].always && habits[h].applies(&at)) {
            *ret_hint = habits[h].hint;
            return habits[h].says;
        }
    }
    return NULL;
}

void
gpuvm_habits_note(const GPtrArray *functions, const gpuvm_vm *vm, const gpuvm_facts *facts,
                  gpuvm_diags *diags)
{
    for (guint i = 0; i < functions->len; i++) {
        const gpuvm_plan_function *function = functions->pdata[i];
        const habitat at = {function, function->device, functions, vm, facts};

        for (size_t h = 0; h < G_N_ELEMENTS(habits); h++) {
            if (habits[h].applies(&at) && !said_of_card(&at, habits[h].applies))
                gpuvm_diag_hint(gpuvm_diags_note(diags, &function->mark, "device %s %s",
                                                 GPUVM_PCI(&function->device->addr), habits[h].says),
                                "%s", habits[h].hint);
        }
    }
}
