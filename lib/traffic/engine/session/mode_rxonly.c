/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames are received and counted. */
#include "traffic/engine/session/stream.h"

extern const struct xd_forward_mode xd_forward_rxonly;

const struct xd_forward_mode xd_forward_rxonly = {
	.name = "rxonly",
	.help = "frames are received and counted",
	.run = xd_stream_pass,
};
