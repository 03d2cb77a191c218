/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a memif port: created, started, stopped and destroyed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "drivers/memif/memif.h"

static void
close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void
memif_destroy(struct xd_port *port)
{
	struct xd_memif_port *p = (struct xd_memif_port *)port;

	if (!p)
		return;
	xd_reaper_destroy(p->reaper);
	for (unsigned q = 0; p->sleep_fds && q < port->config.queues; q++)
		close_fd(p->sleep_fds[q]);
	close_fd(p->fault_fd);
	close_fd(p->wake_fd);
	free(p->sleep_fds);
	free(p->from);
	free(p->to);
	free(p);
}

static struct xd_memif_ring *
make_rings(unsigned n)
{
	struct xd_memif_ring *rings = aligned_alloc(64, n * sizeof(*rings));

	if (!rings)
		return NULL;
	memset(rings, 0, n * sizeof(*rings));
	for (unsigned i = 0; i < n; i++) {
		rte_spinlock_init(&rings[i].lock);
		rings[i].fd = -1;
	}
	return rings;
}

static bool
make_parts(struct xd_memif_port *p)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	const unsigned n = p->port.config.queues;
	bool ok;

	p->from = make_rings(n);
	p->to = make_rings(n);
	p->sleep_fds = calloc(n, sizeof(*p->sleep_fds));
	p->fault_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	p->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	p->reaper = xd_reaper_create(p->port.env->reapers);
	ok = p->from && p->to && p->sleep_fds && p->fault_fd >= 0 && p->wake_fd >= 0 && p->reaper;
	for (unsigned q = 0; p->sleep_fds && q < n; q++) {
		p->sleep_fds[q] = epoll_create1(EPOLL_CLOEXEC);
		ok = ok && p->sleep_fds[q] >= 0 &&
		     epoll_ctl(p->sleep_fds[q], EPOLL_CTL_ADD, p->wake_fd, &event) == 0;
	}
	return ok;
}

static struct xd_port *
memif_create(const struct xd_driver *driver, const struct xd_port_env *env,
	const struct xd_port_config *config, struct xd_error *err)
{
	struct xd_memif_port *p = aligned_alloc(64, RTE_ALIGN(sizeof(*p), 64));

	if (!p)
		goto err_memory;
	memset(p, 0, sizeof(*p));
	xd_port_init(&p->port, driver, env, config);
	p->server = xd_memif_config(config)->mode == XD_MEMIF_SERVER;
	p->sock = p->listener.fd = p->memory_fd = p->fault_fd = p->wake_fd = -1;
	if (!make_parts(p))
		goto err_port;
	p->bus_owner = (struct xd_bus_owner){.lost = &p->lost, .fd = p->fault_fd};
	p->port.nb_queues = config->queues;
	return &p->port;

err_port:
	memif_destroy(&p->port);
err_memory:
	xd_fail(err, -ENOMEM, "port %s: out of memory, threads or descriptors", config->name);
	return NULL;
}

/* What a worker found, or the handler of SIGBUS. */
static void
on_fault(void *ctx, uint32_t events)
{
	struct xd_memif_port *p = ctx;
	const char *rule = NULL;
	uint64_t count;

	(void)events;
	if (read(p->fault_fd, &count, sizeof(count)) < 0 || !p->live)
		return;
	for (unsigned q = 0; q < p->port.config.queues && !rule; q++) {
		rule = __atomic_load_n(&p->from[q].fault, __ATOMIC_ACQUIRE);
		if (!rule)
			rule = __atomic_load_n(&p->to[q].fault, __ATOMIC_ACQUIRE);
	}
	if (__atomic_load_n(&p->lost, __ATOMIC_RELAXED))
		rule = "the file behind shared memory was truncated";
	if (!rule)
		return;
	p->nb_faults++;
	xd_memif_hang_up(p, "%s", rule);
}

static int
memif_start(struct xd_port *port, struct xd_error *err)
{
	struct xd_memif_port *p = (struct xd_memif_port *)port;
	int ret;

	p->fault_watch = xd_loop_add(port->env->loop, p->fault_fd, EPOLLIN, on_fault, p);
	if (!p->fault_watch)
		return xd_fail(err, -ENOMEM, "port %s: no memory", port->config.name);
	ret = xd_memif_open(p, err);
	if (ret < 0) {
		xd_loop_remove(p->fault_watch);
		p->fault_watch = NULL;
	}
	return ret;
}

static void
memif_stop(struct xd_port *port)
{
	struct xd_memif_port *p = (struct xd_memif_port *)port;

	xd_memif_close(p);
	xd_loop_remove(p->fault_watch);
	p->fault_watch = NULL;
}

/* A name and an MTU, which the switch keeps. */
static int
memif_can_set(struct xd_port *port, const struct xd_port_config *config, struct xd_error *err)
{
	(void)port;
	(void)config;
	(void)err;
	return 0;
}

static void
memif_set(struct xd_port *port, const struct xd_port_config *config)
{
	(void)port;
	(void)config;
}

static void
memif_unblock(struct xd_port *port)
{
	xd_reaper_unblock(((struct xd_memif_port *)port)->reaper);
}

const struct xd_driver xd_memif_driver = {
	.type = "memif",
	.help = "a program that shares memory with the switch, by its memif socket",
	.keys = xd_memif_keys,
	.claims = xd_memif_claims,
	.check = xd_memif_check,
	.create = memif_create,
	.start = memif_start,
	.stop = memif_stop,
	.destroy = memif_destroy,
	.can_set = memif_can_set,
	.set = memif_set,
	.rx = xd_memif_rx,
	.rewind = xd_memif_rewind,
	.release = xd_memif_release,
	.tx = xd_memif_tx,
	.notify_tx = xd_memif_notify_tx,
	.unblock = memif_unblock,
	.fd = xd_memif_fd,
	.arm = xd_memif_arm,
	.disarm = xd_memif_disarm,
	.describe = xd_memif_describe,
};
