/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "crossdock.h"

int
xd_config_rename_port(
	struct xd_config *config, const char *name, const char *to, struct xd_error *err)
{
	struct xd_error own;

	if (!config || !name || !to)
		return xd_fail(err, -EINVAL, "a configuration and two names needed");
	if (!xd_config_port(config, name))
		return xd_fail(err, -ENOENT, "there is no port named %.60s", name);
	/* A port of the new name, for a moment: whatever speaks against the name is said. */
	if (!xd_config_add_port(config, to, "", "", &own)) {
		if (err)
			*err = own;
		return own.code;
	}
	xd_config_del_port(config, to, NULL);
	strcpy(xd_config_port(config, name)->name, to);
	return 0;
}
