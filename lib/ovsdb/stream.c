/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection over a Unix socket or TCP; with TLS, tls.c has what passes. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/number.h"
#include "ovsdb/stream.h"

struct xd_ovsdb_stream {
	int fd;
	struct xd_ovsdb_tls *tls; /* or NULL */
	bool connecting;          /* of TCP, */
	bool greeting;            /* and then of TLS */
};

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_un unix_;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

/* ---- Remotes ---- */

/* What follows "tcp:"; NULL: it is another kind. */
static const char *
behind(const char *remote, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(remote, kind, len) ? NULL : remote + len;
}

static int
unix_address(const char *path, struct address *address, struct xd_error *err)
{
	if (strlen(path) >= sizeof(address->unix_.sun_path))
		return xd_fail(err, -ENAMETOOLONG,
			"the path of the database's socket has %zu bytes: at most %zu",
			strlen(path), sizeof(address->unix_.sun_path) - 1);
	if (path[0] != '/')
		return xd_fail(err, -EINVAL,
			"\"%.100s\" is relative: write unix: and the whole path, from /", path);
	address->unix_.sun_family = AF_UNIX;
	strcpy(address->unix_.sun_path, path);
	address->len = sizeof(address->unix_);
	return 0;
}

/* ADDRESS[:PORT]; an IPv6 address stands in brackets. */
static int
ip_address(const char *text, struct address *address, struct xd_error *err)
{
	const char *end = text[0] == '[' ? strchr(text, ']') : text + strcspn(text, ":");
	char host[INET6_ADDRSTRLEN] = "";
	uint64_t port = XD_OVSDB_PORT;
	bool six = text[0] == '[';

	if (end && (size_t)(end - text - six) < sizeof(host))
		memcpy(host, text + six, (size_t)(end - text - six));
	end = end ? end + six : text;
	if (end[0] == ':' && xd_number_parse(end + 1, 1, 65535, &port) == 0)
		end += strlen(end);
	if (end[0] == 0 && six && inet_pton(AF_INET6, host, &address->in6.sin6_addr) == 1) {
		address->in6.sin6_family = AF_INET6;
		address->in6.sin6_port = htons((uint16_t)port);
		address->len = sizeof(address->in6);
		return 0;
	}
	if (end[0] == 0 && !six && inet_pton(AF_INET, host, &address->in4.sin_addr) == 1) {
		address->in4.sin_family = AF_INET;
		address->in4.sin_port = htons((uint16_t)port);
		address->len = sizeof(address->in4);
		return 0;
	}
	return xd_fail(err, -EINVAL,
		"\"%.100s\" is not an address and a port: write 127.0.0.1:6640 or [::1]:6640",
		text);
}

static int
parse(const char *remote, struct address *address, struct xd_error *err)
{
	memset(address, 0, sizeof(*address));
	if (behind(remote, "unix:"))
		return unix_address(behind(remote, "unix:"), address, err);
	if (behind(remote, "tcp:"))
		return ip_address(behind(remote, "tcp:"), address, err);
	if (behind(remote, "ssl:"))
		return ip_address(behind(remote, "ssl:"), address, err);
	return xd_fail(err, -EINVAL,
		"\"%.100s\" is not a database: write unix:/run/openvswitch/db.sock, "
		"tcp:127.0.0.1:6640 or ssl:127.0.0.1:6640",
		remote);
}

int
xd_ovsdb_remote_check(
	const char *remote, const struct xd_ovsdb_tls_files *files, struct xd_error *err)
{
	struct address address;
	int ret = parse(remote, &address, err);

	if (ret == 0 && behind(remote, "ssl:") &&
		(!files->key[0] || !files->cert[0] || !files->ca[0]))
		return xd_fail(err, -EINVAL,
			"%.100s needs files: control.ovsdb_key, ovsdb_cert and ovsdb_ca", remote);
	return ret;
}

bool
xd_ovsdb_remote_is_far(const char *remote)
{
	return !behind(remote, "unix:");
}

/* ---- Connecting ---- */

struct xd_ovsdb_stream *
xd_ovsdb_stream_open(
	const char *remote, const struct xd_ovsdb_tls_files *files, struct xd_error *err)
{
	struct xd_ovsdb_stream *stream;
	struct address address;
	const int on = 1;

	if (parse(remote, &address, err))
		return NULL;
	stream = calloc(1, sizeof(*stream));
	if (!stream) {
		xd_fail(err, -ENOMEM, "no memory for a connection");
		return NULL;
	}
	stream->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (stream->fd < 0)
		goto err_stream;
	stream->greeting = behind(remote, "ssl:") != NULL;
	if (stream->greeting)
		stream->tls = xd_ovsdb_tls_create(stream->fd, files, err);
	if (stream->greeting && !stream->tls) {
		xd_ovsdb_stream_close(stream);
		return NULL;
	}
	if (address.any.sa_family != AF_UNIX)
		setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(stream->fd, &address.any, address.len) == 0)
		return stream;
	/* A Unix socket whose server is too busy to accept says EAGAIN, and is not waited for. */
	if (errno == EINPROGRESS) {
		stream->connecting = true;
		return stream;
	}
err_stream:
	xd_fail(err, -errno, "%s", strerror(errno));
	xd_ovsdb_stream_close(stream);
	return NULL;
}

void
xd_ovsdb_stream_close(struct xd_ovsdb_stream *stream)
{
	if (!stream)
		return;
	xd_ovsdb_tls_destroy(stream->tls);
	if (stream->fd >= 0)
		close(stream->fd);
	free(stream);
}

int
xd_ovsdb_stream_fd(const struct xd_ovsdb_stream *stream)
{
	return stream->fd;
}

uint32_t
xd_ovsdb_stream_events(const struct xd_ovsdb_stream *stream, bool writes)
{
	if (stream->connecting)
		return EPOLLOUT;
	if (stream->tls && xd_ovsdb_tls_wants_room(stream->tls))
		writes = true;
	return EPOLLIN | (writes ? EPOLLOUT : 0);
}

int
xd_ovsdb_stream_connect(struct xd_ovsdb_stream *stream, struct xd_error *err)
{
	socklen_t len = sizeof(int);
	int code = 0, ret;

	if (stream->connecting && getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		code = errno;
	if (code)
		return xd_fail(err, -code, "%s", strerror(code));
	stream->connecting = false;
	ret = stream->greeting ? xd_ovsdb_tls_connect(stream->tls, err) : 1;
	stream->greeting = stream->greeting && ret == 0;
	return ret;
}

bool
xd_ovsdb_stream_pending(const struct xd_ovsdb_stream *stream)
{
	return stream->tls && xd_ovsdb_tls_pending(stream->tls);
}

/* ---- Bytes ---- */

/* What a call on the socket says, and how it went. */
static ssize_t
result(ssize_t n, struct xd_error *err)
{
	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	return xd_fail(err, n == 0 ? -EPIPE : -errno, "%s",
		n == 0 ? "the server has ended the connection" : strerror(errno));
}

ssize_t
xd_ovsdb_stream_read(struct xd_ovsdb_stream *stream, void *bytes, size_t size, struct xd_error *err)
{
	if (stream->tls)
		return xd_ovsdb_tls_read(stream->tls, bytes, size, err);
	return result(recv(stream->fd, bytes, size, MSG_DONTWAIT), err);
}

ssize_t
xd_ovsdb_stream_write(
	struct xd_ovsdb_stream *stream, const void *bytes, size_t len, struct xd_error *err)
{
	if (stream->tls)
		return xd_ovsdb_tls_write(stream->tls, bytes, len, err);
	return result(send(stream->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL), err);
}
