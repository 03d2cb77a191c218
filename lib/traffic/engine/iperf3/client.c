/* SPDX-License-Identifier: BSD-3-Clause */
/* The client: finds the server, connects, and opens its streams one after the other, as the server
 * counts them in the order in which they come. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "traffic/engine/iperf3/host.h"
#include "traffic/host/tsc.h"

#define OWN_FIRST 32768u /* own ports, as Linux has them */
#define OWN_PORTS 28000u

/* It ends before it has begun. */
#define GIVE_UP(h, ...)                                                                            \
	do {                                                                                       \
		xd_fail(&(h)->control.err, __VA_ARGS__);                                           \
		xd_iperf3_host_fail(h);                                                            \
		(h)->busy = false;                                                                 \
		(h)->closing_us = (h)->e.now_us;                                                   \
	} while (0)

/* ---- Connections ---- */

static void
open_next(struct xd_iperf3_host *h, bool stream)
{
	const int route = xd_tcp_endpoint_route(&h->e, &h->route);

	h->wanted_stream = stream;
	if (route < 0 || xd_tcp_endpoint_open(&h->e, (unsigned)route,
				 (uint16_t)(OWN_FIRST + h->own_port), h->opts->port))
		GIVE_UP(h, -ENOBUFS, "no room for another connection");
	h->own_port = (uint16_t)((h->own_port + 1) % OWN_PORTS);
}

/* As iperf3's: letters that nobody has to guess. */
static void
make_cookie(struct xd_iperf3_host *h)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t random = h->e.secret;

	for (unsigned i = 0; i < XD_IPERF3_COOKIE - 1; i++) {
		random ^= random << 13; /* Marsaglia's xorshift64 */
		random ^= random >> 7;
		random ^= random << 17;
		h->control.cookie[i] = letters[random >> 59];
	}
}

void
xd_iperf3_client_begin(struct xd_iperf3_host *h)
{
	h->own_port = (uint16_t)((h->e.tsc_begin >> 10) % OWN_PORTS);
	h->run.v6 = h->route.v6;
	h->run.port = h->opts->port;
	h->run.peer_port = (uint16_t)(OWN_FIRST + h->own_port);
	memcpy(h->run.own_address, h->route.from, XD_IP_ADDRESS);
	memcpy(h->run.peer_address, h->route.to, XD_IP_ADDRESS);
	h->control.test = h->opts->test;
	make_cookie(h);
	h->begun_us = h->e.now_us;
	xd_iperf3_control_init(&h->control, false, h->opts->timeout_s, h->e.now_us);
	h->busy = true;
	open_next(h, false);
}

/* The control connection is not through its handshake. */
static void
check_connecting(struct xd_iperf3_host *h)
{
	char text[INET6_ADDRSTRLEN];

	if (!h->session || h->session->conn.state > XD_TCP_SYN_RECEIVED ||
		(double)(h->e.now_us - h->begun_us) < h->opts->timeout_s * 1e6)
		return;
	inet_ntop(h->route.v6 ? AF_INET6 : AF_INET, h->route.to, text, sizeof(text));
	GIVE_UP(h, -ETIMEDOUT, "%s does not answer on port %u within %g s", text, h->opts->port,
		h->opts->timeout_s);
}

void
xd_iperf3_client_tick(struct xd_iperf3_host *h)
{
	if (h->busy && !h->closing_us)
		check_connecting(h);
}

/* ---- Streams ---- */

static void
open_stream(struct xd_iperf3_host *h)
{
	struct xd_iperf3_run *run = &h->run;
	const unsigned i = run->nb_streams;

	run->streams[i] = (struct xd_iperf3_stream){
		.id = i ? i + 2 : 1,
		.sends = run->test.both ? i < run->test.streams : !run->test.reverse,
		.own_port = (uint16_t)(OWN_FIRST + h->own_port),
		.peer_port = h->opts->port,
	};
	if (!run->test.udp) {
		open_next(h, true);
		return;
	}
	h->own_port = (uint16_t)((h->own_port + 1) % OWN_PORTS);
	xd_iperf3_datagrams_open(h);
}

void
xd_iperf3_client_create(struct xd_iperf3_host *h)
{
	open_stream(h);
}

void
xd_iperf3_client_next(struct xd_iperf3_host *h)
{
	if (++h->run.nb_streams < xd_iperf3_test_streams(&h->run.test))
		open_stream(h);
}

void
xd_iperf3_client_joined(struct xd_iperf3_host *h, struct xd_tcp_session *s)
{
	struct xd_iperf3_slot *slot = xd_iperf3_slot(h, s);

	slot->use = XD_IPERF3_STREAM;
	s->tos = (uint8_t)h->run.test.tos;
	h->run.streams[slot->stream].session = s;
	xd_iperf3_client_next(h);
}
