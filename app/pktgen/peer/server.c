/* SPDX-License-Identifier: BSD-3-Clause */
/* Listens, and serves one client at a time; others are told who it is. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "peer.h"
#include "server.h"
#include "socket.h"
#include "test.h"

#define BACKLOG 16
#define TEST_S  10.0 /* for a client that is connected to say what it wants */
#define CLOSE_S 10.0 /* for it to have taken all in, and close */
#define LOOK_MS 50

struct server {
	const struct options *o;
	const struct peer_server_opts *opts;
	struct xd_gen *gen;
	const struct xd_engine *engines[ENGINES_MAX + 1];
	int fd;
	char client[PEER_ADDRESS]; /* that is served; empty: none is */
};

static void
say(const struct server *s, const char *text)
{
	if (s->o->quiet)
		return;
	printf("%s\n", text);
	fflush(stdout);
}

/* ---- Those who come ---- */

static int
listen_at(struct server *s, const struct peer_address *at, struct xd_error *err)
{
	char text[PEER_ADDRESS], line[PEER_ADDRESS + 96];
	const int on = 1;

	peer_address_text(at, text);
	s->fd = socket(at->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd >= 0)
		setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (s->fd < 0 || bind(s->fd, (const struct sockaddr *)&at->at, at->len) ||
		listen(s->fd, BACKLOG))
		return xd_fail(err, -errno, "--listen %s: %s", text, strerror(errno));
	if (!peer_address_is_local(at))
		fprintf(stderr,
			"crossdock-pktgen: --listen %s: whoever reaches this address can run "
			"tests: there is no authentication\n",
			text);
	snprintf(line, sizeof(line), "listening on %s", text);
	say(s, line);
	return 0;
}

/* -1: there is none. */
static int
accept_one(const struct server *s, char text[PEER_ADDRESS])
{
	struct peer_address from = {.len = sizeof(from.at)};
	int fd = accept4(
		s->fd, (struct sockaddr *)&from.at, &from.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -1;
	peer_address_text(&from, text);
	peer_socket_watch(fd);
	return fd;
}

/* The next one in line, while another is served. */
static void
turn_away(void *ctx)
{
	const struct server *s = ctx;
	char from[PEER_ADDRESS], text[PEER_ADDRESS + 32];
	struct peer_line line;
	int fd = accept_one(s, from);

	if (fd < 0)
		return;
	peer_line_init(&line, fd);
	snprintf(text, sizeof(text), "busy: it serves %s", s->client);
	peer_refuse(&line, text);
	peer_line_fini(&line);
}

/* ---- A test ---- */

static json_t *
ports_json(const struct server *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < s->gen->nb_ports; i++) {
		const struct xd_gen_port *port = s->gen->ports[i];

		json_array_append_new(
			list, json_pack("{s:s,s:s,s:i}", "name", port->name, "memory", port->memory,
				      "core", s->gen->cores[i % s->gen->nb_cores]));
	}
	return json_pack("{s:o}", "ports", list);
}

static int
run_test(struct server *s, struct peer *peer, const struct options *o, struct xd_error *err)
{
	struct xd_error why = {0};
	json_t *more;
	int rc = peer_line_write(&peer->line, ports_json(s), &why);

	if (rc)
		return xd_fail(err, rc, "%s has gone: %s", peer->name, why.text);
	rc = o->command.engine->run(o, &peer->gen, err);
	if (rc == -EINTR && peer->fault.code && !xd_gen_cancelled(s->gen))
		rc = xd_fail(err, peer->fault.code, "%s", peer->fault.text);
	if (rc)
		peer->link.stop(peer, rc == -EINTR ? "interrupted" : err->text);
	else if (!peer->closed &&
		 peer_line_wait(&peer->line, CLOSE_S, s->gen->cancel, &more, NULL) > 0)
		json_decref(more);
	return rc;
}

static int
serve(struct server *s, struct peer *peer, struct xd_error *err)
{
	char line[PEER_NAME + 64];
	struct options o = {0};
	json_t *test = NULL;
	int rc = peer_greet(peer, err);

	if (!rc)
		rc = peer_ask(peer, TEST_S, &test, err);
	if (!rc) {
		rc = peer_test_options(test, s->o, &peer->link, &o, err);
		if (rc)
			peer_refuse(&peer->line, err->text);
	}
	if (!rc)
		rc = run_test(s, peer, &o, err);
	if (!rc) {
		snprintf(line, sizeof(line), "%s: %s, %u row%s", peer->name,
			o.command.engine->results->name, peer->rows, peer->rows == 1 ? "" : "s");
		say(s, line);
	}
	options_fini(&o);
	json_decref(test);
	return rc;
}

/* What becomes of a client is told, and the next one may come. */
static int
serve_client(struct server *s, int fd, struct xd_error *err)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	char name[PEER_NAME];
	int rc;

	if (!peer) {
		close(fd);
		return xd_fail(err, -ENOMEM, "no memory for a client");
	}
	snprintf(name, sizeof(name), "client %s", s->client);
	peer_init(peer, fd, name, true, s->gen, s->engines);
	peer->idle = turn_away;
	peer->idle_ctx = s;
	peer->most_s = s->opts->most_s;
	peer->end_ns = xd_clock_ns() + (uint64_t)(peer->most_s * XD_NS_PER_S);
	rc = serve(s, peer, err);
	peer_fini(peer);
	free(peer);
	s->client[0] = '\0';
	return rc;
}

int
peer_server_run(const struct options *o, struct xd_gen *gen, const struct peer_server_opts *opts,
	struct xd_error *err)
{
	struct server s = {.o = o, .opts = opts, .gen = gen, .fd = -1};
	int fd, rc;

	engines_results(s.engines);
	rc = listen_at(&s, &opts->listen, err);
	while (!rc && !xd_gen_cancelled(gen)) {
		struct pollfd p = {.fd = s.fd, .events = POLLIN};

		rc = xd_gen_check_ports(gen, err);
		if (rc || poll(&p, 1, LOOK_MS) <= 0 || (fd = accept_one(&s, s.client)) < 0)
			continue;
		rc = serve_client(&s, fd, err);
		if (opts->once)
			break;
		if (rc && rc != -EINTR)
			fprintf(stderr, "crossdock-pktgen: %s\n", err->text);
		rc = 0;
	}
	if (s.fd >= 0)
		close(s.fd);
	return rc;
}
