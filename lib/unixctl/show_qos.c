/* SPDX-License-Identifier: BSD-3-Clause */
/* qos/show: a port's limit of what it sends, as Open vSwitch's egress-policer. */
#include <inttypes.h>

#include "unixctl/commands.h"

bool
xd_unixctl_qos_show(struct xd_unixctl_call *call)
{
	const char *name = call->args[0];
	const struct xd_port_config *port = xd_config_port(xd_unixctl_config(call), name);

	if (!port)
		return xd_unixctl_refuse(call, "no such port");
	if (!port->police_out_bit_s)
		return xd_unixctl_refuse(call, "QoS not configured on %.60s", name);
	fprintf(call->out, "QoS: %s egress-policer\n", name);
	if (port->police_out_burst_bytes)
		fprintf(call->out, "cbs: %" PRIu32 "\n", port->police_out_burst_bytes);
	fprintf(call->out, "cir: %" PRIu64 "\n", port->police_out_bit_s / 8);
	return true;
}
