/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memif port: a program that shares memory with the switch, such as a container's that uses
 * DPDK, libmemif or VPP; or another switch.
 *
 *   protocol.h        what both ends say, and what lies in the memory (memif 2.0)
 *   memif.c           the port's life: create, start, stop
 *   memif_config.c    its keys
 *   memif_socket.c    connections, one after another, and their messages; as
 *   memif_server.c      the end that listens, and is given memory, or
 *   memif_client.c      the end that connects, and makes it
 *   memif_rings.c     regions and rings: checked, brought up for workers, and down
 *   memif_rx.c        receive, and sleep
 *   memif_tx.c        transmit
 *   memif_show.c      what `port show` says of it
 *
 * The peer is an attacker, as a guest is (doc/security.rst). A descriptor is read once into a
 * local, and what it names lies in a region or is a fault, which stops the port. Regions are shared
 * memory as vhost_user/mapping.h takes it. Rings are taken from workers, and these waited for,
 * before the memory goes: whatever the peer does, and when. DPDK's own net_memif unmaps it in the
 * middle of a burst.
 *
 * A frame that comes lies in the peer's memory, and is lent from there; one that leaves is written
 * into the peer's buffer: one copy, as between guests. The interface has no offloads: the switch
 * finishes checksums and segments.
 *
 * Both roles use a ring alike, because the two counters of a ring mean the same but for an offset
 * (protocol.h). Who receives is shown frames up to `theirs` and gives back what it has taken by
 * `ours`; who transmits fills up to `ours`. A client's `ours` is ahead by the whole ring where it
 * offers buffers, and a client's `theirs` is behind by the same where these come back: `bias`.
 */
#ifndef XD_DRIVERS_MEMIF_H
#define XD_DRIVERS_MEMIF_H

#include <rte_spinlock.h>

#include "base/path_watch.h"
#include "base/reaper.h"
#include "drivers/memif/config.h"
#include "drivers/memif/protocol.h"
#include "port/port.h"
#include "vhost_user/mapping.h"
#include "vhost_user/socket.h"

#define XD_MEMIF_REGIONS 256  /* DPDK's zero-copy clients have one for each list of pages */
#define XD_MEMIF_PIECES  64   /* buffers that one frame may lie in, of those received; */
#define XD_MEMIF_MORE    2048 /* that a transmit fills, beside the first of each frame */
#define XD_MEMIF_BUFFER  2048 /* bytes of each buffer, where the switch makes them */
#define XD_MEMIF_SIZE    1024 /* buffers of a ring, likewise */

/* A ring of one direction. Workers read it while live; control writes it while not. */
struct xd_memif_ring {
	bool live;
	bool crowded; /* too many others wait for its eventfd: we cannot */
	uint16_t size, bias;
	uint16_t refill; /* bytes of buffers that are ours to offer; 0: the peer's */
	struct xd_memif_desc *desc;
	uint16_t *flags;              /* the receiver's */
	const uint16_t *theirs;       /* counter that the peer moves on, */
	uint16_t *ours;               /* and ours; */
	uint16_t next;                /* the first buffer that was not taken, or filled, */
	uint16_t published, notified; /* not given back, and the one that the peer was told of */
	uint16_t partial;             /* from the peer: buffers of a frame that is not all there */
	int fd;                       /* eventfd that says so, to the receiver */
	const char *fault;            /* a rule that the peer broke: by whoever found it */
	rte_spinlock_t lock;          /* of those that transmit */

	/* Control: as it was asked for. */
	bool added;
	uint16_t region;
	uint32_t offset;
	uint8_t log2_size;
} __attribute__((aligned(64)));

/* Where a region lies. */
struct xd_memif_region {
	uint8_t *at;
	uint64_t size;
};

/* How far two ends have come. */
enum xd_memif_state {
	XD_MEMIF_IDLE,    /* nobody is there */
	XD_MEMIF_GREETED, /* server: HELLO is sent; client: it is waited for */
	XD_MEMIF_ADDING,  /* regions and rings, one after another */
	XD_MEMIF_UP,
};

enum xd_memif_line {
	XD_MEMIF_LINE_LINK,
	XD_MEMIF_LINE_CLOSED,
	XD_MEMIF_LINE_SOCKET,
	XD_MEMIF_LINES
};

struct xd_memif_port {
	struct xd_port port;             /* first: the switch knows the port by this */
	struct xd_memif_ring *from, *to; /* by queue: from the peer and to it */
	unsigned nb_regions;
	struct xd_memif_region regions[XD_MEMIF_REGIONS];
	int fault_fd; /* a worker that finds a broken ring writes it; control then hangs up */
	int wake_fd;  /* in all of sleep_fds */
	int *sleep_fds;

	/* Control's. */
	bool server, started;
	enum xd_memif_state state;
	bool live;          /* rings are, or were until a worker found a fault */
	bool lost;          /* the peer has truncated a region's file */
	unsigned step;      /* client: of ADDING */
	uint16_t nb_queues; /* client: that the server takes, */
	uint8_t log2_size;  /* and of which size */
	int memory_fd;      /* client: of region 0; -1: none */
	struct xd_vu_mapping maps[XD_MEMIF_REGIONS];
	struct xd_bus_owner bus_owner;
	struct xd_reaper *reaper;
	struct xd_vu_listener listener;
	int sock; /* -1: none */
	struct xd_watch *listen_watch, *sock_watch, *fault_watch;
	struct xd_path_watch *look; /* server: at the socket's file */
	struct xd_timer *timer;     /* to listen or connect again, or the end of patience */
	uint64_t connected_at_ns;
	uint64_t nb_connects, nb_faults;
	char remote[33];   /* what the peer calls itself, or that it has no name */
	char problem[160]; /* why the last connection ended, or there is none; or empty */
	struct xd_log_limit lines[XD_MEMIF_LINES];
};

extern const struct xd_driver xd_memif_driver;

/* memif_config.c. Any thread. */
extern const struct xd_key xd_memif_keys[];
unsigned xd_memif_claims(const struct xd_port_config *config, struct xd_claim *claims);
int xd_memif_check(const struct xd_port_config *config, struct xd_error *err);

/* ---- Control ---- */

/* memif_socket.c. From open to close there is a connection, or it is waited for; open fails as
 * xd_vu_listen does. */
int xd_memif_open(struct xd_memif_port *p, struct xd_error *err);
void xd_memif_close(struct xd_memif_port *p);
/* Ends the connection, tells the peer and the log why, and waits for another. */
void xd_memif_hang_up(struct xd_memif_port *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Sends a message, with a descriptor unless fd is negative. False: it does not go. */
bool xd_memif_send(struct xd_memif_port *p, const struct xd_memif_message *m, int fd);
/* Both ends are ready: the port is up. */
void xd_memif_be_up(struct xd_memif_port *p, const char *name);

/* What a message of the peer's does; with the descriptor that came with it, or -1, which is the
 * callee's. NULL, or why the connection ends. */
const char *xd_memif_server_take(struct xd_memif_port *p, const struct xd_memif_message *m, int fd);
const char *xd_memif_client_take(struct xd_memif_port *p, const struct xd_memif_message *m);
bool xd_memif_greet(struct xd_memif_port *p); /* of a server */

/* memif_rings.c. Maps a region of fd's, which stays the caller's. */
int xd_memif_add_region(struct xd_memif_port *p, int fd, uint64_t size, struct xd_error *err);
/* Brings up rings that were added; NULL, or what is wrong with one. */
const char *xd_memif_rings_up(struct xd_memif_port *p);
/* Waits until no worker uses a ring, then gives up rings, descriptors and regions. */
void xd_memif_rings_down(struct xd_memif_port *p);

/* ---- Workers ---- */

/* Where a buffer lies; NULL: not in a region. */
static inline uint8_t *
xd_memif_at(const struct xd_memif_port *p, const struct xd_memif_desc *d, uint32_t len)
{
	const struct xd_memif_region *r;

	if (d->region >= p->nb_regions)
		return NULL;
	r = &p->regions[d->region];
	return (uint64_t)d->offset + len <= r->size ? r->at + d->offset : NULL;
}

/* A copy of a descriptor, each word read once. */
static inline struct xd_memif_desc
xd_memif_read(const struct xd_memif_desc *d)
{
	const uint64_t *words = (const uint64_t *)(const void *)d;
	uint64_t copy[2] = {__atomic_load_n(&words[0], __ATOMIC_RELAXED),
		__atomic_load_n(&words[1], __ATOMIC_RELAXED)};
	struct xd_memif_desc out;

	memcpy(&out, copy, sizeof(out));
	return out;
}

static inline bool
xd_memif_is_live(const struct xd_memif_ring *r)
{
	return __atomic_load_n(&r->live, __ATOMIC_ACQUIRE);
}

/* The peer broke a rule: the ring is not used any more, and control is told. */
void xd_memif_fault(struct xd_memif_port *p, struct xd_memif_ring *r, const char *rule);

uint16_t xd_memif_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
void xd_memif_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n);
void xd_memif_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
uint16_t xd_memif_tx(
	struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n);
void xd_memif_notify_tx(struct xd_port *port, unsigned worker);
int xd_memif_fd(struct xd_port *port, uint16_t queue);
bool xd_memif_arm(struct xd_port *port, uint16_t queue);
void xd_memif_disarm(struct xd_port *port, uint16_t queue);

void xd_memif_describe(struct xd_port *port, xd_describe_fn fn, void *ctx);

#endif
