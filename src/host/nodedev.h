/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nodedev.h: libvirt's node-device XML → device; no connection needed
 */
#pragma once

#include <libxml/tree.h>

#include "model/facts.h"

/**
 * A <device> element as a PCI function; NULL when it is not one, with @error (as base/xml.h says) only when it
 * is malformed.
 */
gpuvm_device *gpuvm_nodedev_from_element(const xmlNode *element, GError **error);

/** The same of a whole document. */
gpuvm_device *gpuvm_nodedev_parse(const char *xml, GError **error);
