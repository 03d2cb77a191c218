/* SPDX-License-Identifier: BSD-3-Clause */
/* Two switches in one process, and a thread that carries frames from one to the other: README.rst.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <rte_mbuf.h>

#include "app_port.h"
#include "crossdock.h"

#define BURST 32

struct side {
	struct xd_switch *sw;
	struct xd_app *app; /* our port of it */
	unsigned long passed, lost;
};

static void __attribute__((noreturn)) end(const struct xd_error *err)
{
	fprintf(stderr, "two_switches: %s%s%s\n", err->key, err->key[0] ? ": " : "", err->text);
	exit(EXIT_FAILURE);
}

/* A switch with a worker, a guest, and us. */
static void
start(struct side *side, const char *guest, const char *directory, unsigned core)
{
	struct xd_config *config = xd_config_create();
	struct xd_port_config *port;
	char path[XD_PATH_MAX + 16];
	struct xd_error err;

	snprintf(path, sizeof(path), "%s/%s.sock", directory, guest);
	side->sw = xd_switch_create(NULL, &err);
	if (!side->sw || xd_config_set_workers(config, &core, 1) < 0 ||
		!xd_config_add_bridge(config, "br0", &err) ||
		!(port = xd_config_add_port(config, guest, "vhost-user", "br0", &err)) ||
		xd_port_config_set(port, "path", path, &err) < 0 ||
		xd_port_config_set(port, "mode", "server", &err) < 0 ||
		!xd_config_add_port(config, "us", "app", "br0", &err) ||
		xd_switch_apply(side->sw, config, &err) < 0 ||
		!(side->app = xd_app_open(side->sw, "us", &err)))
		end(&err);
	xd_config_destroy(config);
}

/* What waits for us on one side goes to the other. Here a program would look at the frames. */
static void
carry(struct side *from, struct side *to)
{
	struct rte_mbuf *mbufs[BURST];
	unsigned n, sent;

	while ((n = xd_app_rx_burst(from->app, 0, mbufs, BURST)) > 0) {
		sent = xd_app_tx_burst(to->app, 0, mbufs, n);
		rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
		from->passed += sent;
		from->lost += n - sent;
	}
}

int
main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : ".";
	unsigned core = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	struct side sides[2] = {{NULL, NULL, 0, 0}, {NULL, NULL, 0, 0}};
	struct epoll_event event = {EPOLLIN, {NULL}}, end_it = {EPOLLIN, {&end_it}};
	int epoll = epoll_create1(0);
	struct xd_error err;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL); /* before there are threads, which inherit it */
	if (xd_memory_start(NULL, &err) < 0)
		end(&err);
	start(&sides[0], "inside", directory, core);
	start(&sides[1], "outside", directory, core);
	epoll_ctl(epoll, EPOLL_CTL_ADD, xd_app_fd(sides[0].app, 0), &event);
	epoll_ctl(epoll, EPOLL_CTL_ADD, xd_app_fd(sides[1].app, 0), &event);
	epoll_ctl(epoll, EPOLL_CTL_ADD, signalfd(-1, &signals, 0), &end_it);
	printf("inside and outside are joined; control-C ends it\n");
	fflush(stdout);
	do {
		carry(&sides[0], &sides[1]);
		carry(&sides[1], &sides[0]);
	} while (epoll_wait(epoll, &event, 1, -1) < 0 || event.data.ptr != &end_it);

	for (unsigned i = 0; i < 2; i++) {
		printf("%s: %lu frames passed, %lu lost\n", i ? "outside" : "inside",
			sides[i].passed, sides[i].lost);
		xd_app_close(sides[i].app);
		xd_switch_destroy(sides[i].sw);
	}
	xd_memory_stop();
	return EXIT_SUCCESS;
}
