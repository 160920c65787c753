/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reach.h: which addresses are asked, of those that a guest is said to have
 *
 * A guest's agent, and whoever answers ARP in its network, may say what they like: so that nobody makes gpuvm ask its own
 * machine, or a service of the cloud that it runs in, what is not plainly an address of another machine is not asked.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** Whether @host, of a URL, is the machine that looks at it, in any form that libcurl understands: "127.1", "::". */
bool gpuvm_reach_is_self(const char *host);

/**
 * Those of @addresses (char *) that are asked, best first: IPv4 before IPv6, else in the order given, each once. @own:
 * the addresses of the machine that asks (char *). The strings are borrowed. *@ret_why: why the first of the others is
 * not asked, as a clause for people ("10.0.0.1 is an address of this host"), g_malloc; NULL: there are no others.
 */
GPtrArray *gpuvm_reach_candidates(const GPtrArray *addresses, const GPtrArray *own, char **ret_why);
