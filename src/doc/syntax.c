/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "doc/syntax.h"

#include <string.h>

#include "doc/node.h"

#define BOM "\xEF\xBB\xBF"

bool
gpuvm_syntax_char_allowed(gunichar c)
{
    return c == '\t' || c == '\n' ||
           (c >= 0x20 && c != 0x7F && !(c >= 0x80 && c < 0xA0) && c != 0xFEFF && c != 0xFFFE && c != 0xFFFF);
}

/* The text behind a byte order mark: libyaml does not count that. */
static const char *
text_begin(const gpuvm_source *source)
{
    return source->text + (g_str_has_prefix(source->text, BOM) ? strlen(BOM) : 0);
}

static bool
is_break(gunichar c)
{
    return c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029;
}

/* The place of @at, before which all is UTF-8. */
static gpuvm_mark
mark_of(gpuvm_source *source, const char *at)
{
    gpuvm_mark mark = {.source = source, .line = 1, .column = 1, .length = 1};

    for (const char *p = text_begin(source); p < at; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        mark.column++;
        if (is_break(c) && !(c == '\r' && p[1] == '\n')) {
            mark.line++;
            mark.column = 1;
        }
    }
    return mark;
}

static void
refuse_bytes(gpuvm_source *source, const char *at, gpuvm_diags *diags)
{
    gpuvm_mark mark = mark_of(source, at);
    gpuvm_diag *diag =
        gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "invalid UTF-8: byte 0x%02X", (guchar)*at);

    if (at == source->text && (g_str_has_prefix(at, "\xFF\xFE") || g_str_has_prefix(at, "\xFE\xFF")))
        gpuvm_diag_hint(diag, "this looks like UTF-16; save it as UTF-8");
    else
        gpuvm_diag_hint(diag, "save the file as UTF-8");
}

static void
refuse_char(gpuvm_source *source, const char *at, gunichar c, gpuvm_diags *diags)
{
    gpuvm_mark mark = mark_of(source, at);
    gpuvm_diag *diag;

    if (c == 0)
        diag = gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "NUL byte in the text");
    else
        diag = gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "control character U+%04X in the text", c);
    gpuvm_diag_hint(diag, "remove it; is this a text file?");
}

bool
gpuvm_syntax_check_text(gpuvm_source *source, gpuvm_diags *diags)
{
    const char *end = source->text + source->size;

    if (source->size > GPUVM_DOC_MAX_SIZE) {
        gpuvm_diag_hint(gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &(gpuvm_mark){.source = source},
                                          "larger than %d bytes", GPUVM_DOC_MAX_SIZE),
                        "split the file");
        return false;
    }
    for (const char *at = text_begin(source); at < end; at = g_utf8_next_char(at)) {
        gunichar c = *at == '\0' ? 0 : g_utf8_get_char_validated(at, end - at);

        if (c == (gunichar)-1 || c == (gunichar)-2) {
            refuse_bytes(source, at, diags);
            return false;
        }
        if (c != '\r' && !gpuvm_syntax_char_allowed(c)) {
            refuse_char(source, at, c, diags);
            return false;
        }
    }
    return true;
}

/* The end of what begins at @at with a quote: of either sort, as YAML has them. */
static const char *
end_of_quoted(const char *at)
{
    char quote = *at++;

    for (; *at && *at != quote; at++) {
        if (quote == '"' && *at == '\\' && at[1])
            at++;
    }
    return *at ? at + 1 : at;
}

/* The end of the comment that begins at @at, in JSON's way or in YAML's; @at: none does. NULL: it has none. */
static const char *
end_of_comment(const char *at)
{
    const char *end = at;

    if (g_str_has_prefix(at, "/*")) {
        end = strstr(at + 2, "*/");
        return end ? end + 2 : NULL;
    }
    if (*at == '#' || g_str_has_prefix(at, "//")) {
        while (*end && !is_break(g_utf8_get_char(end)))
            end = g_utf8_next_char(end);
    }
    return end;
}

/* Adds @at to @end to @text, each character a blank unless it ends a line. */
static void
append_blanks(GString *text, const char *at, const char *end)
{
    for (; at < end; at = g_utf8_next_char(at))
        g_string_append_unichar(text, is_break(g_utf8_get_char(at)) ? g_utf8_get_char(at) : ' ');
}

bool
gpuvm_syntax_strip(gpuvm_source *source, char **ret_text, gpuvm_diags *diags)
{
    const char *begin = text_begin(source), *end;
    g_autoptr(GString) text = g_string_new_len(source->text, begin - source->text);
    bool json = false, may_begin = true; /* what a blank or a bracket is before */

    for (const char *at = begin; *at; at = end) {
        bool quoted = may_begin && (*at == '"' || *at == '\'');

        end = quoted ? end_of_quoted(at) : may_begin ? end_of_comment(at) : at;
        if (!end) {
            gpuvm_mark mark = mark_of(source, at);
            gpuvm_diags_error(diags, GPUVM_EXIT_INVALID, &mark, "this comment is never closed");
            return false;
        }
        if (end > at && !quoted) {
            append_blanks(text, at, end);
            continue;
        }
        if (!json && !strchr(" \t\r\n{", *at)) /* it begins otherwise: YAML has comments of its own */
            return true;
        json = json || *at == '{';
        may_begin = quoted || strchr(" \t\r\n{}[],", *at);
        end = quoted ? end : g_utf8_next_char(at);
        g_string_append_len(text, at, end - at);
    }
    *ret_text = g_string_free(g_steal_pointer(&text), FALSE);
    return true;
}

/* Where in its line a problem is, for the rules below. */
typedef enum line_part {
    ANYWHERE,
    LATER,     /* text before it */
    AFTER_KEY, /* a ": " before it */
    AT_END,    /* of the whole text */
} line_part;

/* What libyaml says, and what it means. The first row that fits counts. */
typedef struct complaint {
    const char *problem; /* how libyaml's problem begins */
    const char *context; /* how libyaml's context begins; NULL: any */
    line_part part;
    const char *at;  /* the characters one of which is at the problem; NULL: any */
    bool at_context; /* the place to show is where the context begins */
    const char *message, *hint;
} complaint;

#define TAB_MESSAGE "tab character in the indentation"
#define TAB_HINT "indent with spaces"
#define ESCAPE_HINT "in double quotes '\\' begins an escape: write '\\\\' for one, or use single quotes"
#define INDENT_MESSAGE "this line does not fit the indentation of those above it"
#define INDENT_HINT "keys of one mapping, and items of one list, begin in the same column"
#define QUOTE_HINT "put the text in quotes"

static const complaint complaints[] = {
    {"found character that cannot start", NULL, ANYWHERE, "\t", false, TAB_MESSAGE, TAB_HINT},
    {"found a tab character", NULL, ANYWHERE, NULL, false, TAB_MESSAGE, TAB_HINT},
    {"found character that cannot start", NULL, ANYWHERE, NULL, false,
     "text cannot begin with '@', '`' or '%'", QUOTE_HINT},
    {"did not find expected", "while scanning an alias", ANYWHERE, NULL, true,
     "text that begins with '*' is an alias",
     "put the text in quotes: '*:*' in a policy; a VM names a vendor, such as '10de:*'"},
    {"did not find expected", "while scanning an anchor", ANYWHERE, NULL, true,
     "text that begins with '&' is an anchor", QUOTE_HINT},
    {"", "while scanning a tag", ANYWHERE, NULL, true, "text that begins with '!' is a tag", QUOTE_HINT},
    {"found undefined tag handle", NULL, ANYWHERE, NULL, true, "text that begins with '!' is a tag",
     QUOTE_HINT},
    {"", "while scanning a directive", ANYWHERE, NULL, true, "a line that begins with '%' is a directive",
     "remove the line, or put the text in quotes"},
    {"", "while scanning a %", ANYWHERE, NULL, true, "malformed directive", "remove the line"},
    {"found incompatible YAML document", NULL, ANYWHERE, NULL, false, "only YAML 1.1 and 1.2 are known",
     "remove the %YAML line"},
    {"could not find expected ':'", NULL, ANYWHERE, NULL, true, "no ':' follows this key",
     "write 'key: value', with a space behind the colon"},
    {"block sequence entries are not allowed", NULL, AFTER_KEY, NULL, false,
     "a list cannot begin behind its key",
     "begin it in the next line, or write [a, b]; text that begins with '- ' must be in quotes"},
    {"block sequence entries are not allowed", NULL, ANYWHERE, NULL, false, "a list item cannot stand here",
     INDENT_HINT},
    {"mapping keys are not allowed", NULL, ANYWHERE, NULL, false, "text cannot begin with '? '", QUOTE_HINT},
    {"mapping values are not allowed", NULL, AFTER_KEY, NULL, false, "a second ': ' in one line",
     "put text that contains ': ' in quotes, or begin the inner mapping in the next line"},
    {"mapping values are not allowed", NULL, ANYWHERE, NULL, false, "a key cannot stand here",
     "look at the line above: is it indented alike, with a space behind its ':'?"},
    {"found unexpected", "while scanning a quoted scalar", ANYWHERE, NULL, true, "this quote is never closed",
     "end the text with the quote it begins with; put a ' within text between double quotes"},
    {"found unexpected ':'", NULL, ANYWHERE, NULL, false, "unexpected ':' in text without quotes",
     "write a space behind the colon of a key; is a quote missing before it?"},
    {"found invalid Unicode", NULL, ANYWHERE, NULL, false, "an escape that is not a character",
     "write the character itself in place of its \\u escapes"},
    {"found unknown escape", NULL, ANYWHERE, NULL, false, "unknown escape in double quotes", ESCAPE_HINT},
    {"did not find expected hexdecimal", NULL, ANYWHERE, NULL, false, "malformed escape in double quotes",
     ESCAPE_HINT},
    {"", "while scanning a block scalar", ANYWHERE, NULL, false, "unexpected text behind '|' or '>'",
     "begin the text in the next line, indented; put text that begins with '|' or '>' in quotes"},
    {"did not find expected ','", "while parsing a flow sequence", AT_END, NULL, true,
     "this '[' is never closed", "add the ']'"},
    {"did not find expected ','", "while parsing a flow sequence", ANYWHERE, NULL, false,
     "a ',' or ']' is missing before this", "text that contains one of [ ] { } , must be in quotes"},
    {"did not find expected ','", "while parsing a flow mapping", AT_END, NULL, true,
     "this '{' is never closed", "add the '}'"},
    {"did not find expected ','", "while parsing a flow mapping", ANYWHERE, NULL, false,
     "a ',' or '}' is missing before this", "text that contains one of [ ] { } , must be in quotes"},
    {"did not find expected node content", NULL, AT_END, NULL, false, "the text ends where a value should be",
     "is a ']' or '}' missing?"},
    {"did not find expected node content", NULL, ANYWHERE, NULL, false, "a value is missing before this",
     "text that begins with one of [ ] { } , must be in quotes"},
    {"did not find expected key", NULL, LATER, NULL, false, "unexpected text behind a value",
     "put the whole value in one pair of quotes; within single quotes, write '' for '"},
    {"did not find expected key", NULL, ANYWHERE, NULL, false, INDENT_MESSAGE, INDENT_HINT},
    {"did not find expected '-'", NULL, LATER, NULL, false, "unexpected text behind a value",
     "put the whole value in one pair of quotes; within single quotes, write '' for '"},
    {"did not find expected '-'", NULL, ANYWHERE, NULL, false, INDENT_MESSAGE, INDENT_HINT},
    {"did not find expected <document start>", NULL, LATER, NULL, false,
     "unexpected text behind the definition",
     "is a bracket one too many? Definitions are separated by a line '---'"},
    {"did not find expected <document start>", NULL, ANYWHERE, NULL, false, INDENT_MESSAGE, INDENT_HINT},
};

static bool
is_part(const gpuvm_source *source, const char *at, line_part part)
{
    const char *line = at, *first;

    while (line > text_begin(source) && line[-1] != '\n' && line[-1] != '\r')
        line--;
    for (first = line; first < at && strchr(" \t", *first); first++)
        ;
    switch (part) {
    case LATER:
        return first < at;
    case AFTER_KEY:
        return g_strstr_len(line, at - line, ": ") != NULL;
    case AT_END:
        return *at == '\0';
    default:
        return true;
    }
}

static const complaint *
find_complaint(const yaml_parser_t *parser, const gpuvm_source *source)
{
    const char *at = text_begin(source), *end = source->text + source->size;

    /* at the end of the text libyaml's index may be beyond it */
    for (size_t left = parser->problem_mark.index; left > 0 && at < end; left--)
        at = g_utf8_next_char(at);
    for (size_t i = 0; i < G_N_ELEMENTS(complaints); i++) {
        const complaint *row = &complaints[i];

        if (g_str_has_prefix(parser->problem, row->problem) &&
            (!row->context || (parser->context && g_str_has_prefix(parser->context, row->context))) &&
            (!row->at || (*at && strchr(row->at, *at))) && is_part(source, at, row->part))
            return row;
    }
    return NULL;
}

void
gpuvm_syntax_add_error(const yaml_parser_t *parser, gpuvm_source *source, gpuvm_diags *diags)
{
    const complaint *row;
    const yaml_mark_t *place;
    gpuvm_diag *diag;

    if (parser->error == YAML_MEMORY_ERROR)
        g_error("out of memory");
    row = find_complaint(parser, source);
    place = row && row->at_context ? &parser->context_mark : &parser->problem_mark;
    diag = gpuvm_diags_error(
        diags, GPUVM_EXIT_INVALID,
        &(gpuvm_mark){.source = source, .line = place->line + 1, .column = place->column + 1, .length = 1},
        row ? "%s" : "invalid YAML: %s", row ? row->message : parser->problem);
    if (row)
        gpuvm_diag_hint(diag, "%s", row->hint);
}
