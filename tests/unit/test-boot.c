/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "facts-builder.h"

#define HOST "host kernel=/boot/vmlinuz-6.1\n"
#define NOTE                                                                                                 \
    "VM 'vm' boots with the host's newest kernel, /boot/vmlinuz-6.1 :: another one: kernel in the definition"
#define NONE                                                                                                 \
    "5 VM 'vm' has no kernel to boot, and none of the host's is known :: --kernel FILE :: defaults.yaml"

static const struct {
    const char *name, *facts, *definition;
    const char *kernel, *cmdline; /* NULL: none */
    const char *error, *note;     /* as expect_diags; NULL: none */
} cases[] = {
    {"a disk", HOST, "disks: [/a]", NULL, NULL, NULL, NULL},
    {"a kernel of its own", HOST, "kernel: /k", "/k", "console=ttyS0", NULL, NULL},
    {"with an initramfs", HOST, "kernel: /k\ninitramfs: /i", "/k", "console=ttyS0", NULL, NULL},
    {"that is to be fetched", HOST, "kernel: {url: 'http://h/k'}\ninitramfs: /i",
     "/pool/not-fetched-yet.kernel", "console=ttyS0", NULL, NULL},
    {"an initramfs alone", HOST, "initramfs: /i", "/boot/vmlinuz-6.1", "console=ttyS0", NULL, NOTE},
    {"of a host without a kernel", "", "initramfs: /i\nkernel_cmdline: quiet", NULL, NULL, NONE, NULL},
    {"a command line alone", HOST, "kernel_cmdline: quiet", NULL, NULL,
     "3 kernel_cmdline is of no use without a kernel", NULL},
    {"a bare file system", HOST, "kernel: /k\nrootfs: {path: /r, format: ext4}", "/k",
     "console=ttyS0 root=/dev/vda rw", NULL, NULL},
    {"with an initramfs alone", HOST, "initramfs: /i\nrootfs: {path: /r, format: ext4}", "/boot/vmlinuz-6.1",
     "console=ttyS0 root=/dev/vda rw", NULL, NOTE},
    {"whose place is taken", "",
     "kernel: /k\nrootfs: {path: /r, format: ext4}\ndisks: [{source: /a, target: vda}]", "/k",
     "console=ttyS0 root=/dev/vdb rw", NULL, NULL},
    {"that is not the root", "",
     "kernel: /k\nkernel_cmdline: ro root=LABEL=a\nrootfs: {path: /r, format: ext4}", "/k",
     "console=ttyS0 ro root=LABEL=a", NULL, NULL},
    {"without a kernel", HOST, "rootfs: {path: /r, format: ext4}", NULL, NULL,
     "5 VM 'vm' has no kernel to boot :: --kernel FILE :: unless virtio_blk and ext4 are built into it",
     NULL},
    {"another file system", HOST, "rootfs: {path: /r, format: raw}", NULL, NULL, NULL, NULL},
    {"a container image", HOST, "image: a:1", NULL, NULL,
     "3 a container image is nothing to boot from: a:1 :: examples/guest/README.md", NULL},
    {"that a disk was made of", HOST, "image: a:1\ndisks: [/a]", NULL, NULL, NULL, NULL},
    {"a command line", "", "kernel: /k\nkernel_cmdline: quiet a=b", "/k", "console=ttyS0 quiet a=b", NULL,
     NULL},
    {"with a console", "", "kernel: /k\nkernel_cmdline: quiet console=hvc0", "/k", "quiet console=hvc0", NULL,
     NULL},
    {"with a word like it", "", "kernel: /k\nkernel_cmdline: noconsole=hvc0", "/k",
     "console=ttyS0 noconsole=hvc0", NULL, NULL},
};

static void
finds_a_kernel(void **state G_GNUC_UNUSED)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(plan_scene) scene = scene_new(cases[i].facts, cases[i].definition, NULL, NULL);

        scene_plan(scene);
        expect_text(cases[i].name, scene->plan->kernel ? scene->plan->kernel : "none",
                    cases[i].kernel ? cases[i].kernel : "none");
        expect_text(cases[i].name, scene->plan->cmdline ? scene->plan->cmdline : "none",
                    cases[i].cmdline ? cases[i].cmdline : "none");
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_ERROR,
                     (const char *const[]){cases[i].error, NULL});
        expect_diags(cases[i].name, scene->diags, GPUVM_DIAG_NOTE,
                     (const char *const[]){cases[i].note, NULL});
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_kernel),
    };

    return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
