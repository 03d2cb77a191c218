/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a back end: its socket, and one connection after another on it.
 *
 *            start (server)                    start (client)
 *                 |                                 |
 *                 v          accept                 v        connect works
 *             LISTENING ---------------.        CONNECTING ----------------.
 *                 ^                    |            ^   | fails: again in  |
 *                 |                    v            '---' 10 ms .. 1 s     v
 *                 '-- hang-up, ----> CONNECTED      ^                  CONNECTED
 *                     bad message,     | ^          '-- hang-up, ... ------'
 *                     disconnect()     v |
 *                                    one message
 *
 * LISTENING goes on while CONNECTED, so that a second client can be turned away, and so that one
 * that comes back sooner than its hang-up was seen takes its old place.
 *
 * A message passes four steps, none of which waits: whatever has arrived is taken, and the next
 * event goes on from there (msg.have says where). backend_pace.c says when none is read. What the
 * front end handed over, and the sockets in which there may be more of it unread, is closed and
 * unmapped by the port's reaper (reaper.h) alone.
 *
 *   1. header    12 bytes, then xd_vu_check_header: version, a request that we know, its protocol
 *                feature negotiated, its payload size. Nothing is read before it is known to fit.
 *   2. payload   never a byte more than this message's, so that the descriptors which come with
 *                bytes (SCM_RIGHTS) are this message's too.
 *   3. check     xd_vu_check_message: number of descriptors, sizes that the payload speaks of;
 *                xd_vu_check_descriptors: that each is what it has to be (fd_kind.h).
 *   4. handle    ops->pause if the request is one that mutates; backend_requests.c; descriptors
 *                that nobody took are closed; backend_place.c; ops->resume; answer or
 *                acknowledgement.
 *
 * Whatever is wrong in any step ends the connection, which is the only error state: pause, close
 * what the front end gave, unmap its memory, resume. A refusal is acknowledged first where the
 * front end asked for an acknowledgement, so that its log says something too.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "vhost_user/backend_internal.h"

#define MESSAGES_PER_EVENT 16 /* then other descriptors of the loop get their turn */

static_assert(XD_VU_MAX_VRINGS <= XD_VU_VRING_INDEX_MASK, "ring index of a descriptor request");

/* Workers look away; not nested. disconnect() from within is put off until the end. */
static void
change_begin(struct xd_vu_backend *be)
{
	be->in_ops++;
	be->filled |= xd_vu_backend_unblock(be) && be->sock >= 0;
	be->opts.ops->pause(be->opts.ctx);
}

static void
change_end(struct xd_vu_backend *be)
{
	be->opts.ops->resume(be->opts.ctx);
	be->in_ops--;
}

/* ---- The connection ---- */

void
xd_vu_backend_close(struct xd_vu_backend *be)
{
	uint64_t now_ns;

	if (be->sock < 0)
		return;
	xd_loop_remove(be->watch);
	xd_loop_timer_cancel(be->guard);
	xd_loop_timer_cancel(be->later);
	xd_vu_pace_arrived(be);
	shutdown(be->sock, SHUT_RDWR); /* the reaper may take its time */
	xd_reaper_close(be->msg.reaper, be->sock);
	be->watch = NULL;
	be->guard = NULL;
	be->later = NULL;
	be->sock = -1;
	be->drop = false;
	be->filled = false;
	xd_vu_message_reset(&be->msg);

	/* A peer that accepts and hangs up is not asked every 10 ms. */
	now_ns = xd_clock_ns();
	if (now_ns - be->state.connected_at_ns >= XD_VU_LASTED_NS)
		be->backoff_ms = XD_VU_BACKOFF_MIN_MS;

	change_begin(be);
	xd_vu_backend_forget(be);
	be->state.connected = false;
	be->state.connected_at_ns = now_ns;
	change_end(be);
	if (be->running && !be->opts.server)
		xd_vu_backend_retry_later(be);
}

void
xd_vu_backend_fail(struct xd_vu_backend *be, int code, const struct xd_error *err)
{
	if (code == -ECONNRESET || code == -EPIPE) {
		xd_vu_log(
			be, XD_VU_LINE_CLOSED, XD_LOG_INFO, "%s: front end disconnected", be->name);
	} else {
		be->state.nb_bad_messages++;
		xd_vu_log(be, XD_VU_LINE_CLOSED, XD_LOG_WARN, "%s: %s, connection closed", be->name,
			err->text);
	}
	xd_vu_backend_close(be);
}

/* 1: be->msg is a whole, well-formed request; 0: not yet; -errno. */
static int
receive(struct xd_vu_backend *be, struct xd_error *err)
{
	struct xd_vu_message *m = &be->msg;
	int ret = 1;

	if (m->have < XD_VU_HEADER_BYTES)
		ret = xd_vu_receive(m, be->sock, XD_VU_HEADER_BYTES, err);
	if (ret <= 0)
		return ret;
	ret = xd_vu_check_header(&m->header, be->state.protocol_features, err);
	if (ret)
		return ret;
	ret = xd_vu_receive(m, be->sock, XD_VU_HEADER_BYTES + m->header.size, err);
	if (ret <= 0)
		return ret;
	ret = xd_vu_check_message(m, err);
	return ret ? ret : 1;
}

static int
answer(struct xd_vu_backend *be, struct xd_error *err)
{
	struct xd_vu_message *m = &be->msg;
	uint32_t done = 0;
	int ret;

	m->header.flags = XD_VU_VERSION | XD_VU_FLAG_REPLY;
	m->nb_fds = be->answer_fd >= 0;
	m->fds[0] = be->answer_fd;
	be->answer_fd = -1;
	ret = xd_vu_send(m, be->sock, &done);
	m->nb_fds = 0;
	if (ret == -EAGAIN)
		return xd_fail(err, -EPROTO, "the front end does not read its answers");
	return ret ? xd_fail(err, ret, "cannot answer: %s", strerror(-ret)) : 0;
}

/* Does what the message in be->msg asks for. Returns its outcome. */
static int
carry_out(struct xd_vu_backend *be, const struct xd_vu_rule *rule, struct xd_error *err)
{
	int outcome = xd_vu_check_descriptors(&be->msg, be->opts.any_memory, err);

	if (outcome == 0) {
		if (rule->mutates)
			change_begin(be);
		outcome = xd_vu_backend_handle(be, err);
	}
	xd_vu_message_close_fds(&be->msg);
	if (be->in_ops) {
		xd_vu_place_rings(be);
		change_end(be);
	}
	return outcome;
}

/* Does what the message in be->msg asks for, answers it, and empties be->msg. */
static int
dispatch(struct xd_vu_backend *be, struct xd_error *err)
{
	struct xd_vu_message *m = &be->msg;
	const struct xd_vu_rule *rule = xd_vu_rule(m->header.request);
	bool need_reply = m->header.flags & XD_VU_FLAG_NEED_REPLY;
	int outcome, ret = 0;

	xd_log(be->opts.log, XD_LOG_VHOST, XD_LOG_DEBUG, "%s: %s", be->name, rule->name);
	outcome = carry_out(be, rule, err);
	if (outcome == XD_VU_NOT_DONE)
		xd_vu_log(be, XD_VU_LINE_REFUSED, XD_LOG_WARN, "%s: %s", be->name, err->text);
	if (outcome == XD_VU_ANSWER) {
		ret = answer(be, err);
	} else if (need_reply && (be->state.protocol_features & XD_VU_PF_BIT(XD_VU_PF_REPLY_ACK))) {
		m->payload.u64 = outcome != XD_VU_DONE;
		m->header.size = sizeof(m->payload.u64);
		/* When the request failed, err says why, and that counts. */
		ret = answer(be, outcome < 0 ? NULL : err);
	}
	xd_vu_message_reset(m);
	return outcome < 0 ? outcome : ret;
}

static void
on_socket(void *ctx, uint32_t events)
{
	struct xd_vu_backend *be = ctx;

	(void)events; /* a hang-up is read as such, after what was sent before it */
	for (unsigned i = 0; i < MESSAGES_PER_EVENT; i++) {
		struct xd_error err = {0};
		uint64_t begin_ns = xd_clock_ns();
		int ret;

		if (!xd_vu_pace_go(be))
			return;
		ret = receive(be, &err);
		if (ret == 0) {
			if (be->msg.have)
				xd_vu_pace_arriving(be);
			return;
		}
		xd_vu_pace_arrived(be);
		if (ret > 0)
			ret = dispatch(be, &err);
		if (ret < 0)
			xd_vu_backend_fail(be, ret, &err);
		else if (be->drop)
			xd_vu_backend_close(be);
		xd_vu_pace_spent(be, begin_ns);
		if (be->sock < 0)
			return;
	}
}

bool
xd_vu_backend_watch(struct xd_vu_backend *be)
{
	be->watch = xd_loop_add(be->opts.loop, be->sock, EPOLLIN, on_socket, be);
	return be->watch;
}

void
xd_vu_backend_open(struct xd_vu_backend *be, int fd)
{
	be->sock = fd;
	if (!xd_vu_backend_watch(be)) {
		xd_vu_log(be, XD_VU_LINE_SOCKET, XD_LOG_ERROR,
			"%s: cannot watch the connection: %s", be->name, strerror(errno));
		be->sock = -1;
		xd_reaper_close(be->msg.reaper, fd);
		if (!be->opts.server)
			xd_vu_backend_retry_later(be);
		return;
	}
	be->peer = xd_vu_peer(fd);
	be->waiting_logged = false;
	xd_vu_log(be, XD_VU_LINE_CONNECTED, XD_LOG_INFO, "%s: front end connected on %s", be->name,
		be->path);
	change_begin(be);
	be->state.connected = true;
	be->state.connected_at_ns = xd_clock_ns();
	be->state.nb_connects++;
	change_end(be);
	if (be->drop)
		xd_vu_backend_close(be);
}

/* ---- Calls of the owner ---- */

struct xd_vu_backend *
xd_vu_backend_create(const struct xd_vu_backend_opts *opts, struct xd_error *err)
{
	struct xd_vu_backend *be;

	if (opts->nb_queue_pairs < 1 || opts->nb_queue_pairs > XD_VU_MAX_VRINGS / 2) {
		xd_fail(err, -EINVAL, "%u queue pairs, not 1 to %d", opts->nb_queue_pairs,
			XD_VU_MAX_VRINGS / 2);
		return NULL;
	}
	if (strlen(opts->path) >= sizeof(be->path)) {
		xd_fail(err, -ENAMETOOLONG, "socket path %s is longer than %zu bytes", opts->path,
			sizeof(be->path) - 1);
		return NULL;
	}
	be = calloc(1, sizeof(*be));
	if (!be) {
		xd_fail(err, -ENOMEM, "no memory for a vhost-user connection");
		return NULL;
	}
	be->opts = *opts;
	be->opts.features |= XD_VU_F_PROTOCOL_FEATURES;
	snprintf(be->name, sizeof(be->name), "%s", opts->name);
	snprintf(be->path, sizeof(be->path), "%s", opts->path);
	be->opts.name = be->name;
	be->opts.path = be->path;
	if (opts->run_dir) {
		be->opts.run_dir = strdup(opts->run_dir);
		if (!be->opts.run_dir) {
			xd_fail(err, -ENOMEM, "no memory for a vhost-user connection");
			free(be);
			return NULL;
		}
	}
	be->msg.reaper = xd_reaper_create(opts->reapers);
	if (!be->msg.reaper) {
		xd_fail(err, -ENOMEM, "no memory for a vhost-user connection");
		free((char *)(uintptr_t)be->opts.run_dir);
		free(be);
		return NULL;
	}
	be->bus_owner = (struct xd_bus_owner){&be->state.memory.lost, opts->lost_fd};
	be->sock = -1;
	be->answer_fd = be->made_fd = -1;
	be->listener.fd = -1;
	be->state.nb_vrings = 2 * opts->nb_queue_pairs;
	for (unsigned i = 0; i < XD_VU_MAX_VRINGS; i++) {
		be->state.vrings[i].kick_fd = -1;
		be->state.vrings[i].call_fd = -1;
	}
	return be;
}

int
xd_vu_backend_start(struct xd_vu_backend *be, struct xd_error *err)
{
	if (be->running)
		return 0;
	be->backoff_ms = XD_VU_BACKOFF_MIN_MS;
	be->waiting_logged = false;
	if (be->opts.server) {
		int ret = xd_vu_backend_keep_path(be, err);

		if (ret == 0)
			ret = xd_vu_backend_serve(be, err);
		if (ret) {
			xd_vu_backend_leave_path(be);
			return ret;
		}
	} else {
		be->retry = xd_loop_timer(be->opts.loop, 0, 0, xd_vu_backend_connect, be);
		if (!be->retry)
			return xd_fail(err, -ENOMEM, "no memory for a timer");
	}
	be->running = true;
	be->state.connected_at_ns = xd_clock_ns();
	return 0;
}

void
xd_vu_backend_stop(struct xd_vu_backend *be)
{
	assert(!be->in_ops);
	be->running = false;
	xd_vu_backend_leave_path(be);
	xd_loop_timer_cancel(be->retry);
	be->retry = NULL;
	xd_loop_remove(be->listen_watch);
	be->listen_watch = NULL;
	xd_vu_backend_close(be);
	xd_reaper_close(be->msg.reaper, xd_vu_unlisten_keep(&be->listener));
}

void
xd_vu_backend_destroy(struct xd_vu_backend *be)
{
	if (!be)
		return;
	xd_vu_backend_stop(be);
	xd_ring_file_close(be->rings);
	xd_reaper_destroy(be->msg.reaper);
	free((char *)(uintptr_t)be->opts.run_dir);
	free(be);
}

void
xd_vu_backend_disconnect(struct xd_vu_backend *be)
{
	if (be->sock < 0)
		return;
	if (be->in_ops)
		be->drop = true;
	else
		xd_vu_backend_close(be);
}

const struct xd_vu_state *
xd_vu_backend_state(const struct xd_vu_backend *be)
{
	return &be->state;
}

uint64_t
xd_vu_backend_lines_left_out(const struct xd_vu_backend *be)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < XD_VU_LINES; i++)
		n += be->lines[i].left_out_in_all;
	return n;
}

void
xd_vu_backend_set_base(struct xd_vu_backend *be, unsigned vring, uint32_t base)
{
	if (vring < be->state.nb_vrings)
		be->state.vrings[vring].base = base;
}
