/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * health.h: what is asked for a VM's health, and what an answer means
 *
 * A URL is kept as the guest sees it, and the guest asks it so (`from: guest`). Where its host is the guest's own
 * (127.0.0.0/8, ::1, localhost, and 0.0.0.0 and :: which servers are told to listen on), the host of the VM asks the guest's
 * address instead; any other host is asked as it is.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "model/answer.h"
#include "model/plan.h"

/**
 * @endpoint below @base_url, as RFC 3986 writes URLs: the one path behind the other with one slash between, the
 * endpoint's query if it has one, else base_url's; no fragment; user and password are kept. NULL when one of them is
 * wrong, which *@ret_wrong names: "base_url" (no http or https URL) or "endpoint" (no path). g_malloc.
 */
char *gpuvm_health_join(const char *base_url, const char *endpoint, const char **ret_wrong);

/** Sets the plan's health_url and health_timeout_ms; adds what is wrong to @diags. */
void gpuvm_health_plan(gpuvm_plan *plan, gpuvm_diags *diags);

/** @url in its parts; NULL when it is no http or https URL. */
GUri *gpuvm_health_parse(const char *url);

/** Whether @url's host is the guest, whose address is needed to ask it from elsewhere. */
bool gpuvm_health_is_guest(const char *url);

/** @url with @address in place of its host. g_malloc. */
char *gpuvm_health_at(const char *url, const char *address);

/** A status of 2xx. */
bool gpuvm_health_is_good(const gpuvm_answer *answer);

/** The reason while nobody knows where the guest is, or how it begins; and while nobody in it could ask. */
#define GPUVM_HEALTH_NO_ADDRESS "no address yet"
#define GPUVM_HEALTH_NO_AGENT "no guest agent yet"

/** "200 OK", "connection refused", "no answer in 5 s". g_malloc. */
char *gpuvm_health_reason(const gpuvm_answer *answer);

/** What may help one that is not healthy for @reason and is asked from @from (enum gpuvm_health_from); NULL. Static. */
const char *gpuvm_health_hint(int from, const char *reason);
