/* SPDX-License-Identifier: BSD-3-Clause */
/* Result files as --json writes them. */
#ifndef PKTGEN_REPORT_LOAD_H
#define PKTGEN_REPORT_LOAD_H

#include <jansson.h>

#include "base/error.h"
#include "traffic/result/result.h"

/* The document of a file, the caller's; NULL: err names the file and, where it is not JSON, the
 * line; -errno of opening, -EINVAL. */
json_t *report_read(const char *path, struct xd_error *err);

/* Checks and takes what an engine wrote; the caller ends it with xd_results_fini, also after an
 * error. Ports' figures of each row are left out. Errors begin with name, which is a file's, and
 * name the record: -EINVAL: another schema, or a figure that is missing or not what it should be;
 * -ENOMEM. */
int report_load(const char *name, json_t *root, struct xd_results *results, struct xd_error *err);
/* One row, with its ports' figures. Errors begin with name. -EINVAL. */
int report_load_row(const char *name, json_t *object, struct xd_row *row, struct xd_error *err);

#endif
