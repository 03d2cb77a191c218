/* SPDX-License-Identifier: BSD-3-Clause */
/* port.rename: a port under another name, with the guest that is connected to it. */
#include <errno.h>

#include "control/methods.h"

json_t *
xd_method_port_rename(struct xd_rpc_call *call)
{
	struct xd_control *control = call->ctx;
	struct xd_daemon_config *next;
	const char *name, *to;

	if (xd_rpc_string(call, "name", true, &name) || xd_rpc_string(call, "to", true, &to))
		return NULL;
	next = xd_daemon_config_copy(control->running);
	if (!next) {
		xd_fail(&call->err, -ENOMEM, "no memory");
		return NULL;
	}
	if (xd_config_rename_port(next->config, name, to, &call->err) < 0) {
		xd_daemon_config_destroy(next);
		return NULL;
	}
	return xd_method_commit(call, next);
}
