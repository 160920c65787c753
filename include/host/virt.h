/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt.h: libvirt, loaded when it is first needed
 *
 * Loading libvirt costs a process about 8 ms, which validate, render --host and the like need not pay. So
 * gpuvm does not link it: gpuvm_virt_load opens libvirt.so.0 once and fills gpuvm_virt with the functions
 * named in GPUVM_VIRT_FUNCTIONS, found by their ordinary names in the global scope (an interposing library
 * is honoured). `gpuvm_virt.ConnectOpenAuth(…)` is virConnectOpenAuth.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* keep sorted; ConnectAuthPtrDefault is a variable, and so its member the variable's address */
#define GPUVM_VIRT_FUNCTIONS(X)                                                                              \
    X(ConnectAuthPtrDefault)                                                                                 \
    X(ConnectClose)                                                                                          \
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
    X(DomainFree)                                                                                            \
    X(DomainGetAutostart)                                                                                    \
    X(DomainGetBlockInfo)                                                                                    \
    X(DomainGetConnect)                                                                                      \
    X(DomainGetID)                                                                                           \
    X(DomainGetInfo)                                                                                         \
    X(DomainGetMetadata)                                                                                     \
    X(DomainGetName)                                                                                         \
    X(DomainGetState)                                                                                        \
    X(DomainGetUUIDString)                                                                                   \
    X(DomainGetXMLDesc)                                                                                      \
    X(DomainInterfaceAddresses)                                                                              \
    X(DomainInterfaceFree)                                                                                   \
    X(DomainIsActive)                                                                                        \
    X(DomainIsPersistent)                                                                                    \
    X(DomainLookupByName)                                                                                    \
    X(DomainOpenChannel)                                                                                     \
    X(DomainOpenConsole)                                                                                     \
    X(DomainRef)                                                                                             \
    X(DomainSetAutostart)                                                                                    \
    X(DomainSetMetadata)                                                                                     \
    X(DomainShutdownFlags)                                                                                   \
    X(DomainUndefineFlags)                                                                                   \
    X(EventAddHandle)                                                                                        \
    X(EventRegisterDefaultImpl)                                                                              \
    X(EventRemoveHandle)                                                                                     \
    X(EventRunDefaultImpl)                                                                                   \
    X(GetLastError)                                                                                          \
    X(NetworkCreate)                                                                                         \
    X(NetworkFree)                                                                                           \
    X(NetworkGetXMLDesc)                                                                                     \
    X(NetworkIsActive)                                                                                       \
    X(NetworkLookupByName)                                                                                   \
    X(NodeDeviceFree)                                                                                        \
    X(NodeDeviceGetXMLDesc)                                                                                  \
    X(NodeDeviceLookupByName)                                                                                \
    X(NodeDeviceReAttach)                                                                                    \
    X(NodeGetFreePages)                                                                                      \
    X(SetErrorFunc)                                                                                          \
    X(StoragePoolBuild)                                                                                      \
    X(StoragePoolCreate)                                                                                     \
    X(StoragePoolDefineXML)                                                                                  \
    X(StoragePoolFree)                                                                                       \
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
    X(StorageVolFree)                                                                                        \
    X(StorageVolGetName)                                                                                     \
    X(StorageVolGetXMLDesc)                                                                                  \
    X(StorageVolLookupByName)                                                                                \
    X(StorageVolUpload)                                                                                      \
    X(StreamAbort)                                                                                           \
    X(StreamEventAddCallback)                                                                                \
    X(StreamEventRemoveCallback)                                                                             \
    X(StreamEventUpdateCallback)                                                                             \
    X(StreamFinish)                                                                                          \
    X(StreamFree)                                                                                            \
    X(StreamNew)                                                                                             \
    X(StreamRecv)                                                                                            \
    X(StreamSend)

#define GPUVM_VIRT_MEMBER(name) __typeof__(&vir##name) name;
typedef struct gpuvm_virt_functions {
    GPUVM_VIRT_FUNCTIONS(GPUVM_VIRT_MEMBER)
} gpuvm_virt_functions;

extern gpuvm_virt_functions gpuvm_virt;

/**
 * Loads libvirt, and silences what it and libxml2 print to stderr; at once when it is loaded. SIGPIPE is
 * ignored from then on: a daemon that goes away is an error, not the end of the process. Fails with
 * GPUVM_EXIT_FAILED.
 */
bool gpuvm_virt_load(GError **error);

/**
 * Turns libvirt's last error into @error with the fitting exit code. Its message's first line is "WHAT:
 * LIBVIRT'S WORDS", where @format gives what was being done ("cannot start domain 'a'"); lines after the
 * first, if any, say what that means and what to do: show them as hints. A device that is busy has the words
 * to search for before it all: "failed to bind device: device or resource busy: WHAT: …". Always returns
 * false.
 */
bool gpuvm_virt_failed(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** The code of libvirt's last error, VIR_ERR_OK when there is none. */
int gpuvm_virt_error(void);
