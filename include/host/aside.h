/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * aside.h: calls that may never return, each made by a thread of its own, and left alone with it when nobody waits any longer
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef struct gpuvm_aside gpuvm_aside;

/** @work is done with each call by a thread; @free_call frees a call that is not handed out. */
gpuvm_aside *gpuvm_aside_new(void (*work)(gpointer call), GDestroyNotify free_call);

/** Has @call (taken) made; false when no thread is to be had for it. */
bool gpuvm_aside_begin(gpuvm_aside *aside, gpointer call);

/**
 * The next call that has returned, whose thread has ended, for the caller to free; NULL: none by @end, in µs of the monotonic clock,
 * which may be past.
 */
gpointer gpuvm_aside_next(gpuvm_aside *aside, gint64 end);

/** Calls that have not returned are left to their threads, and never freed. */
void gpuvm_aside_free(gpuvm_aside *aside);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(gpuvm_aside, gpuvm_aside_free)
