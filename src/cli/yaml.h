/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * yaml.h: JSON as YAML, written as definitions are
 */
#pragma once

#include <json-glib/json-glib.h>

/** g_malloc. */
char *gpuvm_json_to_yaml(JsonNode *root);
