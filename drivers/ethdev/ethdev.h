/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dpdk port: any device that DPDK has a driver for, by its devargs.
 *
 *   ethdev_port.c     the port's life: create, start, stop, changes
 *   ethdev_config.c   its keys
 *   ethdev_device.c   the device behind it: found or plugged, configured, given back
 *   ethdev_run.c      the device taken into use, and given back
 *   ethdev_link.c     whether it has a link; a device that has gone, until it is back
 *   ethdev_mtu.c      what MTU the device takes
 *   ethdev_pool.c     its packet buffers
 *   ethdev_rx.c       receive, into the worker's batch
 *   ethdev_tx.c       transmit, with
 *   ethdev_offload.c    frames that need a checksum or segmentation
 *   ethdev_show.c     what `port show` says of it
 *
 * Buffers. A port receives into mbufs of its own pool. A frame for another NIC goes there in the
 * mbuf it came in; a frame from a guest is copied into an mbuf of the pool of the port it leaves
 * by. So buffers of a stopped port may still wait in the transmit ring of another device: the pool
 * then stays until the last has come back.
 */
#ifndef XD_DRIVERS_ETHDEV_H
#define XD_DRIVERS_ETHDEV_H

#include <net/if.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_spinlock.h>

#include "drivers/ethdev/config.h"
#include "frame/mbuf.h"
#include "frame/offload.h"
#include "port/port.h"

#define XD_ETHDEV_QUEUES_MAX XD_MAX_WORKERS

struct xd_ethdev_txq {
	rte_spinlock_t lock; /* workers may share a queue; held for one burst */
} __attribute__((aligned(64)));

struct xd_ethdev_port {
	struct xd_port port; /* first: the switch knows the port by this */

	/* Read by workers; written by control while running is false. */
	bool running;
	uint16_t port_id;
	uint16_t nb_rx;
	uint16_t nb_tx;
	uint16_t burst; /* frames asked for at once, so that a turn of long ones stays bounded */
	uint16_t nb_tso_segs; /* buffers that one frame to be segmented may lie in; 0: any number */
	uint64_t tx_offloads; /* RTE_ETH_TX_OFFLOAD_* that are enabled */
	struct rte_mempool *pool;
	struct xd_ethdev_txq *txqs;

	/* Control's. */
	bool probed;     /* we plugged the device, so we unplug it */
	uint64_t owner;  /* rte_eth_dev_owner_new's; 0: none yet */
	uint16_t max_tx; /* transmit queues that the device could have */
	uint16_t nb_rx_desc;
	uint16_t nb_tx_desc;
	uint32_t data_room;   /* bytes of frame that one buffer holds */
	bool scatter;         /* a longer frame is received in several */
	uint64_t rx_offloads; /* RTE_ETH_RX_OFFLOAD_* that are enabled */

	/* Control's, of ethdev_link.c. */
	struct xd_timer *timer;
	struct xd_watch *watch;
	int event_fd;              /* written by DPDK's interrupt thread; -1: none */
	unsigned if_index;         /* the kernel's interface behind the device; 0: none */
	char if_name[IF_NAMESIZE]; /* its name when it was taken up; or empty */
	bool makes_interface;      /* its driver makes that interface */
	bool needs_interface;      /* its driver does not work on when that was taken down */
	bool lost;                 /* it has gone and is looked for: running is false */
	uint64_t retry_ns;         /* between two tries to take it up */
	uint64_t retry_at_ns;
};

extern const struct xd_driver xd_ethdev_driver;

/* ethdev_config.c. Any thread. */
extern const struct xd_key xd_ethdev_keys[];
unsigned xd_ethdev_claims(const struct xd_port_config *config, struct xd_claim *claims);
int xd_ethdev_check(const struct xd_port_config *config, struct xd_error *err);

/* Control. claim finds or plugs the device named by the port's devargs and keeps others off it;
 * open configures it, gives it a pool, and starts it. close stops it; unclaim gives back what claim
 * took and whatever an open left, whether that went well or not. */
int xd_ethdev_claim(struct xd_ethdev_port *p, struct xd_error *err);
int xd_ethdev_open(struct xd_ethdev_port *p, struct xd_error *err);
void xd_ethdev_close(struct xd_ethdev_port *p);
void xd_ethdev_unclaim(struct xd_ethdev_port *p);

/* Control. For the rings' sizes and data_room. Freeing waits, on the control loop's timer, until
 * all buffers are back: other devices may still be sending some. */
int xd_ethdev_create_pool(struct xd_ethdev_port *p, struct xd_error *err);
void xd_ethdev_free_pool(struct xd_ethdev_port *p);

/* Whether the device, which is claimed, takes an MTU at all; -EINVAL. Control. */
int xd_ethdev_check_mtu(struct xd_ethdev_port *p, uint16_t mtu, struct xd_error *err);

/* Control. begin is claim and open, has workers use the device and its interrupts looked at while
 * it is watched (below); end has workers leave it, and is close and unclaim. Neither says that
 * frames can pass (port.up). */
int xd_ethdev_begin(struct xd_ethdev_port *p, struct xd_error *err);
void xd_ethdev_end(struct xd_ethdev_port *p);

/* Control. From watch to unwatch the link is looked at, and port.up follows it. */
int xd_ethdev_watch(struct xd_ethdev_port *p, struct xd_error *err);
void xd_ethdev_unwatch(struct xd_ethdev_port *p);
bool xd_ethdev_link(const struct xd_ethdev_port *p); /* of a device that is open */

uint16_t xd_ethdev_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
void xd_ethdev_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
uint16_t xd_ethdev_tx(
	struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n);

/* ---- Within xd_ethdev_tx ---- */

/* A copy of a frame that needs a checksum or segmentation, prepared for the device to do it:
 * flags and header lengths in the mbuf, rte_eth_tx_prepare. NULL: the device cannot, or the pool is
 * empty; the frame is as it was. */
struct rte_mbuf *xd_ethdev_prepare(struct xd_ethdev_port *p, uint16_t queue, struct xd_frame *f);
/*
 * Sends a frame in segments that are made here. 1: it is dealt with: sent and counted as one frame,
 * or dropped and counted. 0: the device was full and no segment has gone. A device that fills up
 * after some of the segments is tried a few times more; then the rest is freed, and the frame
 * counts once, as dropped (XD_DROP_RING_FULL).
 */
uint16_t xd_ethdev_segment(struct xd_ethdev_port *p, uint16_t queue, struct xd_frame *f,
	struct xd_counters *counters, struct xd_drops *drops);

void xd_ethdev_describe(struct xd_port *port, xd_describe_fn fn, void *ctx);

#endif
