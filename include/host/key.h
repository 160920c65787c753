/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * key.h: the key that digests of secrets are sealed with (core/secret.h)
 *
 * 32 random bytes in /var/lib/gpuvm/key for root, in gpuvm/key of the XDG state directory for others: of this machine and
 * this user, whichever host libvirt is on. Made when it is first needed, and never changed.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** The key. @own: root's, too, is in its XDG state directory. One that others could read or have written is an error. */
GBytes *gpuvm_key_load(bool own, GError **error);
