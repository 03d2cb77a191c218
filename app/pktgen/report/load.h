/* SPDX-License-Identifier: BSD-3-Clause */
/* Result files as --json writes them. */
#ifndef PKTGEN_REPORT_LOAD_H
#define PKTGEN_REPORT_LOAD_H

#include "base/error.h"
#include "traffic/result/result.h"

/* Reads and checks one; the caller ends it with xd_results_fini, also after an error. Ports'
 * figures of each row are left out. Errors name the file and the line or record: -errno of opening,
 * -EINVAL: not JSON, another schema, or a figure that is missing or not what it should be; -ENOMEM.
 */
int report_load(const char *path, struct xd_results *results, struct xd_error *err);

#endif
