/* SPDX-License-Identifier: BSD-3-Clause */
/* One request to a running crossdockd, and its answer. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/client.h"
#include "control/listen.h"

#define READ_BYTES (256u << 10)
#define MAX_ANSWER (256u << 20)

struct xd_client {
	int fd;
	unsigned timeout_ms;
	json_int_t id;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *in; /* bytes of the next answers */
	size_t len, size;
};

struct xd_client *
xd_client_connect(const char *path, unsigned timeout_ms, struct xd_error *err)
{
	struct xd_client *client = calloc(1, sizeof(*client));
	struct sockaddr_un address;
	int code;

	if (!client) {
		xd_fail(err, -ENOMEM, "no memory");
		return NULL;
	}
	if (xd_unix_address(&address, path)) {
		xd_fail(err, -ENAMETOOLONG, "%s: a socket path has at most %zu bytes", path,
			sizeof(address.sun_path) - 1);
		goto err_free;
	}
	strcpy(client->path, path);
	client->timeout_ms = timeout_ms;
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0) {
		xd_fail(err, -errno, "socket: %s", strerror(errno));
		goto err_free;
	}
	if (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return client;
	code = errno;
	if (code == EACCES || code == EPERM)
		xd_fail(err, -code, "%s: %s (be root, or a member of the socket's group)", path,
			strerror(code));
	else
		xd_fail(err, -code, "nobody answers on %s: is crossdockd running?", path);
	close(client->fd);
err_free:
	free(client);
	return NULL;
}

void
xd_client_close(struct xd_client *client)
{
	if (!client)
		return;
	close(client->fd);
	free(client->in);
	free(client);
}

/* Waits for events on the socket until the deadline. */
static int
wait_ready(struct xd_client *client, short events, uint64_t deadline_ns, struct xd_error *err)
{
	struct pollfd poll_fd = {.fd = client->fd, .events = events};

	for (;;) {
		uint64_t now_ns = xd_clock_ns();
		int n;

		if (now_ns >= deadline_ns)
			return xd_fail(err, -ETIMEDOUT,
				"crossdockd on %s did not answer within %u s", client->path,
				client->timeout_ms / 1000);
		n = poll(&poll_fd, 1, (deadline_ns - now_ns) / 1000000 + 1);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return xd_fail(err, -errno, "poll: %s", strerror(errno));
	}
}

static int
send_text(struct xd_client *client, const char *text, size_t len, uint64_t deadline_ns,
	struct xd_error *err)
{
	while (len > 0) {
		int ret = wait_ready(client, POLLOUT, deadline_ns, err);
		ssize_t n;

		if (ret)
			return ret;
		n = send(client->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return xd_fail(err, -errno, "%s: %s", client->path, strerror(errno));
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
	return 0;
}

/* Reads until a newline is in the buffer; *line_len gets the bytes before it. */
static int
read_line(struct xd_client *client, size_t *line_len, uint64_t deadline_ns, struct xd_error *err)
{
	size_t scanned = 0;

	for (;;) {
		char *end = client->len > scanned
				    ? memchr(client->in + scanned, '\n', client->len - scanned)
				    : NULL;
		ssize_t n;
		int ret;

		if (end) {
			*line_len = end - client->in;
			return 0;
		}
		scanned = client->len;
		if (client->len > MAX_ANSWER)
			return xd_fail(err, -EBADMSG, "%s: the answer is too large", client->path);
		if (client->size - client->len < READ_BYTES) {
			size_t size = 2 * client->size + READ_BYTES;
			char *in = realloc(client->in, size);

			if (!in)
				return xd_fail(err, -ENOMEM, "no memory");
			client->in = in;
			client->size = size;
		}
		ret = wait_ready(client, POLLIN, deadline_ns, err);
		if (ret)
			return ret;
		n = recv(client->fd, client->in + client->len, client->size - client->len,
			MSG_DONTWAIT);
		if (n == 0)
			return xd_fail(err, -ECONNRESET, "crossdockd on %s hung up", client->path);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return xd_fail(err, -errno, "%s: %s", client->path, strerror(errno));
		client->len += n > 0 ? n : 0;
	}
}

/* The result of an answer; takes the answer. */
static json_t *
take_result(json_t *answer, unsigned *line, struct xd_error *err)
{
	json_t *result = json_object_get(answer, "result");
	json_t *error = json_object_get(answer, "error");
	json_t *data = json_object_get(error, "data");
	const char *text = json_string_value(json_object_get(data, "text"));
	const char *key = json_string_value(json_object_get(data, "key"));

	if (result) {
		json_incref(result);
	} else {
		if (!text)
			text = json_string_value(json_object_get(error, "message"));
		xd_fail_key(err, -EREMOTEIO, key ? key : "", "%s", text ? text : "refused");
		if (line)
			*line = json_integer_value(json_object_get(data, "line"));
	}
	json_decref(answer);
	return result;
}

json_t *
xd_client_call(struct xd_client *client, const char *method, json_t *params, unsigned *line,
	struct xd_error *err)
{
	uint64_t deadline_ns = xd_clock_ns() + client->timeout_ms * 1000000ull;
	json_int_t id = ++client->id;
	json_t *request, *answer = NULL;
	size_t len = 0;
	char *text;
	int ret;

	if (line)
		*line = 0;
	request = json_pack("{s:s, s:I, s:s, s:o}", "jsonrpc", "2.0", "id", id, "method", method,
		"params", params ? params : json_object());
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (!text) {
		xd_fail(err, -EINVAL, "a parameter is not UTF-8 text");
		return NULL;
	}
	ret = send_text(client, text, strlen(text), deadline_ns, err);
	free(text);
	if (ret == 0)
		ret = send_text(client, "\n", 1, deadline_ns, err);
	if (ret == 0)
		ret = read_line(client, &len, deadline_ns, err);
	if (ret)
		return NULL;
	answer = json_loadb(client->in, len, 0, NULL);
	client->len -= len + 1;
	memmove(client->in, client->in + len + 1, client->len);
	/* An error before the request was understood has no id. */
	if (!json_is_object(answer) ||
		(json_object_get(answer, "result") &&
			json_integer_value(json_object_get(answer, "id")) != id)) {
		json_decref(answer);
		xd_fail(err, -EBADMSG, "what answers on %s is not crossdockd", client->path);
		return NULL;
	}
	return take_result(answer, line, err);
}
