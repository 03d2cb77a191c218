/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of a memif port, one after another. A peer gets no more than a bounded number of
 * messages of control's time: there is an end to what it can add, it has HANDSHAKE_MS for all of
 * it, and between two connections are AGAIN_MS.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "drivers/memif/memif.h"

#define AGAIN_MS        50
#define AGAIN_SLOWLY_MS 500 /* while nobody is there */
#define HANDSHAKE_MS    5000
#define MESSAGES        16   /* that one event may bring */
#define REAPER_FULL     1024 /* what is closed for earlier peers is not to pile up */

static void listen_again(void *ctx);
static void connect_again(void *ctx);

/* ---- Messages ---- */

bool
xd_memif_send(struct xd_memif_port *p, const struct xd_memif_message *m, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec piece = {(void *)(uintptr_t)m, sizeof(*m)};
	struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
	struct cmsghdr *cmsg;

	if (fd >= 0) {
		header.msg_control = control;
		header.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	return sendmsg(p->sock, &header, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*m);
}

/* 1: a message, and at most one descriptor; 0: none for now; -EPROTO, or another error: the
 * connection ends. */
static int
receive(struct xd_memif_port *p, struct xd_memif_message *m, int *fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec piece = {m, sizeof(*m)};
	struct msghdr header = {.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(p->sock, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	unsigned fds = 0;

	*fd = -1;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
			int one;

			memcpy(&one, (uint8_t *)c + at, sizeof(one));
			if (fds++ == 0)
				*fd = one;
			else
				xd_reaper_close(p->reaper, one);
		}
	}
	if (n == sizeof(*m) && fds <= 1 && !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 1;
	xd_reaper_close(p->reaper, *fd);
	return n == 0 ? -ECONNRESET : -EPROTO;
}

/* Text of a peer's, to people. */
static void
take_text(char *to, size_t size, const char *from, size_t max)
{
	size_t n = strnlen(from, max < size - 1 ? max : size - 1);

	for (size_t i = 0; i < n; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[n] = '\0';
}

/* NULL, or why the connection ends. */
static const char *
take(struct xd_memif_port *p, const struct xd_memif_message *m, int fd, char *text, size_t size)
{
	char said[97];

	if (m->type != XD_MEMIF_DISCONNECT && p->server)
		return xd_memif_server_take(p, m, fd);
	xd_reaper_close(p->reaper, fd);
	if (m->type != XD_MEMIF_DISCONNECT)
		return xd_memif_client_take(p, m);
	take_text(said, sizeof(said), m->disconnect.string, sizeof(m->disconnect.string));
	snprintf(text, size, "the peer disconnected%s%s", said[0] ? ": " : "", said);
	return text;
}

static void
on_message(void *ctx, uint32_t events)
{
	struct xd_memif_port *p = ctx;
	char text[160];

	(void)events;
	for (unsigned i = 0; i < MESSAGES; i++) {
		struct xd_memif_message m;
		const char *why;
		int fd, ret = receive(p, &m, &fd);

		if (ret == 0)
			return;
		if (ret < 0) {
			xd_memif_hang_up(p, "%s",
				ret == -EPROTO ? "a message is of no size that there is"
					       : "the peer has gone");
			return;
		}
		why = take(p, &m, fd, text, sizeof(text));
		if (why) {
			xd_memif_hang_up(p, "%s", why);
			return;
		}
	}
}

/* ---- The beginning and the end ---- */

static void
out_of_patience(void *ctx)
{
	xd_memif_hang_up(
		ctx, "the peer has not finished connecting within %d s", HANDSHAKE_MS / 1000);
}

static void
again_later(struct xd_memif_port *p, uint32_t ms)
{
	xd_loop_timer_cancel(p->timer);
	p->timer = xd_loop_timer(
		p->port.env->loop, ms, 0, p->server ? listen_again : connect_again, p);
	if (!p->timer)
		xd_log(p->port.env->log, XD_LOG_PORT, XD_LOG_ERROR,
			"port %s: no memory for a timer: add it anew", p->port.config.name);
}

static void
drop_connection(struct xd_memif_port *p)
{
	xd_loop_timer_cancel(p->timer);
	p->timer = NULL;
	xd_loop_remove(p->sock_watch);
	p->sock_watch = NULL;
	xd_memif_rings_down(p);
	xd_reaper_close(p->reaper, p->sock);
	p->sock = -1;
	p->state = XD_MEMIF_IDLE;
}

void
xd_memif_hang_up(struct xd_memif_port *p, const char *fmt, ...)
{
	struct xd_memif_message m = {.type = XD_MEMIF_DISCONNECT};
	bool was_up = p->port.up;
	va_list args;

	va_start(args, fmt);
	vsnprintf(p->problem, sizeof(p->problem), fmt, args);
	va_end(args);
	snprintf(m.disconnect.string, sizeof(m.disconnect.string), "%.95s", p->problem);
	xd_memif_send(p, &m, -1);
	drop_connection(p);
	xd_log_limited(p->port.env->log, &p->lines[XD_MEMIF_LINE_CLOSED], XD_LOG_PORT,
		was_up ? XD_LOG_INFO : XD_LOG_WARN, "port %s: %s: %s", p->port.config.name,
		was_up ? "down" : "no connection", p->problem);
	again_later(p, AGAIN_MS);
	if (was_up)
		p->port.env->changed(p->port.env->ctx, &p->port);
}

void
xd_memif_be_up(struct xd_memif_port *p, const char *name)
{
	xd_loop_timer_cancel(p->timer);
	p->timer = NULL;
	take_text(p->remote, sizeof(p->remote), name, sizeof(p->remote) - 1);
	if (!p->remote[0])
		strcpy(p->remote, "a peer without a name");
	p->problem[0] = '\0';
	p->state = XD_MEMIF_UP;
	p->connected_at_ns = xd_clock_ns();
	p->nb_connects++;
	xd_log_limited(p->port.env->log, &p->lines[XD_MEMIF_LINE_LINK], XD_LOG_PORT, XD_LOG_INFO,
		"port %s: up: %s", p->port.config.name, p->remote);
	p->port.env->changed(p->port.env->ctx, &p->port);
}

/* Of a connection that is there. */
static void
begin(struct xd_memif_port *p, int sock)
{
	p->sock = sock;
	p->state = XD_MEMIF_GREETED;
	p->step = 0;
	xd_loop_timer_cancel(p->timer);
	p->sock_watch = xd_loop_add(p->port.env->loop, sock, EPOLLIN, on_message, p);
	p->timer = xd_loop_timer(p->port.env->loop, HANDSHAKE_MS, 0, out_of_patience, p);
	if (!p->sock_watch || !p->timer)
		xd_memif_hang_up(p, "no memory to watch the connection");
	else if (p->server && !xd_memif_greet(p))
		xd_memif_hang_up(p, "the peer takes no messages");
}

static bool
reaper_has_room(const struct xd_memif_port *p)
{
	struct xd_reaper_waiting waiting = xd_reaper_waiting(p->reaper);

	return waiting.fds + waiting.maps < REAPER_FULL;
}

/* ---- Server ---- */

/* Whoever comes second waits until the first has gone. */
static void
on_listen(void *ctx, uint32_t events)
{
	struct xd_memif_port *p = ctx;
	int sock = -1;

	(void)events;
	if (reaper_has_room(p))
		sock = accept4(p->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	xd_loop_modify(p->listen_watch, 0);
	if (sock >= 0)
		begin(p, sock);
	else
		again_later(p, AGAIN_MS);
}

static void
listen_again(void *ctx)
{
	struct xd_memif_port *p = ctx;

	if (p->listen_watch)
		xd_loop_modify(p->listen_watch, EPOLLIN);
}

/* With the descriptor goes what those have sent who wait to be accepted. */
static void
leave_path(struct xd_memif_port *p)
{
	xd_loop_remove(p->listen_watch);
	p->listen_watch = NULL;
	xd_reaper_close(p->reaper, xd_vu_unlisten_keep(&p->listener));
}

static int
serve(struct xd_memif_port *p, struct xd_error *err)
{
	const struct xd_memif_config *config = xd_memif_config(&p->port.config);
	struct xd_vu_access access = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	int ret;

	if (config->socket_mode != XD_MODE_UNSET)
		access.mode = config->socket_mode;
	ret = xd_vu_listen_type(&p->listener, config->path, SOCK_SEQPACKET, &access, err);
	if (ret)
		return ret;
	p->listen_watch = xd_loop_add(p->port.env->loop, p->listener.fd, EPOLLIN, on_listen, p);
	if (p->listen_watch)
		return 0;
	xd_vu_unlisten(&p->listener);
	return xd_fail(err, -ENOMEM, "port %s: no memory", p->port.config.name);
}

/* The file has gone, or another is in its place: nobody can reach us any more. Who is connected
 * stays so. */
static bool
look(void *ctx)
{
	struct xd_memif_port *p = ctx;
	struct xd_error err;

	if (xd_vu_listener_intact(&p->listener))
		return true;
	leave_path(p);
	if (serve(p, &err)) {
		snprintf(
			p->problem, sizeof(p->problem), "its socket was removed: %.120s", err.text);
		return false;
	}
	if (p->sock >= 0)
		xd_loop_modify(p->listen_watch, 0);
	xd_log_limited(p->port.env->log, &p->lines[XD_MEMIF_LINE_SOCKET], XD_LOG_PORT, XD_LOG_WARN,
		"port %s: socket %s had been removed, and was made again", p->port.config.name,
		p->listener.path);
	return true;
}

/* ---- Client ---- */

static void
connect_again(void *ctx)
{
	struct xd_memif_port *p = ctx;
	const char *path = xd_memif_config(&p->port.config)->path;
	int sock;

	sock = reaper_has_room(p) ? xd_vu_connect_type(path, SOCK_SEQPACKET) : -EBUSY;
	if (sock >= 0) {
		begin(p, sock);
		return;
	}
	snprintf(p->problem, sizeof(p->problem), "cannot connect to %.108s: %s", path,
		strerror(-sock));
	again_later(p, AGAIN_SLOWLY_MS);
}

/* ---- From start to stop ---- */

int
xd_memif_open(struct xd_memif_port *p, struct xd_error *err)
{
	int ret;

	p->problem[0] = '\0';
	if (!p->server) {
		connect_again(p);
		return 0;
	}
	ret = serve(p, err);
	if (ret)
		return ret;
	p->look = xd_path_watch_add(p->port.env->paths, p->listener.path, look, p);
	if (p->look)
		return 0;
	leave_path(p);
	return xd_fail(err, -ENOMEM, "port %s: no memory", p->port.config.name);
}

void
xd_memif_close(struct xd_memif_port *p)
{
	struct xd_memif_message m = {.type = XD_MEMIF_DISCONNECT};

	if (p->sock >= 0) {
		snprintf(m.disconnect.string, sizeof(m.disconnect.string), "the port is closed");
		xd_memif_send(p, &m, -1);
	}
	xd_path_watch_remove(p->look);
	p->look = NULL;
	drop_connection(p);
	leave_path(p);
}
