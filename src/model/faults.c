/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "model/faults.h"

#include <stdlib.h>

#include "base/text.h"

/* The lines are anybody's bytes. */
#define LINE_FLAGS G_REGEX_RAW

static bool
has_signature(const gpuvm_fault *fault, const char *line)
{
    return fault->signature && g_regex_match(gpuvm_text_regex(fault->signature, LINE_FLAGS), line, 0, NULL);
}

const gpuvm_fault *
gpuvm_fault_of_line(const char *line, bool guest)
{
    for (unsigned i = 0; i < gpuvm_faults_count; i++) {
        const char *where = gpuvm_faults[i].where;
        bool heard = guest ? g_str_has_prefix(where, "guest-") : !g_str_equal(where, "client");

        if (heard && has_signature(&gpuvm_faults[i], line))
            return &gpuvm_faults[i];
    }
    return NULL;
}

const gpuvm_fault *
gpuvm_fault_of_error(int code, const char *words)
{
    for (unsigned i = 0; i < gpuvm_faults_count && gpuvm_faults[i].severity < GPUVM_FAULT_BENIGN; i++) {
        const gpuvm_fault *row = &gpuvm_faults[i];

        if ((!row->code || row->code == code) && (!row->signature || has_signature(row, words)))
            return row;
    }
    return NULL;
}

char *
gpuvm_fault_text(const gpuvm_fault *fault)
{
    if (!fault->meaning || !fault->remedy)
        return g_strdup(fault->meaning ? fault->meaning : fault->remedy);
    return g_strconcat(fault->meaning, ": ", fault->remedy, NULL);
}

char *
gpuvm_fault_trust(const gpuvm_fault *fault)
{
    return g_strdup_printf("%s, confidence %s%s",
                           g_str_equal(fault->seen, "log")      ? "seen in a log"
                           : g_str_equal(fault->seen, "source") ? "from the source of who says it"
                                                                : "never seen",
                           fault->sure, !fault->remedy || fault->tried ? "" : "; remedy not tried");
}

static const char *
name_of(const gpuvm_fault_number *numbers, const char *digits, int base)
{
    unsigned long number = strtoul(digits, NULL, base);

    for (; numbers->name; numbers++)
        if (numbers->number == number)
            return numbers->name;
    return "unknown";
}

char *
gpuvm_fault_decode(const char *line)
{
    GRegex *regex = gpuvm_text_regex("Xid \\(PCI:[0-9a-f:.]+\\): ([0-9]+)|"
                                     "RmInitAdapter failed! \\(0x([0-9a-f]+):0x([0-9a-f]+):",
                                     LINE_FLAGS);
    g_autoptr(GMatchInfo) match = NULL;

    if (!g_regex_match(regex, line, 0, &match))
        return NULL;
    g_autofree char *xid = g_match_info_fetch(match, 1);
    g_autofree char *stage = g_match_info_fetch(match, 2);
    g_autofree char *status = g_match_info_fetch(match, 3);
    if (*xid)
        return g_strdup_printf("Xid %s: %s", xid, name_of(gpuvm_xids, xid, 10));
    return g_strdup_printf("stage 0x%s: %s; status 0x%s: %s", stage, name_of(gpuvm_rm_init, stage, 16),
                           status, name_of(gpuvm_nv_status, status, 16));
}

bool
gpuvm_fault_suspected(const char *line, bool kernel)
{
    static const char words[] =
        "\\b(errors?|fail(s|ed|ure)?|cannot|can't|could not|unable|denied|fatal|panic|invalid|"
        "timed out|(?-i:BUG)|Oops|segfault|not (permitted|supported|viable|found))\\b";
    static const char things[] =
        "\\b(vfio|iommu|DMAR|AMD-Vi|NVRM|nvidia|amdgpu|nouveau|kvm|qemu|libvirt|pcieport|AER)";

    /* libvirt writes QEMU's command line into its log, each line but the last with a backslash at its end */
    return !g_str_has_suffix(line, " \\") &&
           g_regex_match(gpuvm_text_regex(words, G_REGEX_CASELESS | LINE_FLAGS), line, 0, NULL) &&
           (!kernel || g_regex_match(gpuvm_text_regex(things, G_REGEX_CASELESS | LINE_FLAGS), line, 0, NULL));
}
