/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pci.h: PCI addresses, identities and allowlist patterns as values
 *
 * Canonical form of an address is lower case: a domain of at least 4 hex digits, ":", bus (2), ":", slot
 * (2, at most 1f), ".", function (1, at most 7). PCI Local Bus Specification 3.0, 3.2.2.3.2.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#define GPUVM_PCI_SLOT_MAX 0x1f
#define GPUVM_PCI_FUNCTION_MAX 7

typedef struct gpuvm_pci_addr {
    uint32_t domain;
    uint8_t bus, slot, function;
} gpuvm_pci_addr;

/** An address as a definition gives it: of a function, or ("01:00") of a card. */
typedef struct gpuvm_pci_ref {
    gpuvm_pci_addr addr; /* function is 0 when whole_card */
    bool whole_card;
} gpuvm_pci_ref;

/** vendor:device, either of which may be any. */
typedef struct gpuvm_pci_pattern {
    int32_t vendor, device; /* -1 is "*" */
} gpuvm_pci_pattern;

#define GPUVM_PCI_ADDR_SIZE 20 /* for the longest canonical address and its NUL */

/**
 * Reads "0000:01:00.0", "01:00.0", "01:00", "0000:01:00" or "pci_0000_01_00_0", any case. On failure returns
 * false and sets @why ("invalid PCI address: …") and perhaps @hint; either may be NULL.
 */
bool gpuvm_pci_ref_parse(const char *text, gpuvm_pci_ref *ret_ref, char **why, char **hint);

/** As above, but only a function's address is one. */
bool gpuvm_pci_addr_parse(const char *text, gpuvm_pci_addr *ret_addr, char **why, char **hint);

/** "0000:01:00.0", or "0000:01:00" for a whole card (g_malloc). */
char *gpuvm_pci_ref_format(const gpuvm_pci_ref *ref);

/** Writes the canonical form to @buffer and returns it. */
const char *gpuvm_pci_addr_format(const gpuvm_pci_addr *addr, char buffer[GPUVM_PCI_ADDR_SIZE]);

/** The canonical form in a buffer of the caller's block. */
#define GPUVM_PCI(addr) gpuvm_pci_addr_format((addr), (char[GPUVM_PCI_ADDR_SIZE]){0})

/** libvirt's name of the node device: "pci_0000_01_00_0" (g_malloc). */
char *gpuvm_pci_addr_nodedev(const gpuvm_pci_addr *addr);

/** Order by domain, bus, slot, function. */
int gpuvm_pci_addr_compare(const gpuvm_pci_addr *a, const gpuvm_pci_addr *b);
bool gpuvm_pci_addr_same_slot(const gpuvm_pci_addr *a, const gpuvm_pci_addr *b);

/** For GHashTable with gpuvm_pci_addr keys. */
guint gpuvm_pci_addr_hash(gconstpointer addr);
gboolean gpuvm_pci_addr_equal(gconstpointer a, gconstpointer b);

/** Reads "10de:2204", "10de:*" or "*:*"; anything else is an error that says what was meant. */
bool gpuvm_pci_pattern_parse(const char *text, gpuvm_pci_pattern *ret_pattern, char **why, char **hint);
char *gpuvm_pci_pattern_format(const gpuvm_pci_pattern *pattern);
bool gpuvm_pci_pattern_match(const gpuvm_pci_pattern *pattern, uint16_t vendor, uint16_t device);

/** "VGA compatible controller" for 0x030000; the base class's name for an unknown subclass; never NULL. */
const char *gpuvm_pci_class_name(uint32_t class_code);

/** Whether @prefix, 2, 4 or 6 lower-case hex digits, begins @class_code. */
bool gpuvm_pci_class_match(const char *prefix, uint32_t class_code);

/** Adds @addr to @addrs (gpuvm_pci_addr), which is in address order, unless it is there. */
void gpuvm_pci_addrs_add(GArray *addrs, const gpuvm_pci_addr *addr);
