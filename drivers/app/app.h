/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The app port: the program that embeds the switch is behind it (lib/app_port.h).
 *
 *   app.c          the port's life, and what `port show` says of it
 *   app_open.c     the program's side: open and close, its descriptor, its bursts
 *   app_queue.c    what both sides share: rings of mbufs, and who is told of them
 *   app_rxtx.c     the switch's side: receive, transmit, sleep
 *   app_offload.c  checksums and segmentation, as mbufs ask for them
 *
 * What both sides hold is counted by reference, since either may go first: a port is deleted while
 * a program has it open, a program closes what the switch goes on with.
 *
 * Telling. Each direction has an eventfd, and a flag by which its reader asks for it: it clears the
 * eventfd, sets the flag, and looks again; the writer looks at the flag after a full fence behind
 * what it put into the ring, and writes to the eventfd when it takes the flag down. So between two
 * sleeps there is one system call on each side, and none while nobody sleeps.
 */
#ifndef XD_DRIVERS_APP_H
#define XD_DRIVERS_APP_H

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>
#include <rte_spinlock.h>

#include "app_port.h"
#include "drivers/app/config.h"
#include "frame/headers.h"
#include "port/port.h"

/* Bytes of frame that one buffer of a port's pool holds; a longer one takes several. */
#define XD_APP_DATA_ROOM 2048

/* One direction of a queue. */
struct xd_app_ring {
	struct rte_ring *ring; /* of mbufs */
	int fd;                /* eventfd: its reader is told */
	bool asked;            /* the reader wants to be */
	uint64_t refused;      /* of to_switch: broken mbufs, which the program's thread freed */
} __attribute__((aligned(64)));

struct xd_app_queue {
	struct xd_app_ring to_switch; /* written by the program's thread, read by a worker */
	struct xd_app_ring to_app;    /* written by workers, under the lock */
	rte_spinlock_t lock;
	bool wants_fd; /* the program sleeps on to_app.fd */
	/* Of the worker that owns the receive queue: frames that come again. */
	uint16_t nb_again;
	struct rte_mbuf *again[XD_BATCH];
	uint64_t refused_seen; /* of to_switch.refused: counted as drops */
};

/* What port and program share. */
struct xd_app {
	unsigned refs;    /* of a port, of a program */
	bool open;        /* by a program */
	bool gone;        /* the port is stopped, or no more */
	uint8_t offloads; /* XD_OFFLOAD_* that the program takes; written by it */
	int closed_fd;    /* eventfd: the program has closed it */
	unsigned nb_queues;
	struct xd_app_queue queues[];
};

struct xd_app_port {
	struct xd_port port; /* first: the switch knows the port by this */
	bool running;        /* read by workers; written by control */
	struct xd_app *app;
	struct rte_mempool *pool; /* of frames that are copied for the program */
	struct xd_watch *watch;   /* of app->closed_fd */
};

extern const struct xd_driver xd_app_driver;

/* app_queue.c */
struct xd_app *xd_app_create(unsigned nb_queues, unsigned ring, struct xd_error *err); /* 1 ref */
/* The last frees it, and the frames in it. Any thread. */
void xd_app_unref(struct xd_app *app);
/* Frees the frames in a ring. Its reader, or nobody is. */
void xd_app_drain(struct xd_app_ring *ring);
/* Sets an eventfd. */
void xd_app_raise(int fd);
/* Tells the reader if it asked. The writer, after a full fence. */
void xd_app_tell(struct xd_app_ring *ring);
/* The reader asks to be told. True: frames are there already, and it will not be. */
bool xd_app_ask(struct xd_app_ring *ring);

/* app_offload.c */

/* What the program asks for of a mbuf is noted in it, before it goes into a ring. The program. */
void xd_app_note_offload(struct rte_mbuf *m);
/* The frame in such an mbuf comes to need that. False: it cannot be. A worker. */
bool xd_app_take_offload(struct xd_frame *f);
static inline bool
xd_app_has_offload(const struct rte_mbuf *m)
{
	return m->tx_offload >> RTE_MBUF_TXOFLD_UNUSED_OFS;
}
/* Whether what a frame needs can be left to a program that takes those offloads; then *h is filled.
 * A worker. */
bool xd_app_can_tell(const struct xd_frame *f, uint8_t offloads, struct xd_headers *h);
/* Says in its mbuf what a frame needs: lib/app_port.h. A worker. */
void xd_app_write_offload(struct rte_mbuf *m, const struct xd_frame *f, const struct xd_headers *h);

/* app_rxtx.c */
uint16_t xd_app_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
void xd_app_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n);
void xd_app_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
uint16_t xd_app_tx(
	struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n);
uint16_t xd_app_room(struct xd_port *port, unsigned worker, uint16_t wanted);
void xd_app_notify_tx(struct xd_port *port, unsigned worker);
int xd_app_sleep_fd(struct xd_port *port, uint16_t queue);
bool xd_app_arm(struct xd_port *port, uint16_t queue);
void xd_app_disarm(struct xd_port *port, uint16_t queue);

#endif
