/* SPDX-License-Identifier: BSD-3-Clause */
/* Connects to a server of tests, and runs the near half with it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "base/clock.h"
#include "base/one_line.h"
#include "client.h"
#include "peer.h"
#include "socket.h"
#include "test.h"

#define CONNECT_S 5.0
#define ANSWER_S  15.0 /* for a server to take in a test */
#define LOOK_MS   50

static int
wait_connected(int fd, const volatile bool *cancel)
{
	const uint64_t end = xd_clock_ns() + (uint64_t)(CONNECT_S * XD_NS_PER_S);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int code = 0;

	while (poll(&p, 1, LOOK_MS) <= 0) {
		if (cancel && *cancel)
			return -EINTR;
		if (xd_clock_ns() >= end)
			return -ETIMEDOUT;
	}
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len);
	return -code;
}

static int
connect_to(const struct peer_address *to, const char *text, const volatile bool *cancel,
	struct xd_error *err)
{
	int fd = socket(to->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : 0;

	if (!rc && connect(fd, (const struct sockaddr *)&to->at, to->len))
		rc = errno == EINPROGRESS ? wait_connected(fd, cancel) : -errno;
	if (!rc) {
		peer_socket_watch(fd);
		return fd;
	}
	if (fd >= 0)
		close(fd);
	if (rc == -EINTR)
		return xd_fail(err, rc, "interrupted");
	return xd_fail(err, rc, "--peer %s: %s: is crossdock-pktgen server running there?", text,
		strerror(-rc));
}

/* What the server says of a port is shown to people. */
static void
take_port(const struct peer *peer, const json_t *said, struct xd_result_port *port)
{
	const char *name = json_string_value(json_object_get(said, "name"));
	const char *memory = json_string_value(json_object_get(said, "memory"));
	const json_t *core = json_object_get(said, "core");

	*port = (struct xd_result_port){.core = -1};
	snprintf(port->name, sizeof(port->name), "%s, %s", peer->name, name ? name : "?");
	snprintf(port->memory, sizeof(port->memory), "%s", memory ? memory : "?");
	xd_one_line(port->name);
	xd_one_line(port->memory);
	if (json_is_integer(core) && json_integer_value(core) >= 0 &&
		json_integer_value(core) < XD_PEER_CORES)
		port->core = (int)json_integer_value(core);
}

static int
take_ports(const struct peer *peer, const json_t *said, unsigned n, struct xd_result_port *ports,
	struct xd_error *err)
{
	if (json_array_size(said) != n)
		return xd_fail(
			err, -EPROTO, "%s does not say what its ports are, %u", peer->name, n);
	for (unsigned i = 0; i < n; i++)
		take_port(peer, json_array_get(said, i), &ports[i]);
	return 0;
}

static int
begin(struct peer *peer, const struct options *o, struct xd_result_port *ports,
	struct xd_error *err)
{
	json_t *answer = NULL;
	int rc = peer_greet(peer, err);

	if (rc)
		return rc;
	/* As of the greeting: whether it went is seen by the answer. */
	peer_line_write(&peer->line, peer_test_json(o), NULL);
	rc = peer_ask(peer, ANSWER_S, &answer, err);
	if (!rc)
		rc = take_ports(peer, json_object_get(answer, "ports"), o->nb_ports, ports, err);
	json_decref(answer);
	return rc;
}

struct peer *
peer_client_open(const struct options *o, const struct xd_gen *gen,
	const struct xd_engine *const *sections, struct xd_result_port *ports, struct xd_error *err)
{
	char name[PEER_NAME], text[PEER_ADDRESS];
	struct peer_address to;
	struct peer *peer;
	int fd, rc = peer_address_parse(o->peer, &to, err);

	if (rc)
		return NULL;
	fd = connect_to(&to, peer_address_text(&to, text), gen->cancel, err);
	if (fd < 0)
		return NULL;
	peer = calloc(1, sizeof(*peer));
	if (!peer) {
		close(fd);
		xd_fail(err, -ENOMEM, "no memory for a connection");
		return NULL;
	}
	snprintf(name, sizeof(name), "server %s", text);
	peer_init(peer, fd, name, false, gen, sections);
	if (!begin(peer, o, ports, err))
		return peer;
	peer_client_close(peer);
	return NULL;
}

void
peer_client_close(struct peer *peer)
{
	if (!peer)
		return;
	peer_fini(peer);
	free(peer);
}

int
peer_client_run(struct peer *peer, const struct options *o, struct xd_error *err)
{
	struct options mine = *o;
	int rc;

	mine.link = &peer->link;
	rc = o->command.engine->run(&mine, &peer->gen, err);
	if ((!rc || rc == -EINTR) && peer->fault.code && !xd_gen_cancelled(peer->outer))
		rc = xd_fail(err, peer->fault.code, "%s", peer->fault.text);
	if (rc)
		peer->link.stop(peer, rc == -EINTR ? "interrupted" : err->text);
	return rc;
}
