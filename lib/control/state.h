/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state file: what was changed at run time, as a delta (delta.h) over the configuration file,
 * in YAML. It is written aside, synced and renamed, so that a crash leaves the old or the new one;
 * its last line is a checksum of what is before it, so that anything else is noticed.
 */
#ifndef XD_CONTROL_STATE_H
#define XD_CONTROL_STATE_H

#include <jansson.h>

#include "base/error.h"

/* When it returns 0, the state survives a power cut. Otherwise the old file is still there.
 * -errno of the call that failed. */
int xd_state_write(const char *path, const json_t *delta, struct xd_error *err);
/* The delta, an empty one when there is no such file. NULL: err says what is wrong with the file
 * and what to do; nothing of it is used. */
json_t *xd_state_read(const char *path, struct xd_error *err);

#endif
