/* SPDX-License-Identifier: BSD-3-Clause */
/* The server of the control socket: connections, their buffers and limits. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/listen.h"
#include "control/server.h"

#define READ_BYTES (64u << 10)
#define LOOK_MS    1000

struct client {
	TAILQ_ENTRY(client) entry;
	struct xd_server *server;
	struct xd_watch *watch;
	int fd;
	char *in; /* what was read and not yet answered; one text at most is incomplete */
	size_t in_len, in_size;
	struct xd_framing framing; /* of the incomplete text */
	bool skipping;             /* the rest of a line that was too long */
	char *out;                 /* what is still to be written */
	size_t out_len, out_done;
	bool ended; /* the client sends no more */
};

TAILQ_HEAD(clients, client);

struct xd_server {
	struct xd_server_opts opts;
	struct xd_listener listener;
	struct xd_watch *watch;
	struct xd_timer *look; /* whether the socket is still there */
	bool told;             /* that it is not, and cannot be made */
	unsigned nb_clients;
	size_t pending;         /* bytes of all clients' answers */
	struct clients clients; /* the one heard of last comes last */
};

static void
hang_up(struct client *client)
{
	struct xd_server *server = client->server;

	TAILQ_REMOVE(&server->clients, client, entry);
	server->nb_clients--;
	xd_loop_remove(client->watch);
	close(client->fd);
	server->pending -= client->out_len;
	free(client->in);
	free(client->out);
	free(client);
}

/* ---- Writing ---- */

static bool
has_output(const struct client *client)
{
	return client->out_done < client->out_len;
}

/* Writes what the socket takes. False: the client is gone. */
static bool
flush(struct client *client)
{
	while (has_output(client)) {
		ssize_t n = send(client->fd, client->out + client->out_done,
			client->out_len - client->out_done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		client->out_done += n;
	}
	client->server->pending -= client->out_len;
	free(client->out);
	client->out = NULL;
	client->out_len = client->out_done = 0;
	return true;
}

/* Takes text as the next output; there is none pending. False: the client is gone. */
static bool
answer(struct client *client, char *text)
{
	if (!text)
		return true;
	client->out = text;
	client->out_len = strlen(text);
	client->server->pending += client->out_len;
	client->out_done = 0;
	return flush(client);
}

/* ---- Reading ---- */

static bool
is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!strchr(" \t\r", text[i]) || !text[i])
			return false;
	}
	return true;
}

static bool
refuse_long(struct client *client)
{
	if (client->server->opts.answer)
		return false;
	return answer(
		client, xd_rpc_error(XD_RPC_INVALID_REQUEST, "the request is longer than 1 MiB"));
}

/* By JSON-RPC 2.0. False: the client is gone, as below. */
static bool
answer_line(struct client *client, const char *line, size_t len)
{
	const struct xd_server_opts *opts = &client->server->opts;

	if (client->skipping) {
		client->skipping = false;
		return true;
	}
	if (is_blank(line, len))
		return true;
	if (len > XD_RPC_MAX_REQUEST)
		return refuse_long(client);
	return answer(client, xd_rpc_answer(opts->methods, opts->ctx, line, len));
}

static bool
answer_text(struct client *client, const char *text, size_t len)
{
	const struct xd_server_opts *opts = &client->server->opts;
	char *own;

	if (!opts->answer)
		return answer_line(client, text, text[len - 1] == '\n' ? len - 1 : len);
	own = opts->answer(opts->ctx, text, len);
	return own && answer(client, own);
}

static void
consume(struct client *client, size_t len)
{
	client->in_len -= len;
	memmove(client->in, client->in + len, client->in_len);
	if (client->in_len == 0 && client->in_size > READ_BYTES) {
		free(client->in);
		client->in = NULL;
		client->in_size = 0;
	}
}

/* Answers the texts that are complete, as long as the answers can be written. A client's last,
 * unfinished line counts too. False: the client is gone. */
static bool
answer_texts(struct client *client)
{
	enum xd_framing_kind kind = client->server->opts.framing;
	size_t done = 0;
	bool alive = true;

	while (alive && !has_output(client) && done < client->in_len) {
		const char *text = client->in + done;
		size_t left = client->in_len - done;
		size_t len = xd_framing_end(&client->framing, kind, text, left);

		if (!len && !client->ended)
			break;
		alive = answer_text(client, text, len ? len : left);
		done += len ? len : left;
	}
	if (alive && done)
		consume(client, done);
	if (alive && client->in_len > XD_RPC_MAX_REQUEST && !has_output(client)) {
		client->in_len = 0;
		client->framing = (struct xd_framing){0};
		if (!client->skipping)
			alive = refuse_long(client);
		client->skipping = true;
	}
	return alive;
}

/* Reads what is there, up to what one request may have. False: the client is gone. */
static bool
fill(struct client *client)
{
	ssize_t n;

	if (client->in_size - client->in_len < READ_BYTES) {
		char *in = realloc(client->in, client->in_len + READ_BYTES);

		if (!in)
			return false;
		client->in = in;
		client->in_size = client->in_len + READ_BYTES;
	}
	n = recv(client->fd, client->in + client->in_len, client->in_size - client->in_len,
		MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		client->ended = true;
	client->in_len += n;
	return true;
}

/* Hangs up on those who leave their answers longest, until there are not too many; never on client,
 * which was just heard of and is the last. */
static void
bound_pending(struct client *client)
{
	struct xd_server *server = client->server;
	struct client *other = TAILQ_FIRST(&server->clients);

	while (server->pending > XD_SERVER_MAX_PENDING && other != client) {
		struct client *next = TAILQ_NEXT(other, entry);

		if (has_output(other))
			hang_up(other);
		other = next;
	}
}

static void
client_ready(void *ctx, uint32_t events)
{
	struct client *client = ctx;
	struct xd_server *server = client->server;
	bool alive = true;

	TAILQ_REMOVE(&server->clients, client, entry);
	TAILQ_INSERT_TAIL(&server->clients, client, entry);
	if (events & EPOLLERR)
		alive = false;
	if (alive && has_output(client))
		alive = flush(client);
	if (alive && !has_output(client) && !client->ended && (events & (EPOLLIN | EPOLLHUP)))
		alive = fill(client);
	if (alive)
		alive = answer_texts(client);
	if (!alive || (client->ended && !has_output(client) && client->in_len == 0)) {
		hang_up(client);
		return;
	}
	bound_pending(client);
	/* A client that leaves its answers is heard again when it took them. */
	xd_loop_modify(client->watch, has_output(client) ? EPOLLOUT : EPOLLIN);
}

static void
accept_client(void *ctx, uint32_t events)
{
	struct xd_server *server = ctx;
	struct client *client;
	int fd = accept4(server->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (server->nb_clients == XD_SERVER_MAX_CLIENTS ||
		(fd < 0 && errno == EMFILE && server->nb_clients > 0))
		hang_up(TAILQ_FIRST(&server->clients));
	if (fd < 0)
		return;
	client = calloc(1, sizeof(*client));
	if (!client)
		goto err_close;
	client->server = server;
	client->fd = fd;
	client->watch = xd_loop_add(server->opts.loop, fd, EPOLLIN, client_ready, client);
	if (!client->watch)
		goto err_free;
	TAILQ_INSERT_TAIL(&server->clients, client, entry);
	server->nb_clients++;
	return;
err_free:
	free(client);
err_close:
	close(fd);
}

/* The socket's file has gone: makes another. Clients that are connected stay so. */
static void
make_again(struct xd_server *server)
{
	const struct xd_server_opts *opts = &server->opts;
	struct xd_error err;

	xd_loop_remove(server->watch);
	server->watch = NULL;
	if (xd_listen_again(&server->listener, opts->group, opts->mode, &err)) {
		if (!server->told)
			xd_log(opts->log, XD_LOG_CONTROL, XD_LOG_ERROR,
				"the control socket %s has been removed, and cannot be made again: "
				"%s",
				server->listener.path, err.text);
		server->told = true;
		return;
	}
	server->told = false;
	xd_log(opts->log, XD_LOG_CONTROL, XD_LOG_WARN,
		"the control socket %s had been removed, and was made again",
		server->listener.path);
	server->watch =
		xd_loop_add(opts->loop, server->listener.fd, EPOLLIN, accept_client, server);
	if (!server->watch)
		xd_log(opts->log, XD_LOG_CONTROL, XD_LOG_ERROR, "%s: epoll: %s",
			server->listener.path, strerror(errno));
}

static void
look(void *ctx)
{
	struct xd_server *server = ctx;

	if (!server->watch || !xd_listen_intact(&server->listener))
		make_again(server);
}

struct xd_server *
xd_server_create(const struct xd_server_opts *opts, struct xd_error *err)
{
	struct xd_server *server = calloc(1, sizeof(*server));

	if (!server) {
		xd_fail(err, -ENOMEM, "no memory");
		return NULL;
	}
	server->opts = *opts;
	TAILQ_INIT(&server->clients);
	if (xd_listen(&server->listener, opts->path, opts->group, opts->mode, err))
		goto err_free;
	xd_loop_lock(opts->loop);
	server->watch =
		xd_loop_add(opts->loop, server->listener.fd, EPOLLIN, accept_client, server);
	if (server->watch)
		server->look = xd_loop_timer(opts->loop, LOOK_MS, LOOK_MS, look, server);
	if (!server->look)
		xd_loop_remove(server->watch);
	xd_loop_unlock(opts->loop);
	if (!server->look) {
		xd_fail(err, -ENOMEM, "%s: it cannot be watched", opts->path);
		goto err_close;
	}
	return server;
err_close:
	xd_listen_close(&server->listener);
err_free:
	free(server);
	return NULL;
}

void
xd_server_destroy(struct xd_server *server)
{
	if (!server)
		return;
	xd_loop_lock(server->opts.loop);
	while (!TAILQ_EMPTY(&server->clients))
		hang_up(TAILQ_FIRST(&server->clients));
	xd_loop_remove(server->watch);
	xd_loop_timer_cancel(server->look);
	xd_loop_unlock(server->opts.loop);
	xd_listen_close(&server->listener);
	free(server);
}
