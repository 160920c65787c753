/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/emulator.h"

#include <limits.h>
#include <string.h>

#include <glib.h>

#include "host/file.h"

/* Whether @arguments, each with a NUL at its end, are those of the QEMU that has the guest @name: -name guest=NAME,… */
static bool
names_guest(const char *arguments, gsize size, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, ",", -1);
    g_autofree char *value = g_strjoinv(",,", parts); /* as QEMU's options have it */
    g_autofree char *guest = g_strconcat("guest=", value, NULL);
    bool next = false;

    for (const char *word = arguments; word < arguments + size; word += strlen(word) + 1) {
        const char *rest = next && g_str_has_prefix(word, guest) ? word + strlen(guest) : NULL;

        if (rest && (*rest == '\0' || (rest[0] == ',' && rest[1] != ',')))
            return true;
        next = g_str_equal(word, "-name");
    }
    return false;
}

/* A process that ends has no arguments any more, and may still have the guest's memory, disks and devices: until it is all gone. */
static bool
has_ended(const char *root, unsigned pid)
{
    g_autofree char *stat = gpuvm_file_text(root, "/proc/%u/stat", pid);
    g_autoptr(GPtrArray) threads = gpuvm_file_list(root, "", "/proc/%u/task", pid);
    const char *end = stat ? strrchr(stat, ')') : NULL;

    return end && g_str_has_prefix(end, ") Z") && threads->len == 1;
}

/* Where processes are hidden, so is the first one. */
static gpuvm_emulator
look_for_process(const char *root, const char *name, unsigned pid)
{
    g_autofree char *path = g_strdup_printf("%s/proc/%u/cmdline", root, pid), *arguments = NULL;
    gsize size;

    if (!gpuvm_file_exists(root, "/proc/%u", pid))
        return gpuvm_file_exists(root, "/proc/1") ? GPUVM_EMULATOR_GONE : GPUVM_EMULATOR_UNSEEN;
    if (!g_file_get_contents(path, &arguments, &size, NULL))
        return GPUVM_EMULATOR_UNSEEN;
    if (size == 0)
        return has_ended(root, pid) ? GPUVM_EMULATOR_GONE : GPUVM_EMULATOR_UNSEEN;
    return names_guest(arguments, size, name) ? GPUVM_EMULATOR_RUNS : GPUVM_EMULATOR_GONE;
}

gpuvm_emulator
gpuvm_emulator_look(const char *root, const char *name, int *ret_pid)
{
    g_autofree char *text =
        strchr(name, '/') ? NULL : gpuvm_file_text(root, "/run/libvirt/qemu/%s.pid", name);
    guint64 pid;

    if (!text || !g_ascii_string_to_unsigned(text, 10, 1, INT_MAX, &pid, NULL))
        return GPUVM_EMULATOR_UNSEEN;
    *ret_pid = (int)pid;
    return look_for_process(root, name, (unsigned)pid);
}
