/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-guestprobe.c: any bytes as what a guest's agent says
 */
#include <config.h>

#include <string.h>

#include <glib.h>

#include "core/guestprobe.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *reply = fuzz_text(data, size);
    gpuvm_answer answer = {.kind = GPUVM_ANSWER_NONE};
    bool exited = false;
    int64_t pid = 0;

    FUZZ_REQUIRE(!gpuvm_guestprobe_read_pid(reply, &pid) || pid >= 0);
    FUZZ_REQUIRE(gpuvm_guestprobe_read(reply, &exited, &answer) || !exited);
    FUZZ_REQUIRE(answer.kind != GPUVM_ANSWER_STATUS || (answer.status >= 200 && answer.status <= 599));
    FUZZ_REQUIRE(memchr(answer.why, '\0', sizeof answer.why));
    return 0;
}
