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
    gpuvm_guestexec process = {.exited = false};
    gpuvm_answer answer;
    int64_t pid = 0;

    FUZZ_REQUIRE(!gpuvm_guestexec_read_pid(reply, &pid) || pid >= 0);
    FUZZ_REQUIRE(gpuvm_guestexec_read(reply, &process) || !process.exited);
    FUZZ_REQUIRE(process.exited == (process.output != NULL));
    if (!process.exited)
        return 0;
    gpuvm_guestprobe_read(&process, &answer);
    g_free(process.output);
    FUZZ_REQUIRE(answer.kind != GPUVM_ANSWER_STATUS || (answer.status >= 200 && answer.status <= 599));
    FUZZ_REQUIRE(answer.kind != GPUVM_ANSWER_BROKEN || memchr(answer.why, '\0', sizeof answer.why));
    return 0;
}
