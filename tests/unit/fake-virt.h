/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake-virt.h: a libvirt whose domains have the addresses that a test says
 */
#pragma once

#include "host/virt.h"

typedef int (*fake_virt_addresses)(virDomain *domain, virDomainInterface ***ret_nics, unsigned source,
                                   unsigned flags);

/** What is in the <devices> of every domain; borrowed. */
extern const char *fake_virt_devices;

/** The connections that were opened, and the handle of the domain that is found on them. */
extern int fake_virt_opened;
extern virDomain *const fake_virt_apart;

/** Makes @addresses answer for libvirt, whose NICs @free_nic frees; every error is "lost". */
void fake_virt_set_up(fake_virt_addresses addresses, void (*free_nic)(virDomainInterface *nic));
