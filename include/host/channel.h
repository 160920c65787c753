/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * channel.h: what a running domain's guest writes to a virtio port, by way of libvirt, so that it works on a remote host, too
 *
 * libvirt gives a port to one at a time.
 */
#pragma once

#include "host/domain.h"

typedef struct gpuvm_channel gpuvm_channel;

/**
 * Whether something in @domain's guest has its port @name open. That the domain is off, or has no such port, is success with
 * *@ret_open false.
 */
bool gpuvm_channel_is_open(gpuvm_domain *domain, const char *name, bool *ret_open, GError **error);

/** The host's end of @domain's port @name; NULL: see @error. @domain must outlive it. */
gpuvm_channel *gpuvm_channel_open(gpuvm_domain *domain, const char *name, GError **error);

/** Adds to @bytes what has come since, which may be nothing; does not wait. The end of it is an error (GPUVM_EXIT_UNHEALTHY). */
bool gpuvm_channel_read(gpuvm_channel *channel, GString *bytes, GError **error);

/** NULL is fine. */
void gpuvm_channel_close(gpuvm_channel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_channel, gpuvm_channel_close)
