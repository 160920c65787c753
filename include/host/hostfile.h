/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostfile.h: a machine in a file
 *
 * One XML file that libvirt's test driver loads too. Root <node>: <cpu> (its <active>), <memory> (KiB), <device>… as
 * node devices, <domain>… (the test driver starts them unless <test:runstate>5</test:runstate>); and, in a
 * <gpuvm:host xmlns:gpuvm='urn:gpuvm:host:1'>, what the test driver ignores:
 *
 *   <capabilities>…</capabilities>
 *       the host's, as libvirt gives them; what they say goes before <cpu> and <memory>
 *   <gpuvm:function address='0000:01:00.0' driver='nvidia' boot_vga='1' memory='25769803776' reset_method='bus'
 *                   subsystem='1043:87af' slot='4'>
 *     <gpuvm:bar size='25769803776' wide='1' prefetchable='1' largest='34359738368'/>
 *   </gpuvm:function>
 *       one of the devices; every attribute but address is optional: driver goes before <driver>, '' being none;
 *       memory is in bytes, of all memory BARs; reset_method='' is none; silent='1': it does not answer;
 *       reserved='1': its group has memory that the firmware wants mapped
 *   <gpuvm:use address='0000:02:00.0' kind='storage' root='yes' what='holds the file system mounted at /' remedy='…'/>
 *       what the host does with it (gpuvm_use): root and remedy are optional
 *   <gpuvm:fact name='cpu_vendor' value='GenuineIntel'/>
 *       what is known of the host itself: the names are those of gpuvm_host_facts
 *   <gpuvm:pages cell='0' size='2048' free='512'/>
 *       how many of the cell's pages of so many KiB are free, behind <capabilities>
 *   <gpuvm:next domain='NAME' devices='0000:01:00.0 0000:01:00.1'/>
 *       what a running domain names for its next start, where that is not what it has now
 *   <gpuvm:policy>…</gpuvm:policy>
 *       the host's policy, as text
 *   <gpuvm:defaults>…</gpuvm:defaults>
 *       likewise its defaults; what paths they have are of the host
 *
 * A running <domain> has its hostdevs now, and names them for its next start unless <gpuvm:next> says
 * otherwise.
 *
 * <gpuvm:host processes_hidden='yes'> says that not every process could be looked into.
 *
 * With a gpuvm:function in it the facts are as complete as a local connection's.
 */
#pragma once

#include "model/facts.h"

#define GPUVM_HOSTFILE_NS "urn:gpuvm:host:1"
#define GPUVM_HOSTFILE_TEST_NS                                                                               \
    "http://libvirt.org/schemas/domain/test/1.0" /* of the test driver's additions to <domain> */
#define GPUVM_HOSTFILE_OFF "5"                   /* VIR_DOMAIN_SHUTOFF, as a <test:runstate> */
#define GPUVM_HOSTFILE_MAX_SIZE (64 * 1024 * 1024)

/**
 * All the facts of the file at @path. One that cannot be read fails with GPUVM_EXIT_FAILED; one that is no
 * host file, or is wrong, with GPUVM_EXIT_INVALID, and the message says where and why. Lines after the first
 * are hints.
 */
gpuvm_facts *gpuvm_hostfile_load(const char *path, GError **error);

/** The same of a text. @name is for messages. */
gpuvm_facts *gpuvm_hostfile_parse(const char *text, size_t size, const char *name, GError **error);
