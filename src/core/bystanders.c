/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "core/bystanders.h"

#include <string.h>

#include "base/text.h"

/* Adds to @cards the places of the PCI functions that are named in @text ("0000:01:00"). */
static void
add_cards(GHashTable *cards, const char *text)
{
    GRegex *regex = gpuvm_text_regex(
        "(?<![0-9a-f:])(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}(?=\\.[0-7]\\b)|(?<=PCI:)[0-9a-f:]{10}", 0);
    g_autoptr(GMatchInfo) match = NULL;

    for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
        g_autofree char *card = g_match_info_fetch(match, 0);

        g_hash_table_add(cards, g_strconcat(strlen(card) < 10 ? "0000:" : "", card, NULL));
    }
}

static GHashTable *
cards_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* Whether the kernel speaks of cards alone that are not among @own; not of a bridge's, which may be above them. */
static bool
is_of_others(const gpuvm_event *event, GHashTable *own)
{
    g_autoptr(GHashTable) cards = cards_new();
    GHashTableIter iter;
    gpointer card;

    if (event->log != GPUVM_LOG_KERNEL || g_str_has_prefix(event->text, "pcieport "))
        return false;
    add_cards(cards, event->text);
    g_hash_table_iter_init(&iter, cards);
    while (g_hash_table_iter_next(&iter, &card, NULL))
        if (g_hash_table_contains(own, card))
            return false;
    return g_hash_table_size(cards) > 0;
}

void
gpuvm_bystanders_excuse(const GPtrArray *events)
{
    g_autoptr(GHashTable) own = cards_new();
    bool known = false;

    for (guint i = 0; i < events->len; i++) {
        const gpuvm_event *event = events->pdata[i];

        known |= event->log == GPUVM_LOG_QEMU && g_str_has_prefix(event->text, "-name guest=");
        if (event->log == GPUVM_LOG_QEMU)
            add_cards(own, event->text);
    }
    for (guint i = 0; i < events->len; i++) {
        gpuvm_event *event = events->pdata[i];

        if ((known || g_hash_table_size(own) > 0) && is_of_others(event, own)) {
            event->fault = NULL;
            event->suspected = false;
        }
    }
}
