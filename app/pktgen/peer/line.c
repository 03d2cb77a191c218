/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON objects in lines, over a socket that does not block. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "line.h"

#define LOOK_MS 50 /* between looks at whether to go on */
#define WRITE_S 5.0
#define WHOLE   15 /* digits of numbers */

void
peer_line_init(struct peer_line *line, int fd)
{
	line->fd = fd;
	line->used = 0;
}

void
peer_line_fini(struct peer_line *line)
{
	if (line->fd >= 0)
		close(line->fd);
	line->fd = -1;
}

/* ---- What comes ---- */

/* The first line that is there is taken out. */
static int
take_line(struct peer_line *line, size_t len, json_t **object, struct xd_error *err)
{
	json_error_t bad;

	*object = json_loadb(line->in, len, JSON_REJECT_DUPLICATES, &bad);
	line->used -= len + 1;
	memmove(line->in, line->in + len + 1, line->used);
	if (json_is_object(*object))
		return 1;
	json_decref(*object);
	*object = NULL;
	return xd_fail(err, -EPROTO, "what came is no JSON object: is it crossdock-pktgen?");
}

int
peer_line_read(struct peer_line *line, json_t **object, struct xd_error *err)
{
	char *end = memchr(line->in, '\n', line->used);
	ssize_t n;

	*object = NULL;
	while (!end) {
		if (line->used == sizeof(line->in))
			return xd_fail(
				err, -EPROTO, "a line of more than %u bytes came", PEER_LINE_MAX);
		n = recv(line->fd, line->in + line->used, sizeof(line->in) - line->used,
			MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0)
			return xd_fail(err, -ECONNRESET, "%s", strerror(errno));
		if (n == 0)
			return xd_fail(err, -ECONNRESET, "the connection was closed");
		end = memchr(line->in + line->used, '\n', (size_t)n);
		line->used += (size_t)n;
	}
	return take_line(line, (size_t)(end - line->in), object, err);
}

int
peer_line_wait(struct peer_line *line, double seconds, const volatile bool *cancel, json_t **object,
	struct xd_error *err)
{
	const uint64_t end = xd_clock_ns() + (uint64_t)(seconds * XD_NS_PER_S);
	struct pollfd p = {.fd = line->fd, .events = POLLIN};
	int rc;

	while (!(rc = peer_line_read(line, object, err))) {
		if (cancel && *cancel)
			return xd_fail(err, -EINTR, "interrupted");
		if (xd_clock_ns() >= end)
			return xd_fail(err, -ETIMEDOUT, "nothing came within %g s", seconds);
		poll(&p, 1, LOOK_MS);
	}
	return rc;
}

/* ---- What is sent ---- */

static int
send_all(struct peer_line *line, const char *text, size_t len, struct xd_error *err)
{
	const uint64_t end = xd_clock_ns() + (uint64_t)(WRITE_S * XD_NS_PER_S);
	struct pollfd p = {.fd = line->fd, .events = POLLOUT};

	while (len) {
		ssize_t n = send(line->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			text += n;
			len -= (size_t)n;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return xd_fail(err, -ECONNRESET, "%s", strerror(errno));
		} else if (xd_clock_ns() >= end) {
			return xd_fail(err, -ECONNRESET, "it takes nothing for %g s", WRITE_S);
		} else {
			poll(&p, 1, LOOK_MS);
		}
	}
	return 0;
}

int
peer_line_write(struct peer_line *line, json_t *object, struct xd_error *err)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(WHOLE));
	int rc;

	json_decref(object);
	if (!text)
		return xd_fail(err, -ENOMEM, "no memory for a message");
	rc = send_all(line, text, strlen(text), err);
	if (!rc)
		rc = send_all(line, "\n", 1, err);
	free(text);
	return rc;
}
