/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/interrupt.h"

#include <signal.h>

#include <glib.h>

static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
static struct sigaction before[G_N_ELEMENTS(ends)];
static _Atomic int wanted; /* the signal may come to another thread */
static unsigned depth;     /* begins without their ends */

static void
note(int number)
{
    wanted = number;
}

void
gpuvm_interrupt_begin(void)
{
    for (size_t i = 0; depth == 0 && i < G_N_ELEMENTS(ends); i++) {
        sigaction(ends[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) /* as nohup wants it */
            sigaction(ends[i], &(struct sigaction){.sa_handler = note}, NULL);
    }
    depth++;
}

bool
gpuvm_interrupt_wanted(void)
{
    return wanted != 0;
}

void
gpuvm_interrupt_end(void)
{
    if (--depth > 0)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
        sigaction(ends[i], &before[i], NULL);
    if (wanted)
        raise(wanted);
}
