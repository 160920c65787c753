/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernellog.h: what the kernel and libvirt's daemons of this machine wrote
 */
#pragma once

#include <glib.h>

/**
 * The journal's last lines of the kernel and of libvirt's daemons since @since (µs since the epoch; G_MININT64: of this boot), as journalctl
 * writes them (short-iso-precise); where there is no journal, or nothing may be read of it, those of /dev/kmsg, in the same form. Fails with
 * GPUVM_EXIT_FAILED. g_malloc.
 */
char *gpuvm_kernellog_read(gint64 since, GError **error);
