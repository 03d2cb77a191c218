/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An interface of the kernel's that a port works with: its name, the network namespace that it is
 * in, what the kernel says of it, and what becomes of the port when it goes and comes back.
 *
 *   name.c     names of interfaces and of namespaces, as configurations have them
 *   netns.c    into a namespace, and whether it is still the same one
 *   link.c     questions and orders to the kernel: rtnetlink(7)
 *   queue.c    the queues of a port, whose descriptors go and come back with it
 *   follow.c   from start to stop: whether frames can pass; an interface that has gone, until it is
 *              back
 *
 * A driver keeps a struct xd_netdev in its port. Its start, stop, and what it does when an
 * interface comes and goes:
 *
 *     start   xd_netdev_start(&p->dev, err)    calls ops->begin
 *     begin   xd_netdev_enter(&p->dev, open, err): open() opens descriptors, in the namespace
 *     end     workers leave it, descriptors are closed, xd_netdev_leave(&p->dev)
 *     stop    xd_netdev_stop(&p->dev)          calls ops->end
 *
 * Control, unless something else is said.
 */
#ifndef XD_NETDEV_NETDEV_H
#define XD_NETDEV_NETDEV_H

#include <limits.h>
#include <net/if.h>
#include <sys/types.h>

#include "base/rate.h"
#include "port/port.h"

#define XD_NETNS_MAX 128 /* bytes of a namespace's name or path, with its NUL */

struct mnl_socket;

/* ---- Names. Any thread ---- */

/* What a port of this name or ifname is to be called; a namespace is named as `ip netns` does it,
 * by a path, or by "": the process's own. -EINVAL: the key is named. */
int xd_netdev_check(const struct xd_port_config *config, const char *ifname, const char *netns,
	struct xd_error *err);
/* ifname, or the port's name when that is "". */
const char *xd_netdev_ifname(const struct xd_port_config *config, const char *ifname);
/* One that no other port may have. */
void xd_netdev_claim(struct xd_claim *claim, const char *ifname, const char *netns);
/* The file that stands for the namespace, or NULL: the process's own. Returns path. */
const char *xd_netns_path(const char *netns, char path[PATH_MAX]);
/* " -n blue" where `ip` has to be told the namespace, for what people are to type. Returns text. */
const char *xd_netns_ip(const char *netns, char text[XD_NETNS_MAX + 8]);

/* ---- One port's ---- */

/* What the kernel says of an interface. */
struct xd_link {
	int index;
	unsigned flags;       /* IFF_UP and the like */
	unsigned nb_attached; /* queues that processes have, of a tap that has several */
	bool is_veth;
	bool carrier; /* now; IFF_RUNNING of flags may be a second late */
	char name[IF_NAMESIZE];
	uint8_t mac[6];
	uint32_t mtu;
	uint64_t rx_dropped; /* frames from us that it dropped, */
	uint64_t tx_dropped; /* and frames for us, mostly because its queue to us was full */
};

struct xd_netdev_ops {
	/* Takes the interface, and has workers use it; gives it back. Neither says that frames can
	 * pass (port->up). */
	int (*begin)(struct xd_port *port, struct xd_error *err);
	void (*end)(struct xd_port *port);
	bool (*gone)(struct xd_port *port); /* of one that was there */
	bool (*up)(struct xd_port *port);   /* of one that is there; notes its speed */
	unsigned groups;                    /* RTMGRP_*: what else is looked at (up) at once */
	/* Of an interface that has a carrier, of which the kernel may tell a second later: whether
	 * it is there now, asked in a way that costs little. NULL: that of the kernel's messages
	 * is soon enough. */
	bool (*carrier)(struct xd_port *port);
	bool waits;        /* a port can be started without its interface: begin says -ENODEV */
	const char *later; /* "is made when that is possible" */
};

struct xd_netdev {
	struct xd_port *port;
	const struct xd_netdev_ops *ops;
	const char *netns; /* in port->config */
	char ifname[IF_NAMESIZE];
	int index; /* the driver's to set, in begin */

	/* From enter to leave. */
	struct mnl_socket *netlink; /* in the interface's namespace */
	struct mnl_socket *events;  /* likewise: tells of changes */
	dev_t ns_dev;               /* the namespace, if one is named */
	ino_t ns_ino;

	/* follow.c's. */
	bool used; /* between begin and end */
	bool lost; /* it has gone, or is not there yet, nor may its namespace be */
	bool news; /* the kernel told of a change */
	struct xd_timer *timer;
	uint32_t look_ms; /* its period */
	unsigned looks;   /* by it */
	struct xd_watch *watch;
	char why[256]; /* lost: what was wrong with the last try to take it */
	struct xd_log_limit log_limit;
	struct xd_rate event_rate;
	uint64_t retry_ns; /* between two tries to take it */
	uint64_t retry_at_ns;
};

/* Calls open in the interface's namespace, where descriptors it opens then belong, and opens
 * netlink there. What it fails with, or why the namespace cannot be entered: key netns. */
int xd_netdev_enter(struct xd_netdev *dev, int (*open)(struct xd_port *port, struct xd_error *err),
	struct xd_error *err);
void xd_netdev_leave(struct xd_netdev *dev); /* also after an enter that failed */
/* Whether there is a namespace of that name, and whether it is that of the interface. */
bool xd_netns_there(const struct xd_netdev *dev);
bool xd_netns_same(const struct xd_netdev *dev);
int xd_netns_fail(const struct xd_netdev *dev, int code, struct xd_error *err);

/* From start to stop the link is looked at, and port->up follows it; begin and end are called as
 * the interface comes and goes. start fails as begin does, but waits for a namespace that is not
 * there, or an interface where ops->waits. */
int xd_netdev_start(struct xd_netdev *dev, struct xd_error *err);
void xd_netdev_stop(struct xd_netdev *dev);
/* Whether the kernel has told of a change of any interface there since the last call. */
bool xd_netdev_news(struct xd_netdev *dev);

/* Requests to the kernel, each answered before it returns; negative errno. Between enter and
 * leave. Of the interface of that name, or, where it is NULL, of that index. */
int xd_link_get(const struct xd_netdev *dev, const char *ifname, struct xd_link *link);
/* Of dev->index. mac NULL: as it is. */
int xd_link_set(const struct xd_netdev *dev, uint32_t mtu, const uint8_t *mac, bool up);

/* One address of an interface. */
struct xd_ip {
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t prefix; /* bits of the network */
	uint8_t bytes[16];
};

int xd_link_address_set(const struct xd_netdev *dev, const struct xd_ip *ip, bool there);
/* Those of dev->index, at most max; *n gets how many. */
int xd_link_addresses(const struct xd_netdev *dev, struct xd_ip *ips, unsigned max, unsigned *n);

/* ---- Its queues ---- */

/* What each queue of such a port begins with. */
struct xd_netdev_queue {
	int fd;       /* that frames come by; -1: none. Written while workers do not use it */
	int sleep_fd; /* epoll over fd, edge-triggered: stays while interfaces come and go */
};

/* n queues of so many bytes each, a multiple of 64; zeroed but for the above. NULL: no memory, or
 * no descriptors. */
void *xd_netdev_queues_make(unsigned n, size_t bytes);
void xd_netdev_queues_free(void *queues, unsigned n, size_t bytes); /* NULL is fine */
/* sleep_fd tells of the frames of fd from here on, until that is closed. 0 or a negative errno. */
int xd_netdev_queue_watch(const struct xd_netdev_queue *q);
/* The worker that sleep_fd woke: takes the edge off. */
void xd_netdev_queue_woken(const struct xd_netdev_queue *q);

#endif
