/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/identity.h"

#include "model/pci.h"

void
gpuvm_identity_clear(gpuvm_identity *identity)
{
    g_free(identity->serial);
    g_free(identity->path);
}

char *
gpuvm_identity_path(const char *sysfs)
{
    g_auto(GStrv) parts = g_strsplit(sysfs, "/", -1);
    g_autoptr(GString) path = g_string_new(NULL);
    gpuvm_pci_addr addr;

    for (char **part = parts; *part; part++) {
        if (!gpuvm_pci_addr_parse(*part, &addr, NULL, NULL))
            continue;
        if (path->len == 0)
            g_string_append(path, GPUVM_PCI(&addr));
        else
            g_string_append_printf(path, "/%02x.%x", addr.slot, addr.function);
    }
    return path->len > 0 ? g_strdup(path->str) : NULL;
}

void
gpuvm_identity_free(gpuvm_identity *identity)
{
    if (identity)
        gpuvm_identity_clear(identity);
    g_free(identity);
}
