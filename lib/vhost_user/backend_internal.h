/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by the files of the back end. Control, with the loop's lock held.
 *
 *   backend.c           one connection after another, and the messages on each
 *   backend_socket.c    where connections come from: listening, or connecting with back-off
 *   backend_pace.c      how much a front end may ask for in a while
 *   backend_requests.c  what each request does; those about
 *   backend_rings.c       one ring,
 *   backend_log.c         the dirty log of a migration, and
 *   backend_inflight.c    inflight tracking
 *   backend_place.c     the position at which a ring starts
 */
#ifndef XD_VHOST_USER_BACKEND_INTERNAL_H
#define XD_VHOST_USER_BACKEND_INTERNAL_H

#include "base/clock.h"
#include "vhost_user/backend.h"
#include "vhost_user/inflight.h"
#include "vhost_user/mapping.h"
#include "vhost_user/message.h"
#include "vhost_user/ring_file.h"
#include "vhost_user/socket.h"

#define XD_VU_AGAIN_MAX 512

/* Kinds of log lines that a front end can cause. */
enum xd_vu_line {
	XD_VU_LINE_CONNECTED,
	XD_VU_LINE_CLOSED,
	XD_VU_LINE_REFUSED,
	XD_VU_LINE_SOCKET,
	XD_VU_LINE_RING,
	XD_VU_LINES
};

struct xd_vu_backend {
	struct xd_vu_backend_opts opts; /* name and path point to the copies below */
	char name[64];
	char path[108];
	struct xd_vu_state state;
	/* Regions for which ADD_MEM_REG came again while they were mapped, which is no error, once
	 * each time. For each of these a REM_MEM_REG of the region is accepted after it is gone. */
	struct xd_vu_mem_region again[XD_VU_AGAIN_MAX];
	unsigned nb_again;
	uint8_t status; /* virtio device status, for GET_STATUS */
	bool running;   /* between start and stop */

	struct xd_bus_owner bus_owner; /* of everything that is mapped */
	struct xd_vu_mapping log;      /* dirty log, used while VHOST_F_LOG_ALL is negotiated */
	struct xd_vu_mapping inflight; /* region of the front end; nothing mapped: none */
	uint16_t inflight_queues;
	uint16_t inflight_queue_size;
	/* The region made last in this connection, which is given again when one like it is asked
	 * for; -1: none. */
	int made_fd;
	struct xd_vu_inflight_desc made;
	struct xd_rate made_rate;
	struct xd_ring_file *rings; /* opened when first needed, and kept */
	bool rings_failed;
	bool placed[XD_VU_MAX_VRINGS]; /* base was looked up, and notes are taken */

	/* The connection. */
	int sock; /* -1: none */
	struct xd_vu_peer peer;
	int answer_fd;          /* goes with the answer; -1: none */
	struct xd_timer *guard; /* looks after what workers write to, */
	bool filled;            /* and this was found full */
	bool notified;          /* since it last did, a reaper was to write */
	struct xd_watch *watch;
	/* Being received, or being answered. Its reaper is the port's, and closes and unmaps all
	 * that a front end handed over. */
	struct xd_vu_message msg;
	unsigned in_ops; /* inside pause, a change, or resume: do not close now, */
	bool drop;       /* but when it is over */

	struct xd_log_limit lines[XD_VU_LINES];

	/* backend_pace.c */
	uint64_t busy_ns;       /* of control's time taken, less what was allowed since, */
	uint64_t busy_at_ns;    /* as at this time */
	uint64_t full_since_ns; /* the reaper has had too much to do, ever since; 0: it has not */
	bool full_logged;
	struct xd_timer *later;    /* looks at the socket again; NULL: it is watched */
	struct xd_timer *deadline; /* of a message that has begun to arrive */

	/* Server. */
	struct xd_vu_listener listener;
	struct xd_watch *listen_watch;
	struct xd_path_watch *look; /* whether the socket's file is still there */

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
#define XD_VU_LASTED_NS      (5 * XD_NS_PER_S) /* of a connection that is no attempt any more */

/* backend_path.c. From keep to leave a server's socket file is made again when it has gone.
 * tell_refusal notes why a client was not connected, for state.problem; 0: it was. */
int xd_vu_backend_keep_path(struct xd_vu_backend *be, struct xd_error *err);
void xd_vu_backend_leave_path(struct xd_vu_backend *be);
void xd_vu_backend_tell_refusal(struct xd_vu_backend *be, int code);

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

/* backend_pace.c. go: whether a message may be read now; if not, the socket is not watched until
 * one may, or the connection was closed. spent: on what was done since begin_ns. arriving: a
 * message has begun to arrive and not ended; arrived: it has, or the connection ends. room: whether
 * the reaper has room for what a connection can bring. */
bool xd_vu_pace_go(struct xd_vu_backend *be);
void xd_vu_pace_spent(struct xd_vu_backend *be, uint64_t begin_ns);
void xd_vu_pace_arriving(struct xd_vu_backend *be);
void xd_vu_pace_arrived(struct xd_vu_backend *be);
bool xd_vu_pace_room(struct xd_vu_backend *be);

/* backend.c. Watches the connection. */
bool xd_vu_backend_watch(struct xd_vu_backend *be);
/* backend_rings.c, a timer's function: see event_fd.h. */
void xd_vu_backend_guard(void *ctx);

/* Does what be->msg asks for. Its form has been checked; workers are paused if it mutates. */
int xd_vu_backend_handle(struct xd_vu_backend *be, struct xd_error *err);
/* Forgets rings, memory and features: back to what a fresh connection finds. Paused. */
void xd_vu_backend_forget(struct xd_vu_backend *be);

/* backend_requests.c and backend_rings.c: a request does what be->msg (m) asks for, and returns
 * an outcome or -errno with err filled. */
typedef int (*xd_vu_request_fn)(
	struct xd_vu_backend *be, struct xd_vu_message *m, struct xd_error *err);
xd_vu_request_fn xd_vu_ring_request(uint32_t request);     /* NULL: not about one ring */
xd_vu_request_fn xd_vu_log_request(uint32_t request);      /* NULL: not about the dirty log */
xd_vu_request_fn xd_vu_inflight_request(uint32_t request); /* NULL: not about inflight tracking */
/* Ring not started, kick descriptor closed. */
void xd_vu_ring_stop(struct xd_vu_backend *be, struct xd_vu_vring *vr);
/* Back to what a fresh connection finds, descriptors closed. */
void xd_vu_ring_reset(struct xd_vu_backend *be, struct xd_vu_vring *vr);

/* backend_log.c. Paused. update: after features changed. */
void xd_vu_log_update(struct xd_vu_backend *be);
void xd_vu_log_forget(struct xd_vu_backend *be);

/* backend_inflight.c. The region of a ring (struct xd_inflight_split or _packed), with room for the
 * ring's size, or NULL; where its intents are noted, or NULL. */
void *xd_vu_inflight_queue(const struct xd_vu_backend *be, unsigned vring);
struct xd_intent *xd_vu_inflight_intent(const struct xd_vu_backend *be, unsigned vring);
void xd_vu_inflight_forget(struct xd_vu_backend *be);

/* backend_place.c. Paused. Finds out where a ring that is known entirely, or all that were started,
 * go on, unless that was done. */
void xd_vu_place_ring(struct xd_vu_backend *be, unsigned vring);
void xd_vu_place_rings(struct xd_vu_backend *be);
/* The front end knows where the ring stands, or sets it up anew: what was noted no longer counts.
 */
void xd_vu_unplace_ring(struct xd_vu_backend *be, unsigned vring);

#define xd_vu_log(be, kind, level, ...)                                                            \
	xd_log_limited((be)->opts.log, &(be)->lines[kind], XD_LOG_VHOST, level, __VA_ARGS__)

static inline bool
xd_vu_packed(const struct xd_vu_backend *be)
{
	return be->state.features & (1ull << XD_VIRTIO_F_RING_PACKED);
}

#endif
