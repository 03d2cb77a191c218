/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tap port: an interface of the kernel's own, in this or another network namespace.
 *
 *   tap.c           the port's life: create, start, stop, changes
 *   tap_config.c    its keys
 *   tap_address.c   the addresses that the interface is given, as text
 *   tap_device.c    the interface: made or taken over, its queues' descriptors; whether it is up
 *   tap_rx.c        receive, and sleep
 *   tap_tx.c        transmit
 *   tap_show.c      what `port show` says of it
 *
 * What becomes of it while it is used is netdev/follow.c's to see.
 *
 * Every frame has a virtio-net header in both directions (IFF_VNET_HDR of Linux's tuntap.rst), so
 * that checksums and segmentation are left to whoever can do them best. The container behind an
 * interface can send any frame with any header, as a guest can: all that is read from it is checked
 * likewise (frame/offload.h).
 *
 * Copies. The kernel copies a frame that comes in into memory of the port, which is lent like any
 * other; one that goes out it reads where the sender has it, but for short ones, which are
 * gathered: a system call with several pieces costs more than that.
 */
#ifndef XD_DRIVERS_TAP_H
#define XD_DRIVERS_TAP_H

#include "drivers/tap/address.h"
#include "drivers/tap/config.h"
#include "frame/offload.h"
#include "netdev/netdev.h"
#include "port/port.h"

#define XD_TAP_MTU_MAX 65521 /* the kernel's: 65535 less an Ethernet header */
#define XD_TAP_HEADER  12    /* bytes of the virtio-net header */

/* The frames of a turn with their headers, each on cache lines of its own; the turn ends with the
 * one that makes it XD_BATCH_BYTES. */
#define XD_TAP_FRAMES_BYTES (XD_BATCH_BYTES + 72 * 1024)

/* A queue of the interface, both ways. */
struct xd_tap_queue {
	struct xd_netdev_queue dev; /* first */
	uint8_t *frames;            /* of the last turn, XD_TAP_FRAMES_BYTES */
	/* Of the worker that owns the receive queue. A read of an empty queue is a system call that
	 * brought nothing, so the longer nothing came the rarer it is. */
	uint64_t seen_tsc; /* when a frame was last seen */
	uint64_t next_tsc; /* no read before */
	/* Where in frames each of the batch's lies, and how long it is, with its header. After a
	 * rewind: of those that come again. */
	uint16_t nb_again;
	uint32_t at[XD_BATCH];
	uint32_t len[XD_BATCH];
} __attribute__((aligned(64)));

struct xd_tap_port {
	struct xd_port port; /* first: the switch knows the port by this */

	/* Read by workers; written by control while running is false. */
	bool running;
	uint8_t offloads;            /* XD_OFFLOAD_*: what the kernel takes */
	uint64_t look_tsc;           /* the longest time between two reads of an empty queue */
	struct xd_tap_queue *queues; /* port.config.queues */

	/* Control's. */
	struct xd_netdev dev;
	bool moved; /* to another namespace, where its link cannot be seen */
};

extern const struct xd_driver xd_tap_driver;

/* tap_config.c. Any thread. */
extern const struct xd_key xd_tap_keys[];
unsigned xd_tap_claims(const struct xd_port_config *config, struct xd_claim *claims);
int xd_tap_check(const struct xd_port_config *config, struct xd_error *err);

/* ---- Control: tap_device.c ---- */

extern const struct xd_netdev_ops xd_tap_netdev_ops;

/* Whether the interface is there: its name now, which may have been changed; else -ENODEV. */
int xd_tap_name(const struct xd_tap_port *p, char name[IF_NAMESIZE]);
int xd_tap_set_persist(const struct xd_tap_port *p, enum xd_tap_persist persist);

/* ---- Workers ---- */

uint16_t xd_tap_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
void xd_tap_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n);
void xd_tap_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
uint16_t xd_tap_tx(
	struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n);
uint8_t xd_tap_takes(struct xd_port *port, unsigned worker);
int xd_tap_fd(struct xd_port *port, uint16_t queue);
bool xd_tap_arm(struct xd_port *port, uint16_t queue);
void xd_tap_disarm(struct xd_port *port, uint16_t queue);

void xd_tap_describe(struct xd_port *port, xd_describe_fn fn, void *ctx);

#endif
