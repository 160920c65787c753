/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-image.c: any bytes as the beginning of an image, and as the note beside one, and its name
 */
#include <config.h>

#include <string.h>

#include "core/imageinfo.h"
#include "fuzz.h"

static void
check_head(const uint8_t *data, size_t size, int format)
{
    GError *error = NULL;
    uint64_t capacity = 1;
    bool qcow2 = false;
    bool right = gpuvm_image_sniff(data, size, format, &qcow2, &capacity, &error);

    fuzz_check_error(right ? data : NULL, error);
    if (!right)
        return;
    FUZZ_REQUIRE(qcow2 == gpuvm_image_is_qcow2(data, size));
    FUZZ_REQUIRE(format == GPUVM_DISK_AUTO || qcow2 == (format == GPUVM_DISK_QCOW2));
    FUZZ_REQUIRE(qcow2 || capacity == 0);
    if (qcow2) /* QEMU's docs/interop/qcow2.txt: backing_file_offset */
        FUZZ_REQUIRE(size >= 16 && memcmp(data + 8, (const uint8_t[8]){0}, 8) == 0);
}

static void
check_note(const char *text)
{
    g_autoptr(gpuvm_image_info) info = gpuvm_image_info_parse(text), again = NULL;
    g_autofree char *written = NULL, *same = NULL;

    if (!info)
        return;
    written = gpuvm_image_info_write(info);
    again = gpuvm_image_info_parse(written);
    FUZZ_REQUIRE(again && again->size == info->size && again->qcow2 == info->qcow2);
    same = gpuvm_image_info_write(again);
    FUZZ_REQUIRE(g_str_equal(written, same));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzz_text(data, size);
    g_autofree uint8_t *head = g_memdup2(data, MIN(size, GPUVM_IMAGE_HEAD));

    for (int format = GPUVM_DISK_AUTO; format <= GPUVM_DISK_QCOW2 && head; format++)
        check_head(head, MIN(size, GPUVM_IMAGE_HEAD), format);
    check_note(text);
    if (gpuvm_image_sort_of(text) == GPUVM_IMAGE_CONTENT) {
        g_autofree char *name = gpuvm_image_info_name(text);

        FUZZ_REQUIRE(gpuvm_image_sort_of(name) == GPUVM_IMAGE_INFO);
    }
    return 0;
}
