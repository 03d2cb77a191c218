/* SPDX-License-Identifier: BSD-3-Clause */
/* What backend.c (the connection), backend_socket.c (where connections come from),
 * backend_requests.c and backend_rings.c (what a request does) share.
 * Control, with the loop's lock held. */
#ifndef XD_VHOST_USER_BACKEND_INTERNAL_H
#define XD_VHOST_USER_BACKEND_INTERNAL_H

#include "vhost_user/backend.h"
#include "vhost_user/message.h"
#include "vhost_user/socket.h"

struct xd_vu_backend {
	struct xd_vu_backend_opts opts; /* name and path point to the copies below */
	char name[64];
	char path[108];
	struct xd_vu_state state;
	uint8_t status; /* virtio device status, for GET_STATUS */
	bool running;   /* between start and stop */

	/* The connection. */
	int sock; /* -1: none */
	struct xd_watch *watch;
	struct xd_vu_message msg; /* being received, or being answered */
	bool heard;               /* a good message came on this connection */
	unsigned in_ops;          /* inside pause, a change, or resume: do not close now, */
	bool drop;                /* but when it is over */

	/* Server. */
	struct xd_vu_listener listener;
	struct xd_watch *listen_watch;
	uint64_t refused_at_ns; /* when a second client was last logged */

	/* Client: the next attempt. Server: resumes accepting after it failed. */
	struct xd_timer *retry;
	uint32_t backoff_ms;
	bool waiting_logged;
};

/* How a request ended; a negative errno closes the connection. */
enum xd_vu_outcome {
	XD_VU_DONE,     /* acknowledged with 0 if an acknowledgement was asked for */
	XD_VU_NOT_DONE, /* acknowledged with 1, and err says why */
	XD_VU_ANSWER,   /* be->msg has payload and size of the answer */
};

#define XD_VU_BACKOFF_MIN_MS 10

/* backend.c. open takes fd over. fail logs, counts what was the front end's fault, and closes; err
 * may be NULL for a hang-up. close pauses and resumes; idempotent. */
void xd_vu_backend_open(struct xd_vu_backend *be, int fd);
void xd_vu_backend_fail(struct xd_vu_backend *be, int code, const struct xd_error *err);
void xd_vu_backend_close(struct xd_vu_backend *be);

/* backend_socket.c. Client: connect is a timer's function, retry_later sets that timer and doubles
 * the back-off. Server: serve begins to listen; errors of xd_vu_listen. */
void xd_vu_backend_connect(void *ctx);
void xd_vu_backend_retry_later(struct xd_vu_backend *be);
int xd_vu_backend_serve(struct xd_vu_backend *be, struct xd_error *err);

/* Does what be->msg asks for. Its form has been checked; workers are paused if it mutates. */
int xd_vu_backend_handle(struct xd_vu_backend *be, struct xd_error *err);
/* Forgets rings, memory and features: back to what a fresh connection finds. Paused. */
void xd_vu_backend_forget(struct xd_vu_backend *be);

/* backend_requests.c and backend_rings.c: a request does what be->msg (m) asks for, and returns
 * an outcome or -errno with err filled. */
typedef int (*xd_vu_request_fn)(
	struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err);
xd_vu_request_fn xd_vu_ring_request(uint32_t request); /* NULL: not about one ring */
/* Ring not started, kick descriptor closed. */
void xd_vu_ring_stop(struct xd_vu_vring *vr);
/* Back to what a fresh connection finds, descriptors closed. */
void xd_vu_ring_reset(struct xd_vu_vring *vr);

#endif
