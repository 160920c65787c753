/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/window.h"

#include "base/size.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define SMALL (32 * GIB)
#define LOW_MEMORY (2 * GIB) /* of the guest's, below 4 GiB: QEMU's q35 */
#define OVMF_BELIEVES 41     /* bits */
#define OVMF_MOST 46         /* bits */
#define OVMF_LARGEST (UINT64_C(1) << 44)
#define MOST_BITS 52 /* of any CPU: Intel SDM, volume 3A, 4.1.4 */

/* Bytes that begin at a multiple of @align, a power of two. */
typedef struct window {
    uint64_t size, align;
} window;

static uint64_t
align_up(uint64_t bytes, uint64_t align)
{
    return (bytes + align - 1) & ~(align - 1);
}

/* The largest power of two in @bytes, which is not 0. */
static uint64_t
power_in(uint64_t bytes)
{
    return UINT64_C(1) << (g_bit_storage(bytes) - 1);
}

static int
compare_windows(gconstpointer a, gconstpointer b)
{
    const window *x = a, *y = b;

    return x->align > y->align ? -1 : x->align < y->align;
}

/* The one that @windows are put into, those with the largest BARs first. */
static window
pack(GArray *windows)
{
    window whole = {0, MIB};

    g_array_sort(windows, compare_windows);
    for (guint i = 0; i < windows->len; i++) {
        const window *each = &g_array_index(windows, window, i);

        whole.size = align_up(whole.size, each->align) + each->size;
        whole.align = MAX(whole.align, each->align);
    }
    whole.size = align_up(whole.size, MIB);
    return whole;
}

/* Whether the BARs of all passed functions are known. */
static bool
knows_bars(const gpuvm_plan *plan)
{
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_device *device = ((const gpuvm_plan_function *)plan->functions->pdata[i])->device;

        if (device->bars->len == 0 && device->memory_size > 0)
            return false;
    }
    return true;
}

static void
add_bars(GArray *windows, const gpuvm_device *device)
{
    for (guint i = 0; i < device->bars->len; i++) {
        const gpuvm_bar *bar = &g_array_index(device->bars, gpuvm_bar, i);
        uint64_t size = power_in(bar->size);
        window each = {size < bar->size ? 2 * size : size, size < bar->size ? 2 * size : size};

        if (bar->wide && bar->prefetchable)
            g_array_append_val(windows, each);
    }
}

/* What all cards need together: each controller's windows become one of its parent's, from the last on. */
static window
pack_all(const gpuvm_plan *plan)
{
    guint buses = plan->controllers->len + 1;
    g_autoptr(GPtrArray) on = g_ptr_array_new_full(buses, (GDestroyNotify)g_array_unref);

    for (guint i = 0; i < buses; i++)
        g_ptr_array_add(on, g_array_new(FALSE, FALSE, sizeof(window)));
    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_plan_function *function = plan->functions->pdata[i];

        if (function->role != GPUVM_ROLE_DETACHED)
            add_bars(on->pdata[function->guest.bus], function->device);
    }
    for (guint index = buses - 1; index > 0; index--) {
        const gpuvm_guest_controller *controller = plan->controllers->pdata[index - 1];
        window whole = pack(on->pdata[index]);

        if (whole.size > 0)
            g_array_append_val(on->pdata[controller->parent], whole);
    }
    return pack(on->pdata[0]);
}

/* Whether @need, from a multiple of @align on, fits above @memory (bytes) into @bits. */
static bool
fits(uint64_t memory, uint64_t need, uint64_t align, uint64_t bits)
{
    return align_up(memory, align) + need <= UINT64_C(1) << bits;
}

/* The same by what @plan's firmware can do at most. */
static bool
fits_firmware(const gpuvm_plan *plan, uint64_t memory, const window *need, uint64_t bits)
{
    if (plan->vm->body.firmware == GPUVM_FIRMWARE_BIOS)
        return fits(memory, need->size, need->align, bits);
    return need->size <= OVMF_LARGEST && fits(memory, need->size, power_in(need->size), MIN(bits, OVMF_MOST));
}

/* How much OVMF has by itself. */
static uint64_t
window_of_ovmf(uint64_t memory, uint64_t bits)
{
    uint64_t used = MIN(bits, OVMF_MOST), eighth = (UINT64_C(1) << used) / 8;

    return used >= OVMF_BELIEVES && fits(memory, eighth, GIB, used) ? eighth : SMALL;
}

/* "0000:03:00.0 128 GiB, …": those of GiBs. */
static char *
list_bars(const gpuvm_plan *plan)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < plan->functions->len; i++) {
        const gpuvm_device *device = ((const gpuvm_plan_function *)plan->functions->pdata[i])->device;

        for (guint k = 0; k < device->bars->len; k++) {
            const gpuvm_bar *bar = &g_array_index(device->bars, gpuvm_bar, k);

            if (bar->wide && bar->prefetchable && bar->size >= GIB)
                g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT " GiB", text->len > 0 ? ", " : "",
                                       GPUVM_PCI(&device->addr), bar->size / GIB);
        }
    }
    return g_string_free(text, FALSE);
}

static void
refuse(const gpuvm_plan *plan, uint64_t memory, const window *need, uint64_t bits, gpuvm_diags *diags)
{
    gpuvm_mark mark = gpuvm_object_mark(&plan->vm->body.object, "devices");
    g_autofree char *bars = list_bars(plan);
    uint64_t enough = bits;
    gpuvm_diag *diag;

    while (enough < MOST_BITS && !fits_firmware(plan, memory, need, enough))
        enough++;
    diag = gpuvm_diags_error(
        diags, GPUVM_EXIT_HOST, &mark,
        "the cards' BARs need %" G_GUINT64_FORMAT
        " GiB of the guest's address space, which has %" G_GUINT64_FORMAT " GiB (%" G_GUINT64_FORMAT
        " bits), the first %" G_GUINT64_FORMAT " of them for its memory",
        need->size / GIB, (UINT64_C(1) << bits) / GIB, bits, align_up(memory, GIB) / GIB);
    gpuvm_diag_hint(diag, "each begins at a multiple of its size: %s", bars);
    gpuvm_diag_hint(diag,
                    "pass fewer of them, or run the VM on a host whose CPUs have %" G_GUINT64_FORMAT
                    " bits: see 'address sizes' in /proc/cpuinfo",
                    enough);
}

void
gpuvm_window_plan(gpuvm_plan *plan, const gpuvm_facts *facts, gpuvm_diags *diags)
{
    uint64_t memory = plan->vm->body.resources->memory_mb * MIB, bits = facts->address_bits, room;
    bool known = facts->local && bits > 0 && knows_bars(plan);
    window need;

    if (!known || !g_str_equal(plan->domain_type, "kvm") || !g_str_equal(plan->arch, "x86_64"))
        return;
    need = pack_all(plan);
    need.size = align_up(need.size, GIB) + GIB; /* the guest's other devices have some, too */
    if (need.size <= SMALL)
        return;
    memory = 4 * GIB + memory - MIN(memory, LOW_MEMORY);
    plan->address_bits = true;
    if (!fits_firmware(plan, memory, &need, bits)) {
        refuse(plan, memory, &need, bits, diags);
        return;
    }
    room = plan->vm->body.firmware == GPUVM_FIRMWARE_BIOS ? need.size : window_of_ovmf(memory, bits);
    if (need.size > room) {
        plan->window_mb = need.size / MIB;
        gpuvm_plan_decide(
            plan, g_strdup_printf("a 64-bit PCI window of %" G_GUINT64_FORMAT " GiB", need.size / GIB),
            g_strdup_printf("its cards' BARs need it, and the firmware has %" G_GUINT64_FORMAT
                            " GiB by itself",
                            room / GIB));
    }
}
