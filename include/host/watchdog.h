/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watchdog.h: whether this machine's libvirtd still answers, for whoever waits for it
 *
 * A call that libvirtd does not answer does not come back, nor can it be ended. So a thread of its own asks now and then, by a
 * connection of its own for reading: without libvirt's keepalive, which wants its event loop, and without the question for a
 * password that another host could have. That a call takes long is no reason: others are answered meanwhile.
 */
#pragma once

/**
 * From now on, @lost is called, by another thread, when the libvirtd that @uri names has not answered for ten seconds: it
 * is to end the process. Nothing happens when that is not this machine's, or NULL, or when it has begun already.
 */
void gpuvm_watchdog_begin(const char *uri, void (*lost)(void));

/** While a call may hold libvirtd up for long, and somebody else looks after it. */
void gpuvm_watchdog_pause(void);
void gpuvm_watchdog_resume(void);

void gpuvm_watchdog_end(void);
