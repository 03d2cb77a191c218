/* SPDX-License-Identifier: BSD-3-Clause */
/* Documents that would take the YAML parser too long, found before it reads them. */
#ifndef XD_CONTROL_YAML_SCAN_H
#define XD_CONTROL_YAML_SCAN_H

#include <stddef.h>

#include "base/error.h"
#include "control/lines.h"

#define XD_YAML_MAX_DEPTH 10 /* open brackets and indentations */

/* Whether a document can be loaded in a time that does not grow faster than its length. Else
 * -E2BIG, with the line under the key "" in lines (may be NULL); -ENOMEM. Any thread. */
int xd_yaml_scan(const char *text, size_t len, struct xd_lines *lines, struct xd_error *err);

#endif
