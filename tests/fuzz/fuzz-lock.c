/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-lock.c: any bytes as gpuvm.lock, over a host: its addresses are resolved or refused, and what is written in its place is a lock, which
 * written again is the same
 */
#include <config.h>

#include <string.h>

#include "core/relock.h"
#include "fuzz.h"
#include "host/hostfile.h"
#include "model/lockfile.h"

#define UUID "4c4c4544-0042-3510-8054-b7c04f564433"

static gpuvm_facts *
read_host(void)
{
    static gpuvm_facts *facts;
    static const char text[] =
        "<node><cpu><mhz>3000</mhz><active>8</active></cpu><memory>33554432</memory>"
        "<device><name>pci_0000_01_00_0</name><parent>computer</parent><capability type='pci'><class>0x030000</class>"
        "<domain>0</domain><bus>1</bus><slot>0</slot><function>0</function><product id='0x2204'>GPU</product>"
        "<vendor id='0x10de'>NVIDIA</vendor></capability></device></node>";

    if (!facts) {
        facts = gpuvm_hostfile_parse(text, strlen(text), "host", NULL);
        FUZZ_REQUIRE(facts);
        g_free(facts->uuid);
        facts->uuid = g_strdup(UUID);
    }
    return facts;
}

/* The lock's new text, when those of its own addresses are named that the host has, and the one of the host's device. */
static char *
write_lock(const gpuvm_spec *lock, const gpuvm_facts *facts, bool all)
{
    const gpuvm_pci_addr addr = {.bus = 1};
    g_autoptr(GArray) addrs = g_array_new(FALSE, FALSE, sizeof(gpuvm_pci_addr));
    g_autoptr(GArray) cards = g_array_new(FALSE, TRUE, sizeof(gpuvm_relock_card));

    g_array_append_val(addrs, addr);
    return gpuvm_relock_write(
        &(gpuvm_relock_input){.former = lock, .name = "host", .addrs = addrs, .all = all, .facts = facts},
        cards);
}

static void
check_written(const gpuvm_spec *lock, const gpuvm_facts *facts, bool all)
{
    g_autofree char *text = write_lock(lock, facts, all), *again = NULL;
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(gpuvm_source) source = gpuvm_source_new("written", g_strdup(text), strlen(text));
    g_autoptr(gpuvm_spec) read = NULL;

    if (source->size > GPUVM_DOC_MAX_SIZE)
        return;
    read = gpuvm_spec_parse_one(source, GPUVM_KIND_LOCK, diags);
    FUZZ_REQUIRE(read && gpuvm_cardlock_host(read->lock, UUID));
    again = write_lock(read, facts, all);
    FUZZ_REQUIRE(g_str_equal(text, again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const gpuvm_facts *facts = read_host();
    g_autoptr(gpuvm_source) source = fuzz_source(data, size);
    g_autoptr(gpuvm_diags) diags = gpuvm_diags_new();
    g_autoptr(gpuvm_spec) lock = gpuvm_spec_parse_one(source, GPUVM_KIND_LOCK, diags);
    const gpuvm_locked_host *host;

    FUZZ_REQUIRE(lock || diags->errors > 0);
    fuzz_check_diags(diags);
    if (!lock)
        return 0;
    host = gpuvm_cardlock_host(lock->lock, UUID);
    for (guint i = 0; host && i < host->cards->len; i++) {
        const gpuvm_locked_card *card = host->cards->pdata[i];
        const gpuvm_passthrough item = {.object = card->object, .address = card->address};
        gpuvm_pci_ref ref = card->address;
        unsigned errors = diags->errors;
        bool locked = false;

        FUZZ_REQUIRE(gpuvm_cardlock_resolve(host, &item, facts, diags, &ref, &locked) ==
                     (diags->errors == errors));
    }
    fuzz_check_diags(diags);
    check_written(lock, facts, false);
    check_written(lock, facts, true);
    return 0;
}
