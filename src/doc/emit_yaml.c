/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* emit_yaml.c: trees → YAML, by libyaml's emitter */
#include <config.h>

#include "doc/emit.h"

#include <string.h>

#include <yaml.h>

#include "base/text.h"

/*
 * Whether readers could take @text, unquoted, for something else than text, those of YAML 1.1 too: they know more words, and
 * numbers and dates of many forms, which begin like one.
 */
static bool
looks_special(const char *text)
{
    static const char *const words[] = {"",   "~",   "null", "true", "false", "yes", "no",
                                        "on", "off", "y",    "n",    "=",     "<<",  NULL};
    g_autofree char *lower = g_ascii_strdown(text, -1);

    return g_strv_contains(words, lower) || g_ascii_isdigit(*text) || strchr("+-.", *text);
}

/* Whether @text has characters to be escaped, line breaks among them that libyaml reads back as others in a block. */
static bool
has_escapes(const char *text)
{
    g_autofree char *safe = gpuvm_text_safe(text, GPUVM_TEXT_YAML);

    return !g_str_equal(safe, text);
}

/* Whether @text, at the beginning of a file, would be taken for a comment of JSON's. */
static bool
looks_like_comment(const char *text)
{
    return g_str_has_prefix(text, "//") || g_str_has_prefix(text, "/*");
}

/* @is_text: it is, whatever it looks like. */
static yaml_scalar_style_t
style_of(const char *text, bool is_text)
{
    if (has_escapes(text))
        return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    if (strchr(text, '\n'))
        return YAML_LITERAL_SCALAR_STYLE;
    return looks_like_comment(text) || (is_text && looks_special(text)) ? YAML_SINGLE_QUOTED_SCALAR_STYLE
                                                                        : YAML_ANY_SCALAR_STYLE;
}

static void
emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
    if (!made || !yaml_emitter_emit(emitter, event))
        g_error("libyaml cannot write: %s", emitter->problem ? emitter->problem : "out of memory");
}

static void
emit_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
    yaml_event_t event;

    emit(emitter, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
                                      style));
}

static void
emit_node(yaml_emitter_t *emitter, const gpuvm_node *node)
{
    yaml_event_t event;

    switch (node->type) {
    case GPUVM_NODE_SCALAR:
        /* libyaml puts an empty one in quotes, which make it a text; a key is one */
        emit_scalar(emitter, node->plain && !*node->text ? "~" : node->text,
                    style_of(node->text, gpuvm_node_value(node) == GPUVM_VALUE_TEXT));
        break;
    case GPUVM_NODE_SEQUENCE:
        emit(emitter, &event,
             yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
        for (unsigned i = 0; i < node->n; i++)
            emit_node(emitter, node->values[i]);
        emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
        break;
    case GPUVM_NODE_MAPPING:
        emit(emitter, &event,
             yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
        for (unsigned i = 0; i < node->n; i++) {
            emit_scalar(emitter, node->keys[i]->text, style_of(node->keys[i]->text, true));
            emit_node(emitter, node->values[i]);
        }
        emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
        break;
    }
}

static int
write_text(void *text, unsigned char *bytes, size_t size)
{
    g_string_append_len(text, (const char *)bytes, (gssize)size);
    return 1;
}

char *
gpuvm_emit_yaml(const gpuvm_node *node)
{
    GString *text = g_string_new(NULL);
    yaml_emitter_t emitter;
    yaml_event_t event;

    if (!yaml_emitter_initialize(&emitter))
        g_error("out of memory");
    yaml_emitter_set_output(&emitter, write_text, text);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    emit_node(&emitter, node);
    emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&emitter);
    char *safe = gpuvm_text_safe(text->str, GPUVM_TEXT_YAML);
    g_string_free(text, TRUE);
    return safe;
}
