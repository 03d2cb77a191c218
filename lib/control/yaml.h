/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The configuration as YAML. Reading never changes anything but its result; every error is one
 * line of text, with the key at fault in err->key and its line in the table of lines.
 */
#ifndef XD_CONTROL_YAML_H
#define XD_CONTROL_YAML_H

#include <jansson.h>
#include <stddef.h>

#include "control/daemon_config.h"
#include "control/lines.h"

/* One YAML document as JSON: mappings, sequences, and every scalar as a string (an empty one as
 * null). lines (may be NULL) gets every key's line; a mapping in a list has its place there, from
 * 1: "steps.3.name". Duplicate keys, deep nesting and documents that aliases blow up are errors.
 * NULL: err says why. */
json_t *xd_yaml_parse(const char *text, size_t len, struct xd_lines *lines, struct xd_error *err);
/* The other way: so many levels in block style, what is deeper on one line; three numbers in a row
 * and more become a range (1-3). The caller frees. */
char *xd_yaml_print(const json_t *root, unsigned block_levels);
#define XD_YAML_CONFIG_LEVELS 2 /* of a configuration: each port on its line */

/* Reads a configuration. What the text does not say has its default; without workers.cores there
 * is one worker, on default_core. The result is not yet checked (xd_daemon_config_check). */
struct xd_daemon_config *xd_yaml_read_config(const char *text, size_t len, unsigned default_core,
	struct xd_lines *lines, struct xd_error *err);

#endif
