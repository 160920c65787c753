/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"

bool
gpuvm_library_load(const gpuvm_library *library, GError **error)
{
    size_t n = g_strv_length((char **)library->names);
    g_autofree void **symbols = g_new(void *, n);

    if (*(void **)library->functions)
        return true;
    /* lazily: binding now would bind the dozens of libraries below libvirt, too, which costs over a millisecond */
    if (!dlopen(library->soname, RTLD_LAZY | RTLD_GLOBAL)) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                    "cannot load %s: %s\n%s's client library is missing or broken: install the package %s",
                    library->title, dlerror(), library->title, library->package);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        g_autofree char *name = g_strconcat(library->prefix, library->names[i], NULL);

        symbols[i] = dlsym(RTLD_DEFAULT, name);
        if (!symbols[i]) {
            g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                        "cannot load %s: it has no %s\ngpuvm needs %s %s or newer", library->title, name,
                        library->title, library->version);
            return false;
        }
    }
    memcpy(library->functions, symbols, n * sizeof *symbols);
    if (!library->set_up || library->set_up(error))
        return true;
    memset(library->functions, 0, n * sizeof *symbols);
    return false;
}
