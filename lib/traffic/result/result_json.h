/* SPDX-License-Identifier: BSD-3-Clause */
/* A row as JSON: what the document and the CSV are made of. Any thread. */
#ifndef XD_TRAFFIC_RESULT_RESULT_JSON_H
#define XD_TRAFFIC_RESULT_RESULT_JSON_H

#include <jansson.h>

#include "traffic/result/result.h"

#define XD_RESULT_DIGITS 10 /* of numbers that are not counts */

/* The caller's to release; NULL without memory. engines: whose sections it has, or NULL: its own.
 */
json_t *xd_row_json(const struct xd_row *row, const struct xd_engine *const *engines);

#endif
