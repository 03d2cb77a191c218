/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The difference of two configurations: what was changed at run time over the configuration file.
 *
 *     {"workers": {"idle": "poll"}, "log": {"level": "debug"},
 *      "deleted": {"bridges": [], "ports": ["vm1"]},
 *      "added":   {"bridges": {}, "ports": {"vm3": {"type": "vhost-user", ...}}},
 *      "changed": {"bridges": {}, "ports": {"vm2": {"mtu": 9000, "vlan": null}}}}
 *
 * Of what was changed only the keys that differ are in it, so that the file may change the others.
 */
#ifndef XD_CONTROL_DELTA_H
#define XD_CONTROL_DELTA_H

#include <jansson.h>

#include "control/daemon_config.h"

/* NULL: no memory. Empty sections are left out: no difference is an empty object. */
json_t *xd_delta_make(const struct xd_daemon_config *from, const struct xd_daemon_config *to);
/* Lays a delta over a configuration. On failure the configuration is half changed: work on a copy.
 * -EINVAL, -ENOENT, -EEXIST: the delta does not fit it; err names the key. */
int xd_delta_apply(struct xd_daemon_config *config, const json_t *delta, struct xd_error *err);
/* The same for people, NULL likewise: a list of {"op": "add|del|set", "key", "from", "to"}. */
json_t *xd_delta_list(const struct xd_daemon_config *from, const struct xd_daemon_config *to);

#endif
