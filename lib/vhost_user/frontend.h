/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The front end (guest side) of a vhost-user connection: what QEMU is to a switch. The generator
 * and the tests use it. Calls wait for the peer, at most timeout_ms each; one thread per front end.
 */
#ifndef XD_VHOST_USER_FRONTEND_H
#define XD_VHOST_USER_FRONTEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct xd_vu_frontend;

struct xd_vu_frontend_opts {
	const char *path;
	bool server;                 /* we listen and the switch connects */
	uint64_t features;           /* wanted: what is negotiated is wanted & offered */
	uint64_t protocol_features;  /* wanted */
	unsigned timeout_ms;         /* for each step; also for the peer to appear */
	const volatile bool *cancel; /* set by another thread or a signal handler; or NULL */
};

/* One shared memory region that rings and buffers lie in. */
struct xd_vu_frontend_region {
	int fd;              /* stays the caller's */
	uint64_t fd_offset;  /* bytes */
	void *addr;          /* where the caller mapped it; also told as user address */
	uint64_t guest_addr; /* what descriptors will say */
	uint64_t size;
};

struct xd_vu_frontend_ring {
	uint16_t size;
	uint16_t base; /* first available index */
	void *desc;    /* inside a region */
	void *avail;
	void *used;
	int kick_fd; /* eventfds, the caller's; -1: none */
	int call_fd;
};

/* Connects (waiting for the socket to appear) or listens and accepts; negotiates features,
 * protocol features and the number of queue pairs. */
struct xd_vu_frontend *xd_vu_frontend_open(
	const struct xd_vu_frontend_opts *opts, struct xd_error *err);
void xd_vu_frontend_close(struct xd_vu_frontend *fe); /* NULL is fine */

uint64_t xd_vu_frontend_features(const struct xd_vu_frontend *fe);
uint64_t xd_vu_frontend_protocol_features(const struct xd_vu_frontend *fe);
unsigned xd_vu_frontend_max_queue_pairs(const struct xd_vu_frontend *fe); /* 1 without MQ */
uint16_t xd_vu_frontend_mtu(const struct xd_vu_frontend *fe); /* 0: the peer does not say */

int xd_vu_frontend_set_memory(struct xd_vu_frontend *fe,
	const struct xd_vu_frontend_region *regions, unsigned n, struct xd_error *err);
/* SET_VRING_NUM, BASE, ADDR, CALL, KICK, in that order, for vring `index`. */
int xd_vu_frontend_set_ring(struct xd_vu_frontend *fe, unsigned index,
	const struct xd_vu_frontend_ring *ring, struct xd_error *err);
int xd_vu_frontend_enable(struct xd_vu_frontend *fe, unsigned index, bool on, struct xd_error *err);
/* GET_VRING_BASE: stops the ring; returns where the back end stands, or a negative errno. */
int xd_vu_frontend_stop_ring(struct xd_vu_frontend *fe, unsigned index, struct xd_error *err);
/* False when the peer has hung up. Does not wait. Answers REPLY_ACK and back-end requests. */
bool xd_vu_frontend_alive(struct xd_vu_frontend *fe);
int xd_vu_frontend_fd(const struct xd_vu_frontend *fe); /* the socket, for raw tests */

#endif
