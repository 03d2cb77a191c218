/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host behind a port that sends and receives UDP datagrams: the port's source and sink. It
 * answers ARP and the like as a respond host does; datagrams that are longer than its frames leave
 * in fragments, and those that come so are put together (fragments.h). What is sent, and what
 * becomes of what came, is an application's.
 *
 * Set up and asked by control, while no thread drives the port; else the port's thread.
 */
#ifndef XD_TRAFFIC_ENGINE_UDP_HOST_H
#define XD_TRAFFIC_ENGINE_UDP_HOST_H

#include "traffic/engine/message/hosts.h"
#include "traffic/engine/message/outbox.h"
#include "traffic/engine/respond/station.h"
#include "traffic/engine/udp/datagram.h"
#include "traffic/engine/udp/fragments.h"
#include "traffic/port/impaired_sink.h"

struct xd_udp_app {
	/* A datagram came for one of the host's addresses, at any port, with a right checksum. Its
	 * payload lies there until this returns. */
	void (*take)(void *ctx, const struct xd_udp_datagram *datagram);
	/* There is room for a datagram: fills it in, or returns false, there is none for now. It is
	 * asked again soon. */
	bool (*next)(void *ctx, struct xd_udp_sending *datagram);
	void *ctx;
};

struct xd_udp_host_opts {
	const char *addresses;          /* as xd_respond_host_init has them */
	unsigned number;                /* of the port */
	uint32_t max_frame, on_wire;    /* bytes: of a frame at most; of one that is sent */
	bool csum;                      /* the port's device makes checksums */
	const struct xd_impair *impair; /* of frames; or NULL */
	double tsc_hz;
	struct xd_udp_app app;
};

/* Figures that only grow; those of fragments are with these: xd_udp_host_fragments. */
struct xd_udp_counts {
	uint64_t sent, received;            /* datagrams */
	uint64_t fragments, fragments_came; /* frames with a part of one */
	uint64_t wrong;                     /* datagrams and headers: a checksum or a length */
};

struct xd_udp_host {
	struct xd_udp_host_opts opts;
	struct xd_respond_station station;
	struct xd_source source;
	struct xd_sink sink; /* the port's: of the next, where there are faults */
	struct xd_impaired_sink impaired;
	struct xd_fragments *fragments;
	struct xd_outbox outbox; /* of xd_udp_piece */
	bool cutting;            /* this is being sent in fragments, of which that is the next */
	struct xd_udp_piece piece;
	uint32_t id; /* of the next datagram in fragments */
	struct xd_udp_counts counts;
};

/* -EINVAL: an address; -ENOMEM. The host stays where it is in memory. */
int xd_udp_host_init(
	struct xd_udp_host *h, const struct xd_udp_host_opts *opts, struct xd_error *err);
/* The same, as the host behind one of gen's ports is asked for; its application is set afterwards:
 * opts.app. */
int xd_udp_host_init_behind(struct xd_udp_host *h, const struct xd_gen *gen, unsigned port,
	const struct xd_message_hosts *hosts, struct xd_error *err);
void xd_udp_host_fini(struct xd_udp_host *h); /* also after it failed, and of zeroes */

/* From the host to where a datagram came from. */
void xd_udp_host_way_back(const struct xd_udp_host *h, const struct xd_udp_datagram *datagram,
	struct xd_ip_route *route);

/* Whether something that was to be sent has not left. */
static inline bool
xd_udp_host_is_sending(const struct xd_udp_host *h)
{
	return h->cutting || h->outbox.held || xd_outbox_count(&h->outbox);
}

#endif
