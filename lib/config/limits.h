/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a port has limits (police/policer.h), where it may have none. */
#ifndef XD_CONFIG_LIMITS_H
#define XD_CONFIG_LIMITS_H

#include "config/noun.h"

/* The key of a limit that the port has, or NULL; a burst alone is none. Any thread. */
const struct xd_key *xd_limits_first(const struct xd_port_config *port);

#endif
