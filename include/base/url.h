/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * url.h: URLs as people write and read them
 */
#pragma once

#include <stdbool.h>

/** Whether @text is meant as a URL, valid or not, and not as a path. */
bool gpuvm_url_is(const char *text);

/** @url without its user and password (RFC 3986, 3.2.1), and else as it was written, valid or not. g_malloc. */
char *gpuvm_url_shown(const char *url);
