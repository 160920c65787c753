/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * url.h: URLs as people write and read them
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** Whether @text is meant as a URL, valid or not, and not as a path. */
bool gpuvm_url_is(const char *text);

/**
 * @url for people, valid or not: without its user and password, with stars for what may be one although RFC 3986 reads it
 * as something else (http://me:12/34@host), and for what a query has as token, key, signature and the like. g_malloc.
 */
char *gpuvm_url_shown(const char *url);

/** @url, a valid one, without its user and password, and with stars for a query's secrets, to be asked all the same. g_malloc. */
char *gpuvm_url_public(const char *url);

/** @url, a valid one, without its user and password: what it names is the same. g_malloc. */
char *gpuvm_url_anonymous(const char *url);

/**
 * The next place at or behind @from that gpuvm_url_shown would hide, in any text: from *@ret_begin to *@ret_end, bytes.
 * False: there is none.
 */
bool gpuvm_url_find_secret(const char *text, size_t size, size_t from, size_t *ret_begin, size_t *ret_end);
