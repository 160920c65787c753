/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "ops/revive.h"

#include "host/reset.h"
#include "host/sysfs.h"
#include "model/plan.h"

bool
gpuvm_revive_is_needed(const gpuvm_session *session, const GPtrArray *functions)
{
    for (guint i = 0; session->connection->local && i < functions->len; i++) {
        if (((const gpuvm_plan_function *)functions->pdata[i])->device->silent)
            return true;
    }
    return false;
}

/* Whether the function at @addr is there, and answers now. */
static bool
answers(const gpuvm_pci_addr *addr)
{
    g_autoptr(gpuvm_device) device = gpuvm_sysfs_device("", addr);

    return device && !device->silent;
}

static bool
all_answer(const GArray *addrs)
{
    guint i = 0;

    while (i < addrs->len && answers(&g_array_index(addrs, gpuvm_pci_addr, i)))
        i++;
    return i == addrs->len;
}

static bool
reset_functions(const GArray *addrs, GError **error)
{
    for (guint i = 0; i < addrs->len; i++) {
        const gpuvm_pci_addr *addr = &g_array_index(addrs, gpuvm_pci_addr, i);

        if (!answers(addr) && !gpuvm_reset_function("", addr, error))
            return false;
    }
    return true;
}

static bool
reset_bus(const GArray *addrs, GError **error)
{
    return gpuvm_reset_bus("", &g_array_index(addrs, gpuvm_pci_addr, 0), error);
}

static bool
look_again(const GArray *addrs, GError **error)
{
    return gpuvm_reset_rescan("", addrs, error);
}

static const struct {
    const char *name;
    bool (*take)(const GArray *addrs, GError **error);
    bool shared; /* it is not for a virtual function, which is made by its physical one */
} steps[] = {
    {"a reset of the function", reset_functions, false},
    {"a reset of its bus", reset_bus, true},
    {"to remove it and look for it again", look_again, true},
};

bool
gpuvm_revive(gpuvm_session *session, const GPtrArray *functions,
             bool (*is_free)(gpuvm_session *session, const gpuvm_pci_addr *addr))
{
    const gpuvm_device *first = ((const gpuvm_plan_function *)functions->pdata[0])->device;
    const gpuvm_pci_addr addr = first->addr; /* the facts are forgotten on the way */
    bool virtual = first->virtual_function, revived = false;
    g_autoptr(GArray) addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));

    if (first->bridge) {
        gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL,
                          "device %s does not answer, and is a bridge: what is behind it would be reset, too",
                          GPUVM_PCI(&addr));
        return false;
    }
    for (guint i = 0; i < functions->len; i++)
        g_array_append_val(addrs, ((const gpuvm_plan_function *)functions->pdata[i])->device->addr);
    for (size_t s = 0; !revived && s < G_N_ELEMENTS(steps); s++) {
        g_autoptr(GError) error = NULL;

        if (steps[s].shared && virtual)
            continue;
        if (s > 0 && !is_free(session, &addr))
            return false;
        gpuvm_session_say(session, "device %s does not answer: %s is tried", GPUVM_PCI(&addr), steps[s].name);
        steps[s].take(addrs, &error);
        revived = all_answer(addrs);
        gpuvm_diags_note(session->diags, NULL, "device %s did not answer: %s %s%s%s", GPUVM_PCI(&addr),
                         steps[s].name, revived ? "brought it back" : "did not help", error ? ": " : "",
                         error ? error->message : "");
    }
    if (!revived)
        gpuvm_diag_hint(
            gpuvm_diags_error(session->diags, GPUVM_EXIT_HOST, NULL,
                              "device %s does not answer, whatever is tried", GPUVM_PCI(&addr)),
            "shut the host down and take it from its power for some seconds: a restart alone may not "
            "reset the card");
    return revived;
}
