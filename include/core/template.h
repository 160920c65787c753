/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * template.h: templates/domain.xml, as the build put it into the program
 */
#pragma once

/** The domain that every VM starts from: XML text. */
extern const char gpuvm_template_domain[];
