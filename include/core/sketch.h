/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sketch.h: a domain's XML → the definition that says most of it
 *
 * For domains that gpuvm did not define, and to see what somebody changed of one that it did: libvirt's XML and gpuvm's own
 * come to the same definition where they say the same.
 */
#pragma once

#include "base/xml.h"
#include "doc/build.h"

/**
 * The definition of @domain, a <domain>. What of it no definition says is added to @unsaid (char *, owned): elements, as
 * "<graphics type='vnc'>", and other words. What libvirt and the built-in template have in any domain is neither.
 */
gpuvm_doc *gpuvm_sketch_make(const xmlNode *domain, GPtrArray *unsaid);
