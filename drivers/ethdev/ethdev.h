/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dpdk port: any device that DPDK has a driver for, by its devargs.
 *
 *   ethdev_port.c     the port's life: create, start, stop, changes
 *   ethdev_config.c   its keys
 *   ethdev_run.c      the device taken into use, and given back
 *   ethdev_device.c     found or plugged, owned, unplugged
 *   ethdev_explain.c    why a card could not be plugged, and what to type
 *   ethdev_setup.c      configured and started, with
 *   ethdev_quirks.c       what its driver says of itself and is not so
 *   ethdev_mode.c         settings that may change while it runs
 *   ethdev_mtu.c          what MTU the device takes
 *   ethdev_pool.c         its packet buffers
 *   ethdev_link.c     whether it has a link; a device that has gone, until it is back
 *   ethdev_rx.c       receive, into the worker's batch
 *   ethdev_sleep.c    receive interrupts, so that its workers sleep
 *   ethdev_tx.c       transmit, with
 *   ethdev_offload.c    frames that need a checksum or segmentation
 *   ethdev_show.c     what `port show` says of it
 *
 * Buffers. A port receives into mbufs of its own pool. A frame for another NIC goes there in the
 * mbuf it came in; a frame from a guest is copied into an mbuf of the pool of the port it leaves
 * by. So buffers of a stopped port may still wait in the transmit ring of another device: the pool
 * then stays until the last has come back.
 *
 * VLAN tags stay in the frame: the device's own stripping and inserting are not used. The bridge
 * reads a tag in the snapshot, which it reads anyway; a tag that the device had taken off would
 * have to be put back there, and one that it is to put in would have to be told to each kind of
 * port apart.
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
#define XD_ETHDEV_NAME_MAX   64 /* RTE_DEV_NAME_MAX_LEN */

struct xd_ethdev_txq {
	rte_spinlock_t lock; /* workers may share a queue; held for one burst */
} __attribute__((aligned(64)));

/* A receive queue of a worker that sleeps. */
struct xd_ethdev_rxq {
	int sleep_fd; /* epoll over intr_fd, edge-triggered: stays while devices come and go */
	int intr_fd;  /* the device's, or -1; control's */
	uint16_t
		nb_kept; /* frames that came while the interrupt was being asked for, or are left */
	struct rte_mbuf *kept[XD_BATCH];
} __attribute__((aligned(64)));

/* What is known of a driver of DPDK's beside what it says itself. */
struct xd_ethdev_quirks {
	const char *driver;
	bool no_tso;          /* segments less than it says */
	bool tso_of_virtio;   /* segments, and says of no IP checksum that it makes it */
	bool makes_interface; /* of the kernel's, when it is plugged */
	bool needs_interface; /* does not work on when that was taken down */
	bool silent;          /* tells nobody that its link has changed */
	bool deaf_by_msix;    /* gets no interrupt when the device sends MSI-X */
	const char *instead;  /* type of port to be used: who is at its other end can crash it */
};

/* What has happened to a device, as DPDK's interrupt thread tells control. */
#define XD_ETHDEV_GONE  (1u << 0)
#define XD_ETHDEV_RESET (1u << 1)

struct xd_ethdev_port {
	struct xd_port port; /* first: the switch knows the port by this */

	/* Read by workers; written by control while running is false. */
	bool running;
	bool intr; /* the receive queues have interrupts */
	uint16_t port_id;
	uint16_t nb_rx;
	uint16_t nb_tx;
	uint16_t burst; /* frames asked for at once, so that a turn of long ones stays bounded */
	uint16_t nb_tso_segs; /* buffers that one frame to be segmented may lie in; 0: any number */
	uint64_t tx_offloads; /* RTE_ETH_TX_OFFLOAD_* that are enabled */
	struct rte_mempool *pool;
	struct xd_ethdev_txq *txqs;
	struct xd_ethdev_rxq *rxqs; /* config.queues of them */
	rte_spinlock_t intr_lock;   /* drivers have a register for the interrupts of all queues */

	/* Control's. */
	bool probed;     /* we plugged the device, so we unplug it */
	bool lsc;        /* the device interrupts when its link changes */
	uint64_t owner;  /* rte_eth_dev_owner_new's; 0: none yet */
	uint16_t max_tx; /* transmit queues that the device could have */
	uint16_t nb_rx_desc;
	uint16_t nb_tx_desc;
	int node;             /* NUMA node of its rings and buffers, or SOCKET_ID_ANY */
	uint32_t data_room;   /* bytes of frame that one buffer holds */
	bool scatter;         /* a longer frame is received in several */
	uint64_t rx_offloads; /* RTE_ETH_RX_OFFLOAD_* that are enabled */
	uint64_t rss;         /* RTE_ETH_RSS_* that frames are spread by; 0: not spread */
	enum rte_eth_fc_mode device_flow; /* its flow control, as it was found */
	const struct xd_ethdev_quirks *quirks;
	char device_name[XD_ETHDEV_NAME_MAX]; /* as DPDK's bus has it */

	/* Control's, of ethdev_link.c. */
	struct xd_timer *timer;
	uint32_t look_ms; /* its period; 0: there is none */
	struct xd_watch *watch;
	int event_fd;              /* written by DPDK's interrupt thread; -1: none */
	unsigned events;           /* XD_ETHDEV_*; that thread sets them */
	unsigned if_index;         /* the kernel's interface behind the device; 0: none */
	char if_name[IF_NAMESIZE]; /* its name when it was taken up; or empty */
	uint32_t link_speed;       /* Mbit/s, when it was last looked at */
	bool lost;                 /* it has gone and is looked for: running is false */
	const char *lost_why;      /* "was unplugged" */
	uint64_t retry_ns;         /* between two tries to take it up */
	uint64_t retry_at_ns;
};

extern const struct xd_driver xd_ethdev_driver;

/* ethdev_config.c. Any thread. */
extern const struct xd_key xd_ethdev_keys[];
unsigned xd_ethdev_claims(const struct xd_port_config *config, struct xd_claim *claims);
int xd_ethdev_check(const struct xd_port_config *config, struct xd_error *err);
/* The PCI address in devargs, in full and lower case; false: the device is none of PCI's. */
bool xd_ethdev_pci(const char *devargs, char address[XD_ETHDEV_NAME_MAX]);
/* Whether devargs choose one of the devices that there are, by its Ethernet address. */
bool xd_ethdev_by_mac(const char *devargs);

/* Of a driver by that name; without any quirk when there is nothing to say. Any thread. */
const struct xd_ethdev_quirks *xd_ethdev_quirks_of(const char *driver);
/* The driver in devargs that has `instead`; NULL: there is none. Any thread. */
const struct xd_ethdev_quirks *xd_ethdev_refused(const char *devargs);

/* Control. claim finds or plugs the device named by the port's devargs and keeps others off it;
 * open configures it, gives it a pool, and starts it. close stops it; unclaim gives back what claim
 * took and whatever an open left, whether that went well or not. */
int xd_ethdev_claim(struct xd_ethdev_port *p, struct xd_error *err);
int xd_ethdev_open(struct xd_ethdev_port *p, struct xd_error *err);
void xd_ethdev_close(struct xd_ethdev_port *p);
void xd_ethdev_unclaim(struct xd_ethdev_port *p);

/* Errors of the key devargs; a step of DPDK's that failed: what it was, and why. Return code. */
int xd_ethdev_fail(const struct xd_ethdev_port *p, int code, struct xd_error *err, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));
int xd_ethdev_fail_step(
	const struct xd_ethdev_port *p, int code, struct xd_error *err, const char *step);
/* Why a PCI device could not be plugged, as far as the kernel's files tell: one line with what to
 * type. 0: they do not. Control. */
int xd_ethdev_explain(const struct xd_ethdev_port *p, struct xd_error *err);

/* Control. For the rings' sizes and data_room. Freeing waits, on the control loop's timer, until
 * all buffers are back: other devices may still be sending some. */
int xd_ethdev_create_pool(struct xd_ethdev_port *p, struct xd_error *err);
void xd_ethdev_free_pool(struct xd_ethdev_port *p);

/* Whether the device, which is claimed, takes an MTU at all; -EINVAL. Control. */
int xd_ethdev_check_mtu(struct xd_ethdev_port *p, uint16_t mtu, struct xd_error *err);

/* Promiscuous mode and flow control of a device that has been started: how it was found, as a
 * configuration has them, and whether they can be changed to what another has. Control. */
void xd_ethdev_note_mode(struct xd_ethdev_port *p);
int xd_ethdev_set_mode(
	struct xd_ethdev_port *p, const struct xd_port_config *config, struct xd_error *err);
int xd_ethdev_can_set_mode(
	struct xd_ethdev_port *p, const struct xd_port_config *config, struct xd_error *err);

/* Control. begin is claim and open, has workers use the device and its interrupts looked at while
 * it is watched (below); end has workers leave it, and is close and unclaim. Neither says that
 * frames can pass (port.up). */
int xd_ethdev_begin(struct xd_ethdev_port *p, struct xd_error *err);
void xd_ethdev_end(struct xd_ethdev_port *p);

/* Control. From watch to unwatch the link is looked at, and port.up follows it. */
int xd_ethdev_watch(struct xd_ethdev_port *p, struct xd_error *err);
void xd_ethdev_unwatch(struct xd_ethdev_port *p);
bool xd_ethdev_link(struct xd_ethdev_port *p); /* of a device that is open */
/* Looks at the link in intervals of a device that does not interrupt for it, or is lost. */
void xd_ethdev_look_often(struct xd_ethdev_port *p);

uint16_t xd_ethdev_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
void xd_ethdev_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
uint16_t xd_ethdev_tx(
	struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n);

/* ethdev_sleep.c. Of a device that has been started: whether interrupts of all receive queues can
 * be asked for and waited for. Control. */
bool xd_ethdev_can_interrupt(const struct xd_ethdev_port *p);
/* From arming to disarming, workers that sleep are woken by the device's frames; arming while none
 * is inside a data-path call, disarming likewise, which drops what was kept. Control. */
void xd_ethdev_arm_all(struct xd_ethdev_port *p);
void xd_ethdev_disarm_all(struct xd_ethdev_port *p);
int xd_ethdev_fd(struct xd_port *port, uint16_t queue);
bool xd_ethdev_arm(struct xd_port *port, uint16_t queue);
void xd_ethdev_disarm(struct xd_port *port, uint16_t queue);

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
void xd_ethdev_xstats(struct xd_port *port, xd_xstat_fn fn, void *ctx);

#endif
