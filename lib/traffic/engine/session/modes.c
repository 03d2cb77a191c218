/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of modes, and the look-up in it. A new mode takes its place here. */
#include <string.h>

#include "traffic/engine/session/mode.h"

/* Each in the file of its name. */
extern const struct xd_forward_mode xd_forward_io, xd_forward_mac, xd_forward_macswap,
	xd_forward_rxonly, xd_forward_txonly, xd_forward_icmpecho, xd_forward_flowgen;

const struct xd_forward_mode *const xd_forward_modes[] = {
	&xd_forward_io,
	&xd_forward_mac,
	&xd_forward_macswap,
	&xd_forward_rxonly,
	&xd_forward_txonly,
	&xd_forward_icmpecho,
	&xd_forward_flowgen,
	NULL,
};

const struct xd_forward_mode *
xd_forward_mode_named(const char *name)
{
	for (unsigned i = 0; xd_forward_modes[i]; i++)
		if (!strcmp(xd_forward_modes[i]->name, name))
			return xd_forward_modes[i];
	return NULL;
}
