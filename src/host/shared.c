/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <config.h>

#include "host/shared.h"

#include <errno.h>
#include <sys/vfs.h>

#include <glib.h>

/* statfs(2), and linux/magic.h */
bool
gpuvm_is_shared(const char *path)
{
    static const guint32 magics[] = {
        0x6969,     /* NFS */
        0x00c36400, /* Ceph */
        0x01161970, /* GFS2 */
        0x7461636f, /* OCFS2 */
        0x65735546, /* FUSE: GlusterFS, sshfs */
        0xff534d42, /* SMB */
        0xfe534d42, /* SMB 2 */
        0x0bd00bd0, /* Lustre */
        0x47504653, /* GPFS */
    };
    g_autofree char *at = g_strdup(path);
    struct statfs status;

    while (statfs(at, &status) != 0) {
        char *parent = g_path_get_dirname(at);
        bool end = errno != ENOENT || g_str_equal(parent, at);

        g_free(at);
        at = parent;
        if (end)
            return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(magics); i++) {
        if ((guint32)status.f_type == magics[i])
            return true;
    }
    return false;
}
