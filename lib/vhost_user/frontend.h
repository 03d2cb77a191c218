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
	uint32_t base; /* first available index; packed ring: see struct xd_vu_vring */
	void *desc;    /* inside a region */
	void *avail;
	void *used;
	int kick_fd; /* eventfds, the caller's; -1: none */
	int call_fd;
	bool log;          /* VHOST_VRING_F_LOG: the switch logs its writes to the used ring */
	uint64_t log_addr; /* as at this guest address */
};

/* Memory in which the switch notes what it has in flight; see inflight.h. */
struct xd_vu_frontend_inflight {
	int fd;
	uint64_t size; /* bytes */
	uint64_t offset;
	uint16_t nb_queues;
	uint16_t queue_size; /* entries */
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
/* SET_VRING_ADDR alone, of a ring that runs: to switch its log on and off. */
int xd_vu_frontend_set_ring_addr(struct xd_vu_frontend *fe, unsigned index,
	const struct xd_vu_frontend_ring *ring, struct xd_error *err);
int xd_vu_frontend_enable(struct xd_vu_frontend *fe, unsigned index, bool on, struct xd_error *err);
/* GET_VRING_BASE: stops the ring; returns where the back end stands, or a negative errno. */
int xd_vu_frontend_stop_ring(struct xd_vu_frontend *fe, unsigned index, struct xd_error *err);
/* The same for packed rings, too, whose base has 32 bits: 0 and *base, or a negative errno. */
int xd_vu_frontend_stop_ring_at(
	struct xd_vu_frontend *fe, unsigned index, uint32_t *base, struct xd_error *err);

/* ADD_MEM_REG and REM_MEM_REG: with XD_VU_PF_CONFIGURE_MEM_SLOTS only, else -ENOTSUP. */
int xd_vu_frontend_add_region(struct xd_vu_frontend *fe, const struct xd_vu_frontend_region *region,
	struct xd_error *err);
int xd_vu_frontend_remove_region(struct xd_vu_frontend *fe,
	const struct xd_vu_frontend_region *region, struct xd_error *err);

/* SET_FEATURES again, with exactly these: XD_VU_F_LOG_ALL begins and ends the logging of writes. */
int xd_vu_frontend_set_features(struct xd_vu_frontend *fe, uint64_t features, struct xd_error *err);
/* SET_LOG_BASE: one bit for 4096 bytes of guest memory; fd stays the caller's. Without
 * XD_VU_PF_LOG_SHMFD: -ENOTSUP. */
int xd_vu_frontend_set_log(
	struct xd_vu_frontend *fe, int fd, uint64_t size, uint64_t offset, struct xd_error *err);
/* GET_INFLIGHT_FD for in->nb_queues and queue_size: fills the rest; in->fd is the caller's then.
 * SET_INFLIGHT_FD gives it (back) to the switch, before rings are set. -ENOTSUP without
 * XD_VU_PF_INFLIGHT_SHMFD. */
int xd_vu_frontend_get_inflight(
	struct xd_vu_frontend *fe, struct xd_vu_frontend_inflight *in, struct xd_error *err);
int xd_vu_frontend_set_inflight(
	struct xd_vu_frontend *fe, const struct xd_vu_frontend_inflight *in, struct xd_error *err);
/* SEND_RARP: the guest has moved to this switch. -ENOTSUP without XD_VU_PF_RARP. */
int xd_vu_frontend_send_rarp(struct xd_vu_frontend *fe, const uint8_t mac[6], struct xd_error *err);

/* False when the peer has hung up. Does not wait. Answers REPLY_ACK and back-end requests. */
bool xd_vu_frontend_alive(struct xd_vu_frontend *fe);
int xd_vu_frontend_fd(const struct xd_vu_frontend *fe); /* the socket, for raw tests */

#endif
