/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* statefile.h: the files in which libvirt's daemons keep what is active */
#pragma once

#include "base/xml.h"

/**
 * What is in the file of the active @name, which is called @element in it; *@ret_doc holds it. NULL: there is none. A @name
 * with a slash is none.
 */
const xmlNode *gpuvm_state_read(const char *root, const char *driver, const char *name, const char *element,
                                xmlDoc **ret_doc);
