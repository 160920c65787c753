/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#include <archive.h>
#include <archive_entry.h>

#include "host/seed.h"

static GByteArray *
make(const char *user_data, const char *meta_data, const char *network_config)
{
    const gpuvm_plan_seed seed = {.user_data = (char *)user_data,
                                  .meta_data = (char *)meta_data,
                                  .network_config = (char *)network_config};
    GError *error = NULL;
    GByteArray *image = gpuvm_seed_make(&seed, &error);

    if (!image)
        fail_msg("%s", error->message);
    return image;
}

/** The files of @image by name, with libarchive's reader; @options of it. */
static GHashTable *
read_back(const GByteArray *image, const char *options)
{
    GHashTable *files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;

    assert_int_equal(archive_read_support_format_iso9660(archive), ARCHIVE_OK);
    assert_int_equal(archive_read_set_options(archive, options), ARCHIVE_OK);
    assert_int_equal(archive_read_open_memory(archive, image->data, image->len), ARCHIVE_OK);
    while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
        gsize size = (gsize)archive_entry_size(entry);
        char *text;

        if (archive_entry_filetype(entry) != AE_IFREG)
            continue;
        text = g_malloc0(size + 1);
        assert_int_equal(archive_read_data(archive, text, size), size);
        g_hash_table_insert(files, g_strdup(archive_entry_pathname(entry)), text);
    }
    assert_int_equal(archive_errno(archive), 0);
    archive_read_free(archive);
    return files;
}

static void
can_be_read(void **state G_GNUC_UNUSED)
{
    static const char *const options[] = {"rockridge,!joliet", "!rockridge,joliet"};
    g_autofree char *large = g_strnfill(1024 * 1024, 'x');
    g_autoptr(GByteArray) image = make(large, "instance-id: é\n", NULL);
    g_autoptr(GByteArray) with_network = make("#cloud-config\n", "", "version: 2\n");

    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        g_autoptr(GHashTable) files = read_back(image, options[i]);
        g_autoptr(GHashTable) more = read_back(with_network, options[i]);

        assert_string_equal(g_hash_table_lookup(files, "user-data"), large);
        assert_string_equal(g_hash_table_lookup(files, "meta-data"), "instance-id: é\n");
        assert_null(g_hash_table_lookup(files, "network-config"));
        assert_string_equal(g_hash_table_lookup(more, "user-data"), "#cloud-config\n");
        assert_string_equal(g_hash_table_lookup(more, "meta-data"), "");
        assert_string_equal(g_hash_table_lookup(more, "network-config"), "version: 2\n");
    }
    assert_memory_equal(image->data + 16 * 2048, "\001CD001", 6);
    assert_memory_equal(image->data + 16 * 2048 + 40, "CIDATA    ", 10);
}

/* The dates in an image are counted in seconds, and in local time. */
static void
is_the_same_at_another_time(void **state G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) image = make("a", "b", "c"), later = NULL, other = NULL;

    g_usleep(G_USEC_PER_SEC);
    g_setenv("TZ", "Asia/Kathmandu", TRUE);
    tzset();
    later = make("a", "b", "c");
    g_unsetenv("TZ");
    tzset();
    assert_int_equal(later->len, image->len);
    assert_memory_equal(later->data, image->data, image->len);
    other = make("a", "b", "d");
    assert_int_equal(other->len, image->len);
    assert_memory_not_equal(other->data, image->data, image->len);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(can_be_read),
        cmocka_unit_test(is_the_same_at_another_time),
    };

    return cmocka_run_group_tests_name("seed", tests, NULL, NULL);
}
