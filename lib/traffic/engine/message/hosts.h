/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts behind ports that send each other something, as they are asked for. Any thread. */
#ifndef XD_TRAFFIC_ENGINE_MESSAGE_HOSTS_H
#define XD_TRAFFIC_ENGINE_MESSAGE_HOSTS_H

#include "traffic/engine/message/link.h"
#include "traffic/engine/respond/ask.h"
#include "traffic/trial/gen.h"

/* The hosts behind ports, and how they reach each other: even ports connect to odd ones; one port
 * alone connects to has_peer, or listens. With a link, one port is half of a pair. */
struct xd_message_hosts {
	const char *addresses[XD_GEN_PORTS_MAX]; /* as of respond; NULL: one that is made up */
	bool v6;                                 /* of those that are made up */
	uint32_t frame_bytes;                    /* longest frame on the wire, without FCS */
	uint32_t window;                         /* of TCP: bytes, of each connection */
	bool nagle;                              /* of TCP */
	bool verify;                             /* each byte is compared with what was sent */
	enum xd_touch touch;
	unsigned streams;                   /* connections of each pair of ports */
	const struct xd_message_link *link; /* NULL: there is none */
	unsigned first;                     /* number of the first port among those of both ends */
	const struct xd_impair *impair;     /* by port, XD_GEN_PORTS_MAX of them */
	bool has_peer;                      /* one port: to connect to */
	struct xd_respond_target peer;      /* with a link, set at either end */
	uint16_t port;                      /* that is connected to, or listened on */
	double timeout_s;                   /* for connections to be made, and closed */
};

/* -EINVAL: ports and hosts do not go together. */
int xd_message_hosts_check(const struct xd_gen *gen, const struct xd_message_hosts *hosts,
	const char *engine, struct xd_error *err);

/* Whether the host behind a port begins, or waits for others to. */
static inline bool
xd_message_hosts_opens(const struct xd_message_hosts *hosts, unsigned nb_ports, unsigned port)
{
	return nb_ports == 1 ? hosts->has_peer : port % 2 == 0;
}

/* Whether one port has an end of which nothing is known. */
static inline bool
xd_message_hosts_alone(const struct xd_message_hosts *hosts, unsigned nb_ports)
{
	return nb_ports == 1 && !hosts->link;
}

/* Streams of all pairs. */
static inline unsigned
xd_message_hosts_streams(const struct xd_message_hosts *hosts, unsigned nb_ports)
{
	return hosts->streams * ((nb_ports + 1) / 2);
}

#endif
