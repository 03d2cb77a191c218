/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program between two bridges, each with a tap port and a port of the program's: what it receives
 * by one of its ports it sends by the other; for functional tests.
 *
 *     app_relay NETNS:IFNAME NETNS:IFNAME CORE
 *
 * Prints "ready", and answers each line read by one:
 *
 *     take       takes frames with their offloads, in both directions: "ok"
 *     segments   takes none: "ok"
 *     count      "frames N long N longest N": since it was asked last; long ones are to be
 * segmented
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "app_port.h"
#include "crossdock.h"
#include "frame/offload.h"

#define BURST 32

/* The relay's; the main thread reads and clears the counters. */
struct relay {
	struct xd_app *apps[2];
	unsigned long frames, with_offload, longest;
};

static void __attribute__((noreturn)) end(const struct xd_error *err)
{
	fprintf(stderr, "app_relay: %s: %s\n", err->key, err->text);
	exit(EXIT_FAILURE);
}

static void
count(struct relay *r, struct rte_mbuf *const *mbufs, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		__atomic_add_fetch(&r->frames, 1, __ATOMIC_RELAXED);
		if (mbufs[i]->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
			__atomic_add_fetch(&r->with_offload, 1, __ATOMIC_RELAXED);
		if (mbufs[i]->pkt_len > __atomic_load_n(&r->longest, __ATOMIC_RELAXED))
			__atomic_store_n(&r->longest, mbufs[i]->pkt_len, __ATOMIC_RELAXED);
	}
}

/* What comes by one goes out by the other, as it came. */
static unsigned
pass(struct relay *r, unsigned from)
{
	struct rte_mbuf *mbufs[BURST];
	const unsigned n = xd_app_rx_burst(r->apps[from], 0, mbufs, BURST);
	unsigned sent;

	count(r, mbufs, n);
	sent = xd_app_tx_burst(r->apps[1 - from], 0, mbufs, n);
	rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
	return n;
}

static void *
relay(void *arg)
{
	struct relay *r = arg;
	struct pollfd fds[2] = {
		{.fd = xd_app_fd(r->apps[0], 0), .events = POLLIN},
		{.fd = xd_app_fd(r->apps[1], 0), .events = POLLIN},
	};

	for (;;) {
		if (pass(r, 0) + pass(r, 1) == 0)
			poll(fds, 2, -1);
	}
	return NULL;
}

static void
add_side(struct xd_config *config, unsigned i, char *where)
{
	static const char *const bridges[] = {"br0", "br1"}, *const taps[] = {"tap0", "tap1"},
				 *const apps[] = {"app0", "app1"};
	char *colon = strchr(where, ':');
	struct xd_port_config *tap;
	struct xd_error err;

	if (!colon) {
		fprintf(stderr, "app_relay: %s: must be NETNS:IFNAME\n", where);
		exit(EXIT_FAILURE);
	}
	*colon = '\0';
	if (!xd_config_add_bridge(config, bridges[i], &err) ||
		!xd_config_add_port(config, apps[i], "app", bridges[i], &err) ||
		!(tap = xd_config_add_port(config, taps[i], "tap", bridges[i], &err)) ||
		xd_port_config_set(tap, "netns", where, &err) < 0 ||
		xd_port_config_set(tap, "ifname", colon + 1, &err) < 0)
		end(&err);
}

static void
obey(struct relay *r, const char *line)
{
	const unsigned all = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6 | XD_OFFLOAD_ECN;

	if (!strcmp(line, "count\n")) {
		printf("frames %lu long %lu longest %lu\n",
			__atomic_exchange_n(&r->frames, 0, __ATOMIC_RELAXED),
			__atomic_exchange_n(&r->with_offload, 0, __ATOMIC_RELAXED),
			__atomic_exchange_n(&r->longest, 0, __ATOMIC_RELAXED));
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		xd_app_set_offloads(r->apps[i], strcmp(line, "take\n") == 0 ? all : 0);
	puts("ok");
}

int
main(int argc, char **argv)
{
	static struct relay r;
	struct xd_config *config = xd_config_create();
	struct xd_switch *sw;
	struct xd_error err;
	pthread_t thread;
	char line[64];

	if (argc != 4)
		return EXIT_FAILURE;
	setlinebuf(stdout);
	if (xd_memory_start(NULL, &err) < 0 || !(sw = xd_switch_create(NULL, &err)))
		end(&err);
	xd_config_set_workers(config, &(unsigned){(unsigned)strtoul(argv[3], NULL, 10)}, 1);
	for (unsigned i = 0; i < 2; i++)
		add_side(config, i, argv[1 + i]);
	if (xd_switch_apply(sw, config, &err) < 0 || !(r.apps[0] = xd_app_open(sw, "app0", &err)) ||
		!(r.apps[1] = xd_app_open(sw, "app1", &err)))
		end(&err);
	xd_config_destroy(config);
	pthread_create(&thread, NULL, relay, &r);
	puts("ready");
	while (fgets(line, sizeof(line), stdin))
		obey(&r, line);
	return EXIT_SUCCESS;
}
