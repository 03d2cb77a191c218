/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a driver of an application's needs in rx and tx, if it leaves the rest of struct xd_driver
 * out: its ports are port_bytes of memory, up between start and stop, and lend nothing.
 */
#ifndef XD_PORT_SIMPLE_H
#define XD_PORT_SIMPLE_H

#include "port/port.h"

XD_API_BEGIN

/* Whether frames can pass. Any thread. */
static inline bool
xd_port_is_up(const struct xd_port *port)
{
	return __atomic_load_n(&port->up, __ATOMIC_ACQUIRE);
}

/* Appends a frame to a batch that rx fills: len bytes, XD_FRAME_MIN to XD_HEAD, which are copied
 * into its snapshot. Returns them there, the batch's, to be edited. There must be room: batch->n is
 * below XD_BATCH. Any worker, in rx. */
static inline uint8_t *
xd_batch_add(struct xd_batch *batch, const uint8_t *bytes, uint8_t len)
{
	struct xd_frame *f = &batch->frames[batch->n++];

	xd_frame_init(f, len, len, 0);
	memcpy(f->buf + XD_HEADROOM, bytes, len);
	return f->buf + XD_HEADROOM;
}

/* Counts n frames as sent, and returns n. Any worker, of itself, in the port's tx. */
static inline uint16_t
xd_port_sent(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		port->counters[worker].tx_bytes += frames[i]->len;
	port->counters[worker].tx_frames += n;
	return n;
}

/* Fills in what a driver leaves out, for the switch. Any thread, before another sees the driver. */
void xd_driver_complete(struct xd_driver *driver);

XD_API_END

#endif
