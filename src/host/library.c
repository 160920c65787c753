/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/library.h"

#include <dlfcn.h>
#include <string.h>

#include "base/error.h"

bool
gpuvm_library_load(const gpuvm_library *library, void *ret_functions, GError **error)
{
    g_autofree void **symbols = g_new(void *, library->n);

    /* lazily: binding now would bind the dozens of libraries below libvirt, too, which costs over a millisecond */
    if (!dlopen(library->soname, RTLD_LAZY | RTLD_GLOBAL)) {
        g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                    "cannot load %s: %s\n%s's client library is missing or broken: install the package %s",
                    library->title, dlerror(), library->title, library->package);
        return false;
    }
    for (size_t i = 0; i < library->n; i++) {
        symbols[i] = dlsym(RTLD_DEFAULT, library->names[i]);
        if (!symbols[i]) {
            g_set_error(error, GPUVM_ERROR, GPUVM_EXIT_FAILED,
                        "cannot load %s: it has no %s\ngpuvm needs %s %s or newer", library->title,
                        library->names[i], library->title, library->version);
            return false;
        }
    }
    memcpy(ret_functions, symbols, library->n * sizeof *symbols);
    return true;
}
