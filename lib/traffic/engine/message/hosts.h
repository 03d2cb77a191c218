/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts behind ports that send each other something, as they are asked for. Any thread. */
#ifndef XD_TRAFFIC_ENGINE_MESSAGE_HOSTS_H
#define XD_TRAFFIC_ENGINE_MESSAGE_HOSTS_H

#include "traffic/engine/message/link.h"
#include "traffic/engine/respond/ask.h"
#include "traffic/trial/gen.h"

/* The hosts behind ports, and how they reach each other: even ports connect to odd ones; one port
 * alone connects to has_peer, or listens. With a link, each port is half of a pair, whose other
 * half is the port of the same place at the other end: ports are numbered through, those of the
 * near end are the even ones. */
struct xd_message_hosts {
	const char *addresses[XD_GEN_PORTS_MAX]; /* by number; as of respond; NULL: made up */
	bool v6;                                 /* of those that are made up */
	uint32_t frame_bytes;                    /* longest frame on the wire, without FCS */
	uint32_t window;                         /* of TCP: bytes, of each connection */
	bool nagle;                              /* of TCP */
	bool verify;                             /* each byte is compared with what was sent */
	enum xd_touch touch;
	unsigned streams;                   /* connections of each pair of ports */
	const struct xd_message_link *link; /* NULL: there is none */
	const struct xd_impair *impair;     /* by number, XD_GEN_PORTS_MAX of them */
	bool has_peer;                      /* one port: to connect to, the first of these: */
	/* With a link, the other halves, by port. */
	struct xd_respond_target peers[XD_GEN_PORTS_MAX];
	uint16_t port;    /* that is connected to, or listened on */
	double timeout_s; /* for connections to be made, and closed */
};

/* -EINVAL: ports and hosts do not go together. */
int xd_message_hosts_check(const struct xd_gen *gen, const struct xd_message_hosts *hosts,
	const char *engine, struct xd_error *err);

/* Whether the host behind a port begins, or waits for others to. */
static inline bool
xd_message_hosts_opens(const struct xd_message_hosts *hosts, unsigned nb_ports, unsigned port)
{
	if (hosts->link)
		return !hosts->link->far;
	return nb_ports == 1 ? hosts->has_peer : port % 2 == 0;
}

/* Of a port, among those of both ends. */
static inline unsigned
xd_message_hosts_number(const struct xd_message_hosts *hosts, unsigned port)
{
	return hosts->link ? 2 * port + hosts->link->far : port;
}

/* Whether whoever a port talks to is not behind another one of this process. */
static inline bool
xd_message_hosts_outside(const struct xd_message_hosts *hosts)
{
	return hosts->link || hosts->has_peer;
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
	return hosts->streams * (hosts->link ? nb_ports : (nb_ports + 1) / 2);
}

#endif
