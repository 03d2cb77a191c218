/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The back end (switch side) of one vhost-user connection: QEMU's vhost-user specification.
 *
 * It owns the socket (listening or connecting), one connection at a time, and the state that the
 * front end has set: features, memory, rings. It never touches a ring. One non-blocking state
 * machine on the control loop; a message that is truncated, oversized, of the wrong kind or with
 * the wrong number of descriptors closes that connection, logs one line and counts.
 *
 * All calls and callbacks: control, with the loop's lock held.
 */
#ifndef XD_VHOST_USER_BACKEND_H
#define XD_VHOST_USER_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/path_watch.h"
#include "base/reaper.h"
#include "vhost_user/socket.h"
#include "virtqueue/device.h"
#include "virtqueue/guest_memory.h"

#define XD_VU_MAX_VRINGS 32 /* 16 queue pairs */

/* What the front end said of one ring; checked for form only. */
struct xd_vu_vring {
	uint32_t size; /* entries; 0: not set */
	bool has_addr;
	uint64_t desc_addr; /* front end's virtual addresses */
	uint64_t avail_addr;
	uint64_t used_addr;
	/* Where the device stands; kept up to date by ops->pause. Split ring: the next available
	 * index. Packed ring: next available position in bits 0 to 14 and its wrap counter in 15,
	 * next used position and wrap counter in 16 to 31. */
	uint32_t base;
	bool log;          /* writes to the used ring (device area) are to be logged, */
	uint64_t log_addr; /* as at this guest physical address */
	int kick_fd;       /* -1: none (the ring is polled) */
	int call_fd;       /* -1: none */
	bool started;      /* SET_VRING_KICK came, GET_VRING_BASE did not */
	bool enabled;      /* SET_VRING_ENABLE, or protocol features were not negotiated */
};

struct xd_vu_state {
	bool connected;
	uint64_t connected_at_ns;   /* of the last change of connected */
	uint64_t features;          /* negotiated */
	uint64_t protocol_features; /* negotiated */
	struct xd_guest_memory memory;
	struct xd_dirty_log log; /* bits NULL: none, or not to be used (VHOST_F_LOG_ALL) */
	unsigned nb_vrings;      /* 2 * queue pairs of the port */
	struct xd_vu_vring vrings[XD_VU_MAX_VRINGS];
	uint64_t nb_bad_messages; /* since create */
	uint64_t nb_connects;
	char problem[384]; /* why nobody is or can be connected, for people; or empty */
};

struct xd_vu_backend_ops {
	/* Before anything that workers can see changes. When it returns no worker looks at rings,
	 * descriptors or memory, and vrings[].base tell where each ring stands. Idempotent. */
	void (*pause)(void *ctx);
	/* After: the state may have changed in any way, also to disconnected. Called after every
	 * pause, however the message ended. */
	void (*resume)(void *ctx);
	/* SEND_RARP: the guest has moved here and cannot say so itself. May be NULL. */
	void (*rarp)(void *ctx, const uint8_t mac[6]);
	/* Whether a worker has written to a call descriptor since it was asked last. May be NULL:
	 * one may have. */
	bool (*notified)(void *ctx);
};

struct xd_vu_backend_opts {
	const char *name; /* the port's, for log lines */
	const char *path;
	bool server;                /* we listen; else we connect, again and again */
	uint64_t features;          /* offered; VHOST_USER_F_PROTOCOL_FEATURES is added */
	uint64_t protocol_features; /* offered */
	unsigned nb_queue_pairs;    /* 1 to XD_VU_MAX_VRINGS / 2 */
	uint16_t mtu;               /* for SET_MTU checks and config space */
	bool any_memory;            /* the front end is trusted: memory may be in any file */
	struct xd_vu_access access; /* server: of the socket file */
	/* An eventfd, the caller's: written when a piece of the guest's memory turned out to have
	 * gone from under us (its file was truncated), with state.memory.lost set. -1: none. */
	int lost_fd;
	/* Directory for files that outlive this process (copied); NULL: none. The file of a port is
	 * NAME.rings: see ring_file.h and xd_vu_vring_record. */
	const char *run_dir;
	struct xd_reaper_pool *reapers; /* for what front ends hand over */
	struct xd_path_watches *paths;  /* server: for the socket's file */
	struct xd_loop *loop;
	const struct xd_log *log;
	const struct xd_vu_backend_ops *ops;
	void *ctx;
};

struct xd_vu_backend;

/* Allocates; opens nothing. */
struct xd_vu_backend *xd_vu_backend_create(
	const struct xd_vu_backend_opts *opts, struct xd_error *err);
/* Server: binds and listens (a stale socket file is replaced; -EADDRINUSE when somebody answers on
 * it; -ENOENT when the directory is missing and cannot be made; -EPERM when others could put a
 * socket of their own there: see socket.h). Client: begins to connect, with back-off from 10 ms
 * to 1 s until a connection has lasted 5 s, and goes on until stopped; a missing path is no
 * error. */
int xd_vu_backend_start(struct xd_vu_backend *be, struct xd_error *err);
/* Closes the connection (with pause and resume) and the socket, and removes its file. */
void xd_vu_backend_stop(struct xd_vu_backend *be);
void xd_vu_backend_destroy(struct xd_vu_backend *be); /* NULL is fine */
/* A new name and MTU; the connection stays. The front end hears of the MTU when it next asks. */
void xd_vu_backend_set(struct xd_vu_backend *be, const char *name, uint16_t mtu);
/* Drops the current connection, as after a fault; a client reconnects. */
void xd_vu_backend_disconnect(struct xd_vu_backend *be);

/* Ends the wait of whoever writes to a call descriptor which the front end has filled up: for
 * whoever waits for that worker (quiescence). True: there was such a descriptor. Never waits. */
bool xd_vu_backend_unblock(struct xd_vu_backend *be);
/* Notifies the guest of a ring whether or not it asked, by a thread that may wait: after a
 * pause, since a notification may have been pending when that began. Control. */
void xd_vu_backend_notify(struct xd_vu_backend *be, unsigned vring);

const struct xd_vu_state *xd_vu_backend_state(const struct xd_vu_backend *be);
/* Lines of the log that were left out because a front end caused too many, since create. */
uint64_t xd_vu_backend_lines_left_out(const struct xd_vu_backend *be);
/* For ops->pause: where the worker stopped. */
void xd_vu_backend_set_base(struct xd_vu_backend *be, unsigned vring, uint32_t base);
/* Where the queue of a ring is to note its position while it is live, so that whoever takes the
 * ring up after this process died knows it: the front end's inflight region if it gave one, else a
 * file in run_dir if the ring is packed (a split ring says by itself where it stands). */
struct xd_vq_record xd_vu_vring_record(const struct xd_vu_backend *be, unsigned vring);

#endif
