/* SPDX-License-Identifier: BSD-3-Clause */
/* A switch on the program's own thread, in its own event loop: README.rst. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "crossdock.h"
#include "event.h"

static void __attribute__((noreturn)) end(const struct xd_error *err)
{
	fprintf(stderr, "own_worker: %s%s%s\n", err->key, err->key[0] ? ": " : "", err->text);
	exit(EXIT_FAILURE);
}

static void
add_guest(struct xd_config *config, const char *name, const char *directory)
{
	struct xd_port_config *port;
	char path[XD_PATH_MAX + 16];
	struct xd_error err;

	snprintf(path, sizeof(path), "%s/%s.sock", directory, name);
	port = xd_config_add_port(config, name, "vhost-user", "br0", &err);
	if (!port || xd_port_config_set(port, "path", path, &err) < 0 ||
		xd_port_config_set(port, "mode", "server", &err) < 0)
		end(&err);
}

static void
tell(struct xd_events *events)
{
	struct xd_event e;

	while (xd_events_read(events, &e, 1))
		printf("%s %s\n", xd_event_name(e.kind), e.name);
	fflush(stdout);
}

static void
watch(int epoll, int fd)
{
	struct epoll_event event = {EPOLLIN, {NULL}};

	event.data.fd = fd;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int
main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : ".";
	struct xd_config *config = xd_config_create();
	struct epoll_event event = {0, {NULL}};
	int epoll = epoll_create1(0), stop, ms;
	struct xd_worker_info info;
	struct xd_events *events;
	struct xd_worker *worker;
	struct xd_switch *sw;
	struct xd_error err;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	stop = signalfd(-1, &signals, 0);
	/* No workers in the configuration: this thread is the only one. */
	if (xd_memory_start(NULL, &err) < 0 || !(sw = xd_switch_create(NULL, &err)) ||
		!(worker = xd_worker_register(sw, &err)) || !(events = xd_events_open(sw, &err)) ||
		!xd_config_add_bridge(config, "br0", &err))
		end(&err);
	add_guest(config, "vm1", directory);
	add_guest(config, "vm2", directory);
	if (xd_switch_apply(sw, config, &err) < 0)
		end(&err);
	watch(epoll, stop);
	watch(epoll, xd_events_fd(events));
	watch(epoll, xd_worker_fd(worker));

	while (event.data.fd != stop) {
		/* While frames come, a look at all else after each turn; then a wait for either. */
		if (xd_worker_poll(worker) > 0 || !xd_worker_arm(worker, &ms))
			ms = 0;
		if (epoll_wait(epoll, &event, 1, ms) > 0 && event.data.fd == xd_events_fd(events))
			tell(events);
	}
	xd_switch_workers(sw, &info, 1);
	printf("%llu frames, %llu sleeps\n", (unsigned long long)info.frames,
		(unsigned long long)info.sleeps);
	xd_events_close(events);
	xd_worker_unregister(worker);
	xd_switch_destroy(sw);
	xd_config_destroy(config);
	xd_memory_stop();
	return EXIT_SUCCESS;
}
