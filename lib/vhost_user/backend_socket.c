/* SPDX-License-Identifier: BSD-3-Clause */
/* Where connections come from: a listening socket, or attempts with back-off. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "vhost_user/backend_internal.h"

#define BACKOFF_MAX_MS  1000
#define ACCEPT_RETRY_MS 1000
#define FULL_RETRY_MS   20

/* Nobody is connected to: what is closed for the last front end is not to pile up. */
static void
full(struct xd_vu_backend *be)
{
	if (be->full_logged || xd_clock_ns() - be->full_since_ns < XD_NS_PER_S)
		return;
	be->full_logged = true;
	xd_vu_log(be, XD_VU_LINE_SOCKET, XD_LOG_WARN,
		"%s: no front end is taken until what the last one handed over is closed",
		be->name);
}

/* ---- Client ---- */

void
xd_vu_backend_retry_later(struct xd_vu_backend *be)
{
	xd_loop_timer_cancel(be->retry);
	be->retry = xd_loop_timer(be->opts.loop, be->backoff_ms, 0, xd_vu_backend_connect, be);
	if (!be->retry)
		xd_vu_log(be, XD_VU_LINE_SOCKET, XD_LOG_ERROR,
			"%s: no memory for a timer, connects to %s no more", be->name, be->path);
	be->backoff_ms *= 2;
	if (be->backoff_ms > BACKOFF_MAX_MS)
		be->backoff_ms = BACKOFF_MAX_MS;
}

void
xd_vu_backend_connect(void *ctx)
{
	struct xd_vu_backend *be = ctx;
	int fd = xd_vu_pace_room(be) ? xd_vu_connect(be->path) : -EBUSY;

	xd_vu_backend_tell_refusal(be, fd < 0 ? fd : 0);
	if (fd == -EBUSY) {
		full(be);
		xd_vu_backend_retry_later(be);
		return;
	}
	if (fd >= 0) {
		xd_vu_backend_open(be, fd);
		return;
	}
	if (!be->waiting_logged)
		xd_vu_log(be, XD_VU_LINE_SOCKET, XD_LOG_INFO,
			"%s: waits for a front end to listen on %s (%s)", be->name, be->path,
			strerror(-fd));
	be->waiting_logged = true;
	xd_vu_backend_retry_later(be);
}

/* ---- Server ---- */

static void
accept_again(void *ctx)
{
	struct xd_vu_backend *be = ctx;

	xd_loop_modify(be->listen_watch, EPOLLIN);
}

/* The client in the queue cannot be taken and would keep the loop busy: looks away for a while. */
static void
accept_later(struct xd_vu_backend *be, uint32_t ms)
{
	xd_loop_timer_cancel(be->retry);
	be->retry = xd_loop_timer(be->opts.loop, ms, 0, accept_again, be);
	if (be->retry)
		xd_loop_modify(be->listen_watch, 0);
}

static void
accept_failed(struct xd_vu_backend *be, int code)
{
	xd_vu_log(be, XD_VU_LINE_SOCKET, XD_LOG_ERROR,
		"%s: cannot accept on %s: %s, tries again in %d ms", be->name, be->path,
		strerror(code), ACCEPT_RETRY_MS);
	accept_later(be, ACCEPT_RETRY_MS);
}

static bool
peer_gone(const struct xd_vu_backend *be)
{
	struct pollfd p = {.fd = be->sock, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void
turn_away(struct xd_vu_backend *be, int fd)
{
	shutdown(fd, SHUT_RDWR);
	xd_reaper_close(be->msg.reaper, fd);
	xd_vu_log(be, XD_VU_LINE_SOCKET, XD_LOG_WARN,
		"%s: a second front end on %s was turned away, one is connected", be->name,
		be->path);
}

static void
on_listen(void *ctx, uint32_t events)
{
	struct xd_vu_backend *be = ctx;
	int fd;

	(void)events;
	if (!xd_vu_pace_room(be)) {
		full(be);
		accept_later(be, FULL_RETRY_MS);
		return;
	}
	fd = accept4(be->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			accept_failed(be, errno);
		return;
	}
	if (be->sock >= 0 && peer_gone(be))
		xd_vu_backend_fail(be, -ECONNRESET, NULL);
	if (be->sock >= 0)
		turn_away(be, fd);
	else
		xd_vu_backend_open(be, fd);
}

int
xd_vu_backend_serve(struct xd_vu_backend *be, struct xd_error *err)
{
	int ret = xd_vu_listen(&be->listener, be->path, &be->opts.access, err);

	if (ret)
		return ret;
	be->listen_watch = xd_loop_add(be->opts.loop, be->listener.fd, EPOLLIN, on_listen, be);
	if (!be->listen_watch) {
		ret = xd_fail(err, -errno, "cannot watch %s: %s", be->path, strerror(errno));
		xd_vu_unlisten(&be->listener);
		return ret;
	}
	return 0;
}
