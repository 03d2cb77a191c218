/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks a configuration that is to follow another. */
#ifndef XD_CONFIG_CHECK_H
#define XD_CONFIG_CHECK_H

#include "config/claims.h"

/*
 * As xd_config_check, but what is the same in the configuration that runs is taken to be right by
 * itself: its driver is not asked again, which takes system calls, and may refuse by now what has
 * nothing to do with the change, such as the directory of another port that was removed. running:
 * its claims; NULL: none runs. Any thread.
 */
int xd_config_check_next(const struct xd_config *config, const struct xd_claims *running,
	const struct xd_driver *const *drivers, struct xd_error *err);

#endif
