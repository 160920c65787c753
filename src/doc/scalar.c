/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scalar.c: the types of scalars that every table may use (doc/schema.h) */
#include <config.h>

#include "doc/schema.h"

#include <string.h>

static void
clear_string(void *value)
{
    g_clear_pointer((char **)value, g_free);
}

static bool
parse_string(const char *text, void *value, char **why, char **hint)
{
    if (!*text) {
        *why = g_strdup("must not be empty");
        return false;
    }
    if (strchr(text, '\n')) {
        *why = g_strdup("must be one line");
        *hint = g_strdup("write it without line breaks, also at its end: '|-' in place of '|'");
        return false;
    }
    *(char **)value = g_strdup(text);
    return true;
}

const gpuvm_scalar gpuvm_scalar_string = {
    .name = "string",
    .size = sizeof(char *),
    .parse = parse_string,
    .clear = clear_string,
    .json_type = "string",
    .json_pattern = "^[^\\n]+$",
    .json_more = GPUVM_JSON_ANY_TEXT,
};

static bool
parse_text(const char *text, void *value, char **why G_GNUC_UNUSED, char **hint G_GNUC_UNUSED)
{
    *(char **)value = g_strdup(text);
    return true;
}

const gpuvm_scalar gpuvm_scalar_text = {
    .name = "text",
    .size = sizeof(char *),
    .parse = parse_text,
    .clear = clear_string,
    .json_type = "string",
    .json_more = GPUVM_JSON_ANY_TEXT,
};

static bool
parse_bool(const char *text, void *value, char **why, char **hint G_GNUC_UNUSED)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(text, words[i]) == 0) {
            *(bool *)value = i % 2 == 1;
            return true;
        }
    }
    *why = g_strdup_printf("must be true or false, not '%s'", text);
    return false;
}

const gpuvm_scalar gpuvm_scalar_bool = {
    .name = "boolean",
    .size = sizeof(bool),
    .parse = parse_bool,
    .json_type = "boolean",
    .json_more =
        "{\"type\": \"string\", \"pattern\": \"^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|"
        "[Oo][Nn]|[Oo][Ff][Ff])$\"}",
};

static bool
parse_integer(const char *text, void *value, char **why, char **hint)
{
    size_t digits = strspn(text, "0123456789");
    guint64 number;

    if (digits > 0 && !text[digits] && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &number, NULL)) {
        *(uint64_t *)value = number;
        return true;
    }
    if (digits > 0 && !text[digits]) {
        *why = g_strdup_printf("must be at most %" G_GUINT64_FORMAT ", not %s", G_MAXUINT64, text);
        return false;
    }
    *why = g_strdup_printf("must be an integer, not '%s'", text);
    *hint = g_strdup("decimal digits only, without a sign, a fraction or a unit");
    return false;
}

const gpuvm_scalar gpuvm_scalar_integer = {
    .name = "integer",
    .size = sizeof(uint64_t),
    .parse = parse_integer,
    .json_type = "integer",
    .json_more = GPUVM_JSON_DIGITS,
};
