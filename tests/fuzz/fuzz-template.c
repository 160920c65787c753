/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-template.c: any text as a template: a domain that has the plan's devices, is read back and may start, or refused
 */
#include <config.h>

#include <string.h>

#include "core/domxml.h"
#include "core/bounds.h"
#include "../unit/facts-builder.h"
#include "fuzz.h"
#include "host/claims.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *template = fuzz_text(data, size);
    g_autoptr(plan_scene) scene =
        scene_new("0000:01:00.0 030000 10de:2204 group=14 driver=nvidia numa=0\n"
                  "0000:01:00.1 040300 10de:1aef group=14 driver=snd_hda_intel numa=0\n"
                  "cell 0 cpus=0-3 memory=8192 2M=4096 1G=8\n"
                  "host cpus=4 memory=8192 type=qemu emulator=/usr/bin/qemu-system-x86_64\n",
                  "resources: {cpu_cores: 2, memory_mb: 2048, cpu_pinning: shared, hugepages: 1G}\n"
                  "devices: {pci_passthrough: ['01:00.0'], allowlist: ['10de:*']}\n"
                  "disks: [{source: disk.qcow2}, {source: install.iso}]\n"
                  "kernel: vmlinuz\nfirmware: bios\ntitle: a <title>\nlabels: {a: b}\n",
                  NULL, NULL);

    scene_plan(scene);
    FUZZ_REQUIRE(scene->diags->errors == 0);
    g_autofree char *xml = gpuvm_domxml_make(scene->plan, template, "fuzz", NULL, scene->diags);

    fuzz_check_diags(scene->diags);
    FUZZ_REQUIRE((xml != NULL) == (scene->diags->errors == 0));
    if (xml) {
        g_autofree char *again = gpuvm_domxml_make(scene->plan, template, "fuzz", NULL, scene->diags);
        g_autoptr(gpuvm_claim) claim = gpuvm_claim_parse(xml, NULL);

        FUZZ_REQUIRE(g_str_equal(xml, again));
        FUZZ_REQUIRE(g_utf8_validate(xml, -1, NULL));
        if (claim) {
            g_autoptr(xmlDoc) doc = gpuvm_xml_parse(xml, strlen(xml), "made", NULL);

            gpuvm_bounds_check(xmlDocGetRootElement(doc), GPUVM_BOUNDS_DOMAIN, scene->plan->vm->name, NULL,
                               NULL, scene->diags);
            FUZZ_REQUIRE(scene->diags->errors == 0);
        }
    }
    return 0;
}
