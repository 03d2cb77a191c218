/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port of the generator: where frames of a stream are sent and received.
 *
 *   virtio:PATH[,OPTION...]
 *       the guest side of a vhost-user socket, on rings as a guest's driver has them, or on static
 *       ones, whose buffers are offered again and again; port_virtio_args.h has the options
 *   dpdk:DEVARGS
 *       any DPDK Ethernet device: net_virtio_user0,path=..., net_tap0, 0000:03:00.0; needs the EAL
 *   loop:NAME
 *       two ports of one name are each other's peer: the generator against itself
 *
 * Opened and closed by control; the data-path calls by the one thread that drives the port, or by
 * two, of which one sends and the other receives. Control calls load and expect while no thread
 * does either.
 */
#ifndef XD_TRAFFIC_PORT_PORT_H
#define XD_TRAFFIC_PORT_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "traffic/frames/stream.h"
#include "traffic/port/virtio_ring.h"

#define XD_GEN_PORTS_MAX 64
#define XD_GEN_BURST     64 /* frames that one call moves at most */

struct xd_gen_port;

struct xd_gen_port_opts {
	uint32_t frame_bytes;              /* longest frame to be carried, without FCS */
	int node;                          /* NUMA node that its frames shall lie on, or -1 */
	unsigned timeout_ms;               /* for the peer to appear and to answer */
	const volatile bool *cancel;       /* gives up waiting when set; or NULL */
	struct xd_gen_port *const *others; /* opened before and open still: where loop: finds */
	unsigned nb_others;                /* its peer */
	bool foreign_mbufs;                /* a DPDK device is given other ports' to send, too */
};

/* What a thread does with a port. */
enum xd_gen_way { XD_GEN_BOTH_WAYS, XD_GEN_SENDING, XD_GEN_RECEIVING };

struct xd_gen_port_ops {
	int (*load)(struct xd_gen_port *port, struct xd_error *err);
	uint16_t (*send)(struct xd_gen_port *port, uint16_t n);
	uint16_t (*receive)(struct xd_gen_port *port, uint16_t n);
	void (*notify)(struct xd_gen_port *port, enum xd_gen_way way, bool fenced);
	unsigned (*outstanding)(struct xd_gen_port *port);
	bool (*alive)(struct xd_gen_port *port);
	void (*close)(struct xd_gen_port *port);
};

/* The part that every kind of port begins with. */
struct xd_gen_port {
	const struct xd_gen_port_ops *ops;
	char name[128];  /* as given: "virtio:/tmp/a.sock,server" */
	char memory[96]; /* where its frames lie, for people: "2 MiB pages, node 0" */
	/* NUMA nodes, or XD_NUMA_...: where its frames lie, and where its guest does: of a
	 * virtqueue the same, of a DPDK device the device. */
	int memory_node, guest_node;
	const char *rings;  /* of a virtqueue: "guest", "static"; NULL: it has none, or not ours */
	const char *ids;    /* of guest rings: "lifo", "fifo"; else NULL */
	char fault[192];    /* why alive said no; empty before */
	uint32_t ring_size; /* different frames that touch=none can send; 0: it writes all anyway */
	uint32_t max_frame; /* bytes of the longest that it carries, without FCS */
	enum xd_touch touch;              /* load sets it */
	uint32_t expect;                  /* bytes of the frames of kind ours to be received */
	struct xd_stream_offload offload; /* what its device does; set by open */
	bool headers;    /* frames have a virtio-net header right before them; set by open */
	bool is_ethdev;  /* a DPDK device; set by open */
	uint16_t ethdev; /* and its number */
	struct xd_stream stream; /* what is sent; of zeroes when nothing is */

	uint64_t sent __attribute__((aligned(64))); /* frames; the driving thread's from here on */
	struct xd_receive received;
};

/* Whether the text names a port and its options are known, without touching anything. *needs_eal
 * is set when the EAL must be up before opening it. -EINVAL with what is wrong and the nearest
 * valid word. */
int xd_gen_port_check(const char *spec, bool *needs_eal, struct xd_error *err);
/* NULL with err: -EINVAL, -ENOMEM, -ETIMEDOUT (nobody there), -ECANCELED, or what the kind says. */
struct xd_gen_port *xd_gen_port_open(
	const char *spec, const struct xd_gen_port_opts *opts, struct xd_error *err);
void xd_gen_port_close(struct xd_gen_port *port); /* NULL is fine */

/* What a port is to send: a synthetic stream, a list (or what a source makes), or with neither
 * nothing. */
struct xd_gen_load {
	const struct xd_stream_opts *stream;
	const struct xd_list_stream_opts *list;
	enum xd_touch touch;
};

/* Gives the port a new stream and a sent count of 0. -EINVAL: the frames are too long for it, or
 * its device segments TCP and the stream is a list; -EBUSY: the device holds on to what was sent
 * before (a virtqueue's for two seconds); -ENOMEM. */
int xd_gen_port_load(
	struct xd_gen_port *port, const struct xd_gen_load *load, struct xd_error *err);

/* What a port is to receive. */
struct xd_gen_expect {
	enum xd_receive_kind kind;
	uint32_t size;              /* bytes; of kind ours */
	struct xd_track *track;     /* the caller's, of kind tagged; or NULL */
	struct xd_echo *echo;       /* likewise */
	const struct xd_sink *sink; /* the caller's, of kind sink */
};

/* Zeroes the counts. */
void xd_gen_port_expect(struct xd_gen_port *port, const struct xd_gen_expect *expect);

/* Has the port send what a source has, and show what comes to a sink; both are the caller's, until
 * they are detached. As xd_gen_port_load. */
int xd_gen_port_attach(struct xd_gen_port *port, const struct xd_source *source,
	const struct xd_sink *sink, enum xd_touch touch, struct xd_error *err);
/* From here on it sends nothing, and shows nobody what comes: whatever it was loaded with. */
void xd_gen_port_detach(struct xd_gen_port *port);

/* Sends at most n of the stream's frames, counts and returns how many. Of a list, the caller has
 * set stream.list->now. */
static inline uint16_t
xd_gen_port_send(struct xd_gen_port *port, uint16_t n)
{
	uint16_t sent = port->ops->send(port, n);

	port->sent += sent;
	return sent;
}

/* Receives at most n buffers, counted in port->received; returns how many. */
static inline uint16_t
xd_gen_port_receive(struct xd_gen_port *port, uint16_t n)
{
	return port->ops->receive(port, n);
}

/* See xd_virtio_ring_notify. */
static inline void
xd_gen_port_notify(struct xd_gen_port *port, bool fenced)
{
	port->ops->notify(port, XD_GEN_BOTH_WAYS, fenced);
}

/* The same for a thread that does not drive the port alone. */
static inline void
xd_gen_port_notify_of(struct xd_gen_port *port, enum xd_gen_way way, bool fenced)
{
	port->ops->notify(port, way, fenced);
}

/* Frames sent that the device has not given back yet; 0 when it does not tell. */
static inline unsigned
xd_gen_port_outstanding(struct xd_gen_port *port)
{
	return port->ops->outstanding(port);
}

/* False when the peer has gone or broke the ring; fault says why. A system call: not per turn. */
static inline bool
xd_gen_port_alive(struct xd_gen_port *port)
{
	return port->ops->alive(port);
}

#endif
