/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt.c: between gpuvm and libvirt (LD_PRELOAD): writes down each call, lets one fail, or lets some wait
 *
 * GPUVM_FAULT_CALLS=FILE   the name of each call is added to FILE, a line each: "DomainCreate"
 * GPUVM_FAULT_AT=N         the Nth call (from 1) fails as libvirt's do, with its error set
 * GPUVM_FAULT_HOLD=NAME    calls of this name ("DomainCreate") wait, when they have been written down, until the file
 * GPUVM_FAULT_UNTIL=FILE   is there
 *
 * Only calls that can fail are counted. Reading and setting the error, and giving back what was got, cannot.
 */
#include <config.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* each has an object, or a URI, as its first argument; run checks that the list is whole */
#define FUNCTIONS(X)                                                                                         \
    X(ConnectGetCapabilities)                                                                                \
    X(ConnectGetDomainCapabilities)                                                                          \
    X(ConnectGetHostname)                                                                                    \
    X(ConnectGetLibVersion)                                                                                  \
    X(ConnectGetType)                                                                                        \
    X(ConnectGetURI)                                                                                         \
    X(ConnectGetVersion)                                                                                     \
    X(ConnectListAllDomains)                                                                                 \
    X(ConnectListAllNodeDevices)                                                                             \
    X(ConnectOpenAuth)                                                                                       \
    X(ConnectOpenReadOnly)                                                                                   \
    X(DomainCreate)                                                                                          \
    X(DomainCreateXML)                                                                                       \
    X(DomainDefineXMLFlags)                                                                                  \
    X(DomainDestroy)                                                                                         \
    X(DomainGetAutostart)                                                                                    \
    X(DomainGetBlockInfo)                                                                                    \
    X(DomainGetInfo)                                                                                         \
    X(DomainGetMetadata)                                                                                     \
    X(DomainGetName)                                                                                         \
    X(DomainGetState)                                                                                        \
    X(DomainGetUUIDString)                                                                                   \
    X(DomainGetXMLDesc)                                                                                      \
    X(DomainInterfaceAddresses)                                                                              \
    X(DomainIsActive)                                                                                        \
    X(DomainIsPersistent)                                                                                    \
    X(DomainLookupByName)                                                                                    \
    X(DomainOpenChannel)                                                                                     \
    X(DomainOpenConsole)                                                                                     \
    X(DomainSetAutostart)                                                                                    \
    X(DomainSetMetadata)                                                                                     \
    X(DomainShutdownFlags)                                                                                   \
    X(DomainUndefineFlags)                                                                                   \
    X(EventAddHandle)                                                                                        \
    X(EventRegisterDefaultImpl)                                                                              \
    X(EventRunDefaultImpl)                                                                                   \
    X(NetworkCreate)                                                                                         \
    X(NetworkGetXMLDesc)                                                                                     \
    X(NetworkIsActive)                                                                                       \
    X(NetworkLookupByName)                                                                                   \
    X(NodeDeviceGetXMLDesc)                                                                                  \
    X(NodeDeviceLookupByName)                                                                                \
    X(NodeDeviceReAttach)                                                                                    \
    X(NodeGetFreePages)                                                                                      \
    X(StoragePoolBuild)                                                                                      \
    X(StoragePoolCreate)                                                                                     \
    X(StoragePoolDefineXML)                                                                                  \
    X(StoragePoolGetInfo)                                                                                    \
    X(StoragePoolGetXMLDesc)                                                                                 \
    X(StoragePoolIsActive)                                                                                   \
    X(StoragePoolListAllVolumes)                                                                             \
    X(StoragePoolLookupByName)                                                                               \
    X(StoragePoolRefresh)                                                                                    \
    X(StoragePoolSetAutostart)                                                                               \
    X(StoragePoolUndefine)                                                                                   \
    X(StorageVolCreateXML)                                                                                   \
    X(StorageVolDelete)                                                                                      \
    X(StorageVolDownload)                                                                                    \
    X(StorageVolGetName)                                                                                     \
    X(StorageVolGetXMLDesc)                                                                                  \
    X(StorageVolLookupByName)                                                                                \
    X(StorageVolUpload)                                                                                      \
    X(StreamEventAddCallback)                                                                                \
    X(StreamFinish)                                                                                          \
    X(StreamNew)                                                                                             \
    X(StreamRecv)                                                                                            \
    X(StreamSend)

/* Their arguments are pointers and integers, at most six: any of them can be called as this. */
typedef intptr_t call(intptr_t, intptr_t, intptr_t, intptr_t, intptr_t, intptr_t);

static __thread int depth; /* libvirt calls its own functions, too */

static call *
real_function(const char *name)
{
    void *libvirt = dlopen(GPUVM_LIBVIRT_SONAME, RTLD_NOW | RTLD_NOLOAD);
    call *function;

    *(void **)&function = dlsym(libvirt, name);
    return function;
}

/* In one piece: other threads write down theirs meanwhile. */
static void
write_down(const char *name)
{
    const struct iovec line[] = {{(void *)name, strlen(name)}, {"\n", 1}};
    const char *path = getenv("GPUVM_FAULT_CALLS");
    int file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;

    if (file < 0)
        return;
    if (writev(file, line, 2) < 0)
        abort();
    close(file);
}

/* Until whoever watches has seen what there is to be seen in the midst of this call. */
static void
wait_if_held(const char *name)
{
    const char *held = getenv("GPUVM_FAULT_HOLD");

    while (held && strcmp(held, name) == 0 && access(getenv("GPUVM_FAULT_UNTIL"), F_OK) < 0)
        usleep(10000);
}

/* Whether the call that begins now is the one to fail. */
static int
is_chosen(const char *name)
{
    static _Atomic int calls;
    const char *chosen = getenv("GPUVM_FAULT_AT");

    write_down(name);
    wait_if_held(name);
    return ++calls == (chosen ? atoi(chosen) : 0);
}

/*
 * What libvirt does without an object is to fail, in the way of each function. Opening a connection needs
 * none: there it is a URI of no hypervisor.
 */
static intptr_t
no_object(const char *name)
{
    return strncmp(name, "ConnectOpen", strlen("ConnectOpen")) == 0 ? (intptr_t) "fault:///" : 0;
}

#define DEFINE(name)                                                                                         \
    call fault_##name __asm__("vir" #name);                                                                  \
    intptr_t fault_##name(intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e, intptr_t f)            \
    {                                                                                                        \
        call *real = real_function("vir" #name);                                                             \
        intptr_t result;                                                                                     \
                                                                                                             \
        if (depth == 0 && is_chosen(#name))                                                                  \
            a = no_object(#name);                                                                            \
        depth++;                                                                                             \
        result = real(a, b, c, d, e, f);                                                                     \
        depth--;                                                                                             \
        return result;                                                                                       \
    }
FUNCTIONS(DEFINE)
