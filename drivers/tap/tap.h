/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tap port: an interface of the kernel's own, in this or another network namespace.
 *
 *   tap.c           the port's life: create, start, stop, changes
 *   tap_config.c    its keys
 *   tap_address.c   the addresses that the interface is given, as text
 *   tap_device.c    the interface: made or taken over, its queues' descriptors
 *   tap_netlink.c   what is asked of the kernel about it
 *   tap_link.c      whether it is up; one that has gone, until it is back
 *   tap_rx.c        receive, and sleep
 *   tap_tx.c        transmit
 *   tap_show.c      what `port show` says of it
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

#include <limits.h>
#include <net/if.h>
#include <sys/types.h>

#include "drivers/tap/address.h"
#include "drivers/tap/config.h"
#include "frame/offload.h"
#include "port/port.h"

#define XD_TAP_MTU_MAX 65521 /* the kernel's: 65535 less an Ethernet header */
#define XD_TAP_HEADER  12    /* bytes of the virtio-net header */

/* The frames of a turn with their headers, each on cache lines of its own; the turn ends with the
 * one that makes it XD_BATCH_BYTES. */
#define XD_TAP_FRAMES_BYTES (XD_BATCH_BYTES + 72 * 1024)

struct mnl_socket;

/* A queue of the interface, both ways. */
struct xd_tap_queue {
	int fd;          /* -1: none. Written by control while running is false */
	int sleep_fd;    /* epoll over fd, edge-triggered: stays while interfaces come and go */
	uint8_t *frames; /* of the last turn, XD_TAP_FRAMES_BYTES */
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

/* What the kernel says of an interface. */
struct xd_tap_link {
	int index;
	unsigned flags;       /* IFF_UP and the like */
	unsigned nb_attached; /* queues that processes have, of a tap that has several */
	uint8_t mac[6];
	uint32_t mtu;
	uint64_t rx_dropped; /* frames from us that it dropped, */
	uint64_t tx_dropped; /* and frames for us, mostly because its queue to us was full */
};

struct xd_tap_port {
	struct xd_port port; /* first: the switch knows the port by this */

	/* Read by workers; written by control while running is false. */
	bool running;
	uint8_t offloads;            /* XD_OFFLOAD_*: what the kernel takes */
	uint64_t look_tsc;           /* the longest time between two reads of an empty queue */
	struct xd_tap_queue *queues; /* port.config.queues */

	/* Control's. */
	char ifname[IF_NAMESIZE];
	struct mnl_socket *netlink; /* in the interface's namespace; NULL while running is false */
	struct mnl_socket *events;  /* likewise: tells of changes of links */
	dev_t ns_dev; /* the namespace that the interface was made in, if one is named */
	ino_t ns_ino;
	int index;

	/* Control's, of tap_link.c. */
	struct xd_timer *timer;
	struct xd_watch *watch;
	bool lost;     /* it has gone, or its namespace is not there yet: running is false */
	bool moved;    /* to another namespace, where its link cannot be seen */
	char why[256]; /* lost: what was wrong with the last try to make it */
	struct xd_log_limit log_limit;
	struct xd_rate event_rate;
	uint64_t retry_ns; /* between two tries to make it */
	uint64_t retry_at_ns;
};

extern const struct xd_driver xd_tap_driver;

/* tap_config.c. Any thread. */
extern const struct xd_key xd_tap_keys[];
unsigned xd_tap_claims(const struct xd_port_config *config, struct xd_claim *claims);
int xd_tap_check(const struct xd_port_config *config, struct xd_error *err);
const char *xd_tap_ifname(const struct xd_port_config *config);
/* The file that stands for the namespace, or NULL: the process's own. Returns path. */
const char *xd_tap_netns_path(const struct xd_port_config *config, char path[PATH_MAX]);

/* ---- Control ---- */

/* Makes the interface, or takes a persistent one over, as port.config says; gives it its settings;
 * and has workers use it. Neither says that frames can pass (port.up). */
int xd_tap_begin(struct xd_tap_port *p, struct xd_error *err);
/* Has workers leave it, and gives it back. */
void xd_tap_end(struct xd_tap_port *p);
/* Whether the interface is there: its name now, which may have been changed; else -ENODEV. */
int xd_tap_name(const struct xd_tap_port *p, char name[IF_NAMESIZE]);
/* Whether there is a namespace of the configured name, and whether it is that of the interface. */
int xd_tap_fail_netns(const struct xd_tap_port *p, int code, struct xd_error *err);
bool xd_tap_netns_there(const struct xd_tap_port *p);
bool xd_tap_netns_same(const struct xd_tap_port *p);
int xd_tap_set_persist(const struct xd_tap_port *p, enum xd_tap_persist persist);

/* From watch to unwatch the link is looked at, and port.up follows it. */
int xd_tap_watch(struct xd_tap_port *p, struct xd_error *err);
void xd_tap_unwatch(struct xd_tap_port *p);
/* As begin and end; in between the kernel's messages about the interface are looked at, too. */
int xd_tap_link_begin(struct xd_tap_port *p, struct xd_error *err);
void xd_tap_link_end(struct xd_tap_port *p);
/* The port waits for its interface, or for the namespace of that. */
void xd_tap_wait(struct xd_tap_port *p, const struct xd_error *err);
bool xd_tap_link_up(struct xd_tap_port *p); /* of an interface that is there */

/* tap_netlink.c: requests, each answered by the kernel before it returns; negative errno. */
struct mnl_socket *xd_tap_netlink_open(unsigned groups); /* in the thread's namespace */
int xd_tap_link_get(const struct xd_tap_port *p, const char *ifname, struct xd_tap_link *link);
/* mac NULL: as it is. */
int xd_tap_link_set(const struct xd_tap_port *p, uint32_t mtu, const uint8_t *mac, bool up);
int xd_tap_address_set(const struct xd_tap_port *p, const struct xd_tap_address *a, bool there);

/* ---- Workers ---- */

uint16_t xd_tap_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
void xd_tap_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n);
void xd_tap_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch);
uint16_t xd_tap_tx(
	struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n);
int xd_tap_fd(struct xd_port *port, uint16_t queue);
bool xd_tap_arm(struct xd_port *port, uint16_t queue);
void xd_tap_disarm(struct xd_port *port, uint16_t queue);

void xd_tap_describe(struct xd_port *port, xd_describe_fn fn, void *ctx);

#endif
